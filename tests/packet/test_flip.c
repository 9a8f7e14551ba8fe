// SPDX-License-Identifier: BSD-2-Clause
/*
 * Whole or not at all: two policies that exclude each other are swapped as
 * fast as the kernel swaps, while two processors do nothing but judge packets.
 * Each packet must have been judged by one of the two, whole.
 *
 * The evidence is per packet, not per batch: a processor's counters are read
 * before and after each batch, and only its own thread runs packets there. All
 * decisions of the two policies have counters of their own, so that a batch
 * must add up to the one that the one policy has for that packet and the one
 * that the other has. A decision that a mixture of the tables would lead to
 * has another counter, or none.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "base/mem.h"
#include "packet/rivals.h"

#define SECONDS	   10
#define BATCH	   256u
#define PROCESSORS 2

struct flip {
	struct enforcer enforcer;
	struct rivals rivals;
	bool stop; /* atomic */
};

/* What one processor's thread does and sees. */
struct processor {
	struct flip *flip;
	unsigned number;
	uint64_t packets, violations;
	uint64_t judged_by[RIVALS]; /* packets that tell which one it was */
	char first_violation[256];
	int failure;
};

static int setup(void **state)
{
	struct flip *flip = new0(struct flip);
	struct enforcer *enforcer = &flip->enforcer;
	struct error error = {};
	int r;

	*state = flip;
	r = enforcer_open(enforcer, 1u << 16, &error) ?:
	    rivals_make(&flip->rivals, &error) ?:
	    enforcer_swap(enforcer, flip->rivals.policies[0].compiled, 1, &error) ?:
	    enforcer_populate(enforcer, &flip->rivals.policies[0], "shop", "target");
	if (r < 0)
		print_error("%s\n", error.text);
	return r;
}

static int teardown(void **state)
{
	struct flip *flip = *state;

	enforcer_close(&flip->enforcer);
	rivals_free(&flip->rivals);
	free(flip);
	return 0;
}

/* --- the test of the test ------------------------------------------------------ */

/* Probes whose decision in an image is neither policy's. */
static unsigned count_strange(const struct flip *flip, const struct weir_image *image)
{
	const struct compiled *compiled = flip->rivals.policies[0].compiled;
	uint32_t target = compiled_owner(compiled, &(struct addr){ WEIR_IPV4, { 10, 0, 0, 1 } })->identity;
	unsigned n = 0;

	vec_for_each (probe, &flip->rivals.probes) {
		struct addr addr = { WEIR_IPV4, { 10, 0, 1, (uint8_t)probe->peer } };
		uint32_t peer =
			weir_image_peer_class(image, compiled_owner(compiled, &addr)->identity, WEIR_IPV4, addr.bytes);
		uint32_t port = weir_image_port_class(image, WEIR_PORTS_UDP, probe->port);
		uint32_t at =
			weir_image_cell(image, weir_image_subject_class(image, target), probe->direction, peer, port);
		uint32_t counter = weir_image_decision_at(image, at).counter;

		n += counter != probe->says[0]->counter && counter != probe->says[1]->counter;
	}
	return n;
}

static void the_two_policies_exclude_each_other(void **state)
{
	const struct flip *flip = *state;
	unsigned kinds[4] = { 0 };

	vec_for_each (probe, &flip->rivals.probes) {
		assert_int_not_equal(probe->says[0]->counter, probe->says[1]->counter);
		kinds[rivals_allows(probe, 0) + 2 * rivals_allows(probe, 1)]++;
	}
	assert_int_equal(kinds[0], 4 * RIVALS_PEERS);
	assert_int_equal(kinds[1], 2 * RIVALS_PEERS);
	assert_int_equal(kinds[2], 2 * RIVALS_PEERS);
	assert_int_equal(kinds[3], 2 * RIVALS_PEERS);
}

/* Wherever the one image is continued by the other, some packet gets a decision that neither has for it. */
static void a_mixture_of_the_tables_would_show(void **state)
{
	struct flip *flip = *state;
	const struct compiled *a = flip->rivals.policies[0].compiled, *b = flip->rivals.policies[1].compiled;
	const uint32_t n = a->n_words > b->n_words ? a->n_words : b->n_words, capacity = 1u << 16;
	_cleanup_free_ uint32_t *words = xcalloc(capacity, sizeof(*words));
	const struct weir_image mixed = { .words = words, .mask = capacity - 1 };
	unsigned cuts = 0, shown = 0;

	assert_true(n <= capacity);
	for (uint32_t cut = WEIR_HEADER_WORDS; cut < n; cut += 16, cuts++) {
		memset(words, 0, capacity * sizeof(*words));
		memcpy(words, a->words, a->n_words * sizeof(*words));
		memcpy(words, b->words, (cut < b->n_words ? cut : b->n_words) * sizeof(*words));
		shown += count_strange(flip, &mixed) > 0;
	}
	print_message("# %u of %u mixtures show\n", shown, cuts);
	assert_true(shown * 10 >= cuts * 9);
}

/* --- packets ----------------------------------------------------------------- */

/* What a batch looks like. An established flow is met again by every batch of the probe, on either processor. */
enum traffic { TRAFFIC_ESTABLISHED, TRAFFIC_FRESH, TRAFFIC_SYN, TRAFFICS };

static void build(const struct rivals_probe *probe, enum traffic traffic, uint16_t fresh, struct frame *ret)
{
	static const uint8_t target[] = { 10, 0, 0, 1 };
	const uint8_t peer[] = { 10, 0, 1, (uint8_t)probe->peer };
	bool in = probe->direction == WEIR_INGRESS;
	const struct frame_ends ends = { WEIR_IPV4, in ? peer : target, in ? target : peer, false };
	struct frame_spec spec = { .protocol = IPPROTO_UDP, .port = probe->port, .client = 40000, .payload = 18 };

	if (traffic == TRAFFIC_FRESH)
		spec.client = 10000 + fresh % 20000;
	if (traffic == TRAFFIC_SYN) {
		spec.protocol = IPPROTO_TCP;
		spec.tcp_flags = FRAME_TCP_SYN;
	}
	frame_build(&spec, &ends, ret);
}

