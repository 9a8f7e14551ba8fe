// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "observe/process.h"
#include "observe/event.h"
#include "observe/prometheus.h"
#include "observe/series.h"

static struct numberings numbers;

static struct rule_ref rule(const char *policy, const char *name)
{
	return (struct rule_ref){
		.kind = KIND_NETWORK_POLICY, .namespace = (char *)"shop", .policy = (char *)policy, .rule = (char *)name
	};
}

/* Two rules that decide together under one number, and one of them alone under another. */
static void learn(struct ledger *ledger)
{
	struct rule_ref both[] = { rule("p", "web"), rule("q", "0") };
	struct rule_ref alone[] = { rule("p", "web") };
	struct rule_ref audited[] = { rule("a", "no") };
	struct decision_info decisions[] = {
		{ .counter = 1, .verdict = WEIR_VERDICT_PASS, .rules = { .items = both, .n = 2 } },
		{ .counter = 3, .verdict = WEIR_VERDICT_PASS, .rules = { .items = alone, .n = 1 } },
		{ .counter = 4,
		  .verdict = WEIR_VERDICT_DROP,
		  .flags = WEIR_DECISION_AUDIT,
		  .rules = { .items = audited, .n = 1 } },
	};
	struct limit_info limits[] = {
		{ .bucket = 2, .rule = rule("p", "web"), .limit = { .unit = LIMIT_BYTES } },
		{ .bucket = 3, .rule = rule("a", "yes"), .audit = true },
	};
	const struct compiled compiled = { .decisions = { .items = decisions, .n = ARRAY_SIZE(decisions) },
					   .limits = { .items = limits, .n = ARRAY_SIZE(limits) } };

	ledger_learn(ledger, &compiled, &numbers);
}

struct fixture {
	struct ledger ledger;
	struct histogram apply;
	struct weir_counter reasons[WEIR_REASON_MAX * WEIR_DIRECTIONS];
	struct weir_counter decisions[5];
	struct weir_charged charged[4];
	struct datapath_map_info maps[1];
	struct datapath_flow_counts flows;
	uint64_t tallies[WEIR_TALLIES];
	uint64_t told[EVENT_TYPES_END];
	struct prometheus_source sources[2];
	struct pairs pairs;
	char *text;
};

static int setup(void **state)
{
	/* The last one is not learnt yet. */
	static const struct prometheus_limit now[] = { { 2, 1000, 0.5 }, { 2, 250, -1 }, { 99, 1, 0 } };
	struct fixture *f = new0(struct fixture);
	size_t size;
	FILE *out = open_memstream(&f->text, &size);

	learn(&f->ledger);
	f->reasons[WEIR_REASON_POLICY_DENY * WEIR_DIRECTIONS + WEIR_EGRESS] = (struct weir_counter){ 7, 700 };
	f->decisions[1].packets = 10;
	f->decisions[3].packets = 5;
	f->decisions[4].packets = 6;
	f->charged[2] = (struct weir_charged){
		.passed_packets = 43, .dropped_packets = 42, .marked_packets = 41, .paced_packets = 40
	};
	f->charged[3].dropped_packets = 8;
	f->maps[0] = (struct datapath_map_info){ "connections4", 3, 100 };
	f->flows.present[WEIR_CONNECTIONS][WEIR_IPV4] = 2;
	f->flows.present[WEIR_EXCHANGES][WEIR_IPV6] = 1;
	f->flows.entered[WEIR_OPENINGS][WEIR_IPV4] = 8;
	f->flows.evicted[WEIR_OPENINGS][WEIR_IPV6] = 6;
	f->tallies[WEIR_TALLY_NOT_ENTERED] = 11;
	f->tallies[WEIR_TALLY_ANSWERED] = 12;
	f->tallies[WEIR_TALLY_UNANSWERED] = 13;
	f->tallies[WEIR_TALLY_FRAGMENTED] = 14;
	f->tallies[WEIR_TALLY_SOURCES] = 15;
	f->tallies[WEIR_TALLY_TOLD] = 16;
	f->tallies[WEIR_TALLY_HELD_BACK] = 17;
	f->tallies[WEIR_TALLY_LOST] = 18;
	f->sources[0] = (struct prometheus_source){ "dir:/a \"b\"\\c\nd", true, 0 };
	f->sources[1] = (struct prometheus_source){ "store", false, time(NULL) + 1000 };
	vec_push(&f->pairs.list,
		 (struct pair){ .source = "shop/a",
				.destination = "world",
				.by = { [PAIR_ALLOWED] = { 20, 2000, 2 }, [PAIR_LIMITED] = { 3, 300, 0 } } });
	f->pairs.other[PAIR_DENIED] = (struct weir_account){ 9, 900, 0 };
	histogram_add(&f->apply, 0.002);
	histogram_add(&f->apply, 0.02);
	histogram_add(&f->apply, 60);
	f->told[EVENT_PORT_SCAN] = 20;
	prometheus_write(out, &(struct prometheus_input){ .version = "1.2.3",
							  .commit = "abc",
							  .ledger = &f->ledger,
							  .reasons = f->reasons,
							  .decisions = f->decisions,
							  .pairs = &f->pairs,
							  .charged = f->charged,
							  .limits = now,
							  .n_limits = ARRAY_SIZE(now),
							  .limits_biting = 3,
							  .limit_bites = 4,
							  .maps = f->maps,
							  .n_maps = 1,
							  .sources = f->sources,
							  .n_sources = 2,
							  .apply = &f->apply,
							  .revision = 9,
							  .degraded = 3,
							  .policy_errors = 2,
							  .endpoints = 4,
							  .identities = 5,
							  .flows = &f->flows,
							  .tallies = f->tallies,
							  .told = f->told,
							  .otlp = { 21, 22, 23 },
							  .kube_writes.n = { [KUBE_EVENT][KUBE_WRITTEN] = 61 } });
	fclose(out);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_free(&f->ledger);
	vec_free(&f->pairs.list);
	free(f->text);
	free(f);
	return 0;
}

