// SPDX-License-Identifier: BSD-2-Clause
/* Flow tables as a whole: times, the sweep, tallies, lists. */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "datapath/datapath_private.h"

#define SECOND 1000000000ull

static int open_pinned(const struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/maps/%s", f->root, name);
	int fd = bpf_obj_get(path);

	assert_true(fd >= 0);
	return fd;
}

static struct weir_control control(const struct fixture *f)
{
	_cleanup_close_ int fd = open_pinned(f, "control");
	struct weir_control now;
	uint32_t key = 0;

	assert_int_equal(bpf_map_lookup_elem(fd, &key, &now), 0);
	return now;
}

static uint32_t clock_now(const struct datapath *datapath)
{
	uint32_t now;

	assert_int_equal(clock_read(datapath, &now), 0);
	return now;
}

static void put_flow4(const struct fixture *f, const char *table, uint16_t port, const struct weir_flow *flow)
{
	const struct weir_flow4_key key = {
		.local = htonl(0x0a000001),
		.remote = htonl(0x0a000002),
		.local_port = htons(port),
		.remote_port = htons(443),
		.ifindex = f->ifindex,
		.protocol = IPPROTO_TCP,
	};
	_cleanup_close_ int fd = open_pinned(f, table);

	assert_int_equal(bpf_map_update_elem(fd, &key, flow, BPF_ANY), 0);
}

static void put_flow6(const struct fixture *f, const char *table, uint16_t port, const struct weir_flow *flow)
{
	const struct weir_flow6_key key = {
		.local = { 0xfd, [15] = 1 },
		.remote = { 0xfd, [15] = 2 },
		.local_port = htons(port),
		.remote_port = htons(53),
		.ifindex = f->ifindex,
		.protocol = IPPROTO_UDP,
	};
	_cleanup_close_ int fd = open_pinned(f, table);

	assert_int_equal(bpf_map_update_elem(fd, &key, flow, BPF_ANY), 0);
}

static void set_tally(const struct fixture *f, uint32_t tally, uint64_t value)
{
	_cleanup_free_ uint64_t *per_cpu = xcalloc(libbpf_num_possible_cpus(), sizeof(*per_cpu));
	_cleanup_close_ int fd = open_pinned(f, "tallies");

	per_cpu[0] = value;
	assert_int_equal(bpf_map_update_elem(fd, &tally, per_cpu, BPF_ANY), 0);
}

static uint64_t tally(struct datapath *datapath, uint32_t which)
{
	uint64_t tallies[WEIR_TALLIES];

	assert_int_equal(datapath_read_tallies(datapath, tallies), 0);
	return tallies[which];
}

static uint32_t count(const struct fixture *f, const char *table)
{
	_cleanup_close_ int fd = open_pinned(f, table);
	char key[64], next[64];
	uint32_t n = 0;

	for (void *at = NULL; bpf_map_get_next_key(fd, at, next) == 0; at = memcpy(key, next, sizeof(key)))
		n++;
	return n;
}

/* --- times --- */

static void a_tick_is_a_quarter_of_a_second_or_near(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const uint64_t tick = datapath_tick_ns(datapath);

	assert_in_range(tick, SECOND / 6, SECOND / 3 + SECOND / 100);
}

struct moment {
	const struct datapath *datapath;
	uint32_t tick;
};

static bool has_come(const void *data)
{
	const struct moment *moment = data;

	return (int32_t)(clock_now(moment->datapath) - moment->tick) >= 0;
}

static void the_clock_of_the_programs_runs_at_that_pace(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const struct moment first = { datapath, clock_now(datapath) + 1 }, last = { datapath, first.tick + 8 };
	struct timespec begin, end;

	assert_true(eventually(has_come, &first));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_true(eventually(has_come, &last));
	clock_gettime(CLOCK_MONOTONIC, &end);
	const double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
	const double ticks = ns / (double)datapath_tick_ns(datapath);
	/* A machine under load may be late, by half as much again; a wrong HZ is out by more. */
	assert_true(ticks > 6 && ticks < 12);
}

