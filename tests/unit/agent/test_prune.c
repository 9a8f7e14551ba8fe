// SPDX-License-Identifier: BSD-2-Clause
/* Numbers that nothing uses are freed, and what stood under them in the kernel is wiped; others are left alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent/prune.h"
#include "base/mem.h"
#include "object/manifest.h"

#define POD(name, app)                                                                                              \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name ", labels: {app: " app "}}, status: " \
	"{podIP: 10.0.0.1}}\n---\n"
#define POLICY(name)                                                                                   \
	"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: " name \
	"}, spec: {podSelector: {}, ingress: [{name: r, limits: [{packetsPerSecond: 5}]}]}}\n---\n"

struct fixture {
	char root[64];
	struct objects objects;
	struct world world;
	struct agent agent;
	uint32_t revision;
};

static int setup(void **state)
{
	struct fixture *f = new0(struct fixture);
	const struct datapath_config config = {
		.bpffs = f->root,
		.image_words = 4096,
		.openings = 64,
		.connections = 64,
		.exchanges = 64,
		.fragments = 64,
		.shields = 64,
		.addresses = 64,
		.endpoints = 64,
		.counters = 64,
		.buckets = 64,
		.limit_sources = 64,
		.event_bytes = 4096,
	};
	struct error error = {};

	snprintf(f->root, sizeof(f->root), "/sys/fs/bpf/weir-test-%d", getpid());
	numberings_init(&f->agent.state.numbers);
	*state = f;
	if (datapath_open(&config, &f->agent.datapath, &error) == 0)
		return 0;
	fprintf(stderr, "%s\n", error.text);
	return -1;
}

static void forget_world(struct fixture *f)
{
	compiled_free(TAKE_PTR(f->agent.compiled));
	world_free(&f->world);
	objects_free(&f->objects);
	f->world = (struct world){};
	f->objects = (struct objects){};
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct error error = {};
	unsigned n;

	forget_world(f);
	datapath_close(f->agent.datapath);
	datapath_remove(f->root, &n, &error);
	numberings_free(&f->agent.state.numbers);
	ledger_free(&f->agent.ledger);
	vec_free(&f->agent.addresses.kernel);
	free(f);
	return 0;
}

static void load(struct fixture *f, const char *yaml)
{
	struct diags diags = {};
	struct error error = {};

	forget_world(f);
	assert_int_equal(manifest_parse("t", yaml, strlen(yaml), 0, &f->objects, &diags), 0);
	world_add(&f->world, &f->objects, &diags);
	world_finish(&f->world, &diags);
	assert_int_equal(
		compile(&f->world, &f->agent.state.numbers, ++f->revision, 1u << 20, &f->agent.compiled, &error), 0);
	ledger_learn(&f->agent.ledger, f->agent.compiled);
	diags_free(&diags);
}

static int map_fd(const struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/maps-v%u/%s", f->root, WEIR_MAPS_ABI, name);

	return bpf_obj_get(path);
}

static void count(const struct fixture *f, uint32_t counter, uint64_t packets)
{
	_cleanup_free_ struct weir_counter *each = xcalloc((size_t)libbpf_num_possible_cpus(), sizeof(*each));
	_cleanup_close_ int fd = map_fd(f, "decisions");

	each[0].packets = packets;
	assert_int_equal(bpf_map_update_elem(fd, &counter, each, BPF_ANY), 0);
}

static uint64_t counted(const struct fixture *f, uint32_t counter)
{
	struct weir_counter found;

	assert_int_equal(datapath_read_decision(f->agent.datapath, counter, &found), 0);
	return found.packets;
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

static uint32_t number_of(const struct numbering *numbering, const char *part)
{
	for (uint32_t i = 0; i < numbering_end(numbering); i++) {
		const char *key = numbering_key(numbering, i);

		if (key && strstr(key, part))
			return i;
	}
	return UINT32_MAX;
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
		cmocka_unit_test_setup_teardown(churn_never_runs_out_of_numbers, setup, teardown),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("agent/prune", tests, NULL, NULL);
}
