// SPDX-License-Identifier: BSD-2-Clause
/* What changes between two policies, against asking each of them about every pair. */
#include <inttypes.h>

#include "policy/diff.h"
#include "policy/representatives.h"
#include "unit/policy/fixture.h"
#include "differential/random_cluster.h"

#define N_CLUSTERS 60u
#define N_PODS	   8u
#define NODE_ADDR  "192.0.2.1"

static const struct diff_limits no_limits = { .rows = 100000, .ms = 10000 };

static struct diff compare(const struct fixture *before, const struct fixture *after, const struct diff_limits *limits)
{
	struct diff diff;

	diff_policies(&(struct policy_view){ &before->world, before->compiled },
		      &(struct policy_view){ &after->world, after->compiled }, limits, &diff);
	return diff;
}

/* Pods by name, as each world has its own. */
static struct eval_end end_in(const struct fixture *f, const struct diff_end *end, enum weir_family family)
{
	struct eval_end found = {};

	if (!end->pod)
		return (struct eval_end){ .addr = end->addr, .has_addr = end->addr.family == family };
	found.pod = world_pod(&f->world, end->pod->namespace, end->pod->name);
	for (size_t i = 0; found.pod && i < found.pod->pod.addrs.n; i++) {
		const struct addr *addr = &found.pod->pod.addrs.items[i];

		if (addr->family == family && !found.has_addr) {
			found.addr = *addr;
			found.has_addr = true;
		}
	}
	return found;
}

static enum diff_verdict ask(const struct fixture *f, const struct diff_end *from, const struct diff_end *to,
			     enum weir_family family, const struct port_representative *port)
{
	const struct eval_end a = end_in(f, from, family), b = end_in(f, to, family);
	struct eval_result result;

	eval(f->compiled, &a, &b, port->protocol, port->port, &result);
	if (!result.allowed)
		return DIFF_DENY;
	return result.audited[WEIR_INGRESS] || result.audited[WEIR_EGRESS] ? DIFF_AUDIT : DIFF_ALLOW;
}

/* Whether anything between the two changes; with a row's verdicts, from the one to the other. */
static bool changes(const struct fixture *before, const struct fixture *after, const struct diff_end *from,
		    const struct diff_end *to, const enum diff_verdict *verdict, const struct representatives *known)
{
	for (int family = 0; family < WEIR_FAMILIES; family++) {
		if (!end_in(after, from, family).has_addr || !end_in(after, to, family).has_addr ||
		    !end_in(before, from, family).has_addr || !end_in(before, to, family).has_addr)
			continue;
		vec_for_each (port, &known->ports) {
			const enum diff_verdict was = ask(before, from, to, family, port);
			const enum diff_verdict is = ask(after, from, to, family, port);

			if (verdict ? was == verdict[DIFF_BEFORE] && is == verdict[DIFF_AFTER] : was != is)
				return true;
		}
	}
	return false;
}

static bool pods_differ(const struct fixture *before, const struct fixture *after, const struct representatives *known)
{
	const struct world *world = &after->world;

	for (size_t i = 0; i < world->pods.n * world->pods.n; i++) {
		const struct diff_end from = { .pod = world->pods.items[i / world->pods.n] };
		const struct diff_end to = { .pod = world->pods.items[i % world->pods.n] };

		if (from.pod == to.pod || from.pod->pod.host_network || to.pod->pod.host_network)
			continue;
		if (changes(before, after, &from, &to, NULL, known))
			return true;
	}
	return false;
}

static bool has_pods_only(const struct diff *diff)
{
	vec_for_each (row, &diff->rows) {
		if (row->from.pod && row->to.pod)
			return true;
	}
	return false;
}

/* The policy that comes last is new. */
static char *without_last(const char *yaml)
{
	char *text = strdup(yaml), *last = NULL;

	for (char *at = text; (at = strstr(at, "\n---\n{apiVersion")); at++)
		last = at;
	if (last)
		strcpy(last, "\n---\n");
	return text;
}

