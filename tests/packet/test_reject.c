// SPDX-License-Identifier: BSD-2-Clause
/*
 * Answers to rejected packets: which packets get one, and every byte of it.
 * Checksums are summed up here anew, over what the program has left.
 */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define PAYLOADS    48 /* lengths from 0 */
#define ICMP_HEADER 8
#define QUOTES4	    68
#define QUOTES6	    88
#define UNANSWERED  REJECTED, .unanswered = true
#define SYN	    .packet = { .tcp_flags = FRAME_TCP_SYN }
#define RST	    .packet = { .tcp_flags = FRAME_TCP_RST }
#define UDP_FROM(a) .packet = { .protocol = IPPROTO_UDP, .source = (a) }
#define UDP_TO(a)   .packet = { .protocol = IPPROTO_UDP, .destination = (a) }
#define ICMP4(n)    .packet = { .protocol = IPPROTO_ICMP, .icmp_type = (n), .payload = 28 }
#define ICMP6(n)    .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = (n), .payload = 48 }
#define ONE_WAY	    .peer = PEER_CALLEE, .peer_inbound = PEER_CALLER
#define REVOKED	    REJECTED, .flow = FLOW_REVOKED

static const struct scenario scenarios[] = {
	{ "what is rejected is answered so many times and no more", .peer = PEER_REJECTED,
	  .steps = { { SENDS, SYN, REJECTED },
		     { SENDS, .packet = { .protocol = IPPROTO_UDP }, REJECTED },
		     { SENDS, .packet = { .protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_INIT }, REJECTED },
		     { SENDS, .packet = { .protocol = IPPROTO_GRE, .payload = 40 }, REJECTED },
		     { SENDS, SYN, REJECTED },
		     { SENDS, SYN, UNANSWERED },
		     { REPLIES, SYN, UNANSWERED } } },
	{ "a reset gets no answer, and costs none", .peer = PEER_REJECTED,
	  .steps = { { SENDS, RST, UNANSWERED },
		     { SENDS, .packet = { .tcp_flags = FRAME_TCP_RST | FRAME_TCP_ACK }, UNANSWERED },
		     { SENDS, RST, UNANSWERED },
		     { SENDS, RST, UNANSWERED },
		     { SENDS, RST, UNANSWERED },
		     { SENDS, RST, UNANSWERED },
		     { SENDS, SYN, REJECTED } } },
	{ "of ICMP only an echo request gets an answer", IPV4_ONLY, .peer = PEER_REJECTED,
	  .steps = { { SENDS, ICMP4(8), REJECTED },
		     { SENDS, ICMP4(0), UNANSWERED },
		     { SENDS, ICMP4(3), UNANSWERED },
		     { SENDS, ICMP4(4), UNANSWERED },
		     { SENDS, ICMP4(5), UNANSWERED },
		     { SENDS, ICMP4(11), UNANSWERED },
		     { SENDS, ICMP4(12), UNANSWERED },
		     { SENDS, ICMP4(13), UNANSWERED } } },
	{ "of ICMPv6 only an echo request gets an answer", IPV6_ONLY, .peer = PEER_REJECTED,
	  .steps = { { SENDS, ICMP6(128), REJECTED },
		     { SENDS, ICMP6(129), UNANSWERED },
		     { SENDS, ICMP6(1), UNANSWERED },
		     { SENDS, ICMP6(2), UNANSWERED },
		     { SENDS, ICMP6(4), UNANSWERED },
		     { SENDS, ICMP6(127), UNANSWERED } } },
	{ "of fragments only the first gets an answer", .peer = PEER_REJECTED,
	  .steps = { { SENDS,
		       .packet = { .protocol = IPPROTO_UDP, .udp_length = 99, .more_fragments = true, .payload = 8 },
		       REJECTED },
		     { SENDS, .packet = { .protocol = IPPROTO_UDP, .fragment_offset = 2, .payload = 8 },
		       .verdict = WEIR_VERDICT_REJECT, .reason = WEIR_REASON_FRAGMENT_ORPHAN, .by = BY_REJECT,
		       .unanswered = true } } },
	{ "what is sent to many gets no answer", IPV4_ONLY, PEER_OPENS, .peer = PEER_REJECTED,
	  .steps = { { SENDS, UDP_TO("224.0.0.251"), UNANSWERED },
		     { SENDS, UDP_TO("239.255.255.255"), UNANSWERED },
		     { SENDS, UDP_TO("255.255.255.255"), UNANSWERED } } },
	{ "what is sent to many by IPv6 gets no answer", IPV6_ONLY, PEER_OPENS, .peer = PEER_REJECTED,
	  .steps = { { SENDS, UDP_TO("ff02::1"), UNANSWERED }, { SENDS, UDP_TO("ff0e::101"), UNANSWERED } } },
	{ "what no host can have sent gets no answer", IPV4_ONLY, PEER_OPENS, .peer = PEER_REJECTED,
	  .steps = { { REJECTS },
		     { SENDS, UDP_FROM("0.0.0.0"), UNANSWERED },
		     { SENDS, UDP_FROM("224.0.0.1"), UNANSWERED },
		     { SENDS, UDP_FROM("255.255.255.255"), UNANSWERED } } },
	{ "what no host can have sent by IPv6 gets no answer", IPV6_ONLY, PEER_OPENS, .peer = PEER_REJECTED,
	  .steps = { { REJECTS }, { SENDS, UDP_FROM("::"), UNANSWERED }, { SENDS, UDP_FROM("ff02::1"), UNANSWERED } } },
	{ "what is impossible gets no answer", .peer = PEER_REJECTED,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_FIN }, MALFORMED(BAD_TRANSPORT) } } },
	{ "what is spoofed gets no answer", ANY_FAMILY, POD_OPENS, .peer = PEER_REJECTED,
	  .steps = { { SENDS, .packet = { .other_mac = true }, MALFORMED(SPOOFED_MAC) } } },
	{ "a connection that is rejected later is answered to both ends", ONE_WAY,
	  .steps = { { SENDS, SYN, ADMITTED },
		     { REJECTS },
		     { SENDS, .packet = { 0 }, REVOKED },
		     { SENDS, .packet = { 0 }, REVOKED },
		     { REPLIES, .packet = { 0 }, REVOKED },
		     { REPLIES, RST, UNANSWERED, .flow = FLOW_REVOKED } } },
	{ "a connection that is denied later is not answered", ONE_WAY,
	  .steps = { { SENDS, SYN, ADMITTED }, { WITHDRAWS }, { SENDS, .packet = { 0 }, WITHDRAWN } } },
	{ "a connection that was rejected is answered by what is denied instead", ONE_WAY,
	  .steps = { { SENDS, SYN, ADMITTED },
		     { REJECTS },
		     { SENDS, .packet = { 0 }, REVOKED },
		     { WITHDRAWS },
		     { SENDS, .packet = { 0 }, WITHDRAWN },
		     { GRANTS },
		     { SENDS, .packet = { 0 }, ADMITTED } } },
	{ "audit answers nothing", .peer = PEER_AUDITED,
	  .steps = { { SENDS, SYN, PASSED(AUDIT), .by = BY_AUDIT, .flow = FLOW_KEPT } } },
};

