// SPDX-License-Identifier: BSD-2-Clause
/* Fragments, in any order and of any shape: what is judged by the first holds for the others, or they are dropped. */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

/* Sixteen bytes in each but the last, which is of eight: UDP header and payload, then payload. */
#define UDP		   .protocol = IPPROTO_UDP, .udp_length = 1400
#define FIRST		   .packet = { UDP, .more_fragments = true, .payload = 8 }
#define FIRST_TO(n)	   .packet = { UDP, .more_fragments = true, .payload = 8, .port = (n) }
#define FIRST_OF(n)	   .packet = { UDP, .more_fragments = true, .payload = 8, .id = (n) }
#define NEXT(at)	   .packet = { UDP, .fragment_offset = (at), .more_fragments = true, .payload = 16 }
#define NEXT_OF(n, at)	   .packet = { UDP, .fragment_offset = (at), .more_fragments = true, .payload = 16, .id = (n) }
#define LAST(at)	   .packet = { UDP, .fragment_offset = (at), .payload = 8 }
#define LAST_OF(n, at)	   .packet = { UDP, .fragment_offset = (at), .payload = 8, .id = (n) }
#define ORPHANED	   MALFORMED(FRAGMENT_ORPHAN), .by = BY_DEFAULT
#define BESIDE(why)	   MALFORMED(why), .flow = FLOW_KEPT
#define TCP_FIRST(n, more) .packet = { .more_fragments = true, .payload = (n), more }

#define ONE_WAY .peer = PEER_CALLEE, .peer_inbound = PEER_CALLER

