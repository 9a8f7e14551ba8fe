// SPDX-License-Identifier: BSD-2-Clause
#include "agent/limit_watch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/interned.h"
#include "base/mem.h"
#include "observe/names.h"

#define NS_PER_S 1000000000ull
/* A hundred limits that one flood fills are a few lines to their reader, not a hundred. */
#define WORDS_AT_ONCE 8

/* --- words --- */

static char *name_of(const struct limit_info *info)
{
	_cleanup_free_ char *rule = rule_ref_format(&info->rule, true);

	return xasprintf("limit %.15g %s of %s", (double)info->limit.rate_milli / 1000, limit_name(info->limit.unit),
			 rule);
}

/* Takes the event. */
static void tell(struct limit_watch *watch, const struct watched_limit *limit, struct event *event)
{
	_cleanup_free_ char *text = xasprintf("%.15g %s", (double)limit->rate_milli / 1000, limit_name(limit->unit));

	event->limit = interned(text);
	event->count = limit->bite.packets;
	event_add_policy(event, &limit->rule);
	events_add(watch->events, event);
}

/* False: enough was said in this second. */
static bool may_say(struct limit_watch *watch)
{
	return watch->n_said++ < WORDS_AT_ONCE;
}

static void say_began(struct limit_watch *watch, const struct watched_limit *limit, double seconds)
{
	struct event event;

	if (!may_say(watch))
		return;
	event = event_make(EVENT_LIMIT_BEGAN, "%s began to %sdrop: %" PRIu64 " packets in %.1f s", limit->name,
			   limit->audit ? "be exceeded, and would " : "", limit->bite.packets, seconds);
	tell(watch, limit, &event);
}

static void say_stopped(struct limit_watch *watch, const struct watched_limit *limit, const char *how)
{
	const uint64_t ns = limit->bite.last_ns - limit->bite.began_ns;
	struct event event;

	if (!may_say(watch))
		return;
	event = event_make(EVENT_LIMIT_CALMED, "%s %s after %" PRIu64 " s: %" PRIu64 " packets %s in all", limit->name,
			   how, (uint64_t)((ns + NS_PER_S / 2) / NS_PER_S), limit->bite.packets,
			   limit->audit ? "would have been dropped" : "dropped");
	tell(watch, limit, &event);
}

static void say_rest(struct limit_watch *watch)
{
	struct event event;

	if (watch->n_said <= WORDS_AT_ONCE)
		return;
	event = event_make(EVENT_LIMIT_BEGAN, "limits: %u more began to drop, or stopped",
			   watch->n_said - WORDS_AT_ONCE);
	event.count = watch->n_said - WORDS_AT_ONCE;
	events_add(watch->events, &event);
}

/* --- one limit --- */

static void watched_limit_free(struct watched_limit *limit)
{
	free(limit->name);
	free(limit->rule.namespace);
	free(limit->rule.policy);
	free(limit->rule.rule);
}