/* --- every byte ------------------------------------------------------------------ */

struct exchange {
	enum weir_family family;
	enum weir_direction direction;
	const struct frame_spec *spec;
	struct frame sent, answer;
	uint32_t network; /* offset of the IP header */
};

/* RFC 1071, byte pair by byte pair. */
static uint32_t sum_up(uint32_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
	return sum;
}

static void assert_sum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
}

static uint32_t word_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static uint32_t pseudo_sum(const struct exchange *e, uint8_t protocol, uint32_t length)
{
	const uint8_t *ip = e->answer.bytes + e->network;
	const bool v4 = e->family == WEIR_IPV4;

	return sum_up(protocol + length, ip + (v4 ? 12 : 8), v4 ? 8 : 32);
}

static void assert_ethernet(const struct exchange *e)
{
	assert_memory_equal(e->answer.bytes, e->sent.bytes + ETH_ALEN, ETH_ALEN);
	assert_memory_equal(e->answer.bytes + ETH_ALEN, e->sent.bytes, ETH_ALEN);
	assert_memory_equal(e->answer.bytes + 2 * ETH_ALEN, e->sent.bytes + 2 * ETH_ALEN, e->network - 2 * ETH_ALEN);
}

/* Returns where the transport header is. */
static uint32_t assert_ipv4(const struct exchange *e, uint8_t protocol)
{
	const uint8_t *ip = e->answer.bytes + e->network, *of = e->sent.bytes + e->network;

	assert_int_equal(ip[0], 0x45);
	assert_int_equal(ip[2] << 8 | ip[3], e->answer.length - e->network);
	assert_int_equal((ip[6] << 8 | ip[7]) & 0x3fff, 0);
	assert_true(ip[8] >= 64);
	assert_int_equal(ip[9], protocol);
	assert_memory_equal(ip + 12, of + 16, 4);
	assert_memory_equal(ip + 16, of + 12, 4);
	assert_sum(sum_up(0, ip, sizeof(struct iphdr)));
	return e->network + sizeof(struct iphdr);
}

