// SPDX-License-Identifier: BSD-2-Clause
/* Verification passes what the compiler makes, and nothing that was changed. */
#include <stdbool.h>

#include "policy/verify.h"
#include "unit/policy/fixture.h"
#include "differential/random_cluster.h"

#define N_CLUSTERS 40u
#define N_PODS	   14u
#define NODE_ADDR  "192.0.2.1"

static const char shop[] =
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: frontend, labels: {app: f}}, status: {podIP: "
	"10.0.0.1}}\n---\n"
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: backend, labels: {app: b}}, status: {podIP: "
	"10.0.0.2}}\n---\n"
	"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: p}, spec: "
	"{podSelector: "
	"{matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: f}}}], ports: [{port: 80}], "
	"limits: [{packetsPerSecond: 5}]}]}}";

static int verify_fixture(const struct fixture *f, unsigned budget_ms, struct verification *ret, struct error *error)
{
	const struct verify_options options = { .seed = 7, .budget_ms = budget_ms, .sample_ms = budget_ms };

	return verify(&f->world, f->compiled, &options, ret, error);
}

static void what_the_compiler_makes_is_verified_whole(void **state)
{
	for (uint64_t seed = 1; seed <= N_CLUSTERS; seed++) {
		struct random r = { .state = seed };
		_cleanup_free_ char *yaml = random_cluster(&r, N_PODS);
		struct verification verification = {};
		struct error error = {};
		struct fixture f;

		fixture_read(&f, yaml, NODE_ADDR);
		fixture_compile(&f, 1);
		if (verify_fixture(&f, 0, &verification, &error) < 0)
			fail_msg("cluster %u: %s\n%s", (unsigned)seed, error.text, yaml);
		assert_false(verification.sampled);
		assert_int_equal(verification.cells, verification.of);
		assert_int_equal(verification.seed, 7);
		fixture_free(&f);
	}
}

/* Every word that the walk can end at, one after the other. */
static void a_decision_that_is_changed_is_refused(void **state)
{
	static const enum weir_reason reasons[] = { WEIR_REASON_POLICY_ALLOW, WEIR_REASON_POLICY_DEFAULT };
	struct verification verification;
	struct fixture f;
	size_t n = 0;

	fixture_load(&f, shop);
	vec_for_each (info, &f.compiled->decisions) {
		struct weir_image_decision *record = (struct weir_image_decision *)(f.compiled->words + info->at);
		const struct weir_image_decision right = *record;
		struct error error = {};

		record->verdict = record->verdict == WEIR_VERDICT_PASS ? WEIR_VERDICT_DROP : WEIR_VERDICT_PASS;
		record->reason = reasons[record->verdict == WEIR_VERDICT_DROP];
		/* The row for the node has no address to be met at here. */
		if (info->reason != WEIR_REASON_NODE) {
			assert_int_equal(verify_fixture(&f, 0, &verification, &error), -EBADMSG);
			assert_non_null(strstr(error.text, "image refused: subject shop/"));
			n++;
		}
		*record = right;
	}
	assert_int_equal(n, 4);
	assert_int_equal(verify_fixture(&f, 0, &verification, NULL), 0);
	fixture_free(&f);
}

#define MANY_PORTS 40u

/* More than are looked at together, each with a decision of its own. */
static void no_port_is_passed_over_among_many(void **state)
{
	char yaml[sizeof(shop) + MANY_PORTS * 128];
	struct verification verification;
	struct fixture f;
	size_t at = (size_t)snprintf(yaml, sizeof(yaml), "%.*s", (int)(strlen(shop) - strlen("]}}")), shop), n = 0;

	for (unsigned i = 0; i < MANY_PORTS; i++)
		at += (size_t)snprintf(yaml + at, sizeof(yaml) - at,
				       ", {from: [{podSelector: {}}], ports: [{port: %u}]}", 1000 + i * 2);
	snprintf(yaml + at, sizeof(yaml) - at, "]}}");
	fixture_load(&f, yaml);
	vec_for_each (info, &f.compiled->decisions) {
		struct weir_image_decision *record = (struct weir_image_decision *)(f.compiled->words + info->at);
		struct error error = {};

		if (info->reason != WEIR_REASON_POLICY_ALLOW)
			continue;
		record->reason = WEIR_REASON_ADMIN_ALLOW;
		assert_int_equal(verify_fixture(&f, 0, &verification, &error), -EBADMSG);
		record->reason = info->reason;
		n++;
	}
	assert_int_equal(n, MANY_PORTS + 1);
	assert_int_equal(verify_fixture(&f, 0, &verification, NULL), 0);
	assert_int_equal(verification.cells, verification.of);
	fixture_free(&f);
}

static void the_refusal_names_the_cell(void **state)
{
	struct verification verification = {};
	struct weir_image image;
	struct error error = {};
	struct fixture f;
	uint32_t identity, row;

	fixture_load(&f, shop);
	image = compiled_image(f.compiled);
	assert_int_equal(compiled_pod_identity(f.compiled, world_pod(&f.world, "shop", "backend"), &identity), 0);
	/* The backend's ingress row becomes its egress row, which is open. */
	row = weir_image_header_word(&image, rows) + weir_image_subject_class(&image, identity) * WEIR_DIRECTIONS;
	f.compiled->words[row + WEIR_INGRESS] = f.compiled->words[row + WEIR_EGRESS];
	assert_int_equal(verify_fixture(&f, 0, &verification, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "subject shop/backend ingress from "));
	assert_non_null(strstr(error.text, "image says pass (no-policy), objects say "));
	assert_int_equal(verification.of, 0);
	fixture_free(&f);
}

static void a_limit_that_is_left_out_is_refused(void **state)
{
	struct verification verification;
	struct error error = {};
	struct fixture f;

	fixture_load(&f, shop);
	vec_for_each (info, &f.compiled->decisions) {
		struct weir_image_decision *record = (struct weir_image_decision *)(f.compiled->words + info->at);

		record->n_limits = 0;
	}
	assert_int_equal(verify_fixture(&f, 0, &verification, &error), -EBADMSG);
	assert_string_equal(error.text, "image refused: subject shop/backend ingress from shop/frontend TCP/80: image "
					"says 0 limits (0 only counting), objects say 1 limits (0 only counting)");
	fixture_free(&f);
}

static const char limits[] =
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: frontend, labels: {app: f}}, status: {podIP: "
	"10.0.0.1}}\n---\n"
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: backend, labels: {app: b}}, status: {podIP: "
	"10.0.0.2}}\n---\n"
	"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: p}, spec: "
	"{podSelector: {matchLabels: {app: b}}, onDeny: Reject, ingress: [{limits: ["
	"{packetsPerSecond: 1234, burst: 77, per: Identity}, {bytesPerSecond: 5Mi, onExceed: Mark}, "
	"{connectionsPerSecond: 0.5, per: Address}]}, {name: more, action: Limit, limits: [{bytesPerSecond: 3}]}]}}";

/* Every bit of every limit, one after the other. */
static void a_limit_with_one_wrong_bit_is_refused(void **state)
{
	struct verification verification;
	struct fixture f;
	unsigned n = 0;

	fixture_load(&f, limits);
	vec_for_each (info, &f.compiled->decisions) {
		uint32_t *words = f.compiled->words + info->at;
		const uint32_t n_limits = ((struct weir_image_decision *)words)->n_limits;

		for (uint32_t bit = 0; bit < n_limits * WEIR_LIMIT_WORDS * 32; bit++) {
			uint32_t *word = words + WEIR_DECISION_WORDS + bit / 32;
			struct error error = {};

			*word ^= 1u << bit % 32;
			if (verify_fixture(&f, 0, &verification, &error) != -EBADMSG)
				fail_msg("bit %u of a limit was not looked at", bit);
			assert_non_null(strstr(error.text, "image refused: subject shop/backend ingress from "));
			*word ^= 1u << bit % 32;
			n++;
		}
	}
	assert_int_equal(n, 4 * sizeof(struct weir_image_limit) * 8);
	assert_int_equal(verify_fixture(&f, 0, &verification, NULL), 0);
	fixture_free(&f);
}

static void what_is_wrong_with_a_limit_is_said(void **state)
{
	struct verification verification;
	struct error error = {};
	struct fixture f;

	fixture_load(&f, shop);
	vec_for_each (info, &f.compiled->decisions) {
		uint32_t *words = f.compiled->words + info->at;
		struct weir_image_limit *limit = (struct weir_image_limit *)(words + WEIR_DECISION_WORDS);

		if (((struct weir_image_decision *)words)->n_limits)
			limit->flags |= WEIR_LIMIT_MARK;
	}
	assert_int_equal(verify_fixture(&f, 0, &verification, &error), -EBADMSG);
	assert_string_equal(error.text,
			    "image refused: subject shop/backend ingress from shop/frontend TCP/80: "
			    "limits[0] of TrafficPolicy shop/p rule 0, flags: image says 16, objects say 0");
	fixture_free(&f);
}

static void an_address_under_the_wrong_identity_is_refused(void **state)
{
	struct verification verification;
	struct error error = {};
	struct fixture f;

	fixture_load(&f, shop);
	f.compiled->addresses.items[0].identity = f.compiled->addresses.items[1].identity;
	assert_int_equal(verify_fixture(&f, 0, &verification, &error), -EBADMSG);
	fixture_free(&f);
}

static void a_class_beyond_the_tables_is_refused(void **state)
{
	struct verification verification;
	struct error error = {};
	struct weir_image image;
	struct fixture f;

	fixture_load(&f, shop);
	image = compiled_image(f.compiled);
	f.compiled->words[weir_image_identity_at(&image, WEIR_IDENTITY_FIRST)] = 1000;
	assert_int_equal(verify_fixture(&f, 0, &verification, &error), -EBADMSG);
	assert_string_equal(error.text, "image refused: subject class 1000 of only 2");
	fixture_free(&f);
}

/* A pod for each of n labels and a policy for each pod: n^2 cells and more. */
static char *large_cluster(unsigned n)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned i = 0; i < n; i++)
		fprintf(out,
			"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: p%u, labels: {app: a%u}}, "
			"status: "
			"{podIP: 10.0.%u.%u}}\n---\n{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: "
			"{namespace: shop, name: p%u}, spec: {podSelector: {matchLabels: {app: a%u}}, ingress: [{from: "
			"[{podSelector: {matchLabels: {app: a%u}}}]}]}}\n---\n",
			i, i, i / 256, i % 256, i, i, (i + 1) % n);
	fclose(out);
	return text;
}

