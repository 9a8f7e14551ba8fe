// SPDX-License-Identifier: BSD-2-Clause
#include "agent/peer.h"

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

bool peer_group(gid_t *ret)
{
	const struct group *group = getgrnam(PEER_GROUP);

	if (group)
		*ret = group->gr_gid;
	return group != NULL;
}

/* Groups beside the first one. */
static bool is_member(int fd, gid_t group)
{
	_cleanup_free_ gid_t *groups = NULL;
	socklen_t size = 0;
	gid_t none;

	/* Without room the kernel says how much it takes; without such groups that is none. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &none, &size) == 0 || errno != ERANGE)
		return false;
	groups = xcalloc(1, size);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(*groups); i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

int peer_of(int fd, const gid_t *group, struct peer *ret)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	/* A TCP socket answers with a process and user that can't be. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	if (cred.uid == (uid_t)-1)
		return -ENOTSUP;
	*ret = (struct peer){ .uid = cred.uid, .pid = cred.pid };
	ret->admitted =
		cred.uid == 0 || cred.uid == geteuid() || (group && (cred.gid == *group || is_member(fd, *group)));
	return 0;
}

char *peer_name(int fd)
{
	struct peer peer;

	if (peer_of(fd, NULL, &peer) < 0)
		return xstrdup("somebody");
	return peer.pid ? xasprintf("uid %u, pid %d", peer.uid, peer.pid) : xasprintf("uid %u", peer.uid);
}