static uint32_t assert_ipv6(const struct exchange *e, uint8_t protocol)
{
	const uint8_t *ip = e->answer.bytes + e->network, *of = e->sent.bytes + e->network;

	assert_int_equal(ip[0] >> 4, 6);
	assert_int_equal(ip[4] << 8 | ip[5], e->answer.length - e->network - sizeof(struct ipv6hdr));
	assert_int_equal(ip[6], protocol);
	assert_true(ip[7] >= 64);
	assert_memory_equal(ip + 8, of + 24, 16);
	assert_memory_equal(ip + 24, of + 8, 16);
	return e->network + sizeof(struct ipv6hdr);
}

static uint32_t assert_ip(const struct exchange *e, uint8_t protocol)
{
	assert_ethernet(e);
	return e->family == WEIR_IPV4 ? assert_ipv4(e, protocol) : assert_ipv6(e, protocol);
}

/* What a closed port would say (RFC 9293 section 3.10.7.1). */
static void assert_reset(const struct exchange *e)
{
	const uint32_t at = assert_ip(e, IPPROTO_TCP), length = e->answer.length - at;
	const uint32_t header = e->family == WEIR_IPV4 ? 20u + e->spec->options : 40u;
	const uint8_t *tcp = e->answer.bytes + at, *of = e->sent.bytes + e->network + header;
	const uint8_t flags = of[13];

	assert_int_equal(length, sizeof(struct tcphdr));
	assert_memory_equal(tcp, of + 2, 2);
	assert_memory_equal(tcp + 2, of, 2);
	assert_int_equal(tcp[12], sizeof(struct tcphdr) / 4 << 4);
	if (flags & FRAME_TCP_ACK) {
		assert_int_equal(tcp[13], FRAME_TCP_RST);
		assert_int_equal(word_at(tcp + 4), word_at(of + 8));
		assert_int_equal(word_at(tcp + 8), 0);
	} else {
		const uint32_t options = 4u * (of[12] >> 4) - sizeof(struct tcphdr);

		assert_int_equal(tcp[13], FRAME_TCP_RST | FRAME_TCP_ACK);
		assert_int_equal(word_at(tcp + 4), 0);
		assert_int_equal(word_at(tcp + 8), word_at(of + 4) + e->spec->payload - options + 1);
	}
	assert_int_equal(tcp[18] << 8 | tcp[19], 0);
	assert_sum(sum_up(pseudo_sum(e, IPPROTO_TCP, length), tcp, length));
}

/* At least the IP header and eight bytes, as far as there are so many; and nothing but what was sent. */
static void assert_prohibited(const struct exchange *e)
{
	const bool v4 = e->family == WEIR_IPV4;
	const uint32_t at = assert_ip(e, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6), length = e->answer.length - at;
	const uint32_t sent = e->sent.length - e->network, most = v4 ? QUOTES4 : QUOTES6;
	const uint8_t *icmp = e->answer.bytes + at;
	const uint32_t quoted = length - ICMP_HEADER;

	assert_int_equal(icmp[0], v4 ? 3 : 1);
	assert_int_equal(icmp[1], v4 ? 13 : 1);
	assert_int_equal(word_at(icmp + 4), 0);
	assert_int_equal(quoted, sent < most ? sent & ~3u : most);
	assert_memory_equal(icmp + ICMP_HEADER, e->sent.bytes + e->network, quoted);
	assert_sum(sum_up(v4 ? 0 : pseudo_sum(e, IPPROTO_ICMPV6, length), icmp, length));
}

