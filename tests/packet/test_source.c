// SPDX-License-Identifier: BSD-2-Clause
/* Who a pod may say that it is: by Ethernet, IP, ARP and neighbour discovery; and what is said to itself or to many. */
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define SYN		   .packet = { .tcp_flags = FRAME_TCP_SYN }
#define FROM(addr)	   .packet = { .tcp_flags = FRAME_TCP_SYN, .source = (addr) }
#define UDP_FROM(addr)	   .packet = { .protocol = IPPROTO_UDP, .source = (addr) }
#define UDP_TO(addr)	   .packet = { .protocol = IPPROTO_UDP, .destination = (addr) }
#define DHCP(from, to, of) .packet = { .protocol = IPPROTO_UDP, .client = (from), .port = (to), .source = (of) }
#define ARP(...)	   .packet = { .eth_proto = ETH_P_ARP, __VA_ARGS__ }
#define ND(type, ...)	   .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = (type), .hop_limit = 255, __VA_ARGS__ }
#define SOLICITATION(...)  ND(135, .neighbour = true, __VA_ARGS__)
#define ADVERTISEMENT(...) ND(136, .neighbour = true, __VA_ARGS__)
#define MLD(type, ...)	   .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = (type), .hop_limit = 1, __VA_ARGS__ }
#define BESIDE(why)	   MALFORMED(why), .flow = FLOW_KEPT

#define POD4	   "10.0.0.1"
#define POD6	   "fd00::1"
#define OTHER4	   "10.0.0.2"
#define OTHER6	   "fd00::2"
#define LINK_LOCAL "fe80::ff:fe00:2" /* of FRAME_SOURCE_MAC */
#define ANYBODY	   .peer = PEER_STRANGER

#define POD4_OPENS IPV4_ONLY, POD_OPENS
#define POD6_OPENS IPV6_ONLY, POD_OPENS

