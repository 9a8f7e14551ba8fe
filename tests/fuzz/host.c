// SPDX-License-Identifier: BSD-2-Clause
/* The programs' source in this process as an engine. */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine.h"
#include "fuzz/host_programs.h"

#define NOW	   2u /* what bpf_jiffies64() makes of it */
#define TICK_SHIFT 31u
#define XDP_DROPS  1
#define VALUE_MAX  128
#define ACCOUNTS   (SETTING_PAIRS + SETTING_DECISIONS + 1)

static uint32_t words[TINY_WORDS];

static void fill_array(enum host_map_id map, uint32_t n)
{
	static const uint8_t zeros[VALUE_MAX];

	for (uint32_t i = 0; i < host_maps[map].n; i++)
		memset(host_maps[map].entries[i].value, 0, host_maps[map].value_size);
	for (uint32_t i = host_maps[map].n; i < n; i++)
		host_set(map, &i, zeros);
}

static void set_image(const struct model *model)
{
	const void *image = words;
	uint32_t slot = WEIR_SLOT_ENFORCED;

	memcpy(words, model->words, sizeof(words));
	host_set(HOST_IMAGES, &slot, &image);
}

static void set_endpoint(unsigned pod, const struct model *model)
{
	const uint32_t ifindex = setting_ifindex(pod);

	if (model->known[pod])
		host_set(HOST_ENDPOINTS, &ifindex, &model->endpoints[pod]);
	else
		host_remove(HOST_ENDPOINTS, &ifindex);
}

static int reset(const struct model *model)
{
	fill_array(HOST_TALLIES, WEIR_TALLIES);
	fill_array(HOST_REASONS, WEIR_REASON_MAX * WEIR_DIRECTIONS);
	fill_array(HOST_ACCOUNTS, ACCOUNTS);
	fill_array(HOST_PAIRS, SETTING_PAIRS);
	fill_array(HOST_BUCKETS, SETTING_BUCKETS);
	fill_array(HOST_CHARGING, 1);
	fill_array(HOST_CHARGED, SETTING_BUCKETS);
	fill_array(HOST_REFUSALS, WEIR_REFUSALS);
	set_image(model);
	set_endpoint(0, model);
	set_endpoint(1, model);
	*host_control() = model->control;
	return 0;
}

static void age(uint32_t ticks)
{
	for (unsigned i = HOST_FLOWS; i < HOST_FRAGMENTS; i++) {
		for (uint32_t j = 0; j < host_maps[i].n; j++)
			((struct weir_flow *)host_maps[i].entries[j].value)->seen -= ticks;
	}
	for (uint32_t j = 0; j < host_maps[HOST_FRAGMENTS].n; j++)
		((struct weir_fragment *)host_maps[HOST_FRAGMENTS].entries[j].value)->seen -= ticks;
}

static void sweep(uint8_t argument)
{
	if (!(argument & SWEEP_RECOUNT))
		return host_sweep(argument / WEIR_FAMILIES % WEIR_FLOW_TABLES, argument % WEIR_FAMILIES, false);
	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++)
		host_sweep(i / WEIR_FAMILIES, i % WEIR_FAMILIES, true);
	host_sweep(WEIR_SWEEP_SLOTS, 0, false);
	host_control()->recount++;
}

static int event(const struct step *step, const struct model *model)
{
	if (step->kind == STEP_POLICY)
		set_image(model);
	else if (step->kind == STEP_ENDPOINT)
		set_endpoint(step->argument & ENDPOINT_SECOND ? 1 : 0, model);
	else if (step->kind == STEP_AGE)
		age(step->argument);
	else if (step->kind == STEP_SWEEP)
		sweep(step->argument);
	host_control()->generation = model->control.generation;
	return 0;
}

static bool takes(const struct step *step)
{
	return true;
}

/*
 * Some packets are only partly in place; a driver leaves at least the link
 * header there. XDP leaves them to tc, which is not what the model is about.
 */
static uint32_t linear(const struct step *step)
{
	const unsigned chosen = step->bytes[step->length - 1] + step->length;

	return chosen % 3 ? step->length : 14 + chosen % (step->length - 13);
}