static void reject(struct lab *lab, struct exchange *e, uint32_t *ret_mark)
{
	const bool out = e->direction == WEIR_EGRESS;
	const uint8_t *pod = world_pod_addr(e->family), *peer = world_peer(PEER_REJECTED, e->family);
	const struct frame_ends ends = { e->family, out ? pod : peer, out ? peer : pod, false };
	struct lab_result result;

	assert_int_equal(world_endpoint(lab), 0); /* as many answers as there are questions */
	frame_build(e->spec, &ends, &e->sent);
	e->network = ETH_HLEN + 4u * e->spec->tags;
	assert_int_equal(lab_run(lab,
				 &(struct lab_run){ .program = out ? LAB_FROM_POD : LAB_TO_POD,
						    .frame = &e->sent,
						    .ret_frame = &e->answer },
				 &result),
			 0);
	assert_int_equal(result.verdict, WEIR_VERDICT_REJECT);
	*ret_mark = result.mark;
}

static void check_answers(struct lab *lab, const struct frame_spec *specs, size_t n,
			  void (*check)(const struct exchange *e))
{
	static struct exchange e;

	assert_int_equal(world_reset(lab), 0);
	for (size_t i = 0; i < n * PAYLOADS * WEIR_FAMILIES * WEIR_DIRECTIONS; i++) {
		struct frame_spec spec = specs[i / 4 / PAYLOADS];
		uint32_t mark;

		spec.payload += i / 4 % PAYLOADS;
		e.family = i % 2;
		e.direction = i / 2 % 2;
		e.spec = &spec;
		/* Options are of one family, extension headers of the other. */
		if ((spec.options && e.family == WEIR_IPV6) || (spec.n_extensions && e.family == WEIR_IPV4))
			continue;
		reject(lab, &e, &mark);
		check(&e);
		/* What goes the way of the pod's own answer is told apart there. */
		assert_int_equal(mark, e.direction == WEIR_INGRESS ? LAB_ANSWER_MARK : 0);
	}
}

static void test_resets(void **state)
{
	static const struct frame_spec specs[] = {
		{ .tcp_flags = FRAME_TCP_SYN },
		{ .tcp_flags = FRAME_TCP_SYN, .isn = -FRAME_ISN_OPENER - 3 },
		{ .tcp_flags = FRAME_TCP_SYN, .doff = 15, .payload = 40 },
		{ .tcp_flags = FRAME_TCP_SYN, .doff = 7, .payload = 8 },
		{ .tcp_flags = FRAME_TCP_SYN, .tags = 1 },
		{ .tcp_flags = FRAME_TCP_SYN, .tags = 2 },
		{ .tcp_flags = FRAME_TCP_SYN, .options = 4 },
		{ .tcp_flags = FRAME_TCP_SYN, .options = 40 },
		{ .tcp_flags = FRAME_TCP_SYN, .padding = 11 },
		{ .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK },
		{ .tcp_flags = FRAME_TCP_ACK, .seq = 77, .ack = 0xfffffff0u },
		{ .tcp_flags = FRAME_TCP_FIN | FRAME_TCP_ACK },
		{ .tcp_flags = FRAME_TCP_ACK | FRAME_TCP_PSH, .payload = 1400 },
	};

	check_answers(*state, specs, ARRAY_SIZE(specs), assert_reset);
}

static void test_prohibitions(void **state)
{
	static const struct frame_spec specs[] = {
		{ .protocol = IPPROTO_UDP },
		{ .protocol = IPPROTO_UDP, .tags = 1 },
		{ .protocol = IPPROTO_UDP, .tags = 2 },
		{ .protocol = IPPROTO_UDP, .options = 8 },
		{ .protocol = IPPROTO_UDP, .options = 40 },
		{ .protocol = IPPROTO_UDP, .payload = 1400 },
		{ .protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_INIT },
		{ .protocol = IPPROTO_SCTP },
		{ .protocol = IPPROTO_GRE },
		{ .protocol = IPPROTO_ESP, .payload = 16 },
		{ .protocol = IPPROTO_UDP, .n_extensions = 2, .extensions = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS } },
		{ .n_extensions = 1, .extensions = { IPPROTO_DSTOPTS }, .tcp_flags = FRAME_TCP_SYN },
	};

	check_answers(*state, specs, ARRAY_SIZE(specs), assert_prohibited);
}

