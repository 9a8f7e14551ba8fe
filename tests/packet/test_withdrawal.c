// SPDX-License-Identifier: BSD-2-Clause
/*
 * Open connections under another policy: random clusters, of which some of the
 * policies come or go while connections that were let in are open. From then
 * on packets of a connection pass, in both directions, exactly if it would be
 * let in now. WEIR_SEED=N repeats one cluster.
 */
#include "base/vec.h"
#include "packet/enforcer.h"
#include "packet/random_packets.h"

#define IMAGE_WORDS_AT_FIRST (1u << 18)
#define CLUSTERS	     300u
#define DOCUMENT_END	     "---\n"

/* A connection as one of its ends sees it. */
struct connection {
	struct question question;
	enum weir_direction opener;
};

struct withdrawal {
	struct enforcer enforcer;
	uint32_t revision;
	uint64_t seed;
	uint64_t lost, kept;
	VEC(struct connection) open;
};

static bool is_policy(const char *document, size_t length)
{
	return memmem(document, length, "Policy, ", strlen("Policy, "));
}

/* The cluster without about half of its policies; the caller frees. */
static char *without_some_policies(const char *yaml, struct random *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (const char *at = yaml, *end; *at; at = end) {
		end = strstr(at, DOCUMENT_END);
		end = end ? end + strlen(DOCUMENT_END) : at + strlen(at);
		if (!is_policy(at, (size_t)(end - at)) || one_in(r, 2))
			fwrite(at, 1, (size_t)(end - at), out);
	}
	fclose(out);
	return text;
}

static void load(struct fixture *f, const char *yaml)
{
	fixture_read(f, yaml, RANDOM_NODE_ADDR);
	fixture_compile(f, 1);
}

static void enforce(struct withdrawal *test, const struct fixture *f)
{
	struct error error = {};

	if (enforcer_replace(&test->enforcer, f->compiled, ++test->revision, &error) < 0)
		fail_msg("the policy could not be put in force: %s", error.text);
}

static bool allows(const struct fixture *f, const struct connection *connection)
{
	const struct question *question = &connection->question;
	struct eval_result image;

	fixture_eval(f, question->from, question->to, question->protocol, question->port, &image);
	return image.decision[connection->opener] && !image.denied_by[connection->opener];
}

/* A packet from the opener or, as a reply, from the other end, as it passes the end that the connection is seen from.
 */
static bool passes(struct withdrawal *test, const struct fixture *f, const struct connection *connection, bool reply)
{
	const struct question *question = &connection->question;
	const char *pod = connection->opener == WEIR_EGRESS ? question->from : question->to;
	struct enforcer *enforcer = &test->enforcer;
	enum weir_verdict verdict;
	struct frame frame;

	question_frame(question, reply, &frame);
	assert_int_equal(enforcer_refill(enforcer, f->compiled), 0);
	assert_int_equal(enforcer_set_endpoint(enforcer, f->compiled, naive_end(&f->world, pod).pod), 0);
	assert_int_equal(
		enforcer_run(enforcer, reply ? !connection->opener : connection->opener, &frame, 1, &verdict, NULL), 0);
	return verdict == WEIR_VERDICT_PASS;
}

static void open_connections(struct withdrawal *test, const struct fixture *f, struct random *r)
{
	for (unsigned i = 0; i < RANDOM_PACKETS_MAX; i++) {
		struct connection connection = { .question.number = i };

		if (!random_packet(r, f, &connection.question))
			continue;
		/* The handshakes of others are not what this is about. */
		if (connection.question.protocol == IPPROTO_TCP || connection.question.protocol == IPPROTO_SCTP)
			connection.question.protocol = IPPROTO_UDP;
		for (; connection.opener < WEIR_DIRECTIONS; connection.opener++) {
			if (!allows(f, &connection))
				continue;
			assert_true(passes(test, f, &connection, false));
			assert_true(passes(test, f, &connection, true));
			vec_push(&test->open, connection);
		}
	}
}

static void assert_all(struct withdrawal *test, const struct fixture *f)
{
	vec_for_each (connection, &test->open) {
		const struct question *question = &connection->question;
		const bool allowed = allows(f, connection), reply_first = question->number % 2;

		for (unsigned i = 0; i < 3; i++) {
			const bool reply = reply_first ^ (i % 2);

			if (passes(test, f, connection, reply) != allowed)
				fail_msg("WEIR_SEED=%" PRIu64 ": %s -> %s protocol %u port %u, seen from %s: %s %s "
					 "%s under the other policy",
					 test->seed, question->from, question->to, question->protocol, question->port,
					 connection->opener == WEIR_EGRESS ? "its opener" : "the other end",
					 i == 0 ? "the first" : "a later", reply ? "reply" : "packet of the opener",
					 allowed ? "did not pass" : "passed");
		}
		*(allowed ? &test->kept : &test->lost) += 1;
	}
}

static void run_cluster(struct withdrawal *test, uint64_t seed)
{
	struct random r = { .state = test->seed = seed };
	_cleanup_free_ char *more = random_cluster(&r, RANDOM_PODS), *less = without_some_policies(more, &r);
	const bool grows = one_in(&r, 2);
	struct fixture before, after;

	load(&before, grows ? less : more);
	load(&after, grows ? more : less);
	enforce(test, &before);
	assert_int_equal(enforcer_forget_flows(&test->enforcer), 0);
	test->open.n = 0;
	open_connections(test, &before, &r);
	enforce(test, &after);
	assert_all(test, &after);
	fixture_free(&before);
	fixture_free(&after);
}

static void open_connections_pass_if_they_would_be_let_in_now(void **state)
{
	struct withdrawal *test = *state;
	const char *seed = getenv("WEIR_SEED");

	if (seed) {
		run_cluster(test, strtoull(seed, NULL, 10));
		return;
	}
	for (uint64_t i = 1; i <= CLUSTERS; i++)
		run_cluster(test, i);
	print_message("# %" PRIu64 " connections were lost, %" PRIu64 " kept\n", test->lost, test->kept);
	assert_true(test->lost >= 5000 && test->kept >= 5000);
}

static int setup(void **state)
{
	static struct withdrawal test;
	struct error error = {};

	*state = &test;
	if (enforcer_open(&test.enforcer, IMAGE_WORDS_AT_FIRST, &error) == 0)
		return 0;
	print_error("%s\n", error.text);
	return -1;
}

static int teardown(void **state)
{
	struct withdrawal *test = *state;

	enforcer_close(&test->enforcer);
	vec_free(&test->open);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_connections_pass_if_they_would_be_let_in_now),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("packet withdrawal", tests, setup, teardown);
}