/* The text has this very line. */
static void assert_line(const char *text, const char *line)
{
	const size_t length = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++) {
		if ((at == text || at[-1] == '\n') && at[length] == '\n')
			return;
	}
	fail_msg("no such line: %s", line);
}

static const char *const expected[] = {
	"weir_build_info{version=\"1.2.3\",commit=\"abc\"} 1",
	"weir_packets_total{direction=\"egress\",verdict=\"drop\",reason=\"policy-deny\"} 7",
	"weir_bytes_total{direction=\"egress\",verdict=\"drop\",reason=\"policy-deny\"} 700",
	"weir_packets_total{direction=\"ingress\",verdict=\"pass\",reason=\"flow\"} 0",
	"weir_policy_revision 9",
	"weir_degraded 3",
	"weir_policy_errors_total 2",
	"weir_endpoints 4",
	"weir_identities 5",
	"weir_flows 3",
	"weir_flows_present{table=\"connections\",family=\"IPv4\"} 2",
	"weir_flows_present{table=\"exchanges\",family=\"IPv6\"} 1",
	"weir_flows_entered_total{table=\"openings\",family=\"IPv4\"} 8",
	"weir_flows_evicted_total{table=\"openings\",family=\"IPv6\"} 6",
	"weir_flows_not_entered_total 11",
	"weir_answers_total{result=\"answered\"} 12",
	"weir_answers_total{result=\"unanswered\"} 13",
	"weir_fragmented_packets_total 14",
	"weir_limit_sources_total 15",
	"weir_pair_packets_total{source=\"shop/a\",destination=\"world\",verdict=\"pass\"} 20",
	"weir_pair_bytes_total{source=\"shop/a\",destination=\"world\",verdict=\"limit\"} 300",
	"weir_pair_connections_total{source=\"shop/a\",destination=\"world\",verdict=\"pass\"} 2",
	"weir_pair_packets_total{source=\"other\",destination=\"other\",verdict=\"drop\"} 9",
	"weir_map_entries{map=\"connections4\"} 3",
	"weir_map_capacity{map=\"connections4\"} 100",
	"weir_events_total 16",
	"weir_events_held_back_total 17",
	"weir_events_lost_total 18",
	"weir_agent_events_total{type=\"port-scan\"} 20",
	"weir_agent_events_total{type=\"map-full\"} 0",
	"weir_otlp_records_total{result=\"sent\"} 21",
	"weir_otlp_records_total{result=\"dropped\"} 22",
	"weir_otlp_retries_total 23",
	"weir_source_synced{source=\"store\"} 0",
	"weir_source_away_seconds{source=\"store\"} 0", /* since tomorrow, by a clock that was set back */
	"weir_kube_writes_total{kind=\"event\",result=\"written\"} 61",
	"weir_limit_dropped_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"p\",rule=\"web\",limit="
	"\"bytesPerSecond\"} 42",
	"weir_limit_passed_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"p\",rule=\"web\",limit="
	"\"bytesPerSecond\"} 43",
	"weir_limit_marked_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"p\",rule=\"web\",limit="
	"\"bytesPerSecond\"} 41",
	"weir_limit_paced_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"p\",rule=\"web\",limit="
	"\"bytesPerSecond\"} 40",
	/* Of two limits of one rule in one unit, the tightest. */
	"weir_limit_asked{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"p\",rule=\"web\",limit="
	"\"bytesPerSecond\"} 250",
	"weir_limit_level_ratio{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"p\",rule=\"web\",limit="
	"\"bytesPerSecond\"} 0.5",
	"weir_limits_biting 3",
	"weir_limit_bites_total 4",
	"# TYPE weir_limit_level_ratio gauge",
	"# TYPE weir_packets_total counter",
	"# TYPE weir_policy_apply_seconds histogram",
	"# TYPE weir_flows gauge",
	"# TYPE weir_flows_entered_total counter",
	"# TYPE weir_answers_total counter",
};

