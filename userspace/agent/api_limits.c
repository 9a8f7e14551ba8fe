// SPDX-License-Identifier: BSD-2-Clause
/* GET /v1/limits: every limit of the policy in force, what came to it, and who is over it. */
#include <stdlib.h>
#include <string.h>

#include "agent/api.h"
#include "agent/limit_level.h"
#include "agent/source_name.h"
#include "observe/names.h"

#define TOP_SOURCES 5

/* --- sources --- */

/* The sources that limits have met, in the order of compare_sources(); limits are in that of their buckets. */
struct met {
	datapath_sources list;
	size_t at; /* where those of the next limit begin */
};

/* By bucket, then the one that lost most first. */
static int compare_sources(const void *a, const void *b)
{
	const struct datapath_source *x = a, *y = b;

	if (x->key.bucket != y->key.bucket)
		return x->key.bucket < y->key.bucket ? -1 : 1;
	if (x->bucket.dropped_packets != y->bucket.dropped_packets)
		return x->bucket.dropped_packets < y->bucket.dropped_packets ? 1 : -1;
	return 0;
}

static json_t *source_json(const struct agent *agent, const struct datapath_source *source, enum limit_scope scope)
{
	struct addr addr = { .family = source->key.family };
	_cleanup_free_ char *name = NULL;
	char text[ADDR_TEXT_MAX];
	json_t *who;

	memcpy(addr.bytes, source->key.address + (addr.family == WEIR_IPV4 ? 12 : 0), addr_bits(addr.family) / 8);
	if (scope == LIMIT_PER_ADDRESS) {
		name = address_name(agent, &addr);
		who = json_string(addr_format(&addr, text));
	} else {
		name = identity_name(agent, source->key.identity);
		who = json_integer(source->key.identity);
	}
	return json_pack("{s:o, s:o, s:I, s:I}", scope == LIMIT_PER_ADDRESS ? "address" : "identity", who, "name",
			 api_text(name), "droppedPackets", (json_int_t)source->bucket.dropped_packets, "droppedBytes",
			 (json_int_t)source->bucket.dropped_bytes);
}

/* Those that lost most, and the level of the source whose bucket is the emptiest. */
static json_t *take_sources(const struct agent *agent, struct met *met, const struct limit_info *info,
			    double *ret_level)
{
	const uint64_t now = limit_level_now();
	json_t *list = json_array();
	double lowest = 1;

	for (; met->at < met->list.n && met->list.items[met->at].key.bucket <= info->bucket; met->at++) {
		const struct datapath_source *source = &met->list.items[met->at];
		double level;

		if (source->key.bucket != info->bucket)
			continue;
		level = limit_level(info, &source->bucket, now);
		lowest = level < lowest ? level : lowest;
		if (source->bucket.dropped_packets && json_array_size(list) < TOP_SOURCES)
			json_array_append_new(list, source_json(agent, source, info->limit.scope));
	}
	*ret_level = lowest;
	return list;
}

/* --- limits --- */

static json_t *rates_json(const struct watched_limit *watched)
{
	if (!watched || !watched->has_rates)
		return json_null();
	return json_pack("{s:f, s:f, s:f}", "offered", watched->rates.offered, "delivered", watched->rates.delivered,
			 "dropped", watched->rates.dropped);
}

json_t *api_bite(const struct watched_limit *watched)
{
	if (!watched || !watched->bite.bites)
		return json_null();
	return json_pack("{s:o, s:I}", "since", api_time(watched->bite.since), "packets",
			 (json_int_t)watched->bite.packets);
}

json_t *api_limit(const struct agent *agent, const struct limit_info *info)
{
	const struct watched_limit *watched = limit_watch_find(&agent->limits, info->bucket);
	struct weir_charged charged = {};

	/* What can't be read was never used. */
	datapath_read_charged(agent->datapath, info->bucket, &charged);
	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:s, s:s, s:f, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, "
			 "s:o, s:o}",
			 "kind", kind_info(info->rule.kind)->kind, "namespace", api_text(info->rule.namespace),
			 "policy", api_text(info->rule.policy), "rule", api_text(info->rule.rule), "limit",
			 (json_int_t)info->index, "direction", direction_text(info->direction), "unit",
			 limit_name(info->limit.unit), "rate", (double)info->limit.rate_milli / 1000, "burst",
			 (json_int_t)info->limit.burst, "per", limit_scope_name(info->limit.scope), "onExceed",
			 limit_on_exceed_name(info->limit.on_exceed), "passedPackets",
			 (json_int_t)charged.passed_packets, "passedBytes", (json_int_t)charged.passed_bytes,
			 "droppedPackets", (json_int_t)charged.dropped_packets, "droppedBytes",
			 (json_int_t)charged.dropped_bytes, "markedPackets", (json_int_t)charged.marked_packets,
			 "pacedPackets", (json_int_t)charged.paced_packets, "mode",
			 policy_mode_name(info->audit ? POLICY_AUDIT : POLICY_ENFORCE), "rates", rates_json(watched),
			 "bites", api_bite(watched));
}

static json_t *limit_json(const struct agent *agent, const struct limit_info *info, struct met *met)
{
	json_t *limit = api_limit(agent, info);
	struct weir_bucket bucket = {};
	double level;

	json_object_set_new(limit, "topSources", take_sources(agent, met, info, &level));
	if (info->limit.scope == LIMIT_PER_RULE && datapath_read_bucket(agent->datapath, info->bucket, &bucket) == 0)
		level = limit_level(info, &bucket, limit_level_now());
	json_object_set_new(limit, "level", json_real(100 * level));
	return limit;
}

void api_limits(void *data, const struct http_request *request, struct http_reply *reply)
{
	const struct agent *agent = data;
	struct met met = {};
	json_t *list = json_array();
	int r = datapath_list_sources(agent->datapath, &met.list);

	if (r < 0) {
		json_decref(list);
		http_fail(reply, HTTP_INTERNAL_ERROR, "sources of limits can't be read from the kernel: %s",
			  strerror(-r));
		return;
	}
	if (met.list.n)
		qsort(met.list.items, met.list.n, sizeof(*met.list.items), compare_sources);
	for (size_t i = 0; agent->compiled && i < agent->compiled->limits.n; i++)
		json_array_append_new(list, limit_json(agent, &agent->compiled->limits.items[i], &met));
	vec_free(&met.list);
	reply->json = api_items(list);
}