static void times_are_given_in_ticks_and_never_cut_short(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const uint64_t tick = datapath_tick_ns(datapath);
	struct datapath_times times = datapath_times_defaults;

	assert_int_equal(control(f).timeouts[WEIR_FLOW_ESTABLISHED], (86400 * SECOND + tick - 1) / tick);
	times.flow_seconds[WEIR_FLOW_SYN_SENT] = 7;
	times.flow_seconds[WEIR_FLOW_CLOSED] = 0;
	times.flow_seconds[WEIR_FLOW_OTHER] = UINT32_MAX;
	times.fragment_seconds = 11;
	datapath_set_times(datapath, &times);
	assert_int_equal(control(f).timeouts[WEIR_FLOW_SYN_SENT], (7 * SECOND + tick - 1) / tick);
	assert_int_equal(control(f).timeouts[WEIR_FLOW_CLOSED], 2);
	assert_int_equal(control(f).timeouts[WEIR_FLOW_OTHER], UINT32_MAX);
	assert_int_equal(control(f).fragment_timeout, (11 * SECOND + tick - 1) / tick);
}

static void answers_have_a_rate_and_as_many_at_once(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct datapath_times times = datapath_times_defaults;

	assert_int_equal(control(f).answer_cost, SECOND * WEIR_TICKS_PER_NS / 100);
	assert_int_equal(control(f).answer_burst, SECOND * WEIR_TICKS_PER_NS);
	times.answers_per_second = 0;
	datapath_set_times(datapath, &times);
	assert_true(control(f).answer_cost > control(f).answer_burst);
}

static void the_shield_has_a_rate_or_is_not_there(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const uint64_t tick = datapath_tick_ns(datapath);
	struct datapath_times times = datapath_times_defaults;

	assert_int_equal(control(f).shield_cost, SECOND * WEIR_TICKS_PER_NS / 10000);
	assert_int_equal(control(f).shield_burst, SECOND * WEIR_TICKS_PER_NS);
	assert_int_equal(control(f).shield_time, (10 * SECOND + tick - 1) / tick);
	times.shield_packets_per_second = 0;
	datapath_set_times(datapath, &times);
	assert_int_equal(control(f).shield_cost, 0);
}

static void times_stay_until_the_next_life_sets_them(void **state)
{
	struct fixture *f = *state;
	struct datapath_times times = datapath_times_defaults;
	struct datapath *first = open_datapath(&f->config);

	times.flow_seconds[WEIR_FLOW_ECHO] = 1000;
	datapath_set_times(first, &times);
	const uint32_t set = control(f).timeouts[WEIR_FLOW_ECHO];
	datapath_close(first);
	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_non_null(second);
	assert_int_equal(control(f).timeouts[WEIR_FLOW_ECHO], set);
}

/* --- sweep --- */