static int run(const struct step *step, enum engine_hook hook, struct engine_run *ret)
{
	const unsigned pod = step->argument & PACKET_SECOND ? 1 : 0;
	struct host_frame frame = {
		.bytes = step->bytes,
		.length = step->length,
		.linear = hook == ENGINE_TC ? linear(step) : step->length,
		.ifindex = setting_ifindex(pod),
		.ingress_ifindex = step->argument & PACKET_HAIRPIN ? setting_ifindex(pod) : 0,
		.answer = ret->frame,
	};
	const enum host_program program = hook == ENGINE_XDP		? HOST_XDP
					  : hook == ENGINE_UPLINK	? HOST_UPLINK
					  : step->argument & PACKET_OUT ? HOST_FROM_POD
									: HOST_TO_POD;
	const int code = host_run(program, &frame);

	ret->length = frame.answer_length;
	if (hook != ENGINE_TC)
		ret->verdict = code == XDP_DROPS ? WEIR_VERDICT_DROP : WEIR_VERDICT_PASS;
	else
		ret->verdict = code == TC_ACT_UNSPEC	 ? WEIR_VERDICT_PASS
			       : code == TC_ACT_SHOT	 ? WEIR_VERDICT_DROP
			       : code == TC_ACT_REDIRECT ? WEIR_VERDICT_REJECT
							 : WEIR_VERDICT_NONE;
	return 0;
}

static int told(struct weir_event *ret)
{
	return host_told(ret);
}

static void observe_table(enum weir_flow_table table, enum weir_family family, struct observation *ret)
{
	const enum host_map_id id = HOST_FLOWS + table * WEIR_FAMILIES + family;

	for (uint32_t i = 0; i < host_maps[id].n; i++) {
		struct observed_flow *of = &ret->flows[ret->n_flows++];

		observation_name(family, host_maps[id].entries[i].key, &of->name);
		of->name.table = table;
		memcpy(&of->flow, host_maps[id].entries[i].value, sizeof(of->flow));
	}
	host_clear(id);
}

static void observe_array(enum host_map_id id, void *ret)
{
	const struct host_map *map = &host_maps[id];

	for (uint32_t i = 0; i < map->n; i++)
		memcpy((uint8_t *)ret + i * map->value_size, map->entries[i].value, map->value_size);
}

static int observe(struct observation *ret)
{
	static struct weir_account accounts[ACCOUNTS];
	static struct weir_pair pairs[SETTING_PAIRS];

	ret->n_flows = 0;
	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++)
		observe_table(i / WEIR_FAMILIES, i % WEIR_FAMILIES, ret);
	ret->n_fragments = host_maps[HOST_FRAGMENTS].n;
	for (unsigned i = 0; i < ret->n_fragments; i++) {
		memcpy(&ret->fragments[i].key, host_maps[HOST_FRAGMENTS].entries[i].key, sizeof(ret->fragments[i].key));
		memcpy(&ret->fragments[i].first, host_maps[HOST_FRAGMENTS].entries[i].value,
		       sizeof(ret->fragments[i].first));
	}
	host_clear(HOST_FRAGMENTS);
	host_clear(HOST_SOURCES);
	observe_array(HOST_REASONS, ret->reasons);
	observe_array(HOST_TALLIES, ret->tallies);
	observe_array(HOST_BUCKETS, ret->buckets);
	observe_array(HOST_ACCOUNTS, accounts);
	observe_array(HOST_PAIRS, pairs);
	observation_name_accounts(ret, pairs, accounts);
	observe_array(HOST_CHARGED, ret->charged);
	return 0;
}

const struct engine *host_engine(void)
{
	static const struct engine engine = {
		"programs in userspace", NOW, reset, event, takes, linear, run, told, observe
	};
	struct setting_address address;

	host_load(&(struct host_constants){ TINY_WORDS - 1, TICK_SHIFT, SETTING_PAIRS - 1, ACCOUNTS - 1 });
	for (unsigned i = 0; setting_address(i, &address); i++)
		host_set(address.family == WEIR_IPV4 ? HOST_ADDRESSES4 : HOST_ADDRESSES6, address.addr, &address.whose);
	return &engine;
}
