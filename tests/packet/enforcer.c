// SPDX-License-Identifier: BSD-2-Clause
#include "packet/enforcer.h"

#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include "base/mem.h"
#include "datapath/datapath_private.h" /* programs that are attached to nothing are found nowhere else */
#include "object/manifest.h"

#define IMAGE_WORDS_MAX (1u << 27)
#define FORGET_BATCH	4096u
#define CPUS_MAX	1024
#define PAIRS		64u /* few: all are looked at for each packet */

int enforcer_policy_compile(struct enforcer_policy *policy, const char *yaml, struct numberings *numberings,
			    struct error *error)
{
	*policy = (struct enforcer_policy){};
	if (manifest_parse("test.yaml", yaml, strlen(yaml), 0, &policy->objects, &policy->diags) < 0) {
		diags_print(&policy->diags, stderr);
		return error_set(error, -EINVAL, "the test's manifest is wrong");
	}
	world_add(&policy->world, &policy->objects, &policy->diags);
	world_finish(&policy->world, &policy->diags);
	return compile(&policy->world, numberings, 1, IMAGE_WORDS_MAX, &policy->compiled, error);
}

void enforcer_policy_free(struct enforcer_policy *policy)
{
	compiled_free(TAKE_PTR(policy->compiled));
	world_free(&policy->world);
	objects_free(&policy->objects);
	diags_free(&policy->diags);
}

int enforcer_open(struct enforcer *enforcer, uint32_t image_words, struct error *error)
{
	struct datapath_config config = datapath_defaults;
	static unsigned n;

	if (geteuid() != 0)
		return error_set(error, -EPERM, "not root");
	*enforcer = (struct enforcer){};
	snprintf(enforcer->root, sizeof(enforcer->root), "/sys/fs/bpf/weir-packet-%d-%u", getpid(), n++);
	config.bpffs = enforcer->root;
	config.image_words = image_words;
	config.pairs = PAIRS;
	config.openings = config.connections = config.exchanges = ENFORCER_FLOWS;
	return datapath_open(&config, &enforcer->datapath, error);
}

void enforcer_close(struct enforcer *enforcer)
{
	unsigned interfaces;

	datapath_close(TAKE_PTR(enforcer->datapath));
	if (*enforcer->root)
		datapath_remove(enforcer->root, &interfaces, NULL);
}

static int set_addresses(const struct enforcer *enforcer, const struct compiled *compiled)
{
	vec_for_each (address, &compiled->addresses) {
		int r = datapath_set_address(enforcer->datapath, &address->addr, address->identity, 0);

		if (r < 0)
			return r;
	}
	return 0;
}

static int clear_addresses(const struct enforcer *enforcer)
{
	datapath_addresses addresses = {};
	int r = datapath_list_addresses(enforcer->datapath, &addresses);

	vec_for_each (address, &addresses)
		r = r ?: datapath_delete_address(enforcer->datapath, &address->addr);
	vec_free(&addresses);
	return r;
}

int enforcer_set_endpoint(const struct enforcer *enforcer, const struct compiled *compiled, const struct object *pod)
{
	struct weir_endpoint endpoint = {
		.flags = WEIR_ENDPOINT_CHECK_MAC | WEIR_ENDPOINT_CHECK_ADDRESS,
		.mac = FRAME_SOURCE_MAC,
	};
	int r = compiled_pod_identity(compiled, pod, &endpoint.identity);

	vec_for_each (addr, &pod->pod.addrs) {
		if (addr->family == WEIR_IPV4)
			memcpy(&endpoint.ipv4, addr->bytes, sizeof(endpoint.ipv4));
		else
			memcpy(endpoint.ipv6, addr->bytes, sizeof(endpoint.ipv6));
	}
	return r ?: datapath_set_endpoint(enforcer->datapath, ENFORCER_IFINDEX, &endpoint);
}

int enforcer_populate(struct enforcer *enforcer, const struct enforcer_policy *policy, const char *namespace,
		      const char *pod)
{
	const struct object *object = world_pod(&policy->world, namespace, pod);

	if (!object)
		return -ENOENT;
	return set_addresses(enforcer, policy->compiled) ?: enforcer_set_endpoint(enforcer, policy->compiled, object);
}

int enforcer_swap(struct enforcer *enforcer, const struct compiled *compiled, uint32_t revision, struct error *error)
{
	((struct weir_image_header *)compiled->words)->revision = revision;
	return datapath_swap(enforcer->datapath, compiled->words, compiled->n_words, error);
}

int enforcer_replace(struct enforcer *enforcer, const struct compiled *compiled, uint32_t revision, struct error *error)
{
	return clear_addresses(enforcer) ?:
	       enforcer_swap(enforcer, compiled, revision, error) ?:
	       set_addresses(enforcer, compiled);
}

int enforcer_program(const struct enforcer *enforcer, enum weir_direction direction)
{
	const struct weir_bpf *skeleton = enforcer->datapath->skeleton;

	return bpf_program__fd(direction == WEIR_EGRESS ? skeleton->progs.weir_from_pod : skeleton->progs.weir_to_pod);
}

