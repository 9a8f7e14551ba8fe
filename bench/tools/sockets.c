// SPDX-License-Identifier: BSD-2-Clause
/* Traffic of sockets: questions and answers, connections, datagrams; and who answers them. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "tools/traffic.h"

#define BACKLOG	   1024
#define CHECK_AT   64u /* packets between looks at the clock */
#define CLIENTS	   64u
#define PATIENCE_S 5

struct place {
	struct sockaddr_storage addr;
	socklen_t length;
};

static struct place to(const struct traffic *traffic)
{
	struct place place = { .length = sizeof(struct sockaddr_in) };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&place.addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&place.addr;

	if (!strchr(traffic->address, ':')) {
		*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(traffic->port) };
		inet_pton(AF_INET, traffic->address, &v4->sin_addr);
		return place;
	}
	place.length = sizeof(*v6);
	*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(traffic->port) };
	inet_pton(AF_INET6, traffic->address, &v6->sin6_addr);
	return place;
}

static int open_socket(const struct traffic *traffic, int type, bool server)
{
	const struct place place = to(traffic);
	const struct sockaddr *addr = (const struct sockaddr *)&place.addr;
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	const int on = 1;
	_cleanup_close_ int fd = socket(addr->sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (server && addr->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)); /* another one serves IPv4 */
	if (server ? bind(fd, addr, place.length) : connect(fd, addr, place.length))
		return -errno;
	if (server && type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* --- who answers ------------------------------------------------------------------- */

static void take(int listener, struct pollfd *fds, nfds_t *n)
{
	const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), on = 1;

	if (fd < 0)
		return;
	if (*n == CLIENTS) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fds[(*n)++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

/* False: it is gone. */
static bool echo(int fd)
{
	char byte[64];
	const ssize_t n = recv(fd, byte, sizeof(byte), 0);

	return n > 0 && send(fd, byte, (size_t)n, MSG_NOSIGNAL) == n;
}

/* TCP bytes come back; datagrams pile up unread, and are dropped. Until standard input ends. */
int traffic_serve(const struct traffic *traffic)
{
	_cleanup_close_ int listener = open_socket(traffic, SOCK_STREAM, true);
	_cleanup_close_ int sink = open_socket(traffic, SOCK_DGRAM, true);
	struct pollfd fds[CLIENTS] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = listener, .events = POLLIN } };
	nfds_t n = 2;

	if (listener < 0 || sink < 0)
		return listener < 0 ? listener : sink;
	puts("ready");
	fflush(stdout);
	while (poll(fds, n, -1) >= 0 && !fds[0].revents) {
		for (nfds_t i = n; i-- > 2;) {
			if (!fds[i].revents || echo(fds[i].fd))
				continue;
			close(fds[i].fd);
			fds[i] = fds[--n];
		}
		if (fds[1].revents)
			take(listener, fds, &n);
	}
	return 0;
}

/* --- who asks ---------------------------------------------------------------------- */

static int ask_once(int fd)
{
	char byte = 1;

	if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
		return -errno;
	return recv(fd, &byte, 1, 0) == 1 ? 0 : -EPROTO;
}

int traffic_ask(const struct traffic *traffic)
{
	_cleanup_close_ int fd = open_socket(traffic, SOCK_STREAM, false);
	const double begun = traffic_now();
	uint64_t n = 0;
	int r = fd < 0 ? fd : 0;

	for (; r == 0 && traffic_now() < begun + traffic->seconds; n++)
		r = ask_once(fd);
	if (r == 0)
		traffic_tell(n, traffic_now() - begun);
	return r;
}

/* Each with one question; its end is a reset, so that no port waits. */
int traffic_connect(const struct traffic *traffic)
{
	const struct linger reset = { .l_onoff = 1 };
	const double begun = traffic_now();
	uint64_t n = 0;
	int r = 0;

	for (; r == 0 && traffic_now() < begun + traffic->seconds; n++) {
		_cleanup_close_ int fd = open_socket(traffic, SOCK_STREAM, false);

		r = fd < 0 ? fd : ask_once(fd);
		if (fd >= 0)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	}
	if (r == 0)
		traffic_tell(n, traffic_now() - begun);
	return r;
}

/*
 * A token bucket on the sender's own clock: how many of what it has sent should
 * have passed a limit, however unevenly it was let run.
 */
struct ideal {
	double tokens, at;
	uint64_t passed;
};

static void offer(struct ideal *ideal, const struct traffic *traffic, double now)
{
	ideal->tokens += (now - ideal->at) * traffic->limit;
	ideal->at = now;
	if (ideal->tokens > traffic->burst)
		ideal->tokens = traffic->burst;
	if (ideal->tokens < 1)
		return;
	ideal->tokens -= 1;
	ideal->passed++;
}

/* Evenly, and what was held up at once. */
int traffic_paced(const struct traffic *traffic)
{
	_cleanup_close_ int fd = open_socket(traffic, SOCK_DGRAM, false);
	const double begun = traffic_now();
	struct ideal ideal = { .tokens = traffic->burst, .at = begun };
	char payload[18] = { 0 };
	double now = begun;
	uint64_t n = 0;

	if (fd < 0)
		return fd;
	for (; now < begun + traffic->seconds; now = traffic_now()) {
		if (now < begun + (double)n / traffic->rate)
			continue;
		if (send(fd, payload, sizeof(payload), 0) < 0)
			return -errno;
		offer(&ideal, traffic, now);
		n++;
	}
	printf("{\"n\": %llu, \"seconds\": %.6f, \"ideal\": %llu}\n", (unsigned long long)n, now - begun,
	       (unsigned long long)ideal.passed);
	return 0;
}

int traffic_datagrams(const struct traffic *traffic)
{
	_cleanup_close_ int fd = open_socket(traffic, SOCK_DGRAM, false);
	const double begun = traffic_now();
	char payload[18] = { 0 };
	uint64_t n = 0;

	if (fd < 0)
		return fd;
	while (n % CHECK_AT || traffic_now() < begun + traffic->seconds) {
		if (send(fd, payload, sizeof(payload), 0) < 0)
			return -errno;
		n++;
	}
	traffic_tell(n, traffic_now() - begun);
	return 0;
}
