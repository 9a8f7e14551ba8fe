// SPDX-License-Identifier: BSD-2-Clause
/* Whom the flood shield of uplinks is up for. */
#include <string.h>

#include "datapath/datapath_private.h"

struct shield_list {
	addr_list up;
	uint32_t now;
};

static bool is_before(uint32_t now, uint32_t until)
{
	return (int32_t)(until - now) > 0;
}

static int add_shield(void *data, const void *key, const void *value)
{
	struct shield_list *list = data;
	const struct weir_shield_key *shielded = key;
	const struct weir_shield *shield = value;
	struct addr addr = { .family = shielded->family == WEIR_IPV4 ? WEIR_IPV4 : WEIR_IPV6 };

	if (!shield->until || !is_before(list->now, shield->until))
		return 0;
	if (addr.family == WEIR_IPV4)
		memcpy(addr.bytes, shielded->addr + 12, 4);
	else
		memcpy(addr.bytes, shielded->addr, 16);
	vec_push(&list->up, addr);
	return 0;
}

/* In calm, one word of the programs says that there is nothing to look for. */
int datapath_list_shields(struct datapath *datapath, addr_list *ret)
{
	struct weir_sweep clock = { .table = WEIR_FLOW_TABLES };
	struct shield_list list = {};
	int r = sweep_run(datapath, &clock);

	list.now = clock.now;
	if (r == 0 && is_before(list.now, control_read(datapath).shield_until))
		r = map_walk(datapath->skeleton->maps.shields, add_shield, &list);
	if (r < 0)
		vec_free(&list.up);
	else
		*ret = list.up;
	return r;
}
