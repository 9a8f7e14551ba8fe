/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The open connections of the control socket by whose they are: who is not
 * admitted gets a refusal, and nobody but root can take the others' room, so
 * that root and the CNI plugin always get through.
 */
#ifndef WEIR_AGENT_GUESTS_H
#define WEIR_AGENT_GUESTS_H

#include <time.h>

#include "agent/peer.h"

#define GUESTS_OF_USER	 32u /* connections of a user other than root */
#define GUESTS_OF_USERS	 96u /* of all of them together */
#define GUESTS_STRANGERS 8u  /* of all who are not admitted, while they get their refusal */

struct guest {
	struct peer peer;
	struct guest *next, *prev;
};

struct guests {
	struct guest *list;
	time_t warned; /* when a stranger was last logged */
	bool has_group;
	gid_t group; /* as it was when the service began */
};

void guests_init(struct guests *guests);
const gid_t *guests_group(const struct guests *guests); /* NULL: the system has none */

/* NULL: there is no room for this one, close it. Gives a place, to be left again. */
struct guest *guests_enter(struct guests *guests, const struct peer *peer);
void guests_leave(struct guests *guests, struct guest *guest);

#endif