static void test_echoes(void **state)
{
	struct frame_spec spec = { .protocol = IPPROTO_ICMP, .icmp_type = 8, .icmp_id = 77 };
	static struct exchange e;
	uint32_t mark;

	assert_int_equal(world_reset(*state), 0);
	e.spec = &spec;
	for (e.family = WEIR_IPV4; e.family < WEIR_FAMILIES; e.family++) {
		for (spec.payload = 0; spec.payload < 2 * PAYLOADS; spec.payload++) {
			e.direction = spec.payload % WEIR_DIRECTIONS;
			reject(*state, &e, &mark);
			assert_prohibited(&e);
		}
		spec = (struct frame_spec){ .protocol = IPPROTO_ICMPV6, .icmp_type = 128, .icmp_id = 77 };
	}
}

static void test_tallies(void **state)
{
	struct frame_spec spec = { .tcp_flags = FRAME_TCP_SYN };
	const struct frame_ends ends = { WEIR_IPV4, world_peer(PEER_REJECTED, WEIR_IPV4), world_pod_addr(WEIR_IPV4),
					 false };
	const unsigned n = 3 * LAB_ANSWERS;
	uint64_t before[WEIR_TALLIES], after[WEIR_TALLIES];
	static struct frame frame;
	struct lab_result result;

	assert_int_equal(world_reset(*state), 0);
	assert_int_equal(lab_tallies(*state, before), 0);
	frame_build(&spec, &ends, &frame);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(lab_run(*state, &(struct lab_run){ .program = LAB_TO_POD, .frame = &frame }, &result),
				 0);
		assert_int_equal(result.verdict, i < LAB_ANSWERS ? WEIR_VERDICT_REJECT : WEIR_VERDICT_DROP);
	}
	assert_int_equal(lab_tallies(*state, after), 0);
	assert_int_equal(after[WEIR_TALLY_ANSWERED] - before[WEIR_TALLY_ANSWERED], LAB_ANSWERS);
	assert_int_equal(after[WEIR_TALLY_UNANSWERED] - before[WEIR_TALLY_UNANSWERED], n - LAB_ANSWERS);
}

/* What was answered in the pod's name comes by the way that what the pod sends comes. */
static void test_an_answer_passes_as_itself(void **state)
{
	const struct frame_spec spec = { .tcp_flags = FRAME_TCP_RST | FRAME_TCP_ACK };
	const struct frame_ends ends = { WEIR_IPV4, world_pod_addr(WEIR_IPV4), world_peer(PEER_REJECTED, WEIR_IPV4),
					 true };
	struct lab_counters before, after;
	static struct frame frame;
	struct lab_result result;

	assert_int_equal(world_reset(*state), 0);
	frame_build(&spec, &ends, &frame);
	assert_int_equal(lab_counters(*state, &before), 0);
	for (unsigned i = 0; i < 2; i++) {
		const struct lab_run run = { .program = LAB_FROM_POD, .frame = &frame, .mark = LAB_ANSWER_MARK + i };

		assert_int_equal(lab_run(*state, &run, &result), 0);
		assert_int_equal(result.verdict, i ? WEIR_VERDICT_DROP : WEIR_VERDICT_PASS);
		assert_int_equal(result.mark, i ? run.mark : 0);
		assert_int_equal(lab_counters(*state, &after), 0);
		assert_int_equal(memcmp(&before, &after, sizeof(before)) == 0, !i);
	}
}

static const struct CMUnitTest tests[] = {
	{ "a rejected segment is answered by the reset that it asks for", test_resets, NULL, NULL, NULL },
	{ "everything else is answered as prohibited, and quoted", test_prohibitions, NULL, NULL, NULL },
	{ "an echo request is answered as prohibited", test_echoes, NULL, NULL, NULL },
	{ "answers, and what got none, are counted", test_tallies, NULL, NULL, NULL },
	{ "an answer in the pod's name passes once, and nothing else with its mark", test_an_answer_passes_as_itself,
	  NULL, NULL, NULL },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet reject",
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
		.tests = tests,
		.n_tests = ARRAY_SIZE(tests),
	});
}
