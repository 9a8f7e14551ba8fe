/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ICMP errors of either family must come to: a table that is included
 * once for each, with the names that it uses made that family's.
 */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define SYN	   .packet = { .tcp_flags = FRAME_TCP_SYN }
#define SYN_ACK	   .packet = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK }
#define ACK	   .packet = { 0 }
#define INIT	   .packet = { .protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_INIT }
#define UDP_OF	   .protocol = IPPROTO_UDP
#define UDP	   .packet = { UDP_OF }
#define ECHO_OF(n) .protocol = ICMP, .icmp_type = ECHO_REQUEST, .icmp_id = (n)
#define ECHO(n)	   .packet = { ECHO_OF(n) }

/* About the packet that follows. */
#define QUOTE(...) .quotes = &(const struct frame_spec)__VA_ARGS__
#define ERROR(type, number, ...) \
	.packet = { .protocol = ICMP, .icmp_type = (type), .icmp_code = (number), QUOTE(__VA_ARGS__) }
#define ERR(...)	    ERROR(KIND_A, 0, __VA_ARGS__)
#define ERR_FROM(addr, ...) .packet = { .source = (addr), .protocol = ICMP, .icmp_type = KIND_A, QUOTE(__VA_ARGS__) }
#define ERR_CUT(n, ...)	    .packet = { .quoted = (n), .protocol = ICMP, .icmp_type = KIND_A, QUOTE(__VA_ARGS__) }

#define FOLLOWS	     PASSED(ICMP_ERROR), .by = BY_ALLOW, .flow = FLOW_KEPT
#define NOT_FOLLOWED REFUSED, .flow = FLOW_KEPT
#define ONE_WAY	     .peer = PEER_CALLEE, .peer_inbound = PEER_CALLER