static char *copy_text(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct rule_ref copy_rule(const struct rule_ref *rule)
{
	return (struct rule_ref){ rule->kind, copy_text(rule->namespace), copy_text(rule->policy),
				  copy_text(rule->rule) };
}

/* A counter that went back belongs to another life of its bucket. */
static bool goes_on(const struct weir_charged *before, const struct weir_charged *now)
{
	return now->passed_packets >= before->passed_packets && now->dropped_packets >= before->dropped_packets;
}

static void measure(struct watched_limit *limit, const struct weir_charged *now, double seconds)
{
	const struct weir_charged *before = &limit->charged;
	const bool bytes = limit->unit == LIMIT_BYTES;
	const double passed = (double)(bytes ? now->passed_bytes - before->passed_bytes
					     : now->passed_packets - before->passed_packets);
	const double dropped = (double)(bytes ? now->dropped_bytes - before->dropped_bytes
					      : now->dropped_packets - before->dropped_packets);

	limit->has_rates = true;
	limit->rates = (struct limit_rates){
		.offered = (passed + dropped) / seconds,
		.delivered = passed / seconds,
		.dropped = dropped / seconds,
	};
}

static void feel(struct limit_watch *watch, struct watched_limit *limit, uint64_t dropped, uint64_t now_ns)
{
	struct limit_bite *bite = &limit->bite;

	if (dropped && !bite->bites) {
		*bite = (struct limit_bite){ .bites = true,
					     .began_ns = watch->taken_ns,
					     .last_ns = now_ns,
					     .since = time(NULL),
					     .packets = dropped };
		watch->bites++;
		say_began(watch, limit, (double)(now_ns - watch->taken_ns) / NS_PER_S);
	} else if (dropped) {
		bite->packets += dropped;
		bite->last_ns = now_ns;
	} else if (bite->bites && now_ns - bite->last_ns >= LIMIT_WATCH_CALM_S * NS_PER_S) {
		bite->bites = false;
		say_stopped(watch, limit, "stopped dropping");
	}
}

static void look(struct limit_watch *watch, struct watched_limit *limit, const struct weir_charged *now,
		 uint64_t now_ns)
{
	if (goes_on(&limit->charged, now)) {
		measure(limit, now, (double)(now_ns - watch->taken_ns) / NS_PER_S);
		feel(watch, limit, now->dropped_packets - limit->charged.dropped_packets, now_ns);
	} else {
		limit->has_rates = false;
	}
	limit->charged = *now;
}

/* --- all of them --- */

static void lift(struct limit_watch *watch, struct watched_limit *limit)
{
	if (limit->bite.bites)
		say_stopped(watch, limit, "is no longer in force,");
	watched_limit_free(limit);
}

static struct watched_limit begin(const struct limit_info *info, const struct weir_charged *charged)
{
	return (struct watched_limit){ .bucket = info->bucket,
				       .rule = copy_rule(&info->rule),
				       .name = name_of(info),
				       .audit = info->audit,
				       .unit = info->limit.unit,
				       .rate_milli = info->limit.rate_milli,
				       .charged = *charged,
				       .is_new = true };
}

/* A number is unused for longer than a second before another limit gets it, so this is the same limit. */
static struct watched_limit keep(struct watched_limit limit, const struct limit_info *info)
{
	limit.is_new = false;
	if (limit.audit == info->audit && limit.rate_milli == info->limit.rate_milli)
		return limit;
	free(limit.name);
	limit.name = name_of(info);
	limit.audit = info->audit;
	limit.rate_milli = info->limit.rate_milli;
	return limit;
}

/* Both lists are in the order of their buckets. */
static void follow(struct limit_watch *watch, const struct compiled *compiled, const struct weir_charged *charged)
{
	struct limit_watch old = *watch;
	size_t at = 0;

	memset(&watch->list, 0, sizeof(watch->list));
	for (size_t i = 0; compiled && i < compiled->limits.n; i++) {
		const struct limit_info *info = &compiled->limits.items[i];

		for (; at < old.list.n && old.list.items[at].bucket < info->bucket; at++)
			lift(watch, &old.list.items[at]);
		if (at < old.list.n && old.list.items[at].bucket == info->bucket)
			vec_push(&watch->list, keep(old.list.items[at++], info));
		else
			vec_push(&watch->list, begin(info, &charged[info->bucket]));
	}
	for (; at < old.list.n; at++)
		lift(watch, &old.list.items[at]);
	vec_free(&old.list);
}

void limit_watch_take(struct limit_watch *watch, const struct compiled *compiled, const struct weir_charged *charged,
		      uint64_t now_ns)
{
	watch->n_said = 0;
	watch->biting = 0;
	follow(watch, compiled, charged);
	vec_for_each (limit, &watch->list) {
		if (!limit->is_new && now_ns > watch->taken_ns)
			look(watch, limit, &charged[limit->bucket], now_ns);
		watch->biting += limit->bite.bites;
	}
	watch->taken_ns = now_ns;
	say_rest(watch);
}

void limit_watch_run(struct limit_watch *watch, struct datapath *datapath, const struct compiled *compiled)
{
	const size_t n = compiled ? compiled->limits.n : 0;
	const uint32_t buckets = n ? compiled->limits.items[n - 1].bucket + 1 : 0;
	_cleanup_free_ struct weir_charged *charged = xcalloc((size_t)buckets + 1, sizeof(*charged));
	struct timespec now;

	if (buckets && datapath_read_all_charged(datapath, buckets, charged) < 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	limit_watch_take(watch, compiled, charged, (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec);
}

static int compare_bucket(const void *key, const void *item)
{
	const uint32_t bucket = *(const uint32_t *)key, other = ((const struct watched_limit *)item)->bucket;

	return bucket < other ? -1 : bucket > other;
}

const struct watched_limit *limit_watch_find(const struct limit_watch *watch, uint32_t bucket)
{
	if (!watch->list.n)
		return NULL;
	return bsearch(&bucket, watch->list.items, watch->list.n, sizeof(*watch->list.items), compare_bucket);
}

void limit_watch_free(struct limit_watch *watch)
{
	vec_for_each (limit, &watch->list)
		watched_limit_free(limit);
	vec_free(&watch->list);
}