static void every_metric_is_there(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_line(f->text, expected[i]);
}

static void a_packet_counts_for_every_rule_of_its_decision(void **state)
{
	const struct fixture *f = *state;

	assert_line(f->text, "weir_policy_packets_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"p\","
			     "rule=\"web\",verdict=\"pass\"} 15");
	assert_line(f->text, "weir_policy_packets_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"q\","
			     "rule=\"0\",verdict=\"pass\"} 10");
}

static void what_is_only_audited_is_told_apart(void **state)
{
	const struct fixture *f = *state;

	assert_line(f->text, "weir_policy_packets_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"a\","
			     "rule=\"no\",verdict=\"audit\"} 6");
	assert_line(f->text, "weir_limit_audited_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"a\","
			     "rule=\"yes\",limit=\"packetsPerSecond\"} 8");
	assert_null(strstr(f->text, "weir_limit_dropped_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"a\""));
}

static void label_values_are_escaped(void **state)
{
	const struct fixture *f = *state;

	assert_line(f->text, "weir_source_synced{source=\"dir:/a \\\"b\\\"\\\\c\\nd\"} 1");
}

static void histogram_buckets_add_up(void **state)
{
	const struct fixture *f = *state;

	assert_line(f->text, "weir_policy_apply_seconds_bucket{le=\"0.001\"} 0");
	assert_line(f->text, "weir_policy_apply_seconds_bucket{le=\"0.0025\"} 1");
	assert_line(f->text, "weir_policy_apply_seconds_bucket{le=\"0.025\"} 2");
	assert_line(f->text, "weir_policy_apply_seconds_bucket{le=\"10\"} 2");
	assert_line(f->text, "weir_policy_apply_seconds_bucket{le=\"+Inf\"} 3");
	assert_line(f->text, "weir_policy_apply_seconds_sum 60.022");
	assert_line(f->text, "weir_policy_apply_seconds_count 3");
}

/* HELP and TYPE come right before the series of their metric, and each metric and series comes once. */
static void the_text_is_well_formed(void **state)
{
	const struct fixture *f = *state;
	_cleanup_free_ char *copy = xstrdup(f->text);
	char *type = NULL, *line, *rest = copy;

	assert_int_equal(f->text[strlen(f->text) - 1], '\n');
	while ((line = strsep(&rest, "\n")) && *line) {
		_cleanup_free_ char *series = NULL;

		if (strncmp(line, "# HELP ", 7) == 0)
			continue;
		if (strncmp(line, "# TYPE ", 7) == 0) {
			type = line + 7;
			assert_ptr_equal(strstr(f->text, line), f->text + (line - copy));
			assert_int_equal(strstr(type, "_total ") != NULL, strstr(type, " counter") != NULL);
			continue;
		}
		assert_non_null(type);
		assert_memory_equal(line, type, strcspn(type, " "));
		assert_non_null(strrchr(line, ' '));
		series = xasprintf("\n%.*s ", (int)(strrchr(line, ' ') - line), line);
		assert_null(rest ? strstr(f->text + (rest - copy) - 1, series) : NULL);
	}
}

static void a_rule_that_left_the_image_keeps_its_series(void **state)
{
	const struct compiled none = {};
	struct ledger ledger = {};

	learn(&ledger);
	ledger_learn(&ledger, &none, &numbers);
	learn(&ledger);
	assert_int_equal(ledger.counters.n, 5);
	assert_int_equal(ledger.counters.items[1].labels.n, 2);
	assert_int_equal(ledger.counters.items[3].labels.n, 1);
	assert_int_equal(ledger.buckets.items[2].labels.n, 1);
	ledger_free(&ledger);
}

static void forget_counter(struct ledger *ledger, uint32_t counter, uint64_t packets)
{
	ledger_carry_counter(ledger, counter, packets);
	ledger_forget_counter(ledger, counter);
}

static uint64_t carried_for(const struct ledger *ledger, const char *policy)
{
	vec_for_each (one, &ledger->counted) {
		if (strstr(one->labels, policy))
			return one->packets;
	}
	return 0;
}