static const struct scenario scenarios[] = {
	{ "an error about a UDP packet follows its exchange", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERR({ UDP_OF }), FOLLOWS, EXCHANGE(UNANSWERED) } } },
	{ "an error about a SYN follows its opening, and changes nothing", FAM, ONE_WAY,
	  .steps = { { SENDS, SYN, ADMITTED, OPENING(SYN_SENT) },
		     { REPLIES, ERR({ .tcp_flags = FRAME_TCP_SYN }), FOLLOWS, OPENING(SYN_SENT) },
		     { REPLIES, SYN_ACK, ESTABLISHED, OPENING(SYN_RECEIVED) },
		     { REPLIES, ERR({ .tcp_flags = FRAME_TCP_RST }), FOLLOWS, OPENING(SYN_RECEIVED) },
		     { SENDS, ACK, ESTABLISHED, CONNECTION(ESTABLISHED) },
		     { REPLIES, ERR({ .payload = 100 }), FOLLOWS, CONNECTION(ESTABLISHED) } } },
	{ "an error about an answer follows the exchange too", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, UDP, ESTABLISHED }, { SENDS, ERR({ UDP_OF }), FOLLOWS } } },
	{ "an error about SCTP follows the association", FAM, ONE_WAY,
	  .steps = { { SENDS, INIT, ADMITTED },
		     { REPLIES, ERR({ .protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_INIT }), FOLLOWS,
		       OPENING(SYN_SENT) } } },
	{ "an error about an echo follows it", FAM, ONE_WAY,
	  .steps = { { SENDS, ECHO(7), ADMITTED },
		     { REPLIES, ERR({ ECHO_OF(7) }), FOLLOWS, EXCHANGE(ECHO) },
		     { REPLIES, ERR({ ECHO_OF(8) }), NOT_FOLLOWED } } },
	{ "an error about GRE follows it", FAM, ONE_WAY,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_GRE, .payload = 40 }, ADMITTED },
		     { REPLIES, ERR({ .protocol = IPPROTO_GRE, .payload = 40 }), FOLLOWS, EXCHANGE(OTHER) } } },
	{ "every kind of error follows", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, ERROR(KIND_A, 0, { UDP_OF }), FOLLOWS },
		     { REPLIES, ERROR(KIND_B, 0, { UDP_OF }), FOLLOWS },
		     { REPLIES, ERROR(KIND_C, 2, { UDP_OF }), FOLLOWS } } },
	{ "what is no error follows nothing, whatever it quotes", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, ERROR(KIND_NONE, 0, { UDP_OF }), NOT_FOLLOWED },
		     { REPLIES, ERROR(KIND_NEITHER, 0, { UDP_OF }), NOT_FOLLOWED } } },
	{ "a router on the way may report", FAM, POD_OPENS, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERR_FROM(ROUTER, { UDP_OF }), FOLLOWS } } },
	{ "the node may report", FAM, POD_OPENS, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERR_FROM(NODE, { UDP_OF }), FOLLOWS } } },
	{ "another pod may not report", FAM, POD_OPENS, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERR_FROM(STRANGER, { UDP_OF }), NOT_FOLLOWED } } },
	{ "a pod reports for nobody else", FAM, PEER_OPENS, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, ERR_FROM(ROUTER, { UDP_OF }), MALFORMED(SPOOFED_ADDRESS), .flow = FLOW_KEPT } } },
	{ "an error about nothing that is known is for policy", FAM, ONE_WAY,
	  .steps = { { REPLIES, ERR({ UDP_OF }), REFUSED },
		     { REPLIES, ERR({ .tcp_flags = FRAME_TCP_SYN }), REFUSED } } },
	{ "an error about nothing that is known passes where ICMP may", FAM, .peer = PEER_FRIEND,
	  .steps = { { SENDS, ERR({ UDP_OF }), ADMITTED, EXCHANGE(ECHO) } } },
	{ "an error about other ports is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, ERR({ UDP_OF, .port = 81 }), NOT_FOLLOWED },
		     { REPLIES, ERR({ UDP_OF, .client = 40001 }), NOT_FOLLOWED } } },
	{ "an error about another protocol is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERR({ .tcp_flags = FRAME_TCP_SYN }), NOT_FOLLOWED } } },
	{ "an error about what its receiver has not sent is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERR({ UDP_OF, .source = STRANGER }), NOT_FOLLOWED } } },
	{ "an error about what went to somebody else is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERR({ UDP_OF, .destination = STRANGER }), NOT_FOLLOWED } } },
	{ "an error that quotes too little is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, ERR_CUT(IP_BYTES + 7, { UDP_OF }), NOT_FOLLOWED },
		     { REPLIES, ERR_CUT(IP_BYTES - 1, { UDP_OF }), NOT_FOLLOWED },
		     { REPLIES, ERR_CUT(4, { UDP_OF }), NOT_FOLLOWED },
		     { REPLIES, ERR_CUT(IP_BYTES + 8, { UDP_OF }), FOLLOWS } } },
	{ "an error that quotes nothing is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, .packet = { .protocol = ICMP, .icmp_type = KIND_A }, NOT_FOLLOWED } } },
	{ "an error that quotes something impossible is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERR({ UDP_OF, .version = 5 }), NOT_FOLLOWED } } },
	{ "an error about an error is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, ERR({ .protocol = ICMP, .icmp_type = KIND_A, .payload = 40 }), NOT_FOLLOWED } } },
	{ "an error about a first fragment follows", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, ERR({ UDP_OF, .more_fragments = true, .payload = 8 }), FOLLOWS } } },
	{ "an error about a later fragment is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, ERR({ UDP_OF, .fragment_offset = 4, .payload = 16 }), NOT_FOLLOWED } } },
	{ "an error in fragments is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES,
		       .packet = { .protocol = ICMP,
				   .icmp_type = KIND_A,
				   .more_fragments = true,
				   .quotes = &(const struct frame_spec){ UDP_OF, .payload = 40 } },
		       NOT_FOLLOWED } } },
	{ "an error about a connection that is revoked is dropped with it", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { WITHDRAWS },
		     { SENDS, UDP, WITHDRAWN },
		     { REPLIES, ERR({ UDP_OF }), WITHDRAWN } } },
	{ "an error may be what finds out that its connection is revoked", FAM, ONE_WAY,
	  .steps = { { SENDS, SYN, ADMITTED },
		     { WITHDRAWS },
		     { REPLIES, ERR({ .tcp_flags = FRAME_TCP_SYN }), WITHDRAWN },
		     { SENDS, ACK, WITHDRAWN } } },
	{ "an error about a connection of the last generation is decided as that", FAM, ONE_WAY,
	  .steps = { { SENDS, SYN, ADMITTED },
		     { GENERATION },
		     { REPLIES, ERR({ .tcp_flags = FRAME_TCP_SYN }), FOLLOWS, OPENING(SYN_SENT) },
		     { REPLIES, SYN_ACK, ESTABLISHED, OPENING(SYN_RECEIVED) } } },
	{ "an error about what was forgotten is for policy", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { AGES, .ticks = LAB_TIMEOUT(WEIR_FLOW_UNANSWERED) + 1 },
		     { REPLIES, ERR({ UDP_OF }), NOT_FOLLOWED } } },
	{ "an error about what is audited follows it", FAM, .peer = PEER_AUDITED,
	  .steps = { { SENDS, UDP, PASSED(AUDIT), .by = BY_AUDIT, .flow = FLOW_KEPT },
		     { REPLIES, ERR({ UDP_OF }), PASSED(ICMP_ERROR), .by = BY_AUDIT, .flow = FLOW_KEPT } } },
	{ "an error is charged to no limit", FAM, .peer = PEER_LIMITED,
	  .steps = { { SENDS, UDP, .gso_size = 1, .gso_segs = 5, PASSED(POLICY_ALLOW), .by = BY_LIMIT,
		       .flow = FLOW_KEPT },
		     { SENDS, ERR({ UDP_OF }), PASSED(ICMP_ERROR), .by = BY_LIMIT, .flow = FLOW_KEPT },
		     { GENERATION },
		     { SENDS, ERR({ UDP_OF }), PASSED(ICMP_ERROR), .by = BY_LIMIT, .flow = FLOW_KEPT },
		     { SENDS, UDP, MALFORMED(LIMIT), .flow = FLOW_KEPT } } },
	{ "an error about a rejected connection gets no answer", FAM, ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REJECTS },
		     { SENDS, UDP, REJECTED, .flow = FLOW_REVOKED },
		     { REPLIES, ERR({ UDP_OF }), REJECTED, .unanswered = true, .flow = FLOW_REVOKED } } },
	FAMILY_ROWS
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = GROUP,
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
	});
}
