/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits on open connections as data: a policy's limits, what happens step by
 * step, and how many connections are open after each. That is always what the
 * flows' entries say that they hold. A header, as suite.h is.
 */
#ifndef WEIR_TESTS_PACKET_OPEN_H
#define WEIR_TESTS_PACKET_OPEN_H

#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define POD_IDENTITY 16
#define BUCKET	     3
#define BUCKET_TOO   4
#define OPEN_STEPS   16

/* Beside some of enum scenario_event. */
enum open_event {
	SWEEPS = 100,
	RECOUNTS,
	LIMITS, /* the policy has those of the case again */
	LIMITS_OTHERWISE,
	DENIES,
};

struct open_step {
	unsigned event;
	unsigned connection; /* its client port; AGES: the state whose timeout has passed */
	struct frame_spec packet;
	enum weir_verdict verdict;
	int open, open_too;
};

struct open_case {
	const char *name;
	struct weir_image_limit limits[3], otherwise[3];
	struct open_step steps[OPEN_STEPS];
};

#define CAP_AS(where, n, what)                                                               \
	{                                                                                    \
		.bucket = (where), .unit = WEIR_LIMIT_OPEN, .flags = (what), .burst = {(n) } \
	}
#define CAP(n)	   CAP_AS(BUCKET, n, 0)
#define CAP_TOO(n) CAP_AS(BUCKET_TOO, n, 0)
#define HOUR	   (WORLD_TOKEN_NS * WEIR_TICKS_PER_NS)
#define RATE(of, n)                                                                                      \
	{                                                                                                \
		.bucket = 5, .unit = WEIR_LIMIT_##of, .mult = { (uint32_t)HOUR, HOUR >> 32 }, .burst = { \
			(uint32_t)((n)*HOUR),                                                            \
			(n)*HOUR >> 32                                                                   \
		}                                                                                        \
	}

#define FLAGS(flags, from, upto)                                   \
	{                                                          \
		.tcp_flags = (flags), .seq = (from), .ack = (upto) \
	}
#define SYN(c)                             \
	SENDS, c,                          \
	{                                  \
		.tcp_flags = FRAME_TCP_SYN \
	}
#define SYN_OF(c, n)                                   \
	SENDS, c,                                      \
	{                                              \
		.tcp_flags = FRAME_TCP_SYN, .isn = (n) \
	}
#define SYN_ACK(c)                                         \
	REPLIES, c,                                        \
	{                                                  \
		.tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK \
	}
#define ACK(c)    \
	SENDS, c, \
	{         \
		0 \
	}
#define ANSWER(c)   \
	REPLIES, c, \
	{           \
		0   \
	}
#define FIN(c)	    SENDS, c, FLAGS(FRAME_TCP_FIN | FRAME_TCP_ACK, 1, 1)
#define FIN_BACK(c) REPLIES, c, FLAGS(FRAME_TCP_FIN | FRAME_TCP_ACK, 1, 2)
#define RST(c)	    SENDS, c, FLAGS(FRAME_TCP_RST, 1, 0)
#define RST_BACK(c) REPLIES, c, FLAGS(FRAME_TCP_RST, 1, 0)
#define UDP(c)                          \
	SENDS, c,                       \
	{                               \
		.protocol = IPPROTO_UDP \
	}
#define CHUNK(e, c, name)                                                 \
	e, c,                                                             \
	{                                                                 \
		.protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_##name \
	}
#define LATER(state)             \
	AGES, WEIR_FLOW_##state, \
	{                        \
	}
#define DOES(what) \
	what, 0,   \
	{          \
	}
#define PASS   WEIR_VERDICT_PASS
#define DROP   WEIR_VERDICT_DROP
#define REJECT WEIR_VERDICT_REJECT
#define OPENED(c)                                     \
	{ SYN(c), PASS, 1 }, { SYN_ACK(c), PASS, 1 }, \
	{                                             \
		ACK(c), PASS, 1                       \
	}

static inline void open_policy(struct lab *lab, const struct weir_image_limit *limits, bool denies)
{
	static const struct weir_image_decision denied = { WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DEFAULT, 0, 0,
							   BY_DEFAULT };
	struct weir_image_decision allowed = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 0, 0, BY_ALLOW };
	static const struct tiny_rule everybody = { 1, 0, TINY_BOTH_WAYS, TINY_ALL_PORTS };
	static uint32_t revision = 1u << 21;
	static struct tiny_image image;

	while (limits && allowed.n_limits < 3 &&
	       (limits[allowed.n_limits].burst[0] || limits[allowed.n_limits].burst[1]))
		allowed.n_limits++;
	tiny_image_start(&image, ++revision, &denied);
	tiny_image_identity(&image, POD_IDENTITY, 1, 0);
	if (!denies)
		tiny_image_rule(&image, &everybody, tiny_image_decision(&image, &allowed, limits));
	assert_int_equal(lab_swap(lab, &image), 0);
}

