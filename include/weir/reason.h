/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Verdicts and the numbered reasons for them: the one list that feeds the
 * enums, the names, the metrics and the docs.
 *
 * A number is never given to another reason once released; a retired one stays
 * in the list as reserved.
 */
#ifndef WEIR_REASON_H
#define WEIR_REASON_H

/* What happened, or is to happen, to one packet. Zero is "no opinion yet". */
enum weir_verdict {
	WEIR_VERDICT_NONE = 0,
	WEIR_VERDICT_PASS = 1,
	WEIR_VERDICT_DROP = 2,
	WEIR_VERDICT_REJECT = 3,
	WEIR_VERDICT_MAX,
};

/* R(number, symbol, name in metrics and output, verdict, what it means) */
#define WEIR_REASONS(R)                                                                                               \
	R(0, NONE, "none", NONE, "not decided yet")                                                                   \
	R(1, NO_POLICY, "no-policy", PASS, "no policy isolates the endpoint in this direction")                       \
	R(2, POLICY_ALLOW, "policy-allow", PASS, "a rule allows it")                                                  \
	R(3, FLOW, "flow", PASS, "belongs to an admitted connection")                                                 \
	R(4, ARP, "arp", PASS, "address resolution")                                                                  \
	R(5, NEIGHBOUR, "neighbour", PASS, "IPv6 neighbour discovery or multicast listener report")                   \
	R(6, NODE, "node", PASS, "comes from the node that runs the pod")                                             \
	R(7, SELF, "self", PASS, "the pod talks to itself")                                                           \
	R(8, ICMP_ERROR, "icmp-error", PASS, "an ICMP error about an admitted connection")                            \
	R(9, AUDIT, "audit", PASS, "policy in audit mode would drop it")                                              \
	R(10, ADMIN_ALLOW, "admin-allow", PASS, "a rule of the admin tier allows it")                                 \
	R(11, BASELINE_ALLOW, "baseline-allow", PASS, "a rule of the baseline tier allows it")                        \
	R(32, POLICY_DEFAULT, "policy-default", DROP, "a policy isolates the endpoint and no rule allows it")         \
	R(33, POLICY_DENY, "policy-deny", DROP, "a rule denies it")                                                   \
	R(34, NO_ENDPOINT, "no-endpoint", DROP, "nobody has said yet what is behind the interface")                   \
	R(35, NO_IMAGE, "no-image", DROP, "no policy has been loaded yet")                                            \
	R(36, LIMIT, "limit", DROP, "over a rate limit")                                                              \
	R(37, SPOOFED_MAC, "spoofed-mac", DROP, "leaves a pod with a MAC address that is not the pod's")              \
	R(38, SPOOFED_ADDRESS, "spoofed-address", DROP, "leaves a pod with a source address that is not the pod's")   \
	R(39, SPOOFED_NEIGHBOUR, "spoofed-neighbour", DROP, "a pod speaks for another's address in ARP or IPv6 ND")   \
	R(40, ADMIN_DENY, "admin-deny", DROP, "a rule of the admin tier denies it")                                   \
	R(41, BASELINE_DENY, "baseline-deny", DROP, "a rule of the baseline tier denies it")                          \
	R(42, FRAGMENT_ORPHAN, "fragment-orphan", DROP, "a fragment whose first one was not admitted, or came later") \
	R(43, FRAGMENT_OVERLAP, "fragment-overlap", DROP, "a fragment that overlaps an earlier one")                  \
	R(48, BAD_ETHERNET, "bad-ethernet", DROP, "Ethernet or VLAN header is cut short, or more than two VLAN tags") \
	R(49, NOT_IP, "not-ip", DROP, "neither IPv4, IPv6 nor ARP")                                                   \
	R(50, BAD_IPV4, "bad-ipv4", DROP, "IPv4 header is impossible")                                                \
	R(51, BAD_IPV6, "bad-ipv6", DROP, "IPv6 header or extension header is impossible")                            \
	R(52, IPV6_EXTENSIONS, "ipv6-extensions", DROP, "more IPv6 extension headers than are followed")              \
	R(53, BAD_TRANSPORT, "bad-transport", DROP, "TCP, UDP, SCTP or ICMP header is cut short or impossible")       \
	R(54, BAD_ARP, "bad-arp", DROP, "ARP that is not about IPv4 on Ethernet")                                     \
	R(55, SOURCE_ROUTE, "source-route", DROP, "asks for a route by way of other hosts")                           \
	R(56, FRAGMENT_TINY, "fragment-tiny", DROP, "a fragment that cuts the transport header")

enum weir_reason {
#define WEIR_REASON_ENUM(number, symbol, name, verdict, text) WEIR_REASON_##symbol = number,
	WEIR_REASONS(WEIR_REASON_ENUM)
#undef WEIR_REASON_ENUM
		WEIR_REASON_MAX = 64, /* one past the highest possible number */
};

#endif
