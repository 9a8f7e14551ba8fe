// SPDX-License-Identifier: BSD-2-Clause
/* Numbers that nothing uses are freed, and what stood under them in the kernel is wiped; others are left alone. */
#include "agent/prune.h"
#include "unit/agent/numbers_fixture.h"

static void count(const struct fixture *f, uint32_t counter, uint64_t packets)
{
	const uint32_t row = PAIRS + counter;

	count_row(f, row, packets);
}

static uint64_t counted(const struct fixture *f, uint32_t counter)
{
	struct datapath_accounts found;
	uint64_t packets;

	assert_int_equal(datapath_read_accounts(f->agent.datapath, counter + 1, &found), 0);
	packets = found.decisions[counter].packets;
	datapath_accounts_free(&found);
	return packets;
}

static void fill_bucket(const struct fixture *f, uint32_t bucket)
{
	const struct weir_bucket used = { .tat = 77, .dropped_packets = 3 };
	_cleanup_close_ int fd = map_fd(f, "buckets");

	assert_int_equal(bpf_map_update_elem(fd, &bucket, &used, BPF_ANY), 0);
}

/* What a limit per address of that bucket would leave. */
static void fill_charged(const struct fixture *f, uint32_t bucket)
{
	_cleanup_free_ struct weir_charged *each = xcalloc((size_t)libbpf_num_possible_cpus(), sizeof(*each));
	const struct weir_source_key source = { .bucket = bucket, .address = { [15] = 1 } };
	const struct weir_bucket used = { .tat = 78 };
	_cleanup_close_ int charged = map_fd(f, "charged"), sources = map_fd(f, "sources");

	each[0] = (struct weir_charged){ .passed_packets = 5, .dropped_packets = 3 };
	assert_int_equal(bpf_map_update_elem(charged, &bucket, each, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(sources, &source, &used, BPF_ANY), 0);
}

static bool has_source(const struct fixture *f, uint32_t bucket)
{
	const struct weir_source_key source = { .bucket = bucket, .address = { [15] = 1 } };
	_cleanup_close_ int fd = map_fd(f, "sources");
	struct weir_bucket found;

	return bpf_map_lookup_elem(fd, &source, &found) == 0;
}

static uint64_t passed(const struct fixture *f, uint32_t bucket)
{
	struct weir_charged found;

	assert_int_equal(datapath_read_charged(f->agent.datapath, bucket, &found), 0);
	return found.passed_packets;
}

static uint64_t bucket_time(const struct fixture *f, uint32_t bucket)
{
	struct weir_bucket found;

	assert_int_equal(datapath_read_bucket(f->agent.datapath, bucket, &found), 0);
	return found.tat;
}

static void counters_and_buckets_of_rules_that_went_are_wiped_and_given_again(void **state)
{
	struct fixture *f = *state;
	struct numberings *numbers = &f->agent.state.numbers;
	uint32_t counter, bucket;

	load(f, POD("a", "a") POLICY("p"));
	counter = number_of(numbers->counters, "TrafficPolicy shop/p r");
	bucket = number_of(numbers->buckets, "TrafficPolicy shop/p ");
	assert_int_not_equal(counter, UINT32_MAX);
	assert_int_not_equal(bucket, UINT32_MAX);
	count(f, counter, 9);
	fill_bucket(f, bucket);
	fill_charged(f, bucket);
	prune_all(&f->agent);
	assert_int_equal(counted(f, counter), 9);
	assert_int_equal(passed(f, bucket), 5);
	assert_true(has_source(f, bucket));
	assert_int_equal(bucket_time(f, bucket), 77);

	load(f, POD("a", "a") POLICY("q"));
	assert_int_not_equal(number_of(numbers->counters, "shop/q r"), counter);
	prune_idle(&f->agent); /* it may come back */
	assert_int_equal(counted(f, counter), 9);
	prune_all(&f->agent);
	assert_int_equal(counted(f, counter), 0);
	assert_int_equal(bucket_time(f, bucket), 0);
	assert_int_equal(passed(f, bucket), 0);
	assert_false(has_source(f, bucket));
	assert_int_equal(number_of(numbers->counters, "shop/p"), UINT32_MAX);
	assert_int_equal(number_of(numbers->buckets, "shop/p"), UINT32_MAX);
	assert_int_equal(f->agent.ledger.counters.items[counter].labels.n, 0);

	load(f, POD("a", "a") POLICY("q") POLICY("z"));
	assert_int_equal(number_of(numbers->buckets, "shop/z"), bucket);
}

static void an_identity_is_freed_when_the_kernel_no_longer_has_it(void **state)
{
	struct fixture *f = *state;
	struct numbering *identities = f->agent.state.numbers.identities;
	struct datapath_address address = {};
	uint32_t old;

	load(f, POD("a", "old"));
	old = number_of(identities, "app=old");
	address.identity = old;
	vec_push(&f->agent.addresses.kernel, address);
	load(f, POD("a", "new"));
	prune_all(&f->agent);
	assert_int_equal(number_of(identities, "app=old"), old);
	f->agent.addresses.kernel.n = 0;
	prune_all(&f->agent);
	assert_int_equal(number_of(identities, "app=old"), UINT32_MAX);
	assert_int_not_equal(number_of(identities, "app=new"), UINT32_MAX);
}

/* Pods of one workload with unequal labels are unequal identities; one of them goes. */
static void what_a_pair_had_counted_stays_in_its_sums(void **state)
{
	struct fixture *f = *state;
	struct numberings *numbers = &f->agent.state.numbers;
	uint32_t counter, old, new;

	load(f, POD("a", "a, v: '1'") POLICY("p"));
	load(f, POD("a", "a, v: '2'") POLICY("p"));
	counter = number_of(numbers->counters, "TrafficPolicy shop/p r");
	old = number_of(numbers->identities, "v=1");
	new = number_of(numbers->identities, "v=2");
	count_pair(f, 1, weir_pair_tag(counter, old, WEIR_IDENTITY_WORLD), 5);
	count_pair(f, 2, weir_pair_tag(counter, new, WEIR_IDENTITY_WORLD), 7);
	count_pair(f, 3, weir_pair_tag(counter, new, new) | WEIR_PAIR_ONWARD, 11);
	assert_int_equal(pair_packets(f, "shop/a", "world"), 12);
	assert_int_equal(rule_packets(f, "policy=\"p\""), 23);
	prune_all(&f->agent);
	assert_int_equal(number_of(numbers->identities, "v=1"), UINT32_MAX);
	assert_int_equal(pair_packets(f, "shop/a", "world"), 12);
	assert_int_equal(rule_packets(f, "policy=\"p\""), 23);
	/* The row is the next one's, from zero. */
	count_pair(f, 1, weir_pair_tag(counter, new, WEIR_IDENTITY_NODE), 0);
	assert_int_equal(pair_packets(f, "shop/a", "node"), 0);
	assert_int_equal(pair_packets(f, "shop/a", "world"), 12);
}

static void a_pair_ends_with_its_workload_and_a_rule_with_its_counter(void **state)
{
	struct fixture *f = *state;
	uint32_t counter, identity;

	load(f, POD("a", "a") POLICY("p"));
	counter = number_of(f->agent.state.numbers.counters, "TrafficPolicy shop/p r");
	identity = number_of(f->agent.state.numbers.identities, "app=a");
	count_pair(f, 1, weir_pair_tag(counter, identity, WEIR_IDENTITY_WORLD), 5);
	assert_int_equal(pair_packets(f, "shop/a", "world"), 5);
	load(f, POD("a", "a") POLICY("q"));
	prune_all(&f->agent);
	assert_int_equal(pair_packets(f, "shop/a", "world"), 5);
	assert_int_equal(rule_packets(f, "policy=\"p\""), 0);
	load(f, POD("b", "b") POLICY("q"));
	prune_all(&f->agent);
	assert_int_equal(pair_packets(f, "shop/a", "world"), 0);
	assert_int_equal(f->agent.ledger.pairs.n, 0);
}

static void no_more_pairs_have_names_than_may_be_and_the_others_are_summed_for_good(void **state)
{
	struct fixture *f = *state;
	uint32_t counter, a;

	load(f, POD("a", "a") POLICY("p"));
	counter = number_of(f->agent.state.numbers.counters, "TrafficPolicy shop/p r");
	a = number_of(f->agent.state.numbers.identities, "app=a");
	count_pair(f, 5, weir_pair_tag(counter, a, WEIR_IDENTITY_WORLD), 1);
	count_pair(f, 6, weir_pair_tag(counter, a, WEIR_IDENTITY_NODE), 2);
	assert_int_equal(pair_packets(f, "other", ""), 0);
	count_pair(f, 1, weir_pair_tag(counter, WEIR_IDENTITY_WORLD, a), 4);
	count(f, counter, 8);
	assert_int_equal(pair_packets(f, "world", "shop/a"), 0);
	assert_int_equal(pair_packets(f, "other", ""), 12);
	assert_int_equal(pair_packets(f, "shop/a", "world"), 1);
	assert_int_equal(pair_packets(f, "shop/a", "node"), 2);
	/* Also when there is room again. */
	assert_int_equal(datapath_free_pair(f->agent.datapath, 5), 0);
	assert_int_equal(pair_packets(f, "world", "shop/a"), 0);
	assert_int_equal(pair_packets(f, "other", ""), 12);
}

/* Far more rules than there are numbers, one after the other. */
static void churn_never_runs_out_of_numbers(void **state)
{
	struct fixture *f = *state;
	struct numberings *numbers = &f->agent.state.numbers;

	numbering_free(numbers->buckets);
	numbering_free(numbers->counters);
	numbers->buckets = numbering_new(0, 4);
	numbers->counters = numbering_new(WEIR_COUNTER_OVERFLOW + 1, 8);
	for (unsigned i = 0; i < 50; i++) {
		_cleanup_free_ char *yaml = xasprintf(POD("a", "a") POLICY("p%u"), i);

		load(f, yaml);
		vec_for_each (decision, &f->agent.compiled->decisions)
			assert_int_not_equal(decision->counter, WEIR_COUNTER_OVERFLOW);
		prune_all(&f->agent);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counters_and_buckets_of_rules_that_went_are_wiped_and_given_again,
						setup, teardown),
		cmocka_unit_test_setup_teardown(an_identity_is_freed_when_the_kernel_no_longer_has_it, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_pair_had_counted_stays_in_its_sums, setup, teardown),
		cmocka_unit_test_setup_teardown(a_pair_ends_with_its_workload_and_a_rule_with_its_counter, setup,
						teardown),
		cmocka_unit_test_setup_teardown(no_more_pairs_have_names_than_may_be_and_the_others_are_summed_for_good,
						setup, teardown),
		cmocka_unit_test_setup_teardown(churn_never_runs_out_of_numbers, setup, teardown),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("agent/prune", tests, NULL, NULL);
}