static const struct scenario scenarios[] = {
	{ "later fragments follow their first", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, NEXT(2), ESTABLISHED },
		     { SENDS, NEXT(4), ESTABLISHED },
		     { SENDS, LAST(6), ESTABLISHED } } },
	{ "the answers' fragments follow theirs", ONE_WAY,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_UDP }, ADMITTED },
		     { REPLIES, FIRST, ESTABLISHED },
		     { REPLIES, NEXT(2), ESTABLISHED },
		     { REPLIES, LAST(4), ESTABLISHED } } },
	{ "the last may come before those in the middle", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, LAST(6), ESTABLISHED },
		     { SENDS, NEXT(4), ESTABLISHED },
		     { SENDS, NEXT(2), ESTABLISHED } } },
	{ "those in the middle may come in any order", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, NEXT(4), ESTABLISHED },
		     { SENDS, NEXT(2), ESTABLISHED },
		     { SENDS, LAST(6), ESTABLISHED } } },
	{ "two packets in fragments may be mixed", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST_OF(1), ADMITTED },
		     { SENDS, FIRST_OF(2), ESTABLISHED },
		     { SENDS, NEXT_OF(1, 2), ESTABLISHED },
		     { SENDS, NEXT_OF(2, 2), ESTABLISHED },
		     { SENDS, LAST_OF(2, 4), ESTABLISHED },
		     { SENDS, LAST_OF(1, 4), ESTABLISHED } } },
	{ "later fragments follow a denial of their first", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST_TO(22), REFUSED }, { SENDS, NEXT(2), ORPHANED }, { SENDS, LAST(4), ORPHANED } } },
	{ "a later fragment before its first is an orphan", .peer = PEER_WEB,
	  .steps = { { SENDS, NEXT(2), ORPHANED },
		     { SENDS, FIRST, ADMITTED },
		     { SENDS, NEXT(2), ESTABLISHED },
		     { SENDS, LAST(4), ESTABLISHED } } },
	{ "an orphan passes where ports don't matter, and keeps nothing", .peer = PEER_FRIEND,
	  .steps = { { SENDS, NEXT(2), PASSED(POLICY_ALLOW), .by = BY_ALLOW },
		     { SENDS, LAST(4), PASSED(POLICY_ALLOW), .by = BY_ALLOW } } },
	{ "a fragment of another packet is an orphan", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST_OF(1), ADMITTED },
		     { SENDS, NEXT_OF(2, 2), BESIDE(FRAGMENT_ORPHAN), .by = BY_DEFAULT } } },
	{ "the other end's fragments are of other packets", ONE_WAY,
	  .steps = { { SENDS, FIRST, ADMITTED }, { REPLIES, NEXT(2), BESIDE(FRAGMENT_ORPHAN), .by = BY_DEFAULT } } },
	{ "fragments of another protocol are of other packets", IPV4_ONLY, .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, .packet = { .protocol = IPPROTO_GRE, .fragment_offset = 2, .payload = 8 },
		       BESIDE(FRAGMENT_ORPHAN), .by = BY_DEFAULT } } },
	{ "a packet that is complete is forgotten", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, LAST(2), ESTABLISHED },
		     { SENDS, LAST(2), BESIDE(FRAGMENT_ORPHAN), .by = BY_DEFAULT } } },
	{ "a packet that is complete may have a namesake at once", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, LAST(2), ESTABLISHED },
		     { SENDS, FIRST, ESTABLISHED },
		     { SENDS, LAST(2), ESTABLISHED } } },
	{ "a packet completed from its end is forgotten too", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, LAST(4), ESTABLISHED },
		     { SENDS, NEXT(2), ESTABLISHED },
		     { SENDS, FIRST, ESTABLISHED } } },
	{ "a packet that is never complete is forgotten in its time", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { AGES, .ticks = LAB_TICKS - 1000 },
		     { SENDS, NEXT(2), ESTABLISHED },
		     { AGES, .ticks = 1001 },
		     { SENDS, NEXT(4), BESIDE(FRAGMENT_ORPHAN), .by = BY_DEFAULT } } },
	{ "an incomplete packet may have a namesake after a while", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { AGES, .ticks = 10 },
		     { SENDS, FIRST, ESTABLISHED },
		     { SENDS, LAST(2), ESTABLISHED } } },

	/* Overlap */
	{ "a second first fragment is an overlap", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, FIRST, BESIDE(FRAGMENT_OVERLAP) },
		     { SENDS, LAST(2), ESTABLISHED } } },
	{ "a second first fragment to another port is an overlap", .peer = PEER_FRIEND,
	  .steps = { { SENDS, FIRST, ADMITTED }, { SENDS, FIRST_TO(22), BESIDE(FRAGMENT_OVERLAP) } } },
	{ "a fragment that comes twice is an overlap", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, NEXT(2), ESTABLISHED },
		     { SENDS, NEXT(2), BESIDE(FRAGMENT_OVERLAP) },
		     { SENDS, LAST(4), ESTABLISHED } } },
	{ "a fragment that reaches back into its first is an overlap", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED }, { SENDS, NEXT(1), BESIDE(FRAGMENT_OVERLAP) } } },
	{ "a fragment that reaches into the next is an overlap", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, LAST(5), ESTABLISHED },
		     { SENDS, NEXT(4), BESIDE(FRAGMENT_OVERLAP) } } },
	{ "a fragment that begins within another is an overlap", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, NEXT(4), ESTABLISHED },
		     { SENDS, NEXT(5), BESIDE(FRAGMENT_OVERLAP) } } },
	{ "a fragment that covers another is an overlap", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, LAST(5), ESTABLISHED },
		     { SENDS, .packet = { UDP, .fragment_offset = 4, .more_fragments = true, .payload = 32 },
		       BESIDE(FRAGMENT_OVERLAP) } } },
	{ "a fragment without bytes is an overlap", .peer = PEER_WEB,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { SENDS, .packet = { UDP, .fragment_offset = 4, .more_fragments = true },
		       BESIDE(FRAGMENT_OVERLAP) } } },

	/* Tiny ones */
	{ "a first fragment with half a TCP header is tiny", .peer = PEER_FRIEND, .families = IPV4_ONLY,
	  .steps = { { SENDS, .packet = { .more_fragments = true, .total = 28 }, MALFORMED(FRAGMENT_TINY) },
		     { SENDS, .packet = { .more_fragments = true, .total = 36 }, MALFORMED(FRAGMENT_TINY) } } },
	{ "a first IPv6 fragment with half a TCP header is tiny", .peer = PEER_FRIEND, .families = IPV6_ONLY,
	  .steps = { { SENDS, .packet = { .more_fragments = true, .total = 16 }, MALFORMED(FRAGMENT_TINY) },
		     { SENDS, .packet = { .more_fragments = true, .total = 24 }, MALFORMED(FRAGMENT_TINY) } } },
	{ "a first fragment that cuts the TCP options is tiny", .peer = PEER_FRIEND,
	  .steps = { { SENDS, TCP_FIRST(4, .doff = 7), MALFORMED(FRAGMENT_TINY) },
		     { SENDS, TCP_FIRST(4, .doff = 6), ADMITTED } } },
	{ "a first fragment with half a UDP header is tiny", .peer = PEER_FRIEND, .families = IPV4_ONLY,
	  .steps = { { SENDS, .packet = { UDP, .more_fragments = true, .total = 24 }, MALFORMED(FRAGMENT_TINY) } } },
	{ "a first fragment with half an SCTP header is tiny", .peer = PEER_FRIEND, .families = IPV4_ONLY,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_SCTP, .more_fragments = true, .total = 28 },
		       MALFORMED(FRAGMENT_TINY) } } },
	{ "a first fragment with half an ICMP header is tiny", .peer = PEER_FRIEND, .families = IPV4_ONLY,
	  .steps = { { SENDS,
		       .packet = { .protocol = IPPROTO_ICMP, .icmp_type = 8, .more_fragments = true, .total = 24 },
		       MALFORMED(FRAGMENT_TINY) } } },
	{ "a TCP fragment that could replace flags is tiny, first or not", .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .fragment_offset = 1, .payload = 16 }, MALFORMED(FRAGMENT_TINY) },
		     { SENDS, .packet = { .fragment_offset = 2, .payload = 16 }, MALFORMED(FRAGMENT_TINY) },
		     { SENDS, .packet = { .protocol = IPPROTO_SCTP, .fragment_offset = 1, .payload = 16 },
		       MALFORMED(FRAGMENT_TINY) },
		     { SENDS, TCP_FIRST(4, .id = 1), ADMITTED },
		     { SENDS, .packet = { .fragment_offset = 2, .payload = 16, .id = 1 }, BESIDE(FRAGMENT_TINY) },
		     { SENDS, .packet = { .fragment_offset = 3, .payload = 16, .id = 1 }, ESTABLISHED } } },

	/* Other protocols */
	{ "an echo may come in fragments", IPV4_ONLY, ONE_WAY,
	  .steps = { { SENDS,
		       .packet = { .protocol = IPPROTO_ICMP,
				   .icmp_type = 8,
				   .icmp_id = 9,
				   .more_fragments = true,
				   .payload = 8 },
		       ADMITTED, EXCHANGE(ECHO) },
		     { SENDS, .packet = { .protocol = IPPROTO_ICMP, .fragment_offset = 2, .payload = 8 }, ESTABLISHED },
		     { REPLIES,
		       .packet = { .protocol = IPPROTO_ICMP,
				   .icmp_type = 0,
				   .icmp_id = 9,
				   .more_fragments = true,
				   .payload = 8 },
		       ESTABLISHED },
		     { REPLIES, .packet = { .protocol = IPPROTO_ICMP, .fragment_offset = 2, .payload = 8 },
		       ESTABLISHED } } },
	{ "an ICMPv6 echo may come in fragments", IPV6_ONLY, ONE_WAY,
	  .steps = { { SENDS,
		       .packet = { .protocol = IPPROTO_ICMPV6,
				   .icmp_type = 128,
				   .icmp_id = 9,
				   .more_fragments = true,
				   .payload = 8 },
		       ADMITTED, EXCHANGE(ECHO) },
		     { SENDS, .packet = { .protocol = IPPROTO_ICMPV6, .fragment_offset = 2, .payload = 8 },
		       ESTABLISHED } } },
	{ "a protocol without ports may come in fragments", .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_GRE, .more_fragments = true, .payload = 16 }, ADMITTED },
		     { SENDS, .packet = { .protocol = IPPROTO_GRE, .fragment_offset = 2, .payload = 16 },
		       ESTABLISHED } } },
	{ "a TCP segment may come in fragments", ONE_WAY,
	  .steps = { { SENDS, TCP_FIRST(4, .tcp_flags = FRAME_TCP_SYN), ADMITTED, OPENING(SYN_SENT) },
		     { SENDS, .packet = { .fragment_offset = 3, .payload = 16 }, ESTABLISHED, OPENING(SYN_SENT) },
		     { REPLIES, .packet = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK }, ESTABLISHED,
		       OPENING(SYN_RECEIVED) },
		     { SENDS, .packet = { 0 }, ESTABLISHED, CONNECTION(ESTABLISHED) } } },

	/* Policy that changes */
	{ "fragments of a connection that is revoked are dropped with it", ONE_WAY,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { WITHDRAWS },
		     { SENDS, NEXT(2), WITHDRAWN },
		     { SENDS, LAST(4), WITHDRAWN } } },
	{ "fragments of a connection go on under a new generation", ONE_WAY,
	  .steps = { { SENDS, FIRST, ADMITTED },
		     { GENERATION },
		     { SENDS, NEXT(2), ADMITTED },
		     { SENDS, LAST(4), ESTABLISHED } } },
	{ "fragments of an audited packet are audited", .peer = PEER_AUDITED,
	  .steps = { { SENDS, FIRST, PASSED(AUDIT), .by = BY_AUDIT, .flow = FLOW_KEPT },
		     { SENDS, LAST(2), PASSED(AUDIT), .by = BY_AUDIT, .flow = FLOW_KEPT } } },
	{ "a fragment with options is followed to its ports", IPV4_ONLY, .peer = PEER_WEB,
	  .steps = { { SENDS, .packet = { UDP, .options = 8, .more_fragments = true, .payload = 8 }, ADMITTED },
		     { SENDS, .packet = { UDP, .options = 8, .fragment_offset = 2, .payload = 8 }, ESTABLISHED } } },
	{ "a fragment behind other extension headers is followed to its ports", IPV6_ONLY, .peer = PEER_WEB,
	  .steps = { { SENDS,
		       .packet = { UDP, .n_extensions = 2, .extensions = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS },
				   .more_fragments = true, .payload = 8 },
		       ADMITTED },
		     { SENDS,
		       .packet = { UDP, .n_extensions = 2, .extensions = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS },
				   .fragment_offset = 2, .payload = 8 },
		       ESTABLISHED } } },
	{ "ports behind the fragment header of a packet in one piece are its ports", IPV6_ONLY, .peer = PEER_WEB,
	  .steps = { { SENDS, .packet = { .in_one_piece = true }, ADMITTED },
		     { SENDS, .packet = { .in_one_piece = true, .port = 22 }, REFUSED, .flow = FLOW_KEPT } } },
	{ "a packet that was cut twice is no packet", IPV6_ONLY, .peer = PEER_WEB,
	  .steps = { { SENDS,
		       .packet = { .protocol = IPPROTO_UDP,
				   .n_extensions = 2,
				   .extensions = { IPPROTO_FRAGMENT, IPPROTO_FRAGMENT },
				   .port = 22 },
		       MALFORMED(BAD_IPV6) } } },
};