static void a_freed_number_leaves_what_it_counted_to_its_series(void **state)
{
	struct ledger ledger = {};

	learn(&ledger);
	forget_counter(&ledger, 1, 10); /* of p's rule and q's; 3 counts for p's too */
	ledger_trim(&ledger);
	assert_int_equal(ledger.counted.n, 1);
	assert_int_equal(carried_for(&ledger, "policy=\"p\""), 10);
	learn(&ledger);
	assert_int_equal(ledger.counters.items[1].labels.n, 2);
	forget_counter(&ledger, 1, 7);
	ledger_trim(&ledger);
	assert_int_equal(carried_for(&ledger, "policy=\"p\""), 17);
	forget_counter(&ledger, 3, 1);
	ledger_forget_bucket(&ledger, 2, &(struct weir_charged){ .dropped_packets = 5 });
	ledger_trim(&ledger);
	assert_int_equal(ledger.counted.n, 0);
	assert_int_equal(ledger.dropped.n, 0);
	ledger_free(&ledger);
}

static void what_a_freed_bucket_let_pass_is_carried_too(void **state)
{
	const struct weir_charged once = {
		.passed_packets = 7, .dropped_packets = 2, .marked_packets = 3, .paced_packets = 4
	};
	struct ledger ledger = {};

	for (int i = 0; i < 2; i++) {
		learn(&ledger);
		ledger_forget_bucket(&ledger, 2, &once);
	}
	learn(&ledger);
	ledger_trim(&ledger);
	assert_int_equal(ledger.dropped.n, 1);
	assert_int_equal(ledger.dropped.items[0].passed, 14);
	assert_int_equal(ledger.dropped.items[0].marked, 6);
	assert_int_equal(ledger.dropped.items[0].paced, 8);
	assert_int_equal(ledger.dropped.items[0].packets, 4);
	ledger_free(&ledger);
}

static void what_was_carried_is_told_with_what_is_counted(void **state)
{
	struct fixture *f = *state;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	forget_counter(&f->ledger, 1, 10);
	ledger_trim(&f->ledger);
	f->decisions[1].packets = 0;
	prometheus_write(out, &(struct prometheus_input){ .version = "",
							  .commit = "",
							  .ledger = &f->ledger,
							  .reasons = f->reasons,
							  .decisions = f->decisions,
							  .pairs = &f->pairs,
							  .charged = f->charged,
							  .flows = &f->flows,
							  .tallies = f->tallies,
							  .told = f->told,
							  .apply = &f->apply });
	fclose(out);
	assert_line(text, "weir_policy_packets_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"p\","
			  "rule=\"web\",verdict=\"pass\"} 15");
	assert_null(strstr(text, "policy=\"q\""));
	free(text);
}

static void decisions_without_a_number_share_one_row(void **state)
{
	struct rule_ref rules[] = { rule("p", "web") };
	struct decision_info decisions[] = {
		{ .counter = WEIR_COUNTER_OVERFLOW, .verdict = WEIR_VERDICT_PASS, .rules = { .items = rules, .n = 1 } },
		{ .counter = WEIR_COUNTER_OVERFLOW, .verdict = WEIR_VERDICT_DROP, .rules = { .items = rules, .n = 1 } },
	};
	const struct compiled compiled = { .decisions = { .items = decisions, .n = 2 } };
	struct ledger ledger = {};

	ledger_learn(&ledger, &compiled, &numbers);
	assert_int_equal(ledger.counters.items[0].labels.n, 1);
	assert_non_null(strstr(ledger.counters.items[0].labels.items[0], "kind=\"overflow\""));
	ledger_free(&ledger);
}

static void this_process_is_measured(void **state)
{
	struct process_usage usage, again;

	assert_int_equal(process_usage_read(&usage), 0);
	assert_int_equal(process_usage_read(&again), 0);
	assert_true(usage.resident_bytes > 100000 && usage.virtual_bytes > usage.resident_bytes);
	assert_true(usage.open_fds >= 3 && usage.open_fds <= usage.max_fds);
	assert_true(usage.start_time > 1e9);
	assert_true(usage.start_time == again.start_time);
	assert_int_equal(usage.open_fds, again.open_fds);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_metric_is_there),
		TEST(a_packet_counts_for_every_rule_of_its_decision),
		TEST(what_is_only_audited_is_told_apart),
		TEST(label_values_are_escaped),
		TEST(histogram_buckets_add_up),
		TEST(the_text_is_well_formed),
		cmocka_unit_test(a_rule_that_left_the_image_keeps_its_series),
		cmocka_unit_test(a_freed_number_leaves_what_it_counted_to_its_series),
		cmocka_unit_test(what_a_freed_bucket_let_pass_is_carried_too),
		TEST(what_was_carried_is_told_with_what_is_counted),
		cmocka_unit_test(decisions_without_a_number_share_one_row),
		cmocka_unit_test(this_process_is_measured),
	};

	numberings_init(&numbers);
	int failed = cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
	numberings_free(&numbers);
	return failed;
}