static void every_row_is_a_change_and_no_change_is_left_out(void **state)
{
	size_t n = 0;

	for (uint64_t seed = 1; seed <= N_CLUSTERS; seed++) {
		struct random r = { .state = seed };
		_cleanup_free_ char *yaml = random_cluster(&r, N_PODS);
		_cleanup_free_ char *less = without_last(yaml);
		struct representatives known = {};
		struct fixture before, after;
		struct diff diff;

		fixture_read(&before, less, NODE_ADDR);
		fixture_read(&after, yaml, NODE_ADDR);
		fixture_compile(&before, 1);
		fixture_compile(&after, 1);
		representatives_add(&known, &after.world);
		representatives_finish(&known);
		diff = compare(&before, &after, &no_limits);
		assert_true(diff.complete);
		vec_for_each (row, &diff.rows) {
			/* Among pods alike the example would talk to itself. */
			if (row->from.pod && row->from.pod == row->to.pod)
				continue;
			if (!changes(&before, &after, &row->from, &row->to, row->verdict, &known))
				fail_msg("cluster %" PRIu64 ": a row that is none: %s -> %s %s\n%s", seed,
					 row->from.pod ? row->from.pod->name : "addr",
					 row->to.pod ? row->to.pod->name : "addr", row->ports, yaml);
		}
		if (pods_differ(&before, &after, &known) != has_pods_only(&diff))
			fail_msg("cluster %" PRIu64 ": a change is left out", seed);
		n += diff.rows.n;
		diff_free(&diff);
		representatives_free(&known);
		fixture_free(&before);
		fixture_free(&after);
	}
	assert_true(n > 100);
}

#define POD(name, app, addr)                                                                                        \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name ", labels: {app: " app "}}, status: " \
	"{podIP: " addr "}}\n---\n"
#define NETWORK_POLICY(spec)                                                                                         \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: shop, name: p}, spec: {" spec \
	"}}\n---\n"

static const char pods[] = POD("a1", "a", "10.0.0.1") POD("a2", "a", "10.0.0.2") POD("b", "b", "10.0.0.3");
static const char closed[] = POD("a1", "a", "10.0.0.1") POD("a2", "a", "10.0.0.2") POD("c", "c", "10.0.0.4")
	POD("b", "b", "10.0.0.3") NETWORK_POLICY(
		"podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}], "
		"ports: [{port: 80}, {port: 81}, {port: 90, endPort: 99}]}, {from: [{ipBlock: {cidr: 0.0.0.0/0, "
		"except: "
		"[10.0.0.0/8]}}, {ipBlock: {cidr: '::/0'}}]}]");

static void pods_alike_are_one_row_and_ports_are_ranges(void **state)
{
	struct fixture before, after;
	struct diff diff;

	fixture_load(&before, pods);
	fixture_load(&after, closed);
	diff = compare(&before, &after, &no_limits);
	assert_int_equal(diff.n_pods_added, 1);
	assert_int_equal(diff.n_pods_removed, 0);
	vec_for_each (row, &diff.rows) {
		assert_int_equal(row->verdict[DIFF_BEFORE], DIFF_ALLOW);
		assert_int_equal(row->verdict[DIFF_AFTER], DIFF_DENY);
		assert_int_equal(row->policies[DIFF_BEFORE].n, 0);
		assert_int_equal(row->policies[DIFF_AFTER].n, 1);
		assert_string_equal(row->policies[DIFF_AFTER].items[0], "NetworkPolicy shop/p");
		assert_string_equal(row->to.pod->name, "b");
		if (!row->from.pod) {
			assert_string_equal(row->ports, "everything");
			continue;
		}
		assert_string_equal(row->from.pod->name, "a1");
		assert_int_equal(row->from.n_alike, 2);
		assert_string_equal(row->ports, "TCP/0-79, TCP/82-89, TCP/100-65535, UDP, SCTP, ICMP and others");
	}
	assert_true(has_pods_only(&diff));
	diff_free(&diff);
	diff = compare(&after, &before, &no_limits);
	assert_int_equal(diff.n_pods_removed, 1);
	assert_true(diff.rows.n > 0 && diff.rows.items[0].verdict[DIFF_AFTER] == DIFF_ALLOW);
	diff_free(&diff);
	fixture_free(&before);
	fixture_free(&after);
}

static void rows_beyond_the_limit_are_counted(void **state)
{
	struct fixture before, after;
	struct diff all, some;

	fixture_load(&before, pods);
	fixture_load(&after, closed);
	all = compare(&before, &after, &no_limits);
	some = compare(&before, &after, &(struct diff_limits){ .rows = 1, .ms = 10000 });
	assert_true(all.rows.n > 1);
	assert_int_equal(some.rows.n, 1);
	assert_int_equal(some.n_more, all.rows.n - 1);
	diff_free(&all);
	diff_free(&some);
	fixture_free(&before);
	fixture_free(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_a_change_and_no_change_is_left_out),
		cmocka_unit_test(pods_alike_are_one_row_and_ports_are_ranges),
		cmocka_unit_test(rows_beyond_the_limit_are_counted),
	};

	return cmocka_run_group_tests_name("policy/diff", tests, NULL, NULL);
}