#define TABLE  (1u << 13)
#define OTHERS (4 * TABLE)

static enum weir_verdict arrives(struct lab *lab, enum weir_family family, struct frame_spec spec)
{
	const struct frame_ends ends = { family, world_peer(PEER_WEB, family), world_pod_addr(family), false };
	static struct frame frame;
	struct lab_result result;

	frame_build(&spec, &ends, &frame);
	assert_int_equal(lab_run(lab, &(struct lab_run){ .program = LAB_TO_POD, .frame = &frame }, &result), 0);
	return result.verdict;
}

/* More packets begin than there is room for: none of their fragments gets where its first didn't. */
static void test_full_table(void **state)
{
	const struct frame_spec first = { UDP, .more_fragments = true, .payload = 8 };
	const struct frame_spec last = { UDP, .fragment_offset = 2, .payload = 8 };
	struct lab *lab = *state;

	for (enum weir_family family = 0; family < WEIR_FAMILIES; family++) {
		assert_int_equal(world_reset(lab), 0);
		for (uint32_t id = 1; id <= OTHERS; id++) {
			struct frame_spec begins = first;

			begins.id = id;
			assert_int_equal(arrives(lab, family, begins), WEIR_VERDICT_PASS);
		}
		assert_in_range(lab_fragments(lab), TABLE / 2, TABLE);
		for (uint32_t id = 1; id <= OTHERS; id += OTHERS - 1) {
			struct frame_spec ends = last;

			ends.id = id;
			assert_int_equal(arrives(lab, family, ends), id == 1 ? WEIR_VERDICT_DROP : WEIR_VERDICT_PASS);
		}
	}
	assert_int_equal(world_reset(lab), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "in a full table the packet that began first is forgotten, and the rest of it is dropped",
		  test_full_table, NULL, NULL, NULL },
	};

	return suite_run(&(struct suite){
		.group = "packet fragment",
		.tests = tests,
		.n_tests = ARRAY_SIZE(tests),
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
	});
}
