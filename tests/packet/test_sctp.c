// SPDX-License-Identifier: BSD-2-Clause
/* SCTP associations, by the first chunk of a packet and its tags; and what has no connections at all. */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define CHUNK(name)	    .packet = { .protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_##name }
#define CHUNK_TO(name, tag) .packet = { .protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_##name, .ack = (tag) }
#define REFLECTED(name, tag) \
	.packet = { .protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_##name, .ack = (tag), .sctp_flags = 1 }
#define INIT_AS(tag)	  .packet = { .protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_INIT, .seq = (tag) }
#define UDP		  .packet = { .protocol = IPPROTO_UDP }
#define ECHO4(number, id) .packet = { .protocol = IPPROTO_ICMP, .icmp_type = (number), .icmp_id = (id) }
#define ECHO6(number, id) .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = (number), .icmp_id = (id) }
#define OTHER(number)	  .packet = { .protocol = (number), .payload = 40 }
#define LATER(name)	  AGES, .ticks = LAB_TIMEOUT(WEIR_FLOW_##name) + 1
#define NOT_YET(name)	  AGES, .ticks = LAB_TIMEOUT(WEIR_FLOW_##name) - 1000
#define REFUSED_BESIDE	  REFUSED, .flow = FLOW_KEPT

#define ONE_WAY .peer = PEER_CALLEE, .peer_inbound = PEER_CALLER

#define ASSOCIATION                                                               \
	{ SENDS, CHUNK(INIT), ADMITTED, OPENING(SYN_SENT) },                      \
		{ REPLIES, CHUNK(INIT_ACK), ESTABLISHED, OPENING(SYN_RECEIVED) }, \
	{                                                                         \
		SENDS, CHUNK(COOKIE_ECHO), ESTABLISHED, CONNECTION(ESTABLISHED)   \
	}

static const struct scenario scenarios[] = {
	{ "four packets make an association", ONE_WAY,
	  .steps = { ASSOCIATION,
		     { REPLIES, CHUNK(COOKIE_ACK), ESTABLISHED, CONNECTION(ESTABLISHED) },
		     { SENDS, CHUNK(DATA), ESTABLISHED, CONNECTION(ESTABLISHED) },
		     { REPLIES, CHUNK(HEARTBEAT), ESTABLISHED, CONNECTION(ESTABLISHED) } } },
	{ "who doesn't know the other end's tag completes no association", ONE_WAY,
	  .steps = { { SENDS, CHUNK(INIT), ADMITTED },
		     { REPLIES, CHUNK(INIT_ACK), ESTABLISHED },
		     { SENDS, CHUNK_TO(COOKIE_ECHO, 77), ESTABLISHED, OPENING(SYN_RECEIVED) },
		     { SENDS, CHUNK_TO(COOKIE_ECHO, FRAME_TAG_OPENER), ESTABLISHED, OPENING(SYN_RECEIVED) },
		     { REPLIES, CHUNK(COOKIE_ECHO), ESTABLISHED, OPENING(SYN_RECEIVED) },
		     { SENDS, CHUNK(COOKIE_ECHO), ESTABLISHED, CONNECTION(ESTABLISHED) } } },
	{ "data completes no association", ONE_WAY,
	  .steps = { { SENDS, CHUNK(INIT), ADMITTED },
		     { SENDS, CHUNK(DATA), ESTABLISHED, OPENING(SYN_SENT) },
		     { REPLIES, CHUNK(DATA), ESTABLISHED, OPENING(SYN_SENT) },
		     { REPLIES, CHUNK(INIT_ACK), ESTABLISHED, OPENING(SYN_RECEIVED) },
		     { SENDS, CHUNK(DATA), ESTABLISHED, OPENING(SYN_RECEIVED) },
		     { REPLIES, CHUNK(DATA), ESTABLISHED, OPENING(SYN_RECEIVED) } } },
	{ "an answer to another INIT is none", ONE_WAY,
	  .steps = { { SENDS, CHUNK(INIT), ADMITTED },
		     { REPLIES, CHUNK_TO(INIT_ACK, 77), ESTABLISHED, OPENING(SYN_SENT) },
		     { SENDS, CHUNK_TO(INIT_ACK, FRAME_TAG_OPENER), ESTABLISHED, OPENING(SYN_SENT) },
		     { REPLIES, CHUNK(INIT_ACK), ESTABLISHED, OPENING(SYN_RECEIVED) } } },
	{ "an INIT that is repeated belongs to its association", ONE_WAY,
	  .steps = { { SENDS, CHUNK(INIT), ADMITTED },
		     { SENDS, CHUNK(INIT), ESTABLISHED, OPENING(SYN_SENT) },
		     { REPLIES, CHUNK(INIT_ACK), ESTABLISHED, OPENING(SYN_RECEIVED) } } },
	{ "an INIT with another tag takes the place of the last", ONE_WAY,
	  .steps = { { SENDS, CHUNK(INIT), ADMITTED },
		     { REPLIES, CHUNK(INIT_ACK), ESTABLISHED },
		     { SENDS, INIT_AS(5), ADMITTED, OPENING(SYN_SENT) },
		     { REPLIES, CHUNK_TO(INIT_ACK, 5), ESTABLISHED, OPENING(SYN_RECEIVED) } } },
	{ "an INIT of who may not open is refused", ONE_WAY,
	  .steps = { { REPLIES, CHUNK(INIT), REFUSED },
		     { SENDS, CHUNK(INIT), ADMITTED },
		     { REPLIES, INIT_AS(5), REFUSED_BESIDE, OPENING(SYN_SENT) } } },
	{ "an association shuts down from one side and then the other", ONE_WAY,
	  .steps = { ASSOCIATION,
		     { SENDS, CHUNK(SHUTDOWN), ESTABLISHED, CONNECTION(FIN_WAIT) },
		     { REPLIES, CHUNK(DATA), ESTABLISHED, CONNECTION(FIN_WAIT) },
		     { REPLIES, CHUNK(SHUTDOWN_ACK), ESTABLISHED },
		     { SENDS, CHUNK(SHUTDOWN_COMPLETE), ESTABLISHED, CONNECTION(CLOSED) } } },
	{ "both ends may shut down at once", ONE_WAY,
	  .steps = { ASSOCIATION,
		     { REPLIES, CHUNK(SHUTDOWN), ESTABLISHED, CONNECTION(CLOSE_WAIT) },
		     { SENDS, CHUNK(SHUTDOWN), ESTABLISHED, CONNECTION(TIME_WAIT) } } },
	{ "a shutdown with a wrong tag closes nothing", ONE_WAY,
	  .steps = { ASSOCIATION,
		     { SENDS, CHUNK_TO(SHUTDOWN, 77), ESTABLISHED, CONNECTION(ESTABLISHED) },
		     { REPLIES, CHUNK_TO(SHUTDOWN_COMPLETE, 77), ESTABLISHED, CONNECTION(ESTABLISHED) },
		     { SENDS, REFLECTED(SHUTDOWN, FRAME_TAG_OPENER), ESTABLISHED, CONNECTION(ESTABLISHED) } } },
	{ "an association is aborted by who knows the tag", ONE_WAY,
	  .steps = { ASSOCIATION,
		     { REPLIES, CHUNK_TO(ABORT, 77), ESTABLISHED, CONNECTION(ESTABLISHED) },
		     { REPLIES, CHUNK_TO(ABORT, FRAME_TAG_REPLIER), ESTABLISHED, CONNECTION(ESTABLISHED) },
		     { REPLIES, CHUNK(ABORT), ESTABLISHED, CONNECTION(CLOSED) } } },
	{ "who has no association sends back the tag that it was sent", ONE_WAY,
	  .steps = { ASSOCIATION,
		     { REPLIES, REFLECTED(ABORT, 77), ESTABLISHED, CONNECTION(ESTABLISHED) },
		     { REPLIES, REFLECTED(ABORT, FRAME_TAG_REPLIER), ESTABLISHED, CONNECTION(CLOSED) } } },
	{ "an INIT is refused by an abort with its tag", ONE_WAY,
	  .steps = { { SENDS, CHUNK(INIT), ADMITTED },
		     { REPLIES, CHUNK_TO(ABORT, 77), ESTABLISHED, OPENING(SYN_SENT) },
		     { REPLIES, CHUNK(ABORT), ESTABLISHED, OPENING(CLOSED) } } },
	{ "an abort of nothing passes where the policy lets it and is not remembered", ONE_WAY,
	  .steps = { { SENDS, CHUNK(ABORT), PASSED(POLICY_ALLOW), .by = BY_ALLOW },
		     { REPLIES, CHUNK(ABORT), REFUSED } } },
	{ "a closed association makes room for the next", ONE_WAY,
	  .steps = { ASSOCIATION,
		     { REPLIES, CHUNK(ABORT), ESTABLISHED, CONNECTION(CLOSED) },
		     { SENDS, INIT_AS(5), ADMITTED, OPENING(SYN_SENT) } } },
	{ "an association that goes on stays beside another INIT", ONE_WAY,
	  .steps = { ASSOCIATION,
		     { SENDS, INIT_AS(5), ADMITTED, .flows = 2 },
		     { REPLIES, CHUNK(DATA), ESTABLISHED, .flows = 2 } } },
	{ "an association that was lost is taken up, and is one when the other end answers", ONE_WAY,
	  .steps = { ASSOCIATION,
		     { FORGETS },
		     { REPLIES, CHUNK(DATA), REFUSED },
		     { SENDS, CHUNK(DATA), ADMITTED, OPENING(ESTABLISHED) },
		     { SENDS, CHUNK(DATA), ESTABLISHED, OPENING(ESTABLISHED) },
		     { REPLIES, CHUNK(DATA), ESTABLISHED, CONNECTION(ESTABLISHED) } } },
	{ "an abort doesn't make an association of what was taken up", ONE_WAY,
	  .steps = { { SENDS, CHUNK(DATA), ADMITTED, OPENING(ESTABLISHED) },
		     { REPLIES, CHUNK(ABORT), ESTABLISHED, OPENING(ESTABLISHED) } } },
	{ "an association completes by the packet that policy decides again", ONE_WAY,
	  .steps = { { SENDS, CHUNK(INIT), ADMITTED },
		     { REPLIES, CHUNK(INIT_ACK), ESTABLISHED },
		     { GENERATION },
		     { SENDS, CHUNK(COOKIE_ECHO), ADMITTED, CONNECTION(ESTABLISHED) } } },
	{ "an association is forgotten in its time", ONE_WAY,
	  .steps = { ASSOCIATION, { LATER(ESTABLISHED) }, { REPLIES, CHUNK(DATA), REFUSED_BESIDE } } },
	{ "an SCTP packet without a chunk is impossible", .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_SCTP, .cut = 4 }, MALFORMED(BAD_IPV4) } },
	  .families = IPV4_ONLY },
	{ "an SCTP packet that ends within its first chunk's header is impossible", IPV4_ONLY, .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_SCTP, .total = 20 + 12 }, MALFORMED(BAD_TRANSPORT) },
		     { SENDS, .packet = { .protocol = IPPROTO_SCTP, .total = 20 + 15 }, MALFORMED(BAD_TRANSPORT) },
		     { SENDS, .packet = { .protocol = IPPROTO_SCTP, .total = 20 + 16 }, ADMITTED } } },
	{ "an SCTP packet over IPv6 that ends within its first chunk's header is impossible", IPV6_ONLY,
	  .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_SCTP, .total = 15 }, MALFORMED(BAD_TRANSPORT) },
		     { SENDS, .packet = { .protocol = IPPROTO_SCTP, .total = 16 }, ADMITTED } } },

	/* UDP */
	{ "a UDP exchange is answered by the other end only", ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED, EXCHANGE(UNANSWERED) },
		     { SENDS, UDP, ESTABLISHED, EXCHANGE(UNANSWERED) },
		     { REPLIES, UDP, ESTABLISHED, EXCHANGE(ANSWERED) },
		     { SENDS, UDP, ESTABLISHED, EXCHANGE(ANSWERED) } } },
	{ "a UDP question is forgotten in its time", ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { NOT_YET(UNANSWERED) },
		     { SENDS, UDP, ESTABLISHED, EXCHANGE(UNANSWERED) },
		     { LATER(UNANSWERED) },
		     { REPLIES, UDP, REFUSED_BESIDE },
		     { SENDS, UDP, ADMITTED, EXCHANGE(UNANSWERED) } } },
	{ "an answered UDP exchange lasts longer than a question", ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { REPLIES, UDP, ESTABLISHED },
		     { LATER(UNANSWERED) },
		     { REPLIES, UDP, ESTABLISHED, EXCHANGE(ANSWERED) },
		     { LATER(ANSWERED) },
		     { REPLIES, UDP, REFUSED_BESIDE } } },
	{ "packets keep an exchange alive", ONE_WAY,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { NOT_YET(UNANSWERED) },
		     { SENDS, UDP, ESTABLISHED },
		     { NOT_YET(UNANSWERED) },
		     { SENDS, UDP, ESTABLISHED },
		     { REPLIES, UDP, ESTABLISHED, EXCHANGE(ANSWERED) } } },
	{ "a UDP exchange that was forgotten may be begun by the other end, if that is allowed", .peer = PEER_FRIEND,
	  .steps = { { SENDS, UDP, ADMITTED },
		     { LATER(UNANSWERED) },
		     { REPLIES, UDP, ADMITTED, EXCHANGE(UNANSWERED), .opened_by_replier = true } } },

	/* Echo */
	{ "an echo is an exchange of its identifier", IPV4_ONLY, ONE_WAY,
	  .steps = { { SENDS, ECHO4(8, 7), ADMITTED, EXCHANGE(ECHO) },
		     { REPLIES, ECHO4(0, 7), ESTABLISHED, EXCHANGE(ECHO) },
		     { REPLIES, ECHO4(0, 8), REFUSED_BESIDE },
		     { LATER(ECHO) },
		     { REPLIES, ECHO4(0, 7), REFUSED_BESIDE } } },
	{ "an ICMPv6 echo is an exchange of its identifier", IPV6_ONLY, ONE_WAY,
	  .steps = { { SENDS, ECHO6(128, 7), ADMITTED, EXCHANGE(ECHO) },
		     { REPLIES, ECHO6(129, 7), ESTABLISHED, EXCHANGE(ECHO) },
		     { REPLIES, ECHO6(129, 8), REFUSED_BESIDE },
		     { LATER(ECHO) },
		     { REPLIES, ECHO6(129, 7), REFUSED_BESIDE } } },
	{ "an echo reply without a request is for policy", IPV4_ONLY, ONE_WAY,
	  .steps = { { REPLIES, ECHO4(0, 7), REFUSED }, { SENDS, ECHO4(0, 7), ADMITTED, EXCHANGE(ECHO) } } },
	{ "an ICMP timestamp is ICMP without ports", IPV4_ONLY, ONE_WAY,
	  .steps = { { SENDS, ECHO4(13, 7), ADMITTED, EXCHANGE(ECHO) }, { REPLIES, ECHO4(14, 7), ESTABLISHED } } },

	/* Others */
	{ "GRE, ESP, AH in IPv4, IGMP, IP in IP, OSPF and VRRP are judged by rules without ports", .peer = PEER_WEB,
	  .steps = { { SENDS, OTHER(IPPROTO_GRE), REFUSED },
		     { SENDS, OTHER(IPPROTO_ESP), REFUSED },
		     { SENDS, OTHER(IPPROTO_IGMP), REFUSED },
		     { SENDS, OTHER(IPPROTO_IPIP), REFUSED },
		     { SENDS, OTHER(IPPROTO_IPV6), REFUSED },
		     { SENDS, OTHER(89), REFUSED },
		     { SENDS, OTHER(112), REFUSED },
		     { SENDS, OTHER(255), REFUSED } } },
	{ "GRE is an exchange between two addresses", ONE_WAY,
	  .steps = { { SENDS, OTHER(IPPROTO_GRE), ADMITTED, EXCHANGE(OTHER) },
		     { REPLIES, OTHER(IPPROTO_GRE), ESTABLISHED, EXCHANGE(OTHER) },
		     { REPLIES, OTHER(IPPROTO_ESP), REFUSED_BESIDE },
		     { LATER(OTHER) },
		     { REPLIES, OTHER(IPPROTO_GRE), REFUSED_BESIDE } } },
	{ "UDP-Lite and DCCP have no ports that rules name", .peer = PEER_WEB,
	  .steps = { { SENDS, OTHER(IPPROTO_UDPLITE), REFUSED }, { SENDS, OTHER(IPPROTO_DCCP), REFUSED } } },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet sctp and exchanges",
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
	});
}
