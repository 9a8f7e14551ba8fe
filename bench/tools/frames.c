// SPDX-License-Identifier: BSD-2-Clause
/* Traffic of frames: as skbs by AF_PACKET, or as XDP's own frames; and programs that do nothing. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "datapath/compat.h"
#include "frames.skel.h"
#include "lib/measure.h"
#include "tools/traffic.h"

#define BATCH 64
#define SLICE 65536u
#define LINKS 16

struct datagram {
	struct ether_header ether;
	struct iphdr ip;
	struct udphdr udp;
	char payload[18];
} __attribute__((packed));

/* The parts of the IP header that stay; ret_sum is the sum of these. */
static struct datagram make(const struct traffic *traffic, uint32_t *ret_sum)
{
	struct datagram d = { .ether.ether_type = htons(ETHERTYPE_IP) };
	uint16_t words[sizeof(d.ip) / 2];
	uint32_t sum = 0;

	ether_aton_r(traffic->mac, (struct ether_addr *)d.ether.ether_dhost);
	ether_aton_r(traffic->own_mac, (struct ether_addr *)d.ether.ether_shost);
	d.ip = (struct iphdr){ .version = 4,
			       .ihl = 5,
			       .ttl = 64,
			       .protocol = IPPROTO_UDP,
			       .tot_len = htons(sizeof(d) - sizeof(d.ether)),
			       .daddr = inet_addr(traffic->address) };
	memcpy(words, &d.ip, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		sum += ntohs(words[i]);
	sum = (sum & 0xffff) + (sum >> 16);
	*ret_sum = (sum & 0xffff) + (sum >> 16);
	d.udp = (struct udphdr){ .dest = htons(traffic->port), .len = htons(sizeof(d.udp) + sizeof(d.payload)) };
	return d;
}

static uint16_t checksum(uint32_t sum, uint32_t source)
{
	sum += (source >> 16) + (source & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t) ~((sum & 0xffff) + (sum >> 16)));
}

static int open_packet_socket(const char *interface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface) };
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	const int straight = 1; /* to the driver: what is measured is what the node does */

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &straight, sizeof(straight)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* From one address, and one port after another. */
int traffic_packets(const struct traffic *traffic)
{
	static struct mmsghdr messages[BATCH];
	static struct datagram datagrams[BATCH];
	static struct iovec vectors[BATCH];
	_cleanup_close_ int fd = open_packet_socket(traffic->interface);
	const uint32_t source = ntohl(inet_addr(traffic->own));
	const double begun = traffic_now();
	uint64_t n = 0;
	uint32_t sum;

	if (fd < 0)
		return fd;
	for (int i = 0; i < BATCH; i++) {
		datagrams[i] = make(traffic, &sum);
		datagrams[i].ip.saddr = htonl(source);
		datagrams[i].ip.check = checksum(sum, source);
		vectors[i] = (struct iovec){ &datagrams[i], sizeof(datagrams[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &vectors[i], .msg_iovlen = 1 };
	}
	while (traffic_now() < begun + traffic->seconds) {
		int sent;

		for (uint32_t i = 0; i < BATCH; i++)
			datagrams[i].udp.source = htons((uint16_t)(1024 + (n + i) % traffic->ports));
		sent = sendmmsg(fd, messages, BATCH, 0);
		if (sent < 0 && errno != ENOBUFS && errno != EAGAIN)
			return -errno;
		n += sent > 0 ? (uint64_t)sent : 0;
	}
	traffic_tell(n, traffic_now() - begun);
	return 0;
}

static struct frames *open_frames(const struct traffic *traffic, const struct datagram *datagram, uint32_t header_sum)
{
	struct frames *skeleton = frames__open();

	if (!skeleton)
		return NULL;
	skeleton->rodata->leaves_by = if_nametoindex(traffic->interface);
	skeleton->rodata->sources = traffic->sources;
	skeleton->rodata->ports = traffic->ports;
	skeleton->rodata->header_sum = header_sum;
	memcpy(skeleton->rodata->headers, datagram, sizeof(skeleton->rodata->headers));
	if (skeleton->rodata->leaves_by && frames__load(skeleton) == 0)
		return skeleton;
	frames__destroy(skeleton);
	return NULL;
}

int traffic_frames(const struct traffic *traffic)
{
	uint32_t sum;
	const struct datagram datagram = make(traffic, &sum);
	struct frames *skeleton = open_frames(traffic, &datagram, sum);
	const double begun = traffic_now();
	uint64_t n = 0;
	int r = skeleton ? 0 : -EOPNOTSUPP;

	while (r == 0 && traffic_now() < begun + traffic->seconds) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &datagram, .data_size_in = sizeof(datagram),
			    .repeat = SLICE, .batch_size = BATCH, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

		r = bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.next_frame), &opts);
		n += SLICE;
	}
	if (r == 0)
		traffic_tell(n, traffic_now() - begun);
	frames__destroy(skeleton);
	return r;
}

/* To the interfaces (separated by commas), until standard input ends. */
static int stand_at(const struct traffic *traffic, int program, const enum bpf_attach_type *ways, size_t n)
{
	_cleanup_free_ char *names = strdup(traffic->interface);
	char *place, *name = names ? strtok_r(names, ",", &place) : NULL;

	for (; name; name = strtok_r(NULL, ",", &place)) {
		for (size_t i = 0; i < n; i++) {
			/* Not closed: it holds for as long as this process does. */
			if (bpf_link_create(program, (int)if_nametoindex(name), ways[i], NULL) < 0)
				return -errno;
		}
	}
	return traffic_stand();
}

int traffic_attach(const struct traffic *traffic)
{
	static const enum bpf_attach_type ways[] = { COMPAT_TCX_INGRESS, COMPAT_TCX_EGRESS };
	_cleanup_close_ int program = bench_load_empty(BPF_PROG_TYPE_SCHED_CLS);

	return stand_at(traffic, program, ways, ARRAY_SIZE(ways));
}

int traffic_shut_tc(const struct traffic *traffic)
{
	static const enum bpf_attach_type way = COMPAT_TCX_INGRESS;
	_cleanup_close_ int program = bench_load_constant(BPF_PROG_TYPE_SCHED_CLS, TC_ACT_SHOT);

	return stand_at(traffic, program, &way, 1);
}

int traffic_shut_xdp(const struct traffic *traffic)
{
	static const enum bpf_attach_type way = BPF_XDP;
	_cleanup_close_ int program = bench_load_constant(BPF_PROG_TYPE_XDP, XDP_DROP);

	return stand_at(traffic, program, &way, 1);
}
