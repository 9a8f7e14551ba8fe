// SPDX-License-Identifier: BSD-2-Clause
#include "cli/demo_traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define CONNECT_MS 1300 /* what is dropped stays silent; room for one SYN more after the first second */
#define ARRIVE_MS  500
#define WARM_UP_S  0.5 /* uses the limit's burst up */
#define MEASURE_S  3.0
#define PACE_NS	   500000

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

struct endpoint {
	struct sockaddr_storage storage;
	socklen_t length;
};

static struct endpoint endpoint_of(enum demo_pod pod, enum weir_family family, uint16_t port)
{
	struct endpoint endpoint = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&endpoint.storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&endpoint.storage;

	if (family == WEIR_IPV4) {
		*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		inet_pton(AF_INET, demo_pods[pod].address[family], &in->sin_addr);
		endpoint.length = sizeof(*in);
	} else {
		*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		inet_pton(AF_INET6, demo_pods[pod].address[family], &in6->sin6_addr);
		endpoint.length = sizeof(*in6);
	}
	return endpoint;
}

/* On every address of the pod, of both families where there are two. */
static int listen_in(const struct demo_net *net, enum demo_pod pod, struct error *error)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons(demo_pods[pod].port) };
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons(demo_pods[pod].port) };
	_cleanup_close_ int fd = demo_net_socket(net, pod, net->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM);
	int off = 0, r;

	if (fd < 0)
		return error_set(error, fd, "no socket in %s: %s", demo_pods[pod].name, strerror(-fd));
	if (net->ipv6)
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off))
			    ?: bind(fd, (struct sockaddr *)&any6, sizeof(any6));
	else
		r = bind(fd, (struct sockaddr *)&any4, sizeof(any4));
	if (r || listen(fd, 64))
		return error_set(error, -errno, "%s can't listen: %s", demo_pods[pod].name, strerror(errno));
	return TAKE_FD(fd);
}

int traffic_listen(struct traffic *traffic, const struct demo_net *net, struct error *error)
{
	traffic->net = net;
	for (enum demo_pod pod = 0; pod < DEMO_PODS; pod++) {
		traffic->listeners[pod] = listen_in(net, pod, error);
		if (traffic->listeners[pod] < 0)
			return traffic->listeners[pod];
	}
	return 0;
}

void traffic_close(struct traffic *traffic)
{
	for (enum demo_pod pod = 0; pod < DEMO_PODS; pod++)
		closep(&traffic->listeners[pod]);
	closep(&traffic->intruder);
	closep(&traffic->db);
}

/* A connection under way. */
static int start_connect(const struct demo_net *net, enum demo_pod from, enum demo_pod to, enum weir_family family)
{
	struct endpoint endpoint = endpoint_of(to, family, demo_pods[to].port);
	_cleanup_close_ int fd = demo_net_socket(net, from, endpoint.storage.ss_family, SOCK_STREAM);

	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&endpoint.storage, endpoint.length) && errno != EINPROGRESS)
		return -errno;
	return TAKE_FD(fd);
}

static bool connected(int fd)
{
	int why = 0;
	socklen_t length = sizeof(why);

	return !getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &length) && !why;
}

/* Waits until all have an answer or time is up. Answered ones lose their events, so that poll passes them over. */
static void poll_connects(struct pollfd *polls, bool *reached, size_t n)
{
	double deadline = now() + CONNECT_MS / 1000.0, left;
	size_t pending = n;

	while (pending && (left = deadline - now()) > 0) {
		if (poll(polls, n, left * 1000 + 1) < 0 && errno != EINTR)
			return;
		for (size_t i = 0; i < n; i++) {
			if (polls[i].fd < 0 || !polls[i].revents)
				continue;
			reached[i] = connected(polls[i].fd);
			close(polls[i].fd);
			polls[i].fd = -1;
			pending--;
		}
	}
}

static int accept_one(int listener)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);

	return accept4(listener, (struct sockaddr *)&from, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static void forget_accepted(const struct traffic *traffic)
{
	for (enum demo_pod pod = 0; pod < DEMO_PODS; pod++) {
		int fd;

		while ((fd = accept_one(traffic->listeners[pod])) >= 0)
			close(fd);
	}
}

int traffic_try_all(const struct traffic *traffic, struct traffic_matrix *ret, struct error *error)
{
	const size_t n_families = traffic->net->ipv6 ? WEIR_FAMILIES : 1;
	struct pollfd polls[DEMO_PODS * DEMO_PODS * WEIR_FAMILIES];
	bool reached[ARRAY_SIZE(polls)] = { false };
	struct traffic_matrix matrix = { 0 };
	size_t n = 0, at = 0;
	int r = 0;

	for (size_t i = 0; i < DEMO_PODS * DEMO_PODS * n_families && !r; i++) {
		int fd = start_connect(traffic->net, i / n_families / DEMO_PODS, i / n_families % DEMO_PODS,
				       i % n_families);

		if (fd < 0)
			r = error_set(error, fd, "can't start a connection: %s", strerror(-fd));
		else
			polls[n++] = (struct pollfd){ .fd = fd, .events = POLLOUT };
	}
	if (!r)
		poll_connects(polls, reached, n);
	for (size_t i = 0; i < n; i++)
		closep(&polls[i].fd);
	forget_accepted(traffic);
	if (r)
		return r;
	for (size_t from = 0; from < DEMO_PODS; from++) {
		for (size_t to = 0; to < DEMO_PODS; to++) {
			for (size_t family = 0; family < n_families; family++)
				matrix.reached[from][to][family] = reached[at++];
		}
	}
	*ret = matrix;
	return 0;
}

static bool readable(int fd, int milliseconds)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return poll(&one, 1, milliseconds) == 1 && (one.revents & POLLIN);
}