static const struct scenario scenarios[] = {
	/* MAC address */
	{ "a pod opens nothing with another MAC address", ANY_FAMILY, POD_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN, .other_mac = true }, MALFORMED(SPOOFED_MAC) },
		     { SENDS, .packet = { .protocol = IPPROTO_UDP, .other_mac = true }, MALFORMED(SPOOFED_MAC) },
		     { SENDS, .packet = { .protocol = IPPROTO_GRE, .other_mac = true }, MALFORMED(SPOOFED_MAC) },
		     { SENDS, .packet = { .tcp_flags = FRAME_TCP_RST, .other_mac = true }, MALFORMED(SPOOFED_MAC) } } },
	{ "a pod goes on with nothing by another MAC address", ANY_FAMILY, POD_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, SYN, ADMITTED },
		     { SENDS, .packet = { .other_mac = true }, BESIDE(SPOOFED_MAC) },
		     { GENERATION },
		     { SENDS, .packet = { .other_mac = true }, BESIDE(SPOOFED_MAC) },
		     { SENDS, .packet = { 0 }, ADMITTED } } },
	{ "a pod answers nothing by another MAC address", ANY_FAMILY, PEER_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_UDP }, ADMITTED },
		     { REPLIES, .packet = { .protocol = IPPROTO_UDP, .other_mac = true }, BESIDE(SPOOFED_MAC) },
		     { REPLIES, .packet = { .protocol = IPPROTO_UDP }, ESTABLISHED } } },
	{ "others' MAC addresses are their own affair", ANY_FAMILY, PEER_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN, .other_mac = true }, ADMITTED } } },
	{ "a pod's fragments carry its MAC address", ANY_FAMILY, POD_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS,
		       .packet = { .protocol = IPPROTO_UDP, .udp_length = 99, .more_fragments = true, .payload = 8 },
		       ADMITTED },
		     { SENDS,
		       .packet = { .protocol = IPPROTO_UDP, .fragment_offset = 2, .payload = 8, .other_mac = true },
		       BESIDE(SPOOFED_MAC) } } },
	{ "a tag hides no MAC address", ANY_FAMILY, POD_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .tags = 2, .other_mac = true }, MALFORMED(SPOOFED_MAC) } } },

	/* IPv4 address */
	{ "a pod sends nothing from another address", POD4_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, FROM(OTHER4), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, UDP_FROM(OTHER4), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, FROM("10.0.1.0"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, FROM("127.0.0.1"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, FROM("255.255.255.255"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, FROM("224.0.0.1"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, .packet = { .protocol = IPPROTO_GRE, .source = OTHER4 }, MALFORMED(SPOOFED_ADDRESS) } } },
	{ "a pod sends no fragment from another address", POD4_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS,
		       .packet = { .protocol = IPPROTO_UDP, .fragment_offset = 9, .payload = 8, .source = OTHER4 },
		       MALFORMED(SPOOFED_ADDRESS) } } },
	{ "a pod sends no reset or echo reply from another address", POD4_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_RST, .source = OTHER4 }, MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, .packet = { .protocol = IPPROTO_ICMP, .source = OTHER4 },
		       MALFORMED(SPOOFED_ADDRESS) } } },
	{ "a pod without an address asks for one, as far as policy lets it", POD4_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, DHCP(68, 67, "0.0.0.0"), ADMITTED } } },
	{ "a pod that policy keeps from it asks for no address", POD4_OPENS, ANYBODY,
	  .steps = { { SENDS, DHCP(68, 67, "0.0.0.0"), REFUSED } } },
	{ "a pod without an address does nothing else", POD4_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, FROM("0.0.0.0"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, DHCP(67, 68, "0.0.0.0"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, DHCP(68, 53, "0.0.0.0"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, DHCP(68, 67, OTHER4), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, .packet = { .client = 68, .port = 67, .source = "0.0.0.0" },
		       MALFORMED(SPOOFED_ADDRESS) } } },

	/* IPv6 address */
	{ "a pod sends nothing from another IPv6 address", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, FROM(OTHER6), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, UDP_FROM("::1"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, UDP_FROM("::"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, UDP_FROM("ff02::1"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, UDP_FROM("::ffff:10.0.0.1"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, .packet = { .n_extensions = 1, .extensions = { IPPROTO_HOPOPTS }, .source = OTHER6 },
		       MALFORMED(SPOOFED_ADDRESS) } } },
	{ "a pod has the link-local address of its MAC address", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, FROM(LINK_LOCAL), ADMITTED } } },
	{ "a pod has no other link-local address", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, FROM("fe80::1"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, FROM("fe80::ff:fe00:3"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, FROM("fe80::200:ff:fe00:2"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, FROM("fe81::ff:fe00:2"), MALFORMED(SPOOFED_ADDRESS) },
		     { SENDS, FROM("fe80::1:0:ff:fe00:2"), MALFORMED(SPOOFED_ADDRESS) } } },

	/* ARP */
	{ "a pod asks for others by ARP", POD4_OPENS, ANYBODY, .steps = { { SENDS, ARP(0), PASSED(ARP) } } },
	{ "a pod says by ARP where it is", POD4_OPENS, ANYBODY,
	  .steps = { { SENDS, ARP(.arp_operation = 2), PASSED(ARP) },
		     { SENDS, ARP(.arp_target = POD4), PASSED(ARP) },
		     { SENDS, ARP(.arp_operation = 2, .arp_target = POD4), PASSED(ARP) } } },
	{ "a pod asks by ARP whether an address is free", POD4_OPENS, ANYBODY,
	  .steps = { { SENDS, ARP(.arp_sender = "0.0.0.0", .arp_target = POD4), PASSED(ARP) },
		     { SENDS, ARP(.arp_sender = "0.0.0.0", .arp_target = OTHER4), PASSED(ARP) } } },
	{ "a pod claims no other address by ARP", POD4_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, ARP(.arp_sender = OTHER4), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ARP(.arp_sender = OTHER4, .arp_operation = 2), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ARP(.arp_sender = OTHER4, .arp_target = OTHER4), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ARP(.arp_sender = "10.0.0.254", .arp_operation = 2, .tags = 1),
		       MALFORMED(SPOOFED_NEIGHBOUR) } } },
	{ "a pod gives no other MAC address by ARP", POD4_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, ARP(.arp_other_mac = true), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ARP(.arp_other_mac = true, .arp_operation = 2), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ARP(.arp_other_mac = true, .arp_sender = "0.0.0.0"), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ARP(.other_mac = true), MALFORMED(SPOOFED_MAC) },
		     { SENDS, ARP(.other_mac = true, .arp_other_mac = true), MALFORMED(SPOOFED_MAC) } } },
	{ "others claim by ARP what they like", IPV4_ONLY, PEER_OPENS, ANYBODY,
	  .steps = { { SENDS, ARP(0), PASSED(ARP) },
		     { SENDS, ARP(.arp_sender = OTHER4, .arp_operation = 2), PASSED(ARP) },
		     { SENDS, ARP(.arp_other_mac = true), PASSED(ARP) } } },
	{ "ARP is about IPv4 on Ethernet", IPV4_ONLY, .peer = PEER_FRIEND,
	  .steps = { { SENDS, ARP(.arp_hardware = 6), MALFORMED(BAD_ARP) },
		     { SENDS, ARP(.arp_protocol = ETH_P_IPV6), MALFORMED(BAD_ARP) },
		     { SENDS, ARP(.arp_hardware_length = 8), MALFORMED(BAD_ARP) },
		     { SENDS, ARP(.arp_protocol_length = 16), MALFORMED(BAD_ARP) },
		     { SENDS, ARP(.arp_operation = 3), MALFORMED(BAD_ARP) },
		     { SENDS, ARP(.arp_operation = 9), MALFORMED(BAD_ARP) } } },
	{ "ARP that is cut short is dropped", IPV4_ONLY, .peer = PEER_FRIEND,
	  .steps = { { SENDS, ARP(.cut = 1), MALFORMED(BAD_ARP) }, { SENDS, ARP(.cut = 20), MALFORMED(BAD_ARP) } } },
	{ "padding behind ARP is ignored", IPV4_ONLY, ANYBODY,
	  .steps = { { SENDS, ARP(.padding = 18), PASSED(ARP) } } },

	/* Neighbour discovery */
	{ "a pod looks for neighbours and routers", POD6_OPENS, ANYBODY,
	  .steps = { { SENDS, SOLICITATION(.target = OTHER6), PASSED(NEIGHBOUR) },
		     { SENDS, SOLICITATION(.source = LINK_LOCAL, .target = OTHER6), PASSED(NEIGHBOUR) },
		     { SENDS, ND(133, .source = LINK_LOCAL), PASSED(NEIGHBOUR) },
		     { SENDS, ND(133, .source = "::"), PASSED(NEIGHBOUR) } } },
	{ "a pod says where it is", POD6_OPENS, ANYBODY,
	  .steps = { { SENDS, ADVERTISEMENT(0), PASSED(NEIGHBOUR) },
		     { SENDS, ADVERTISEMENT(.source = LINK_LOCAL, .target = POD6), PASSED(NEIGHBOUR) },
		     { SENDS, ADVERTISEMENT(.target = LINK_LOCAL), PASSED(NEIGHBOUR) } } },
	{ "a pod asks whether its address is free", POD6_OPENS, ANYBODY,
	  .steps = { { SENDS, SOLICITATION(.source = "::", .target = POD6), PASSED(NEIGHBOUR) },
		     { SENDS, SOLICITATION(.source = "::", .target = LINK_LOCAL), PASSED(NEIGHBOUR) } } },
	{ "a pod asks for no other address whether it is free", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, SOLICITATION(.source = "::", .target = OTHER6), MALFORMED(SPOOFED_NEIGHBOUR) } } },
	{ "a pod advertises no other address", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, ADVERTISEMENT(.target = OTHER6), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ADVERTISEMENT(.target = "fe80::1"), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ADVERTISEMENT(.source = "::", .target = OTHER6), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ADVERTISEMENT(.source = OTHER6, .target = POD6), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ADVERTISEMENT(.target = OTHER6, .n_extensions = 1, .extensions = { IPPROTO_DSTOPTS }),
		       MALFORMED(SPOOFED_NEIGHBOUR) } } },
	{ "a pod asks in nobody else's name", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, SOLICITATION(.source = OTHER6, .target = POD6), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ND(133, .source = "fe80::1"), MALFORMED(SPOOFED_NEIGHBOUR) } } },
	{ "a pod is no router", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, ND(134, .source = LINK_LOCAL), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ND(134, .source = "fe80::1"), MALFORMED(SPOOFED_NEIGHBOUR) },
		     { SENDS, ND(137), MALFORMED(SPOOFED_NEIGHBOUR) } } },
	{ "a router's word that came through a router is for policy", POD6_OPENS, ANYBODY,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 134 }, REFUSED } } },
	{ "a pod discovers no neighbours by another MAC address", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, SOLICITATION(.target = OTHER6, .other_mac = true), MALFORMED(SPOOFED_MAC) },
		     { SENDS, ADVERTISEMENT(.other_mac = true), MALFORMED(SPOOFED_MAC) } } },
	{ "routers and neighbours reach the pod", IPV6_ONLY, PEER_OPENS, ANYBODY,
	  .steps = { { SENDS, ND(134, .source = "fe80::1"), PASSED(NEIGHBOUR) },
		     { SENDS, SOLICITATION(.target = POD6), PASSED(NEIGHBOUR) },
		     { SENDS, ADVERTISEMENT(.target = OTHER6), PASSED(NEIGHBOUR) },
		     { SENDS, ND(137, .source = "fe80::1"), PASSED(NEIGHBOUR) } } },
	{ "a solicitation without its target is dropped", IPV6_ONLY, .peer = PEER_FRIEND,
	  .steps = { { SENDS, ND(135, .payload = 15), MALFORMED(BAD_TRANSPORT) },
		     { SENDS, ND(136), MALFORMED(BAD_TRANSPORT) } } },
	{ "a pod reports what groups it listens to", POD6_OPENS, ANYBODY,
	  .steps = { { SENDS, MLD(131, .source = LINK_LOCAL, .payload = 16), PASSED(NEIGHBOUR) },
		     { SENDS, MLD(132, .source = LINK_LOCAL, .payload = 16), PASSED(NEIGHBOUR) },
		     { SENDS, MLD(143, .source = "::", .payload = 20), PASSED(NEIGHBOUR) },
		     { SENDS,
		       MLD(143, .source = LINK_LOCAL, .payload = 20, .n_extensions = 1,
			   .extensions = { IPPROTO_HOPOPTS }),
		       PASSED(NEIGHBOUR) } } },
	{ "a pod reports in nobody else's name", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, MLD(143, .source = "fe80::1", .payload = 20), MALFORMED(SPOOFED_NEIGHBOUR) } } },

	/* Itself */
	{ "a pod talks to itself, whatever the policy", POD4_OPENS, ANYBODY,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN, .destination = POD4 }, PASSED(SELF) },
		     { SENDS, UDP_TO(POD4), PASSED(SELF) },
		     { WITHDRAWS },
		     { SENDS, UDP_TO(POD4), PASSED(SELF) } } },
	{ "a pod talks to itself by IPv6, whatever the policy", POD6_OPENS, ANYBODY,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN, .destination = POD6 }, PASSED(SELF) },
		     { SENDS, UDP_TO(POD6), PASSED(SELF) } } },
	{ "a pod hears itself where it came out", IPV4_ONLY, PEER_OPENS, ANYBODY,
	  .steps = { { SENDS, FROM(POD4), PASSED(SELF), .from_ifindex = LAB_IFINDEX },
		     { SENDS, UDP_FROM(POD4), PASSED(SELF), .from_ifindex = LAB_IFINDEX } } },
	{ "a pod hears itself by IPv6 where it came out", IPV6_ONLY, PEER_OPENS, ANYBODY,
	  .steps = { { SENDS, FROM(POD6), PASSED(SELF), .from_ifindex = LAB_IFINDEX } } },
	{ "a pod is not what comes from elsewhere with its address", IPV4_ONLY, PEER_OPENS, ANYBODY,
	  .steps = { { SENDS, FROM(POD4), REFUSED },
		     { SENDS, UDP_FROM(POD4), REFUSED, .from_ifindex = LAB_IFINDEX + 1 } } },
	{ "a pod is not what comes from elsewhere with its IPv6 address", IPV6_ONLY, PEER_OPENS, ANYBODY,
	  .steps = { { SENDS, FROM(POD6), REFUSED } } },
	{ "a pod talks to itself under its own MAC address", POD4_OPENS, ANYBODY,
	  .steps = { { SENDS, .packet = { .destination = POD4, .other_mac = true }, MALFORMED(SPOOFED_MAC) },
		     { SENDS, .packet = { .source = OTHER4, .destination = OTHER4 }, MALFORMED(SPOOFED_ADDRESS) } } },

	/* Many */
	{ "multicast and broadcast are addresses that rules name, or not", POD4_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, UDP_TO("224.0.0.251"), REFUSED },
		     { SENDS, UDP_TO("255.255.255.255"), REFUSED },
		     { SENDS, UDP_TO("10.0.1.255"), REFUSED },
		     { SENDS, .packet = { .protocol = IPPROTO_IGMP, .payload = 8, .destination = "224.0.0.22" },
		       REFUSED } } },
	{ "IPv6 multicast is an address that rules name, or not", POD6_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, UDP_TO("ff02::fb"), REFUSED }, { SENDS, UDP_TO("ff02::1:2"), REFUSED } } },
	{ "what is sent to many is judged by who sends it", IPV4_ONLY, PEER_OPENS, .peer = PEER_FRIEND,
	  .steps = { { SENDS, UDP_TO("224.0.0.251"), ADMITTED } } },
	{ "what a stranger sends to many is dropped", IPV4_ONLY, PEER_OPENS, ANYBODY,
	  .steps = { { SENDS, UDP_TO("224.0.0.251"), REFUSED }, { SENDS, UDP_TO("255.255.255.255"), REFUSED } } },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet source",
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
	});
}
