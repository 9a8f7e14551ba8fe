// SPDX-License-Identifier: BSD-2-Clause
/* weir_explain answers what the enforcing programs would do, and leaves everything as it was. */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

struct question {
	enum world_peer peer;
	enum weir_family family;
	enum weir_direction direction;
	struct frame_spec packet;
};

static const struct frame_spec packets[] = {
	{ .tcp_flags = FRAME_TCP_SYN, .port = 80 }, { .tcp_flags = FRAME_TCP_SYN, .port = 22 },
	{ .protocol = IPPROTO_UDP, .port = 8050 },  { .protocol = IPPROTO_SCTP, .sctp_chunk = FRAME_SCTP_INIT },
	{ .protocol = IPPROTO_GRE, .payload = 16 }, { .tcp_flags = FRAME_TCP_SYN, .doff = 3 },

	{ .tcp_flags = FRAME_TCP_SYN, .cut = 8 },
};

#define QUESTIONS (WORLD_PEERS * WEIR_FAMILIES * WEIR_DIRECTIONS * ARRAY_SIZE(packets))

static struct question question_at(size_t i)
{
	return (struct question){
		.peer = i % WORLD_PEERS,
		.family = i / WORLD_PEERS % WEIR_FAMILIES,
		.direction = i / WORLD_PEERS / WEIR_FAMILIES % WEIR_DIRECTIONS,
		.packet = packets[i / WORLD_PEERS / WEIR_FAMILIES / WEIR_DIRECTIONS],
	};
}

static struct frame frame_of(const struct question *question)
{
	const uint8_t *pod = world_pod_addr(question->family), *peer = world_peer(question->peer, question->family);
	const bool out = question->direction == WEIR_EGRESS;
	struct frame frame;

	frame_build(&question->packet,
		    &(struct frame_ends){ question->family, out ? pod : peer, out ? peer : pod, false }, &frame);
	return frame;
}

/* All that a packet can leave behind. */
struct trace {
	struct lab_counters counters;
	uint64_t print;
};

static void take_trace(struct lab *lab, struct trace *ret)
{
	memset(ret, 0, sizeof(*ret));
	assert_int_equal(lab_counters(lab, &ret->counters), 0);
	assert_int_equal(lab_print(lab, &ret->print), 0);
}

/* Asks, and makes sure that asking left nothing. */
static struct lab_answer ask(struct lab *lab, const struct question *question)
{
	const struct frame frame = frame_of(question);
	struct lab_answer answer;
	struct trace before, after;

	take_trace(lab, &before);
	assert_int_equal(lab_explain(lab, &frame, question->direction, &answer), 0);
	take_trace(lab, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	return answer;
}

static enum weir_verdict transmit(struct lab *lab, const struct question *question)
{
	const struct frame frame = frame_of(question);
	struct lab_result result;

