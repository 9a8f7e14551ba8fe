// SPDX-License-Identifier: BSD-2-Clause
#include "agent/pressure.h"

#include <inttypes.h>

#include "agent/core.h"
#include "base/interned.h"
#include "observe/names.h"

static void tell(struct events *events, enum event_type type, const struct pressure_table *table, const char *what)
{
	struct event event = event_make(type, "the kernel's table %s %s: %" PRIu64 " of %" PRIu64 " entries",
					table->name, what, table->present, table->capacity);

	event.subject = interned(table->name);
	event.count = table->present;
	events_add(events, &event);
}

static enum pressure_level level_of(const struct pressure_table *table, enum pressure_level before)
{
	if (table->evicts || table->present >= table->capacity)
		return PRESSURE_FULL;
	if (table->present * 100 >= table->capacity * PRESSURE_NEARLY_PERCENT)
		return PRESSURE_NEARLY_FULL;
	if (table->present * 100 < table->capacity * PRESSURE_CALM_PERCENT)
		return PRESSURE_CALM;
	return before == PRESSURE_FULL ? PRESSURE_NEARLY_FULL : before;
}

void pressure_take(struct pressure *pressure, unsigned i, const struct pressure_table *table, struct events *events)
{
	const enum pressure_level before = pressure->tables[i], now = level_of(table, before);

	if (now == PRESSURE_FULL && before != PRESSURE_FULL)
		tell(events, EVENT_MAP_FULL, table, "is full");
	else if (now == PRESSURE_NEARLY_FULL && before == PRESSURE_CALM)
		tell(events, EVENT_MAP_NEARLY_FULL, table, "is nearly full");
	else if (now == PRESSURE_CALM && before != PRESSURE_CALM)
		tell(events, EVENT_MAP_CALMED, table, "has room again");
	else if (now != before) /* no longer full, but not calm: nothing to say, and full again is not either */
		return;
	pressure->tables[i] = now;
}

void pressure_take_half_open(struct pressure *pressure, enum weir_family family, uint64_t half_open,
			     uint64_t established, struct events *events)
{
	struct event event;

	if (pressure->flood[family]) {
		if (half_open < FLOOD_HALF_OPEN / 2 || half_open < established * FLOOD_SHARE / 2)
			pressure->flood[family] = false;
		return;
	}
	if (half_open < FLOOD_HALF_OPEN || half_open < established * FLOOD_SHARE)
		return;
	pressure->flood[family] = true;
	event = event_make(EVENT_SYN_FLOOD,
			   "%" PRIu64 " %s connections are half open beside %" PRIu64
			   " established ones: perhaps a SYN flood (established ones are safe from it)",
			   half_open, family_name(family), established);
	event.subject = interned(family_name(family));
	event.count = half_open;
	events_add(events, &event);
}

static uint64_t count_addresses(const struct agent *agent, enum weir_family family)
{
	uint64_t n = 0;

	vec_for_each (address, &agent->addresses.kernel)
		n += address->addr.family == family;
	return n;
}

void pressure_watch(struct agent *agent)
{
	static const char *const names[WEIR_FLOW_TABLES + 1][WEIR_FAMILIES] = {
		[WEIR_OPENINGS] = { "openings4", "openings6" },
		[WEIR_CONNECTIONS] = { "connections4", "connections6" },
		[WEIR_EXCHANGES] = { "exchanges4", "exchanges6" },
		[WEIR_FLOW_TABLES] = { "addresses4", "addresses6" },
	};
	const struct datapath_flow_counts *counts = &agent->sweeper.counts;
	const struct datapath_config *capacities = &agent->config->capacities;
	struct pressure *pressure = &agent->pressure;

	for (unsigned i = 0; i < PRESSURE_TABLES; i++) {
		const unsigned kind = i / WEIR_FAMILIES, family = i % WEIR_FAMILIES;
		struct pressure_table table = { .name = names[kind][family] };

		if (kind == WEIR_FLOW_TABLES) {
			table.present = count_addresses(agent, family);
			table.capacity = capacities->addresses;
		} else {
			table.present = counts->present[kind][family];
			table.capacity = sweeper_capacity(capacities, kind);
			table.evicts =
				pressure->looked && counts->evicted[kind][family] > pressure->evicted[kind][family];
			pressure->evicted[kind][family] = counts->evicted[kind][family];
		}
		pressure_take(pressure, i, &table, &agent->events);
	}
	pressure->looked = true;
	for (enum weir_family family = 0; family < WEIR_FAMILIES; family++)
		pressure_take_half_open(pressure, family, counts->present[WEIR_OPENINGS][family],
					counts->present[WEIR_CONNECTIONS][family], &agent->events);
}