int traffic_hold(struct traffic *traffic, struct error *error)
{
	traffic->intruder = start_connect(traffic->net, INTRUDER, DB, WEIR_IPV4);
	if (traffic->intruder < 0)
		return error_set(error, traffic->intruder, "can't start a connection: %s",
				 strerror(-traffic->intruder));
	if (readable(traffic->listeners[DB], CONNECT_MS))
		traffic->db = accept_one(traffic->listeners[DB]);
	if (traffic->db < 0)
		return error_set(error, -ETIMEDOUT, "the intruder's connection to the database did not open");
	return 0;
}

bool traffic_held_works(const struct traffic *traffic)
{
	char byte = 'x';

	return send(traffic->intruder, &byte, 1, MSG_NOSIGNAL) == 1 && readable(traffic->db, ARRIVE_MS) &&
	       recv(traffic->db, &byte, 1, 0) == 1;
}

/* One flood: sockets, and the datagrams counted since the count began. */
struct flood {
	struct traffic_stream *streams;
	size_t n;
	int senders[DEMO_PODS], receiver;
	struct endpoint destination, sources[DEMO_PODS];
	unsigned long sent[DEMO_PODS], received[DEMO_PODS];
};

static void flood_close(struct flood *flood)
{
	closep(&flood->receiver);
	for (size_t i = 0; i < DEMO_PODS; i++)
		closep(&flood->senders[i]);
}

static int flood_open(struct flood *flood, const struct demo_net *net, enum demo_pod to, struct error *error)
{
	flood->destination = endpoint_of(to, WEIR_IPV4, DEMO_UDP_PORT);
	flood->receiver = demo_net_socket(net, to, AF_INET, SOCK_DGRAM);
	if (flood->receiver < 0 ||
	    bind(flood->receiver, (struct sockaddr *)&flood->destination.storage, flood->destination.length))
		return error_set(error, -errno, "no UDP socket in %s: %s", demo_pods[to].name, strerror(errno));
	for (size_t i = 0; i < flood->n; i++) {
		flood->sources[i] = endpoint_of(flood->streams[i].from, WEIR_IPV4, 0);
		flood->senders[i] = demo_net_socket(net, flood->streams[i].from, AF_INET, SOCK_DGRAM);
		if (flood->senders[i] < 0)
			return error_set(error, flood->senders[i], "no UDP socket: %s", strerror(-flood->senders[i]));
	}
	return 0;
}

/* Sends what is due by now of each stream. */
static void flood_send(struct flood *flood, double elapsed)
{
	static const char payload[64];

	for (size_t i = 0; i < flood->n; i++) {
		unsigned long due = elapsed * flood->streams[i].rate;

		for (; flood->sent[i] < due; flood->sent[i]++) {
			if (sendto(flood->senders[i], payload, sizeof(payload), 0,
				   (struct sockaddr *)&flood->destination.storage, flood->destination.length) < 0)
				break;
		}
	}
}

static void flood_receive(struct flood *flood)
{
	struct sockaddr_in from = { 0 };
	socklen_t length = sizeof(from);
	char payload[64];

	while (recvfrom(flood->receiver, payload, sizeof(payload), 0, (struct sockaddr *)&from, &length) >= 0) {
		for (size_t i = 0; i < flood->n; i++) {
			const struct sockaddr_in *source = (struct sockaddr_in *)&flood->sources[i].storage;

			flood->received[i] += from.sin_addr.s_addr == source->sin_addr.s_addr;
		}
	}
}

/* Keeps the streams at their rates for so many seconds, counting from zero. */
static double flood_run(struct flood *flood, double seconds)
{
	const struct timespec pause = { .tv_nsec = PACE_NS };
	double start = now(), elapsed;

	memset(flood->sent, 0, sizeof(flood->sent));
	memset(flood->received, 0, sizeof(flood->received));
	while ((elapsed = now() - start) < seconds) {
		flood_send(flood, elapsed);
		flood_receive(flood);
		nanosleep(&pause, NULL);
	}
	flood_receive(flood);
	return now() - start;
}

int traffic_flood(const struct traffic *traffic, enum demo_pod to, struct traffic_stream *streams, size_t n,
		  struct error *error)
{
	struct flood flood _cleanup_(
		flood_close) = { .streams = streams, .n = n, .senders = { -1, -1, -1, -1 }, .receiver = -1 };
	double seconds;
	int r = flood_open(&flood, traffic->net, to, error);

	if (r)
		return r;
	flood_run(&flood, WARM_UP_S);
	seconds = flood_run(&flood, MEASURE_S);
	for (size_t i = 0; i < n; i++) {
		streams[i].offered = flood.sent[i] / seconds;
		streams[i].delivered = flood.received[i] / seconds;
	}
	return 0;
}