	assert_int_equal(
		lab_run(lab,
			&(struct lab_run){ .program = question->direction == WEIR_EGRESS ? LAB_FROM_POD : LAB_TO_POD,
					   .frame = &frame },
			&result),
		0);
	return result.verdict;
}

/* What a limit says is known only when it is charged. */
static bool is_narrow(enum world_peer peer)
{
	return peer == PEER_LIMITED || peer == PEER_METERED || peer == PEER_LOST || peer == PEER_WATCHED;
}

static void test_answers_are_what_then_happens(void **state)
{
	struct lab *lab = *state;
	struct trace before, after;

	assert_int_equal(world_reset(lab), 0);
	for (size_t i = 0; i < QUESTIONS; i++) {
		const struct question question = question_at(i);
		struct lab_answer answer;
		uint32_t counted;

		assert_int_equal(lab_forget_flows(lab), 0);
		/* As many answers as there are questions. */
		assert_int_equal(world_endpoint(lab), 0);
		answer = ask(lab, &question);
		counted = answer.reason * WEIR_DIRECTIONS + question.direction;
		if (is_narrow(question.peer))
			continue;
		take_trace(lab, &before);
		if (transmit(lab, &question) != answer.verdict)
			fail_msg("question %zu: the answer was %d", i, answer.verdict);
		take_trace(lab, &after);
		if (after.counters.reasons[counted].packets - before.counters.reasons[counted].packets != 1)
			fail_msg("question %zu: the answer gave reason %u", i, answer.reason);
	}
}

static void test_open_connections_are_left_alone(void **state)
{
	static const struct frame_spec kinds[] = { { .tcp_flags = FRAME_TCP_SYN }, { .protocol = IPPROTO_UDP } };
	struct question question = { .peer = PEER_FRIEND };
	struct lab *lab = *state;
	struct lab_answer answer;

	for (size_t i = 0; i < WEIR_FAMILIES * WEIR_DIRECTIONS * ARRAY_SIZE(kinds); i++) {
		question.family = i % 2;
		question.direction = i / 2 % 2;
		question.packet = kinds[i / 4];
		assert_int_equal(world_reset(lab), 0);
		assert_int_equal(transmit(lab, &question), WEIR_VERDICT_PASS);
		answer = ask(lab, &question);
		assert_int_equal(answer.reason, WEIR_REASON_POLICY_ALLOW);

		assert_int_equal(world_policy(lab, POLICY_WITHDRAWN), 0);
		answer = ask(lab, &question);
		assert_int_equal(answer.verdict, WEIR_VERDICT_DROP);
		assert_int_equal(answer.reason, WEIR_REASON_POLICY_DENY);
	}
}

static void test_limits_are_not_charged(void **state)
{
	const struct question question = { .peer = PEER_LIMITED,
					   .direction = WEIR_INGRESS,
					   .packet = { .protocol = IPPROTO_UDP } };
	struct lab *lab = *state;

	assert_int_equal(world_reset(lab), 0);
	for (unsigned i = 0; i < 3 * WORLD_BURST; i++)
		assert_int_equal(ask(lab, &question).verdict, WEIR_VERDICT_PASS);
	for (unsigned i = 0; i < WORLD_BURST; i++)
		assert_int_equal(transmit(lab, &question), WEIR_VERDICT_PASS);
	assert_int_equal(transmit(lab, &question), WEIR_VERDICT_DROP);
}

static void test_answers_name_decision_and_ends(void **state)
{
	const struct question friend = { .peer = PEER_FRIEND, .packet = { .tcp_flags = FRAME_TCP_SYN } };
	const struct question enemy = { .peer = PEER_ENEMY, .packet = { .tcp_flags = FRAME_TCP_SYN } };
	struct lab_answer first, second;
	struct lab *lab = *state;

	assert_int_equal(world_reset(lab), 0);
	first = ask(lab, &friend);
	second = ask(lab, &enemy);
	assert_true(first.revision > 0);
	assert_int_equal(first.revision, second.revision);
	assert_int_equal(first.identity, second.identity);
	assert_true(first.peer != second.peer);
	assert_true(first.decision != second.decision);

	assert_int_equal(world_policy(lab, POLICY_STANDARD), 0);
	assert_int_equal(ask(lab, &friend).revision, first.revision + 1);
}

static void test_without_policy_the_answer_has_no_revision(void **state)
{
	const struct question question = { .peer = PEER_FRIEND, .packet = { .tcp_flags = FRAME_TCP_SYN } };
	struct lab_answer answer;
	struct lab *lab = *state;

	assert_int_equal(world_reset(lab), 0);
	assert_int_equal(lab_delete_endpoint(lab), 0);
	answer = ask(lab, &question);
	assert_int_equal(answer.verdict, WEIR_VERDICT_DROP);
	assert_int_equal(answer.reason, WEIR_REASON_NO_ENDPOINT);
	assert_int_equal(answer.revision, 0);

	assert_int_equal(world_endpoint(lab), 0);
	assert_int_equal(lab_unload_image(lab), 0);
	answer = ask(lab, &question);
	assert_int_equal(answer.verdict, WEIR_VERDICT_DROP);
	assert_int_equal(answer.reason, WEIR_REASON_NO_IMAGE);
	assert_int_equal(answer.revision, 0);
}

static const struct CMUnitTest tests[] = {
	{ "answers are what then happens, and asking leaves nothing behind", test_answers_are_what_then_happens, NULL,
	  NULL, NULL },
	{ "an open connection neither answers for a new one nor is changed by asking",
	  test_open_connections_are_left_alone, NULL, NULL, NULL },
	{ "asking takes no token", test_limits_are_not_charged, NULL, NULL, NULL },
	{ "an answer names decision, revision and both identities", test_answers_name_decision_and_ends, NULL, NULL,
	  NULL },
	{ "what ends before policy is asked has no revision", test_without_policy_the_answer_has_no_revision, NULL,
	  NULL, NULL },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet explain",
		.tests = tests,
		.n_tests = ARRAY_SIZE(tests),
	});
}
