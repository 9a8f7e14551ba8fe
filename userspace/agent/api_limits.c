// SPDX-License-Identifier: BSD-2-Clause
/* GET /v1/limits: every limit of the policy in force, what came to it, and who is over it. */
#include <stdlib.h>
#include <string.h>

#include "agent/api.h"
#include "observe/names.h"

#define TOP_SOURCES 5

/* By bucket, then the one that lost most first. */
static int compare_sources(const void *a, const void *b)
{
	const struct datapath_source *x = a, *y = b;

	if (x->key.bucket != y->key.bucket)
		return x->key.bucket < y->key.bucket ? -1 : 1;
	return x->dropped.packets < y->dropped.packets ? 1 : x->dropped.packets > y->dropped.packets ? -1 : 0;
}

static json_t *source_json(const struct datapath_source *source, enum limit_scope scope)
{
	struct addr addr = { .family = source->key.family };
	char text[ADDR_TEXT_MAX];
	json_t *who;

	memcpy(addr.bytes, source->key.address + (addr.family == WEIR_IPV4 ? 12 : 0), addr_bits(addr.family) / 8);
	who = scope == LIMIT_PER_ADDRESS ? json_string(addr_format(&addr, text)) : json_integer(source->key.identity);
	return json_pack("{s:o, s:I, s:I}", scope == LIMIT_PER_ADDRESS ? "address" : "identity", who, "droppedPackets",
			 (json_int_t)source->dropped.packets, "droppedBytes", (json_int_t)source->dropped.bytes);
}

/* sources: in the order of compare_sources(), as the limits are in that of their buckets; *at: where the last one's
 * end. */
static json_t *top_sources(const datapath_sources *sources, size_t *at, const struct limit_info *info)
{
	json_t *list = json_array();

	for (; *at < sources->n && sources->items[*at].key.bucket <= info->bucket; ++*at) {
		const struct datapath_source *source = &sources->items[*at];

		if (source->key.bucket == info->bucket && json_array_size(list) < TOP_SOURCES)
			json_array_append_new(list, source_json(source, info->limit.scope));
	}
	return list;
}

json_t *api_limit(const struct agent *agent, const struct limit_info *info)
{
	struct weir_charged charged = {};

	/* What can't be read was never used. */
	datapath_read_charged(agent->datapath, info->bucket, &charged);
	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:s, s:s, s:f, s:I, s:s, s:I, s:I, s:I, s:I, s:s}", "kind",
			 kind_info(info->rule.kind)->kind, "namespace", api_text(info->rule.namespace), "policy",
			 api_text(info->rule.policy), "rule", api_text(info->rule.rule), "limit",
			 (json_int_t)info->index, "direction", direction_text(info->direction), "unit",
			 limit_name(info->limit.unit), "rate", (double)info->limit.rate_milli / 1000, "burst",
			 (json_int_t)info->limit.burst, "per", limit_scope_name(info->limit.scope), "passedPackets",
			 (json_int_t)charged.passed_packets, "passedBytes", (json_int_t)charged.passed_bytes,
			 "droppedPackets", (json_int_t)charged.dropped_packets, "droppedBytes",
			 (json_int_t)charged.dropped_bytes, "mode",
			 policy_mode_name(info->audit ? POLICY_AUDIT : POLICY_ENFORCE));
}

void api_limits(void *data, const struct http_request *request, struct http_reply *reply)
{
	const struct agent *agent = data;
	datapath_sources sources = {};
	size_t at = 0;
	json_t *list = json_array(), *limit;
	int r = datapath_list_sources(agent->datapath, &sources);

	if (r < 0) {
		json_decref(list);
		http_fail(reply, HTTP_INTERNAL_ERROR, "sources of limits can't be read from the kernel: %s",
			  strerror(-r));
		return;
	}
	if (sources.n)
		qsort(sources.items, sources.n, sizeof(*sources.items), compare_sources);
	for (size_t i = 0; agent->compiled && i < agent->compiled->limits.n; i++) {
		const struct limit_info *info = &agent->compiled->limits.items[i];

		limit = api_limit(agent, info);
		json_object_set_new(limit, "topSources", top_sources(&sources, &at, info));
		json_array_append_new(list, limit);
	}
	vec_free(&sources);
	reply->json = api_items(list);
}
