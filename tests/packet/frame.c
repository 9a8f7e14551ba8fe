// SPDX-License-Identifier: BSD-2-Clause
#include "packet/frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

#define DEFAULT_PORT	     80
#define DEFAULT_CLIENT	     40000
#define DEFAULT_HOPS	     64
#define EXTENSION_BYTES	     8
#define AUTHENTICATION_BYTES 12

static void *put(struct frame *frame, size_t size)
{
	void *at = frame->bytes + frame->length;

	frame->length += size;
	return at;
}

static uint16_t given(uint16_t value, uint16_t usual)
{
	return value == FRAME_ZERO ? 0 : value ? value : usual;
}

static uint16_t given_port(uint32_t value, uint16_t usual)
{
	return value == FRAME_PORT_ZERO ? 0 : value ? (uint16_t)value : usual;
}

static void put_ethernet(struct frame *frame, const struct frame_spec *spec, uint16_t eth_proto)
{
	static const uint8_t addresses[2 * ETH_ALEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	memcpy(put(frame, sizeof(addresses)), addresses, sizeof(addresses));
	for (unsigned i = 0; i < spec->tags; i++) {
		uint16_t tag[] = { htons(given(spec->tag_proto, ETH_P_8021Q)), htons(i + 1) };

		memcpy(put(frame, sizeof(tag)), tag, sizeof(tag));
	}
	eth_proto = htons(eth_proto);
	memcpy(put(frame, sizeof(eth_proto)), &eth_proto, sizeof(eth_proto));
}

static void put_tcp(struct frame *frame, const struct frame_spec *spec, uint16_t source, uint16_t destination)
{
	struct tcphdr tcp = {
		.source = htons(source),
		.dest = htons(destination),
		.doff = given(spec->doff, sizeof(tcp) / 4),
		.fin = !!(spec->tcp_flags & FRAME_TCP_FIN),
		.syn = !!(spec->tcp_flags & FRAME_TCP_SYN),
		.rst = !!(spec->tcp_flags & FRAME_TCP_RST),
		.ack = !!(spec->tcp_flags & FRAME_TCP_ACK),
	};

	memcpy(put(frame, sizeof(tcp)), &tcp, sizeof(tcp));
}

static void put_udp(struct frame *frame, const struct frame_spec *spec, uint16_t source, uint16_t destination)
{
	struct udphdr udp = {
		.source = htons(source),
		.dest = htons(destination),
		.len = htons(given(spec->udp_length, sizeof(udp) + spec->payload)),
	};

	memcpy(put(frame, sizeof(udp)), &udp, sizeof(udp));
}

static void put_sctp(struct frame *frame, uint16_t source, uint16_t destination)
{
	uint16_t sctp[6] = { htons(source), htons(destination) };

	memcpy(put(frame, sizeof(sctp)), sctp, sizeof(sctp));
}

static void put_icmp(struct frame *frame, const struct frame_spec *spec)
{
	uint8_t icmp[8] = { [0] = spec->icmp_type, [4] = spec->icmp_id >> 8, [5] = spec->icmp_id & 0xff };

	memcpy(put(frame, sizeof(icmp)), icmp, sizeof(icmp));
}

static uint8_t transport(const struct frame_spec *spec)
{
	return spec->protocol ?: IPPROTO_TCP;
}

static void put_transport(struct frame *frame, const struct frame_spec *spec, bool reply)
{
	uint16_t port = given_port(spec->port, DEFAULT_PORT), client = given_port(spec->client, DEFAULT_CLIENT);
	uint16_t source = reply ? port : client, destination = reply ? client : port;

	if (!spec->fragment_offset) {
		switch (transport(spec)) {
		case IPPROTO_TCP:
			put_tcp(frame, spec, source, destination);
			break;
		case IPPROTO_UDP:
			put_udp(frame, spec, source, destination);
			break;
		case IPPROTO_SCTP:
			put_sctp(frame, source, destination);
			break;
		case IPPROTO_ICMP:
		case IPPROTO_ICMPV6:
			put_icmp(frame, spec);
			break;
		}
	}
	memset(put(frame, spec->payload), 'x', spec->payload);
}

static void put_ipv4(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends)
{
	uint32_t start = frame->length;
	struct iphdr ip = {
		.version = given(spec->version, 4),
		.ihl = given(spec->ihl, (sizeof(ip) + spec->options) / 4),
		.ttl = given(spec->hop_limit, DEFAULT_HOPS),
		.protocol = transport(spec),
		.frag_off = htons(spec->fragment_offset | (spec->more_fragments ? 0x2000 : 0)),
	};
	void *at = put(frame, sizeof(ip));

	memset(put(frame, spec->options), 1, spec->options);
	put_transport(frame, spec, ends->reply);
	memcpy(&ip.saddr, ends->source, sizeof(ip.saddr));
	memcpy(&ip.daddr, ends->destination, sizeof(ip.daddr));
	ip.tot_len = htons(given(spec->total, frame->length - start));
	memcpy(at, &ip, sizeof(ip));
}

static void put_extension(struct frame *frame, const struct frame_spec *spec, unsigned index)
{
	bool last = index + 1 == spec->n_extensions, authentication = spec->extensions[index] == IPPROTO_AH;
	uint16_t offset = htons(spec->fragment_offset << 3 | spec->more_fragments);
	size_t size = authentication ? AUTHENTICATION_BYTES : EXTENSION_BYTES;
	uint8_t extension[AUTHENTICATION_BYTES] = { last ? transport(spec) : spec->extensions[index + 1] };

	/* In words of four bytes beyond the second; in all other headers of eight, beyond the first. */
	extension[1] = authentication ? AUTHENTICATION_BYTES / 4 - 2 : 0;
	if (last && spec->extension_length)
		extension[1] = spec->extension_length;
	if (spec->extensions[index] == IPPROTO_FRAGMENT)
		memcpy(extension + 2, &offset, sizeof(offset));
	memcpy(put(frame, size), extension, size);
}

static void put_ipv6(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends)
{
	struct ipv6hdr ip = {
		.version = given(spec->version, 6),
		.nexthdr = spec->n_extensions ? spec->extensions[0] : transport(spec),
		.hop_limit = given(spec->hop_limit, DEFAULT_HOPS),
	};
	void *at = put(frame, sizeof(ip));
	uint32_t start = frame->length;

	for (unsigned i = 0; i < spec->n_extensions; i++)
		put_extension(frame, spec, i);
	put_transport(frame, spec, ends->reply);
	memcpy(&ip.saddr, ends->source, sizeof(ip.saddr));
	memcpy(&ip.daddr, ends->destination, sizeof(ip.daddr));
	ip.payload_len = htons(given(spec->total, frame->length - start));
	memcpy(at, &ip, sizeof(ip));
}

void frame_build(const struct frame_spec *spec, const struct frame_ends *ends, struct frame *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (spec->eth_proto) {
		put_ethernet(ret, spec, spec->eth_proto);
		put(ret, spec->payload);
	} else if (ends->family == WEIR_IPV4) {
		put_ethernet(ret, spec, ETH_P_IP);
		put_ipv4(ret, spec, ends);
	} else {
		put_ethernet(ret, spec, ETH_P_IPV6);
		put_ipv6(ret, spec, ends);
	}
	put(ret, spec->padding);
	ret->length -= spec->cut;
}
