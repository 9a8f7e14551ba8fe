// SPDX-License-Identifier: BSD-2-Clause
#include "agent/guests.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/log.h"
#include "base/mem.h"

#define WARN_SECONDS 10

void guests_init(struct guests *guests)
{
	*guests = (struct guests){};
	guests->has_group = peer_group(&guests->group);
}

const gid_t *guests_group(const struct guests *guests)
{
	return guests->has_group ? &guests->group : NULL;
}

static bool has_room(const struct guests *guests, const struct peer *peer)
{
	unsigned of_user = 0, of_users = 0, strangers = 0;
	const struct guest *guest;

	DL_FOREACH(guests->list, guest)
	{
		strangers += !guest->peer.admitted;
		of_users += guest->peer.admitted && guest->peer.uid != 0;
		of_user += guest->peer.admitted && guest->peer.uid == peer->uid;
	}
	if (!peer->admitted)
		return strangers < GUESTS_STRANGERS;
	return peer->uid == 0 || (of_user < GUESTS_OF_USER && of_users < GUESTS_OF_USERS);
}

/* One who comes again and again must not fill the log. */
static void warn(struct guests *guests, const struct peer *peer)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (guests->warned && now.tv_sec - guests->warned < WARN_SECONDS)
		return;
	guests->warned = now.tv_sec;
	log_warning("refused uid %u, pid %d at the control socket (its mode lets in more than root and the "
		    "group " PEER_GROUP ")",
		    peer->uid, peer->pid);
}

struct guest *guests_enter(struct guests *guests, const struct peer *peer)
{
	struct guest *guest;

	if (!peer->admitted)
		warn(guests, peer);
	if (!has_room(guests, peer))
		return NULL;
	guest = new0(struct guest);
	guest->peer = *peer;
	DL_APPEND(guests->list, guest);
	return guest;
}

void guests_leave(struct guests *guests, struct guest *guest)
{
	if (!guest)
		return;
	DL_DELETE(guests->list, guest);
	free(guest);
}
