// SPDX-License-Identifier: BSD-2-Clause
/* Every shape a packet can have, from a peer that may do anything: what is dropped is dropped for its shape. */
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define UDP .protocol = IPPROTO_UDP
#define HOPS_LOCAL .hop_limit = 255

/* What is left of the packet after this many bytes, of what would have been whole. */
#define TCP_BYTES 20
#define UDP_BYTES 8
#define ICMP_BYTES 8

static const struct scenario scenarios[] = {
	/* Ethernet and VLAN */
	{ "an untagged frame passes", .peer = PEER_FRIEND, .steps = { { SENDS, .packet = { 0 }, ADMITTED } } },
	{ "one 802.1Q tag is looked through", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .tags = 1 }, ADMITTED } } },
	{ "one 802.1ad tag is looked through", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .tags = 1, .tag_proto = ETH_P_8021AD }, ADMITTED } } },
	{ "two tags are looked through", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .tags = 2 }, ADMITTED } } },
	{ "a tagged packet and an untagged one belong to one flow", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN, .tags = 2 }, ADMITTED },
		{ REPLIES, .packet = { .tcp_flags = FRAME_TCP_ACK }, ESTABLISHED } } },
	{ "a tag hides nothing from policy", .peer = PEER_STRANGER, .steps = {
		{ SENDS, .packet = { .tags = 1 }, REFUSED },
		{ SENDS, .packet = { .tags = 2 }, REFUSED } } },
	{ "three tags are too many", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .tags = 3 }, MALFORMED(BAD_ETHERNET) } } },
	{ "a frame that ends within its tag is dropped", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .eth_proto = ETH_P_8021Q, .payload = 2 }, MALFORMED(BAD_ETHERNET) } } },
	{ "a frame that ends within its second tag is dropped", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .eth_proto = ETH_P_8021AD, .tags = 1, .payload = 3 }, MALFORMED(BAD_ETHERNET) } } },
	{ "what is neither IP nor ARP is dropped", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .eth_proto = 0x88cc, .payload = 46 }, MALFORMED(NOT_IP) },
		{ SENDS, .packet = { .eth_proto = ETH_P_MPLS_UC, .payload = 46 }, MALFORMED(NOT_IP) },
		{ SENDS, .packet = { .eth_proto = 46, .payload = 46 }, MALFORMED(NOT_IP) } } },
	{ "ARP passes", .peer = PEER_STRANGER, .steps = {
		{ SENDS, .packet = { .eth_proto = ETH_P_ARP, .payload = 28 }, PASSED(ARP) },
		{ REPLIES, .packet = { .eth_proto = ETH_P_ARP, .payload = 28 }, PASSED(ARP) } } },
	{ "ARP passes under a tag", .peer = PEER_STRANGER, .steps = {
		{ SENDS, .packet = { .eth_proto = ETH_P_ARP, .payload = 28, .tags = 1 }, PASSED(ARP) } } },
	{ "ARP does not pass while nobody is known behind the interface", .peer = PEER_FRIEND, .steps = {
		{ NO_ENDPOINT },
		{ SENDS, .packet = { .eth_proto = ETH_P_ARP, .payload = 28 }, MALFORMED(NO_ENDPOINT) } } },

	/* IPv4. A test run refuses a frame too short for its IP header; under a tag it does not look. */
	{ "an IPv4 header that is cut short is dropped", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .tags = 1, .cut = TCP_BYTES + 1 }, MALFORMED(BAD_IPV4) },
		{ SENDS, .packet = { .tags = 1, .cut = TCP_BYTES + 20 }, MALFORMED(BAD_IPV4) } } },
	{ "an IPv4 header of another version is dropped", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .version = 6 }, MALFORMED(BAD_IPV4) },
		{ SENDS, .packet = { .version = FRAME_ZERO & 0xf }, MALFORMED(BAD_IPV4) } } },
	{ "an IPv4 header shorter than five words is dropped", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .ihl = 4 }, MALFORMED(BAD_IPV4) },
		{ SENDS, .packet = { .ihl = 1 }, MALFORMED(BAD_IPV4) } } },
	{ "an IPv4 header longer than its packet is dropped", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .ihl = 15 }, MALFORMED(BAD_IPV4) } } },
	{ "an IPv4 total length shorter than the header is dropped", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .total = 19 }, MALFORMED(BAD_IPV4) },
		{ SENDS, .packet = { .options = 8, .total = 27 }, MALFORMED(BAD_IPV4) } } },
	{ "an IPv4 total length of zero is dropped", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .total = FRAME_ZERO }, MALFORMED(BAD_IPV4) } } },
	{ "an IPv4 total length longer than the frame is dropped", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .total = 41 }, MALFORMED(BAD_IPV4) },
		{ SENDS, .packet = { .total = 65535 - 1 }, MALFORMED(BAD_IPV4) } } },
	{ "Ethernet padding behind an IPv4 packet is ignored", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { UDP, .padding = 18 }, ADMITTED } } },
	{ "padding does not stand in for a transport header", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .total = 30, .padding = 18 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { UDP, .total = 27, .padding = 18 }, MALFORMED(BAD_TRANSPORT) } } },
	{ "IPv4 options are skipped", IPV4_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .options = 4 }, ADMITTED } } },
	{ "the longest IPv4 options are skipped", IPV4_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .options = 40 }, ADMITTED } } },
	{ "IPv4 options hide no port", IPV4_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .options = 40, .port = 22 }, REFUSED } } },

	/* IPv6 */
	{ "an IPv6 header that is cut short is dropped", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .tags = 1, .cut = TCP_BYTES + 1 }, MALFORMED(BAD_IPV6) },
		{ SENDS, .packet = { .tags = 1, .cut = TCP_BYTES + 40 }, MALFORMED(BAD_IPV6) } } },
	{ "an IPv6 header of another version is dropped", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .version = 4 }, MALFORMED(BAD_IPV6) } } },
	{ "an IPv6 payload length longer than the frame is dropped", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .total = TCP_BYTES + 1 }, MALFORMED(BAD_IPV6) } } },
	{ "an IPv6 payload length of zero leaves no room for a transport header", IPV6_ONLY, .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .total = FRAME_ZERO }, MALFORMED(BAD_TRANSPORT) } } },
	{ "an IPv6 packet without a next header has no ports", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_NONE }, ADMITTED } } },
	{ "Ethernet padding behind an IPv6 packet is ignored", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { UDP, .padding = 18 }, ADMITTED } } },
	{ "a hop-by-hop header is followed", IPV6_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_HOPOPTS } }, ADMITTED } } },
	{ "a routing header is followed", IPV6_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_ROUTING } }, ADMITTED } } },
	{ "a destination options header is followed", IPV6_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_DSTOPTS } }, ADMITTED } } },
	{ "an authentication header is followed, in its own unit of length", IPV6_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_AH } }, ADMITTED },
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_AH }, .port = 22 }, REFUSED, .flow = FLOW_KEPT } } },
	{ "a fragment header of a packet in one piece is followed", IPV6_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_FRAGMENT } }, ADMITTED } } },
	{ "extension headers hide no port", IPV6_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .port = 22, .n_extensions = 4,
				     .extensions = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_AH } },
		  REFUSED } } },
	{ "eight extension headers are followed", IPV6_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .n_extensions = 8, .extensions = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS,
			IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS } }, ADMITTED } } },
	{ "nine extension headers are not", IPV6_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .n_extensions = 9, .extensions = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS,
			IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS } },
		  MALFORMED(IPV6_EXTENSIONS) } } },
	{ "a hop-by-hop header is only possible first", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .n_extensions = 2, .extensions = { IPPROTO_DSTOPTS, IPPROTO_HOPOPTS } },
		  MALFORMED(BAD_IPV6) } } },
	{ "an extension header that is cut short is dropped", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_DSTOPTS }, .total = 4, .cut = TCP_BYTES + 4 },
		  MALFORMED(BAD_IPV6) } } },
	{ "an extension header that reaches behind its packet is dropped", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_ROUTING }, .extension_length = 3 },
		  MALFORMED(BAD_IPV6) },
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_HOPOPTS }, .extension_length = 255 },
		  MALFORMED(BAD_IPV6) } } },
	{ "padding does not stand in for an extension header", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_DSTOPTS }, .total = 7 },
		  MALFORMED(BAD_IPV6) } } },

	/* Transport */
	{ "a TCP header that is cut short is dropped", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_TCP, .fragment_offset = 0, .doff = 6 }, MALFORMED(BAD_TRANSPORT) } } },
	{ "a TCP header shorter than five words is dropped", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .doff = 4, .payload = 8 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { .doff = 1, .payload = 8 }, MALFORMED(BAD_TRANSPORT) } } },
	{ "TCP options are no obstacle", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .doff = 15, .payload = 40 }, ADMITTED } } },
	{ "a UDP length shorter than the header is dropped", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { UDP, .udp_length = 7 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { UDP, .udp_length = FRAME_ZERO }, MALFORMED(BAD_TRANSPORT) } } },
	{ "a UDP length longer than the packet is dropped", .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { UDP, .udp_length = 9 }, MALFORMED(BAD_TRANSPORT) } } },
	{ "an empty UDP packet passes", .peer = PEER_FRIEND, .steps = { { SENDS, .packet = { UDP }, ADMITTED } } },
	{ "transport headers of a few bytes are dropped, whatever the protocol", IPV4_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .total = 20 + TCP_BYTES - 1 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { UDP, .total = 20 + UDP_BYTES - 1 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { .protocol = IPPROTO_SCTP, .total = 20 + 11 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { .protocol = IPPROTO_ICMP, .total = 20 + ICMP_BYTES - 1 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { .total = 20 }, MALFORMED(BAD_TRANSPORT) } } },
	{ "transport headers of a few bytes are dropped in IPv6 too", IPV6_ONLY, .peer = PEER_FRIEND, .steps = {
		{ SENDS, .packet = { .total = TCP_BYTES - 1 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { UDP, .total = UDP_BYTES - 1 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { .protocol = IPPROTO_SCTP, .total = 11 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .total = ICMP_BYTES - 1 }, MALFORMED(BAD_TRANSPORT) },
		{ SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_DSTOPTS }, .total = 8 + TCP_BYTES - 1 },
		  MALFORMED(BAD_TRANSPORT) } } },

	/* Fragments */
	{ "the first fragment is judged by its ports", .peer = PEER_WEB, .families = IPV4_ONLY, .steps = {
		{ SENDS, .packet = { UDP, .more_fragments = true, .payload = 8, .udp_length = 1400 }, ADMITTED } } },
	{ "the first IPv6 fragment is judged by its ports", .peer = PEER_WEB, .families = IPV6_ONLY, .steps = {
		{ SENDS, .packet = { UDP, .more_fragments = true, .payload = 8, .udp_length = 1400, .n_extensions = 1,
				     .extensions = { IPPROTO_FRAGMENT } }, ADMITTED } } },
	{ "a first fragment too short for its ports is dropped", .peer = PEER_FRIEND, .families = IPV4_ONLY, .steps = {
		{ SENDS, .packet = { .more_fragments = true, .total = 28 }, MALFORMED(BAD_TRANSPORT) } } },
	{ "a first IPv6 fragment too short for its ports is dropped", .peer = PEER_FRIEND, .families = IPV6_ONLY, .steps = {
		{ SENDS, .packet = { .more_fragments = true, .n_extensions = 1, .extensions = { IPPROTO_FRAGMENT },
				     .total = 16 }, MALFORMED(BAD_TRANSPORT) } } },
	{ "a later fragment is not matched by rules with ports", .peer = PEER_WEB, .families = IPV4_ONLY, .steps = {
		{ SENDS, .packet = { UDP, .fragment_offset = 1, .payload = 64 }, REFUSED } } },
	{ "a later IPv6 fragment is not matched by rules with ports", .peer = PEER_WEB, .families = IPV6_ONLY, .steps = {
		{ SENDS, .packet = { UDP, .fragment_offset = 1, .payload = 64, .n_extensions = 1,
				     .extensions = { IPPROTO_FRAGMENT } }, REFUSED } } },
	{ "a later fragment passes by a rule without ports, and keeps no flow", .peer = PEER_FRIEND,
	  .families = IPV4_ONLY, .steps = {
		{ SENDS, .packet = { UDP, .fragment_offset = 185, .payload = 64 }, PASSED(POLICY_ALLOW), .by = BY_ALLOW },
		{ SENDS, .packet = { .fragment_offset = 185 }, PASSED(POLICY_ALLOW), .by = BY_ALLOW } } },
	{ "a later IPv6 fragment passes by a rule without ports, and keeps no flow", .peer = PEER_FRIEND,
	  .families = IPV6_ONLY, .steps = {
		{ SENDS, .packet = { UDP, .fragment_offset = 185, .payload = 64, .n_extensions = 1,
				     .extensions = { IPPROTO_FRAGMENT } }, PASSED(POLICY_ALLOW), .by = BY_ALLOW } } },
	{ "what looks like a port in a later fragment is not one", .peer = PEER_WEB, .families = IPV4_ONLY, .steps = {
		{ SENDS, .packet = { UDP }, ADMITTED },
		{ SENDS, .packet = { UDP, .fragment_offset = 1, .payload = 8 }, REFUSED, .flow = FLOW_KEPT } } },

	/* ICMP */
	{ "an echo reply follows its request", IPV4_ONLY, .peer = PEER_CALLEE, .peer_inbound = PEER_CALLER, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_ICMP, .icmp_type = 8, .icmp_id = 77 }, ADMITTED },
		{ REPLIES, .packet = { .protocol = IPPROTO_ICMP, .icmp_type = 0, .icmp_id = 77 }, ESTABLISHED },
		{ REPLIES, .packet = { .protocol = IPPROTO_ICMP, .icmp_type = 0, .icmp_id = 78 }, REFUSED, .flow = FLOW_KEPT } } },
	{ "an ICMPv6 echo reply follows its request", IPV6_ONLY, .peer = PEER_CALLEE, .peer_inbound = PEER_CALLER, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 128, .icmp_id = 77 }, ADMITTED },
		{ REPLIES, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 129, .icmp_id = 77 }, ESTABLISHED },
		{ REPLIES, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 129, .icmp_id = 78 }, REFUSED, .flow = FLOW_KEPT } } },
	{ "other ICMP is not an echo, whatever stands in its place for the identifier", IPV4_ONLY, .peer = PEER_CALLEE,
	  .peer_inbound = PEER_CALLER, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_ICMP, .icmp_type = 8, .icmp_id = 77 }, ADMITTED },
		{ REPLIES, .packet = { .protocol = IPPROTO_ICMP, .icmp_type = 5, .icmp_id = 77 }, REFUSED, .flow = FLOW_KEPT } } },
	{ "ICMP is not matched by rules with ports", IPV4_ONLY, .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_ICMP, .icmp_type = 8, .icmp_id = 80 }, REFUSED } } },
	{ "neighbour discovery passes from its first type to its last", IPV6_ONLY, .peer = PEER_STRANGER, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 133, HOPS_LOCAL }, PASSED(NEIGHBOUR) },
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 135, HOPS_LOCAL }, PASSED(NEIGHBOUR) },
		{ REPLIES, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 136, HOPS_LOCAL }, PASSED(NEIGHBOUR) },
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 137, HOPS_LOCAL }, PASSED(NEIGHBOUR) } } },
	{ "the types beside neighbour discovery are for policy", IPV6_ONLY, .peer = PEER_STRANGER, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 132, HOPS_LOCAL }, REFUSED },
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 138, HOPS_LOCAL }, REFUSED } } },
	{ "neighbour discovery that came through a router is for policy", IPV6_ONLY, .peer = PEER_STRANGER, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 135, .hop_limit = 254 }, REFUSED } } },
	{ "neighbour discovery does not pass while nobody is known behind the interface", IPV6_ONLY, .peer = PEER_FRIEND,
	  .steps = {
		{ NO_ENDPOINT },
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 135, HOPS_LOCAL }, MALFORMED(NO_ENDPOINT) } } },
	{ "ICMP in the other family has no ports and no types", .peer = PEER_STRANGER, .families = IPV4_ONLY, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 135, HOPS_LOCAL }, REFUSED } } },

	/* Memory layout and offload */
	{ "headers outside the linear part are read all the same", .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .port = 22, .payload = 900 }, .linear = 14, REFUSED },
		{ SENDS, .packet = { .port = 22, .payload = 900 }, .linear = 60, REFUSED },
		{ SENDS, .packet = { .payload = 900 }, .linear = 14, ADMITTED } } },
	{ "a packet too long for its length fields passes without them", .peer = PEER_WEB, .steps = {
		{ SENDS, .packet = { .total = FRAME_ZERO, .payload = 66000 }, .linear = 1000, ADMITTED },
		{ SENDS, .packet = { UDP, .total = FRAME_ZERO, .udp_length = FRAME_ZERO, .payload = 66000 },
		  .linear = 1000, ADMITTED },
		{ SENDS, .packet = { .total = FRAME_ZERO, .payload = 66000, .port = 22 }, .linear = 1000, REFUSED } } },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet parse",
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
	});
}
