// SPDX-License-Identifier: BSD-2-Clause
/* Asks the loaded program what it would do with a connection's first packet. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "datapath/datapath_private.h"
#include "weir/explain.h"

#define CLIENT_PORT 49152 /* policy does not ask for the sender's */
#define HOP_LIMIT   64

#define SCTP_INIT 1

/* RFC 9260: the common header, and an INIT chunk without parameters. */
struct sctp_init {
	uint16_t source;
	uint16_t dest;
	uint32_t tag;
	uint32_t checksum;
	uint8_t type;
	uint8_t flags;
	uint16_t length; /* from type on */
	uint32_t initiate_tag;
	uint32_t window;
	uint16_t out_streams;
	uint16_t in_streams;
	uint32_t sequence;
};

struct packet {
	uint8_t bytes[sizeof(struct ether_header) + sizeof(struct ip6_hdr) + sizeof(struct sctp_init)];
	uint32_t length;
};

static void *append(struct packet *packet, uint32_t size)
{
	void *header = packet->bytes + packet->length;

	packet->length += size;
	return header;
}

static void append_ip(struct packet *packet, const struct datapath_question *question, uint32_t payload)
{
	if (question->from.family == WEIR_IPV4) {
		struct iphdr ip = { .version = 4, .ihl = 5, .ttl = HOP_LIMIT, .protocol = question->protocol };

		ip.tot_len = htons((uint16_t)(sizeof(ip) + payload));
		memcpy(&ip.saddr, question->from.bytes, sizeof(ip.saddr));
		memcpy(&ip.daddr, question->to.bytes, sizeof(ip.daddr));
		memcpy(append(packet, sizeof(ip)), &ip, sizeof(ip));
	} else {
		struct ip6_hdr ip = { .ip6_flow = htonl(6u << 28), .ip6_plen = htons((uint16_t)payload) };

		ip.ip6_nxt = question->protocol;
		ip.ip6_hlim = HOP_LIMIT;
		memcpy(&ip.ip6_src, question->from.bytes, sizeof(ip.ip6_src));
		memcpy(&ip.ip6_dst, question->to.bytes, sizeof(ip.ip6_dst));
		memcpy(append(packet, sizeof(ip)), &ip, sizeof(ip));
	}
}

union transport {
	struct tcphdr tcp;
	struct udphdr udp;
	struct sctp_init sctp;
	struct icmphdr icmp;
	struct icmp6_hdr icmp6;
};

/* The header that opens a connection, and its size. Another protocol gets as many zeros as ICMP has. */
static uint32_t opening(const struct datapath_question *question, union transport *ret)
{
	const uint16_t source = htons(CLIENT_PORT), dest = htons(question->port);

	memset(ret, 0, sizeof(*ret));
	switch (question->protocol) {
	case IPPROTO_TCP:
		ret->tcp = (struct tcphdr){ .source = source, .dest = dest, .doff = sizeof(ret->tcp) / 4, .syn = 1 };
		return sizeof(ret->tcp);
	case IPPROTO_UDP:
		ret->udp = (struct udphdr){ .source = source, .dest = dest, .len = htons(sizeof(ret->udp)) };
		return sizeof(ret->udp);
	case IPPROTO_SCTP:
		ret->sctp = (struct sctp_init){ .source = source, .dest = dest, .type = SCTP_INIT };
		ret->sctp.length = htons(sizeof(ret->sctp) - offsetof(struct sctp_init, type));
		ret->sctp.initiate_tag = ret->sctp.out_streams = ret->sctp.in_streams = htons(1);
		return sizeof(ret->sctp);
	case IPPROTO_ICMP:
		ret->icmp.type = ICMP_ECHO;
		return sizeof(ret->icmp);
	case IPPROTO_ICMPV6:
		ret->icmp6.icmp6_type = ICMP6_ECHO_REQUEST;
		return sizeof(ret->icmp6);
	default:
		return sizeof(ret->icmp);
	}
}

static void build(const struct datapath_question *question, struct packet *ret)
{
	struct ether_header ethernet = {
		.ether_type = htons(question->from.family == WEIR_IPV4 ? ETHERTYPE_IP : ETHERTYPE_IPV6),
	};
	union transport transport;
	uint32_t size = opening(question, &transport);

	ret->length = 0;
	memcpy(append(ret, sizeof(ethernet)), &ethernet, sizeof(ethernet));
	append_ip(ret, question, size);
	memcpy(append(ret, size), &transport, size);
}

int datapath_explain(const struct datapath *datapath, const struct datapath_question *question,
		     struct datapath_answer *ret)
{
	struct __sk_buff asked = {
		.cb = { [WEIR_ASK_IFINDEX] = question->ifindex, [WEIR_ASK_DIRECTION] = question->direction },
	};
	struct __sk_buff told = {};
	struct packet packet;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet.bytes, .ctx_in = &asked, .ctx_out = &told, .repeat = 1,
		    .ctx_size_in = sizeof(asked), .ctx_size_out = sizeof(told));

	if (question->from.family != question->to.family)
		return -EINVAL;
	build(question, &packet);
	opts.data_size_in = packet.length;
	if (bpf_prog_test_run_opts(bpf_program__fd(datapath->skeleton->progs.weir_explain), &opts) < 0)
		return -errno;
	*ret = (struct datapath_answer){
		.verdict = opts.retval,
		.reason = told.cb[WEIR_TOLD_REASON],
		.decision = told.cb[WEIR_TOLD_DECISION],
		.revision = told.cb[WEIR_TOLD_REVISION],
		.identity = told.cb[WEIR_TOLD_IDENTITY],
		.peer = told.cb[WEIR_TOLD_PEER],
	};
	return 0;
}