static void a_sweep_takes_out_what_has_expired_and_counts_the_others(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const uint32_t now = clock_now(datapath);
	const struct weir_flow live = { .state = WEIR_FLOW_ESTABLISHED, .seen = now };
	const struct weir_flow old = { .state = WEIR_FLOW_TIME_WAIT, .seen = now - 1000 };
	struct datapath_map_info infos[DATAPATH_MAPS_MAX];
	struct datapath_flow_counts counts;
	unsigned n = 0;

	put_flow4(f, "connections4", 1, &live);
	put_flow4(f, "connections4", 2, &live);
	put_flow4(f, "connections4", 3, &old);
	put_flow4(f, "openings4", 4, &old);
	put_flow6(f, "exchanges6", 5, &live);
	assert_int_equal(datapath_sweep(datapath, &counts), 0);
	assert_int_equal(counts.present[WEIR_CONNECTIONS][WEIR_IPV4], 2);
	assert_int_equal(counts.present[WEIR_CONNECTIONS][WEIR_IPV6], 0);
	assert_int_equal(counts.present[WEIR_OPENINGS][WEIR_IPV4], 0);
	assert_int_equal(counts.present[WEIR_EXCHANGES][WEIR_IPV6], 1);
	assert_int_equal(count(f, "connections4"), 2);
	assert_int_equal(count(f, "openings4"), 0);
	assert_int_equal(datapath_list_maps(datapath, &counts, infos, &n), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(infos[i].entries, count(f, infos[i].name));
	assert_int_equal(tally(datapath, WEIR_TALLY_LEFT + WEIR_CONNECTIONS * WEIR_FAMILIES + WEIR_IPV4), 1);
	assert_int_equal(tally(datapath, WEIR_TALLY_LEFT + WEIR_OPENINGS * WEIR_FAMILIES + WEIR_IPV4), 1);
}

static void what_entered_and_neither_left_nor_is_there_was_evicted(void **state)
{
	const uint32_t index = WEIR_EXCHANGES * WEIR_FAMILIES + WEIR_IPV6;
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const struct weir_flow live = { .state = WEIR_FLOW_ANSWERED, .seen = clock_now(datapath) };
	struct datapath_flow_counts counts;

	put_flow6(f, "exchanges6", 5, &live);
	put_flow6(f, "exchanges6", 6, &live);
	set_tally(f, WEIR_TALLY_ENTERED + index, 10);
	set_tally(f, WEIR_TALLY_LEFT + index, 3);
	assert_int_equal(datapath_sweep(datapath, &counts), 0);
	assert_int_equal(counts.entered[WEIR_EXCHANGES][WEIR_IPV6], 10);
	assert_int_equal(counts.evicted[WEIR_EXCHANGES][WEIR_IPV6], 5);
	/* A packet between the readings makes the sum come out below zero: that is none. */
	set_tally(f, WEIR_TALLY_ENTERED + index, 4);
	assert_int_equal(datapath_sweep(datapath, &counts), 0);
	assert_int_equal(counts.evicted[WEIR_EXCHANGES][WEIR_IPV6], 0);
}

static void tallies_stay_when_the_tables_that_they_count_are_made_anew(void **state)
{
	struct fixture *f = *state;
	struct datapath *first = open_datapath(&f->config);

	set_tally(f, WEIR_TALLY_ENTERED, 10);
	datapath_close(first);
	struct datapath *second = open_datapath(&f->config);
	assert_int_equal(tally(second, WEIR_TALLY_ENTERED), 10);
	datapath_close(second);
	f->config.openings *= 2;
	_cleanup_(datapath_closep) struct datapath *third = open_datapath(&f->config);
	assert_int_equal(tally(third, WEIR_TALLY_ENTERED), 10);
}

/* --- lists --- */

static unsigned list_all(struct datapath *datapath, struct datapath_flow *ret, unsigned n)
{
	_cleanup_(datapath_flows_closep) struct datapath_flows *flows = NULL;
	struct datapath_flow flow;
	unsigned found = 0;

	assert_int_equal(datapath_flows_open(datapath, &flows), 0);
	while (datapath_flows_next(flows, &flow) > 0)
		if (found++ < n)
			ret[found - 1] = flow;
	assert_int_equal(datapath_flows_next(flows, &flow), 0);
	return found;
}

static void a_flow_is_listed_as_it_is(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const uint64_t tick = datapath_tick_ns(datapath);
	const struct weir_flow live = {
		.generation = control(f).generation,
		.state = WEIR_FLOW_FIN_WAIT,
		.seen = clock_now(datapath) - 8,
		.opened = clock_now(datapath) - 40,
		.low = { { 1, 2 }, { 3, 4 } },
		.high = { { 0, 5 }, { 6, 0 } },
	};
	const struct addr local = { WEIR_IPV4, { 10, 0, 0, 1 } }, remote = { WEIR_IPV4, { 10, 0, 0, 2 } };
	struct datapath_flow flow;

	put_flow4(f, "connections4", 40000, &live);
	assert_int_equal(list_all(datapath, &flow, 1), 1);
	assert_int_equal(flow.table, WEIR_CONNECTIONS);
	assert_int_equal(flow.family, WEIR_IPV4);
	assert_int_equal(flow.ifindex, f->ifindex);
	assert_int_equal(addr_compare(&flow.local, &local), 0);
	assert_int_equal(addr_compare(&flow.remote, &remote), 0);
	assert_int_equal(flow.local_port, 40000);
	assert_int_equal(flow.remote_port, 443);
	assert_int_equal(flow.protocol, IPPROTO_TCP);
	assert_in_range(flow.idle_ns, 8 * tick, 20 * tick);
	assert_in_range(flow.age_ns - flow.idle_ns, 31 * tick, 33 * tick);
	assert_true(flow.current);
	assert_memory_equal(&flow.is, &live, sizeof(live));
	assert_true(flow.counts[0].packets == 1 && flow.counts[0].bytes == (5ull << 32) + 2);
	assert_true(flow.counts[1].packets == (6ull << 32) + 3 && flow.counts[1].bytes == 4);
	datapath_new_generation(datapath);
	assert_int_equal(list_all(datapath, &flow, 1), 1);
	assert_false(flow.current);
}

static void an_expired_flow_is_not_listed_and_one_ahead_of_the_clock_is(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const struct weir_flow old = { .state = WEIR_FLOW_ECHO, .seen = clock_now(datapath) - 1000 };
	const struct weir_flow ahead = { .state = WEIR_FLOW_ECHO, .seen = clock_now(datapath) + 1000 };
	struct datapath_flow flow;

	put_flow6(f, "exchanges6", 1, &old);
	assert_int_equal(list_all(datapath, &flow, 1), 0);
	put_flow6(f, "exchanges6", 2, &ahead);
	assert_int_equal(list_all(datapath, &flow, 1), 1);
	assert_int_equal(flow.family, WEIR_IPV6);
	assert_int_equal(flow.local.bytes[0], 0xfd);
	assert_int_equal(flow.local_port, 2);
	assert_int_equal(flow.idle_ns, 0);
}

static void a_list_goes_on_while_the_programs_grow(void **state)
{
	struct fixture *f = *state;
	f->config.connections = 8192;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	_cleanup_(datapath_flows_closep) struct datapath_flows *flows = NULL;
	const struct weir_flow live = { .state = WEIR_FLOW_ESTABLISHED, .seen = clock_now(datapath) };
	_cleanup_free_ uint32_t *words = xcalloc(f->config.image_words + 1, sizeof(*words));
	struct datapath_flow flow;
	struct error error = {};
	unsigned n = 1;

	for (uint16_t port = 1; port <= 4000; port++)
		put_flow4(f, "connections4", port, &live);
	assert_int_equal(datapath_flows_open(datapath, &flows), 0);
	assert_int_equal(datapath_flows_next(flows, &flow), 1);
	words[0] = WEIR_IMAGE_MAGIC;
	words[1] = WEIR_IMAGE_ABI;
	assert_int_equal(datapath_swap(datapath, words, f->config.image_words + 1, &error), 0);
	while (datapath_flows_next(flows, &flow) > 0)
		n++;
	assert_int_equal(n, 4000);
}

/* --- endpoints --- */

static void an_endpoint_that_is_written_again_keeps_its_debt(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct weir_endpoint endpoint = { .identity = 17, .answered = 12345 };
	_cleanup_close_ int fd = open_pinned(f, "endpoints");

	assert_int_equal(bpf_map_update_elem(fd, &f->ifindex, &endpoint, BPF_ANY), 0);
	endpoint = (struct weir_endpoint){ .identity = 18 };
	assert_int_equal(datapath_set_endpoint(datapath, f->ifindex, &endpoint), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &f->ifindex, &endpoint), 0);
	assert_int_equal(endpoint.identity, 18);
	assert_int_equal(endpoint.answered, 12345);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tick_is_a_quarter_of_a_second_or_near),
		TEST(the_clock_of_the_programs_runs_at_that_pace),
		TEST(times_are_given_in_ticks_and_never_cut_short),
		TEST(answers_have_a_rate_and_as_many_at_once),
		TEST(the_shield_has_a_rate_or_is_not_there),
		TEST(times_stay_until_the_next_life_sets_them),
		TEST(a_sweep_takes_out_what_has_expired_and_counts_the_others),
		TEST(what_entered_and_neither_left_nor_is_there_was_evicted),
		TEST(tallies_stay_when_the_tables_that_they_count_are_made_anew),
		TEST(a_flow_is_listed_as_it_is),
		TEST(an_expired_flow_is_not_listed_and_one_ahead_of_the_clock_is),
		TEST(a_list_goes_on_while_the_programs_grow),
		TEST(an_endpoint_that_is_written_again_keeps_its_debt),
	};

	need_bpf();
	return cmocka_run_group_tests_name("datapath flows", tests, NULL, NULL);
}
