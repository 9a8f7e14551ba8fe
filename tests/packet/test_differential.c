// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random clusters, policies and probes, three ways: the naive reading of the
 * objects, the compiled image, and real packets through the loaded programs,
 * on each side of the connection that is a pod. Verdict, reason and the
 * decision that was counted must be the same, and weir_explain's answer too.
 */
#include "packet/enforcer.h"
#include "packet/random_packets.h"

#define IMAGE_WORDS_AT_FIRST (1u << 18)

struct three {
	struct enforcer enforcer;
	uint32_t revision;
};

static void enforce(const struct fixture *f, void *data)
{
	struct three *three = data;
	struct error error = {};

	if (enforcer_replace(&three->enforcer, f->compiled, ++three->revision, &error) < 0 ||
	    enforcer_forget_flows(&three->enforcer) < 0)
		fail_msg("the policy could not be put in force: %s", error.text);
}

struct side {
	struct three *three;
	const struct fixture *f;
	const struct question *question;
	const struct decision_info *decision; /* of image and objects */
};

static struct weir_image_decision side_record(const struct side *side)
{
	const struct weir_image image = compiled_image(side->f->compiled);

	return weir_image_decision_at(&image, side->decision->at);
}

static bool is_as_decided(const struct side *side, enum weir_verdict verdict, enum weir_reason reason)
{
	const struct weir_image_decision record = side_record(side);
	const bool allowed = record.verdict == WEIR_VERDICT_PASS, audited = record.flags & WEIR_DECISION_AUDIT;

	return (verdict == WEIR_VERDICT_PASS) == (allowed || audited) &&
	       reason == (allowed || !audited ? side->decision->reason : WEIR_REASON_AUDIT);
}

/* Always true, for who calls it is about to say so. */
static bool tell(const struct side *side, const char *who, enum weir_verdict verdict, enum weir_reason reason,
		 FILE *story)
{
	char by[2048];

	if (!story)
		return true;
	describe(side->decision, by, sizeof(by));
	tell_question(side->question, side->decision->direction, story);
	fprintf(story, "%s: %s, %s\nimage and objects: %s by\n%s", who, verdict == WEIR_VERDICT_PASS ? "pass" : "drop",
		reason_name(reason), reason_name(side->decision->reason), by);
	return true;
}

/* weir_explain, which must leave nothing behind for the packet that comes after it. */
static bool explanation_differs(const struct side *side, FILE *story)
{
	struct datapath_question question = {
		.ifindex = ENFORCER_IFINDEX,
		.direction = side->decision->direction,
		.protocol = side->question->protocol,
		.port = side->question->port,
	};
	struct datapath_answer answer;

	assert_int_equal(addr_parse(side->question->from, &question.from), 0);
	assert_int_equal(addr_parse(side->question->to, &question.to), 0);
	assert_int_equal(datapath_explain(side->three->enforcer.datapath, &question, &answer), 0);
	if (is_as_decided(side, answer.verdict, answer.reason) && answer.decision == side->decision->at &&
	    answer.revision == side->three->revision)
		return false;
	return tell(side, "weir_explain", answer.verdict, answer.reason, story);
}

static bool program_differs(const struct side *side, FILE *story)
{
	struct enforcer *enforcer = &side->three->enforcer;
	struct enforcer_judgement judgement;
	struct frame frame;

	question_frame(side->question, false, &frame);
	if (side_record(side).n_limits)
		assert_int_equal(enforcer_refill(enforcer, side->f->compiled), 0);
	assert_int_equal(enforcer_judge(enforcer, &frame, side->decision, &judgement), 0);
	if (is_as_decided(side, judgement.verdict, judgement.reason) && judgement.counted)
		return false;
	return tell(side, judgement.counted ? "program" : "program, by another decision", judgement.verdict,
		    judgement.reason, story);
}

/* The packet as it passes the pod at one end of the connection. */
static bool side_differs(const struct side *side, FILE *story)
{
	const char *pod = side->decision->direction == WEIR_EGRESS ? side->question->from : side->question->to;

	assert_int_equal(
		enforcer_set_endpoint(&side->three->enforcer, side->f->compiled, naive_end(&side->f->world, pod).pod),
		0);
	return explanation_differs(side, story) || program_differs(side, story);
}

static bool differs(const struct fixture *f, const struct question *question, void *data, FILE *story)
{
	struct eval_result image;
	bool found = differ(f, question, &image, story);

	for (int direction = 0; !found && direction < WEIR_DIRECTIONS; direction++) {
		if (image.decision[direction])
			found = side_differs(&(struct side){ data, f, question, image.decision[direction] }, story);
	}
	return found;
}

static int setup(void **state)
{
	static struct three three;
	struct error error = {};

	*state = &three;
	if (enforcer_open(&three.enforcer, IMAGE_WORDS_AT_FIRST, &error) == 0)
		return 0;
	print_error("%s\n", error.text);
	return -1;
}

static int teardown(void **state)
{
	struct three *three = *state;

	enforcer_close(&three->enforcer);
	return 0;
}

/* All that policy can say was said by packets, and often. */
static void assert_variety(const struct enforcer *enforcer)
{
	static const enum weir_reason reasons[] = {
		WEIR_REASON_NO_POLICY,	 WEIR_REASON_POLICY_ALLOW,   WEIR_REASON_NODE,
		WEIR_REASON_ADMIN_ALLOW, WEIR_REASON_BASELINE_ALLOW, WEIR_REASON_POLICY_DEFAULT,
		WEIR_REASON_POLICY_DENY, WEIR_REASON_ADMIN_DENY,     WEIR_REASON_BASELINE_DENY,
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		const uint64_t *packets = &enforcer->reasons[reasons[i] * WEIR_DIRECTIONS];

		print_message("# %s: %" PRIu64 " in, %" PRIu64 " out\n", reason_name(reasons[i]), packets[WEIR_INGRESS],
			      packets[WEIR_EGRESS]);
		assert_true(packets[WEIR_INGRESS] + packets[WEIR_EGRESS] >= 500);
	}
}

static void the_programs_say_what_image_and_objects_say(void **state)
{
	struct three *three = *state;
	struct differential test = {
		.enforce = enforce,
		.ask = random_packet,
		.differs = differs,
		.data = three,
		.questions = RANDOM_PACKETS_MAX,
		.clusters = 700,
	};

	differential_run(&test);
	if (getenv("WEIR_SEED") || getenv("WEIR_CLUSTERS"))
		return;
	assert_true(test.asked >= 200000);
	assert_variety(&three->enforcer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_programs_say_what_image_and_objects_say),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("packet differential", tests, setup, teardown);
}