static inline enum weir_verdict open_transmit(struct lab *lab, const struct open_step *step, enum weir_family family,
					      enum weir_direction opener)
{
	const bool reply = step->event == REPLIES;
	const enum weir_direction direction = reply ? !opener : opener;
	const uint8_t *pod = world_pod_addr(family), *peer = world_peer(PEER_UNKNOWN, family);
	const struct frame_ends ends = { family, direction == WEIR_EGRESS ? pod : peer,
					 direction == WEIR_EGRESS ? peer : pod, reply };
	struct frame_spec spec = step->packet;
	struct lab_result result;
	static struct frame frame;

	spec.client = 2000 + step->connection;
	frame_build(&spec, &ends, &frame);
	assert_int_equal(lab_run(lab,
				 &(struct lab_run){ .program = direction == WEIR_EGRESS ? LAB_FROM_POD : LAB_TO_POD,
						    .frame = &frame },
				 &result),
			 0);
	return result.verdict;
}

static inline void open_do_event(struct lab *lab, const struct open_case *test, const struct open_step *step)
{
	switch (step->event) {
	case AGES:
		assert_int_equal(lab_age(lab, LAB_TIMEOUT(step->connection) + 1), 0);
		break;
	case SWEEPS:
		for (uint32_t i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++)
			assert_int_equal(lab_sweep(lab, &(struct weir_sweep){ .table = i / WEIR_FAMILIES,
									      .family = i % WEIR_FAMILIES }),
					 0);
		break;
	case RECOUNTS:
		assert_int_equal(lab_recount(lab), 0);
		break;
	case GENERATION:
		lab_new_generation(lab);
		break;
	case NO_GENERATION:
		lab_set_generation(lab, 0);
		break;
	case UNLIMITS:
	case DENIES:
		open_policy(lab, NULL, step->event == DENIES);
		break;
	default:
		open_policy(lab, step->event == LIMITS ? test->limits : test->otherwise, false);
	}
}

static inline void open_play(struct lab *lab, const struct open_case *test, enum weir_family family,
			     enum weir_direction opener)
{
	assert_int_equal(world_reset(lab), 0);
	open_policy(lab, test->limits, false);
	for (unsigned i = 0; i < OPEN_STEPS && test->steps[i].event; i++) {
		const struct open_step *step = &test->steps[i];
		enum weir_verdict verdict = WEIR_VERDICT_NONE;
		int open, open_too;

		if (step->event == SENDS || step->event == REPLIES)
			verdict = open_transmit(lab, step, family, opener);
		else
			open_do_event(lab, test, step);
		open = lab_open_slots(lab, BUCKET);
		open_too = lab_open_slots(lab, BUCKET_TOO);
		if (verdict != step->verdict || open != step->open || open_too != step->open_too)
			fail_msg("step %u, IPv%d, opened by %s: verdict %d, not %d; open %d and %d, not %d and %d",
				 i + 1, family == WEIR_IPV4 ? 4 : 6, opener == WEIR_EGRESS ? "the pod" : "the peer",
				 verdict, step->verdict, open, open_too, step->open, step->open_too);
		assert_int_equal(lab_held_slots(lab, BUCKET), open);
		assert_int_equal(lab_held_slots(lab, BUCKET_TOO), open_too);
	}
}

struct open_test {
	struct lab *lab;
	const struct open_case *open_case;
};

static inline void open_case_run(void **state)
{
	const struct open_test *test = *state;

	for (unsigned i = 0; i < WEIR_FAMILIES * WEIR_DIRECTIONS; i++)
		open_play(test->lab, test->open_case, i / WEIR_DIRECTIONS, i % WEIR_DIRECTIONS);
}

/* Returns what main() shall return. */
static inline int open_run(const char *group, const struct open_case *cases, size_t n)
{
	_cleanup_(lab_closep) struct lab *lab = suite_lab();
	_cleanup_free_ struct open_test *states = calloc(n, sizeof(*states));
	_cleanup_free_ struct CMUnitTest *tests = calloc(n, sizeof(*tests));

	if (!states || !tests)
		return 1;
	for (size_t i = 0; i < n; i++) {
		states[i] = (struct open_test){ lab, &cases[i] };
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
						.test_func = open_case_run,
						.initial_state = &states[i] };
	}
	return _cmocka_run_group_tests(group, tests, n, NULL, NULL);
}

#endif
