// SPDX-License-Identifier: BSD-2-Clause
#include "agent/listen.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "agent/peer.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define SOCKET_FLAGS (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

/* Whoever listens there is no agent of this run directory, which this one has locked. -errno: nobody does. */
static pid_t who_listens(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	struct ucred peer = {};
	socklen_t length = sizeof(peer);

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return -errno;
	return peer.pid;
}

/* What an agent that was killed has left goes; what is somebody else's stays. */
static int clear(const struct sockaddr_un *address, struct error *error)
{
	const char *path = address->sun_path;
	struct stat st;
	pid_t pid;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return error_set(error, -EADDRINUSE,
				 "socket %s can't be made: there is something there that is no socket (move it away)",
				 path);
	pid = who_listens(address);
	if (pid >= 0)
		return error_set(error, -EADDRINUSE,
				 "socket %s can't be made: process %d, which is no weir agent of this directory, "
				 "listens there (stop it, or choose another --run-dir)",
				 path, pid);
	unlink(path);
	return 0;
}

/* Nobody can connect before listen(), so the rights are right from the first connection on. */
static int bind_unix(int fd, const struct sockaddr_un *address)
{
	gid_t group;

	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 || chmod(address->sun_path, 0660) < 0)
		return -errno;
	if (peer_group(&group) && chown(address->sun_path, (uid_t)-1, group) < 0)
		return -errno;
	return listen(fd, SOMAXCONN) < 0 ? -errno : 0;
}

int listen_unix(const char *path, struct error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(error, -ENAMETOOLONG,
				 "socket %s can't be made: its path has more than %zu bytes (choose a "
				 "shorter --run-dir)",
				 path, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	r = clear(&address, error);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	r = fd < 0 ? -errno : bind_unix(fd, &address);
	if (r < 0)
		return error_set(error, r, "socket %s can't be made: %s", path, strerror(-r));
	return TAKE_FD(fd);
}

static int bind_tcp(const struct addrinfo *address)
{
	_cleanup_close_ int fd = socket(address->ai_family, SOCKET_FLAGS, 0);
	const int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int listen_tcp(const char *what, const char *address, struct error *error)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	_cleanup_free_ char *host = xstrdup(address);
	char *colon = strrchr(host, ':'), *start = host;
	struct addrinfo *found = NULL;
	int r;

	if (!colon)
		return error_set(error, -EINVAL, "%s address %s: expected ADDR:PORT", what, address);
	*colon = '\0';
	if (*start == '[' && colon > start + 1 && colon[-1] == ']') {
		start++;
		colon[-1] = '\0';
	}
	r = getaddrinfo(*start ? start : NULL, colon + 1, &hints, &found);
	if (r != 0)
		return error_set(error, -EINVAL, "%s address %s: expected ADDR:PORT: %s", what, address,
				 gai_strerror(r));
	r = bind_tcp(found);
	freeaddrinfo(found);
	if (r < 0)
		return error_set(error, r, "%s address %s: %s", what, address, strerror(-r));
	return r;
}
