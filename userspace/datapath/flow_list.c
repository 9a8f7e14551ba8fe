// SPDX-License-Identifier: BSD-2-Clause
/* Flows one by one, as they are listed. */
#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "datapath/datapath_private.h"

struct datapath_flows {
	struct map_cursor tables[WEIR_FLOW_TABLES][WEIR_FAMILIES];
	unsigned at; /* table * WEIR_FAMILIES + family */
	uint32_t now;
	uint64_t tick_ns;
	struct weir_control control;
};

int datapath_flows_open(struct datapath *datapath, struct datapath_flows **ret)
{
	_cleanup_(datapath_flows_closep) struct datapath_flows *flows = new0(struct datapath_flows);
	int r = clock_read(datapath, &flows->now);

	for (int i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++)
		flows->tables[i / WEIR_FAMILIES][i % WEIR_FAMILIES] = MAP_CURSOR_NONE;
	for (int i = 0; r == 0 && i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		const int table = i / WEIR_FAMILIES, family = i % WEIR_FAMILIES;

		r = map_cursor_open(&flows->tables[table][family], flow_table(datapath->skeleton, table, family));
	}
	if (r < 0)
		return r;
	flows->tick_ns = datapath_tick_ns(datapath);
	flows->control = control_read(datapath);
	*ret = TAKE_PTR(flows);
	return 0;
}

void datapath_flows_close(struct datapath_flows *flows)
{
	if (!flows)
		return;
	for (int i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++)
		map_cursor_close(&flows->tables[i / WEIR_FAMILIES][i % WEIR_FAMILIES]);
	free(flows);
}

/* Packets have come since the clock was read. */
static uint32_t elapsed(const struct datapath_flows *flows, uint32_t since)
{
	const int32_t ticks = (int32_t)(flows->now - since);

	return ticks > 0 ? (uint32_t)ticks : 0;
}

static bool has_expired(const struct datapath_flows *flows, const struct weir_flow *flow)
{
	return elapsed(flows, flow->seen) > flows->control.timeouts[flow->state % WEIR_FLOW_STATES];
}

static void read_key4(const void *from, struct datapath_flow *ret)
{
	const struct weir_flow4_key *key = from;

	*ret = (struct datapath_flow){
		.ifindex = key->ifindex,
		.local_port = ntohs(key->local_port),
		.remote_port = ntohs(key->remote_port),
		.protocol = key->protocol,
	};
	memcpy(ret->local.bytes, &key->local, sizeof(key->local));
	memcpy(ret->remote.bytes, &key->remote, sizeof(key->remote));
}

static void read_key6(const void *from, struct datapath_flow *ret)
{
	const struct weir_flow6_key *key = from;

	*ret = (struct datapath_flow){
		.ifindex = key->ifindex,
		.local_port = ntohs(key->local_port),
		.remote_port = ntohs(key->remote_port),
		.protocol = key->protocol,
	};
	memcpy(ret->local.bytes, key->local, sizeof(key->local));
	memcpy(ret->remote.bytes, key->remote, sizeof(key->remote));
}

static void read_entry(const struct datapath_flows *flows, const void *key, const struct weir_flow *is,
		       struct datapath_flow *ret)
{
	const enum weir_family family = flows->at % WEIR_FAMILIES;

	(family == WEIR_IPV4 ? read_key4 : read_key6)(key, ret);
	ret->table = flows->at / WEIR_FAMILIES;
	ret->family = ret->local.family = ret->remote.family = family;
	ret->idle_ns = elapsed(flows, is->seen) * flows->tick_ns;
	ret->age_ns = elapsed(flows, is->opened) * flows->tick_ns;
	ret->current = is->generation == flows->control.generation;
	ret->counts[WEIR_INGRESS] = weir_flow_count(is, WEIR_INGRESS);
	ret->counts[WEIR_EGRESS] = weir_flow_count(is, WEIR_EGRESS);
	ret->is = *is;
}

int datapath_flows_next(struct datapath_flows *flows, struct datapath_flow *ret)
{
	while (flows->at < WEIR_FLOW_TABLES * WEIR_FAMILIES) {
		struct map_cursor *cursor = &flows->tables[flows->at / WEIR_FAMILIES][flows->at % WEIR_FAMILIES];
		const void *key, *value;
		struct weir_flow is;
		int r;

		while ((r = map_cursor_next(cursor, &key, &value)) > 0) {
			memcpy(&is, value, sizeof(is));
			if (has_expired(flows, &is))
				continue;
			read_entry(flows, key, &is, ret);
			return 1;
		}
		if (r < 0)
			return r;
		map_cursor_close(cursor);
		flows->at++;
	}
	return 0;
}