/* Of the calling thread's processor. */
static uint64_t packets(const struct processor *processor, int map, uint32_t index)
{
	struct weir_counter per_cpu[1024];

	if (libbpf_num_possible_cpus() > (int)ARRAY_SIZE(per_cpu) || bpf_map_lookup_elem(map, &index, per_cpu) < 0)
		return UINT64_MAX;
	return per_cpu[processor->number].packets;
}

struct tally {
	uint64_t by[RIVALS]; /* judged so by each */
	uint64_t passed;
};

static struct tally tally(const struct processor *processor, const struct rivals_probe *probe)
{
	const struct enforcer *enforcer = &processor->flip->enforcer;
	const uint32_t d = probe->direction;
	int reasons = enforcer_reasons(enforcer), cpu = (int)processor->number;

	return (struct tally){
		.by = { enforcer_counted(enforcer, probe->says[0]->counter, cpu),
			enforcer_counted(enforcer, probe->says[1]->counter, cpu) },
		.passed = packets(processor, reasons, WEIR_REASON_POLICY_ALLOW * WEIR_DIRECTIONS + d) +
			  packets(processor, reasons, WEIR_REASON_FLOW * WEIR_DIRECTIONS + d),
	};
}

static void judge_batch(struct processor *processor, const struct rivals_probe *probe, enum traffic traffic,
			const struct tally *before)
{
	struct tally after = tally(processor, probe);
	uint64_t by[] = { after.by[0] - before->by[0], after.by[1] - before->by[1] };
	uint64_t passed = after.passed - before->passed;
	uint64_t expected = (rivals_allows(probe, 0) ? by[0] : 0) + (rivals_allows(probe, 1) ? by[1] : 0);

	processor->packets += BATCH;
	for (int i = 0; i < RIVALS; i++)
		processor->judged_by[i] += by[i];
	if (by[0] + by[1] == BATCH && passed == expected)
		return;
	if (!processor->violations++)
		snprintf(processor->first_violation, sizeof(processor->first_violation),
			 "%s peer %u port %u, traffic %d: of %u packets %" PRIu64 " and %" PRIu64
			 " were judged by the one and the other, %" PRIu64 " passed, and not %" PRIu64,
			 probe->direction == WEIR_INGRESS ? "ingress" : "egress", probe->peer, probe->port, traffic,
			 BATCH, by[0], by[1], passed, expected);
}

static void *run_packets(void *data)
{
	struct processor *processor = data;
	struct flip *flip = processor->flip;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor->number, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		processor->failure = -errno;
	for (unsigned n = processor->number; !processor->failure && !__atomic_load_n(&flip->stop, __ATOMIC_RELAXED);
	     n++) {
		const struct rivals_probe *probe = &flip->rivals.probes.items[n / TRAFFICS % flip->rivals.probes.n];
		struct tally before = tally(processor, probe);
		enum weir_verdict verdict;
		struct frame frame;

		build(probe, n % TRAFFICS, (uint16_t)n, &frame);
		processor->failure = enforcer_run(&flip->enforcer, probe->direction, &frame, BATCH, &verdict, NULL);
		if (!processor->failure)
			judge_batch(processor, probe, n % TRAFFICS, &before);
	}
	return NULL;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void no_packet_is_judged_by_a_mixture(void **state)
{
	struct flip *flip = *state;
	struct processor processors[PROCESSORS] = {};
	pthread_t threads[PROCESSORS];
	struct error error = {};
	double end = now() + SECONDS;
	uint32_t swaps = 0;
	uint64_t n = 0;
	int r = 0;

	for (unsigned i = 0; i < PROCESSORS; i++) {
		processors[i] = (struct processor){ .flip = flip, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, run_packets, &processors[i]), 0);
	}
	while (r == 0 && now() < end) {
		swaps++;
		r = enforcer_swap(&flip->enforcer, flip->rivals.policies[swaps % RIVALS].compiled, 1 + swaps, &error);
	}
	__atomic_store_n(&flip->stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < PROCESSORS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < PROCESSORS; i++) {
		const struct processor *p = &processors[i];

		print_message("# processor %u: %" PRIu64 " packets, %" PRIu64 " and %" PRIu64
			      " judged by the one and the other, %" PRIu64 " batches violated %s\n",
			      i, p->packets, p->judged_by[0], p->judged_by[1], p->violations, p->first_violation);
		n += p->packets;
	}
	print_message("# %u swaps, %" PRIu64 " packets in %d s\n", swaps, n, SECONDS);
	assert_int_equal(r, 0);
	for (unsigned i = 0; i < PROCESSORS; i++) {
		assert_int_equal(processors[i].failure, 0);
		assert_int_equal(processors[i].violations, 0);
		/* Both policies were really met, many times. */
		assert_true(processors[i].judged_by[0] > 100 * BATCH && processors[i].judged_by[1] > 100 * BATCH);
	}
	assert_true(swaps > 10 * SECONDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_two_policies_exclude_each_other),
		cmocka_unit_test(a_mixture_of_the_tables_would_show),
		cmocka_unit_test(no_packet_is_judged_by_a_mixture),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) < PROCESSORS) {
		printf("1..0 # SKIP needs two processors\n");
		return 0;
	}
	return cmocka_run_group_tests_name("packet flip", tests, setup, teardown);
}
