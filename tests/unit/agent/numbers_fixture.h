/* SPDX-License-Identifier: BSD-2-Clause */
/* An agent with small tables, a compiled policy, and rows as packets would fill them. */
#ifndef WEIR_TESTS_AGENT_NUMBERS_FIXTURE_H
#define WEIR_TESTS_AGENT_NUMBERS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent/pairs.h"
#include "base/mem.h"
#include "object/manifest.h"

#define POD(name, app)                                                                                              \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name ", labels: {app: " app "}}, status: " \
	"{podIP: 10.0.0.1}}\n---\n"
#define POLICY(name)                                                                                   \
	"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: " name \
	"}, spec: {podSelector: {}, ingress: [{name: r, limits: [{packetsPerSecond: 5}]}]}}\n---\n"

#define PAIRS 64u

struct fixture {
	char root[64];
	struct objects objects;
	struct world world;
	struct agent agent;
	uint32_t revision;
};

static const struct agent_config agent_config = { .pair_series = 2, .capacities = { .pairs = PAIRS } };

static inline int setup(void **state)
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
		.pairs = PAIRS,
		.buckets = 64,
		.limit_sources = 64,
		.event_bytes = 4096,
	};
	struct error error = {};

	snprintf(f->root, sizeof(f->root), "/sys/fs/bpf/weir-test-%d", getpid());
	f->agent.config = &agent_config;
	numberings_init(&f->agent.state.numbers);
	*state = f;
	if (datapath_open(&config, &f->agent.datapath, &error) == 0)
		return 0;
	fprintf(stderr, "%s\n", error.text);
	return -1;
}

static inline void forget_world(struct fixture *f)
{
	compiled_free(TAKE_PTR(f->agent.compiled));
	world_free(&f->world);
	objects_free(&f->objects);
	f->world = (struct world){};
	f->objects = (struct objects){};
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	struct error error = {};
	unsigned n;

	free(f->agent.state.path);
	forget_world(f);
	datapath_close(f->agent.datapath);
	datapath_remove(f->root, &n, &error);
	numberings_free(&f->agent.state.numbers);
	ledger_free(&f->agent.ledger);
	vec_free(&f->agent.addresses.kernel);
	free(f);
	return 0;
}

static inline void load(struct fixture *f, const char *yaml)
{
	struct diags diags = {};
	struct error error = {};

	forget_world(f);
	assert_int_equal(manifest_parse("t", yaml, strlen(yaml), 0, &f->objects, &diags), 0);
	world_add(&f->world, &f->objects, &diags);
	world_finish(&f->world, &diags);
	assert_int_equal(
		compile(&f->world, &f->agent.state.numbers, ++f->revision, 1u << 20, &f->agent.compiled, &error), 0);
	ledger_learn(&f->agent.ledger, f->agent.compiled, &f->agent.state.numbers);
	diags_free(&diags);
}

static inline int map_fd(const struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/maps/%s", f->root, name);

	return bpf_obj_get(path);
}

static inline void count_row(const struct fixture *f, uint32_t row, uint64_t packets)
{
	_cleanup_free_ struct weir_account *each = xcalloc((size_t)libbpf_num_possible_cpus(), sizeof(*each));
	_cleanup_close_ int fd = map_fd(f, "accounts");

	each[0].packets = packets;
	assert_int_equal(bpf_map_update_elem(fd, &row, each, BPF_ANY), 0);
}

static inline uint32_t number_of(const struct numbering *numbering, const char *part)
{
	for (uint32_t i = 0; i < numbering_end(numbering); i++) {
		const char *key = numbering_key(numbering, i);

		if (key && strstr(key, part))
			return i;
	}
	return UINT32_MAX;
}

/* A pair's row, as packets would claim it. */
static inline void count_pair(const struct fixture *f, uint32_t row, uint64_t tag, uint64_t packets)
{
	const struct weir_pair pair = { .tag = tag };
	_cleanup_close_ int fd = map_fd(f, "pairs");

	assert_int_equal(bpf_map_update_elem(fd, &row, &pair, BPF_ANY), 0);
	count_row(f, row, packets);
}

static inline uint64_t pair_packets(struct fixture *f, const char *source, const char *destination)
{
	struct pairs_reading reading;
	uint64_t packets = 0;

	assert_int_equal(pairs_read(&f->agent, &reading), 0);
	vec_for_each (pair, &reading.pairs.list) {
		if (strcmp(pair->source, source) == 0 && strcmp(pair->destination, destination) == 0)
			packets += pair->by[PAIR_ALLOWED].packets;
	}
	if (strcmp(source, "other") == 0)
		packets = reading.pairs.other[PAIR_ALLOWED].packets;
	pairs_reading_free(&reading);
	return packets;
}

static inline uint64_t rule_packets(struct fixture *f, const char *rule)
{
	struct weir_counter decisions[64] = {};
	struct pairs_reading reading;
	uint64_t packets = 0;

	assert_int_equal(pairs_read(&f->agent, &reading), 0);
	pairs_decisions(&reading.accounts, decisions);
	for (size_t i = 0; i < f->agent.ledger.counters.n; i++) {
		vec_for_each (labels, &f->agent.ledger.counters.items[i].labels)
			packets += strstr(*labels, rule) ? decisions[i].packets : 0;
	}
	vec_for_each (one, &f->agent.ledger.counted)
		packets += strstr(one->labels, rule) ? one->packets : 0;
	pairs_reading_free(&reading);
	return packets;
}

#endif