static void more_than_the_budget_is_sampled_and_said_so(void **state)
{
	_cleanup_free_ char *yaml = large_cluster(500);
	struct verification verification;
	struct fixture f;

	fixture_load(&f, yaml);
	assert_int_equal(verify_fixture(&f, 20, &verification, NULL), 0);
	assert_true(verification.sampled);
	assert_in_range(verification.cells, 16, verification.of - 1);
	assert_true(verification.of >= 500u * 500 * 2);
	assert_true(verification.ms < 1000);
	fixture_free(&f);
}

/* However slow the machine: an hour is enough for all of them, and a millisecond for none. */
static void all_cells_are_verified_where_that_fits(void **state)
{
	const struct verify_options options = { .seed = 7, .budget_ms = 3600 * 1000, .sample_ms = 1 };
	_cleanup_free_ char *yaml = large_cluster(100);
	struct verification verification;
	struct fixture f;

	fixture_load(&f, yaml);
	assert_int_equal(verify(&f.world, f.compiled, &options, &verification, NULL), 0);
	assert_false(verification.sampled);
	assert_int_equal(verification.cells, verification.of);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_compiler_makes_is_verified_whole),
		cmocka_unit_test(a_decision_that_is_changed_is_refused),
		cmocka_unit_test(no_port_is_passed_over_among_many),
		cmocka_unit_test(the_refusal_names_the_cell),
		cmocka_unit_test(a_limit_that_is_left_out_is_refused),
		cmocka_unit_test(a_limit_with_one_wrong_bit_is_refused),
		cmocka_unit_test(what_is_wrong_with_a_limit_is_said),
		cmocka_unit_test(an_address_under_the_wrong_identity_is_refused),
		cmocka_unit_test(a_class_beyond_the_tables_is_refused),
		cmocka_unit_test(more_than_the_budget_is_sampled_and_said_so),
		cmocka_unit_test(all_cells_are_verified_where_that_fits),
	};

	return cmocka_run_group_tests_name("policy/verify", tests, NULL, NULL);
}