int enforcer_run(const struct enforcer *enforcer, enum weir_direction direction, const struct frame *frame, uint32_t n,
		 enum weir_verdict *ret_verdict, uint32_t *ret_ns)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->length, .repeat = n);

	if (bpf_prog_test_run_opts(enforcer_program(enforcer, direction), &opts) < 0)
		return -errno;
	*ret_verdict = opts.retval == (uint32_t)TC_ACT_UNSPEC ? WEIR_VERDICT_PASS : WEIR_VERDICT_DROP;
	if (ret_ns)
		*ret_ns = opts.duration;
	return 0;
}

static int empty(const struct bpf_map *map)
{
	const size_t key_size = bpf_map__key_size(map), value_size = bpf_map__value_size(map);
	_cleanup_free_ uint8_t *keys = xcalloc(FORGET_BATCH, key_size), *values = xcalloc(FORGET_BATCH, value_size);
	uint32_t at, n;
	int r;

	for (const uint32_t *from = NULL;; from = &at) {
		n = FORGET_BATCH;
		r = bpf_map_lookup_and_delete_batch(bpf_map__fd(map), (void *)from, &at, keys, values, &n, NULL);
		if (r < 0)
			return errno == ENOENT ? 0 : -errno;
	}
}

int enforcer_forget_flows(const struct enforcer *enforcer)
{
	const struct weir_bpf *skeleton = enforcer->datapath->skeleton;

	return empty(skeleton->maps.openings4) ?: empty(skeleton->maps.openings6) ?:
	       empty(skeleton->maps.connections4) ?: empty(skeleton->maps.connections6) ?:
	       empty(skeleton->maps.exchanges4) ?: empty(skeleton->maps.exchanges6) ?:
	       empty(skeleton->maps.fragments);
}

int enforcer_refill(const struct enforcer *enforcer, const struct compiled *compiled)
{
	static const struct weir_bucket full;

	vec_for_each (limit, &compiled->limits) {
		if (bpf_map_update_elem(bpf_map__fd(enforcer->datapath->skeleton->maps.buckets), &limit->bucket, &full,
					BPF_ANY) < 0)
			return -errno;
	}
	return empty(enforcer->datapath->skeleton->maps.sources);
}

static uint64_t packets(int map, uint32_t index)
{
	struct weir_counter per_cpu[CPUS_MAX];
	uint64_t sum = 0;

	if (libbpf_num_possible_cpus() > CPUS_MAX || bpf_map_lookup_elem(map, &index, per_cpu) < 0)
		return UINT64_MAX;
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += per_cpu[i].packets;
	return sum;
}

/* The reason that has counted one packet since the last look at all of them, when no other has. */
static enum weir_reason grown(struct enforcer *enforcer, enum weir_direction direction)
{
	enum weir_reason found = WEIR_REASON_NONE;
	bool one = true;

	for (uint32_t i = 0; i < ENFORCER_REASONS; i++) {
		const uint64_t before = enforcer->reasons[i], after = packets(enforcer_reasons(enforcer), i);

		enforcer->reasons[i] = after;
		if (after == before)
			continue;
		one &= !found && i % WEIR_DIRECTIONS == direction && after - before == 1;
		found = i / WEIR_DIRECTIONS;
	}
	return one ? found : WEIR_REASON_NONE;
}

int enforcer_judge(struct enforcer *enforcer, const struct frame *frame, const struct decision_info *expected,
		   struct enforcer_judgement *ret)
{
	const uint32_t index = expected->reason * WEIR_DIRECTIONS + expected->direction;
	const uint64_t decided = enforcer_counted(enforcer, expected->counter, ENFORCER_ALL_CPUS);
	struct enforcer_judgement judgement = { .reason = expected->reason };
	int r = enforcer_run(enforcer, expected->direction, frame, 1, &judgement.verdict, NULL);

	if (r < 0)
		return r;
	/* All are read only when the answer is another one. */
	if (packets(enforcer_reasons(enforcer), index) == enforcer->reasons[index] + 1)
		enforcer->reasons[index]++;
	else
		judgement.reason = grown(enforcer, expected->direction);
	judgement.counted = enforcer_counted(enforcer, expected->counter, ENFORCER_ALL_CPUS) == decided + 1;
	*ret = judgement;
	return 0;
}

int enforcer_reasons(const struct enforcer *enforcer)
{
	return bpf_map__fd(enforcer->datapath->skeleton->maps.reasons);
}

static uint64_t row_packets(const struct enforcer *enforcer, uint32_t row, int cpu)
{
	struct weir_account per_cpu[CPUS_MAX];
	uint64_t sum = 0;

	if (libbpf_num_possible_cpus() > CPUS_MAX ||
	    bpf_map_lookup_elem(bpf_map__fd(enforcer->datapath->skeleton->maps.accounts), &row, per_cpu) < 0)
		return UINT64_MAX;
	if (cpu != ENFORCER_ALL_CPUS)
		return per_cpu[cpu].packets;
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += per_cpu[i].packets;
	return sum;
}

uint64_t enforcer_counted(const struct enforcer *enforcer, uint32_t counter, int cpu)
{
	const struct weir_pair *pairs = enforcer->datapath->pairs;
	uint64_t sum = row_packets(enforcer, PAIRS + counter, cpu);

	for (uint32_t row = 0; row < PAIRS; row++) {
		const uint64_t tag = __atomic_load_n(&pairs[row].tag, __ATOMIC_RELAXED);

		if (tag & WEIR_PAIR_USED && weir_pair_counter(tag) == counter)
			sum += row_packets(enforcer, row, cpu);
	}
	return sum;
}
