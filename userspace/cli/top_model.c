// SPDX-License-Identifier: BSD-2-Clause
#include "cli/top_model.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define OTHERS "(others)"

const struct top_key_info top_keys[TOP_KEYS] = {
	[TOP_PACKETS] = { "packets", "packetsPerSecond", "PKT/S", 'p' },
	[TOP_BYTES] = { "bytes", "bytesPerSecond", "BYTE/S", 'b' },
	[TOP_CONNECTIONS] = { "connections", "connectionsPerSecond", "CONN/S", 'c' },
	[TOP_DROPS] = { "drops", "dropsPerSecond", "DROP/S", 'd' },
};

enum top_key top_key_by_name(const char *name)
{
	enum top_key key = 0;

	while (key < TOP_KEYS && strcmp(top_keys[key].name, name))
		key++;
	return key;
}

static void pair_free(struct top_pair *pair)
{
	free(pair->name);
	free(pair->source);
	free(pair->destination);
	free(pair);
}

void top_model_free(struct top_model *model)
{
	struct top_pair *pair, *next;

	HASH_ITER (hh, model->pairs, pair, next) {
		HASH_DEL(model->pairs, pair);
		pair_free(pair);
	}
	*model = (struct top_model){ 0 };
}

static double count(const json_t *item, const char *what, const char *unit)
{
	return json_number_value(json_object_get(json_object_get(item, what), unit));
}

/* What is over an audited limit or denied by an audited policy passes too. */
static void read_totals(const json_t *item, double totals[TOP_KEYS])
{
	totals[TOP_PACKETS] = count(item, "allowed", "packets") + count(item, "audited", "packets");
	totals[TOP_BYTES] = count(item, "allowed", "bytes") + count(item, "audited", "bytes");
	totals[TOP_CONNECTIONS] = count(item, "allowed", "connections") + count(item, "audited", "connections");
	totals[TOP_DROPS] = count(item, "denied", "packets") + count(item, "limited", "packets");
}

static struct top_pair *find_pair(struct top_model *model, const char *source, const char *destination)
{
	_cleanup_free_ char *name = xasprintf("%s > %s", source, destination);
	struct top_pair *pair;

	HASH_FIND_STR(model->pairs, name, pair);
	if (!pair) {
		pair = new0(struct top_pair);
		pair->name = TAKE_PTR(name);
		pair->source = xstrdup(source);
		pair->destination = xstrdup(destination);
		HASH_ADD_KEYPTR(hh, model->pairs, pair->name, strlen(pair->name), pair);
	}
	return pair;
}

static void remember(struct top_pair *pair)
{
	pair->history[pair->next] = pair->now;
	pair->next = (pair->next + 1) % TOP_HISTORY;
	if (pair->n_history < TOP_HISTORY)
		pair->n_history++;
}

/* A pair that is new among known ones has come to be since then: all that it has is its growth. */
static void take_item(struct top_model *model, const json_t *item)
{
	const char *source = json_string_value(json_object_get(item, "source")) ?: OTHERS;
	const char *destination = json_string_value(json_object_get(item, "destination")) ?: OTHERS;
	struct top_pair *pair = find_pair(model, source, destination);
	const double seconds = model->seconds;
	double totals[TOP_KEYS];

	read_totals(item, totals);
	for (int key = 0; key < TOP_KEYS; key++) {
		const double growth = totals[key] - pair->totals[key];

		pair->now.of[key] = seconds > 0 && growth > 0 ? growth / seconds : 0;
		model->sum.of[key] += pair->now.of[key];
	}
	memcpy(pair->totals, totals, sizeof(totals));
	pair->seen = model->readings;
	if (seconds > 0)
		remember(pair);
}

static void forget_unseen(struct top_model *model)
{
	struct top_pair *pair, *next;

	HASH_ITER (hh, model->pairs, pair, next) {
		if (pair->seen == model->readings)
			continue;
		HASH_DEL(model->pairs, pair);
		pair_free(pair);
	}
}

void top_model_take(struct top_model *model, const json_t *answer)
{
	const double uptime = json_number_value(json_object_get(answer, "uptimeSeconds"));
	const json_t *others = json_object_get(answer, "other"), *item;
	double known[TOP_KEYS];
	size_t i;

	model->seconds = model->readings && uptime > model->uptime ? uptime - model->uptime : 0;
	model->uptime = uptime;
	model->readings++;
	model->sum = (struct top_rates){ 0 };
	json_array_foreach (json_object_get(answer, "items"), i, item)
		take_item(model, item);
	read_totals(others, known);
	if (known[TOP_PACKETS] > 0 || known[TOP_DROPS] > 0)
		take_item(model, others);
	forget_unseen(model);
}

double top_pair_past(const struct top_pair *pair, enum top_key key, unsigned ago)
{
	if (ago >= pair->n_history)
		return -1;
	return pair->history[(pair->next + TOP_HISTORY - 1 - ago) % TOP_HISTORY].of[key];
}

static int compare_numbers(double a, double b)
{
	return a < b ? 1 : a > b ? -1 : 0; /* larger first */
}

static int compare_pairs(const void *left, const void *right, void *by)
{
	const struct top_pair *a = *(struct top_pair *const *)left, *b = *(struct top_pair *const *)right;
	const enum top_key key = *(const enum top_key *)by;

	return compare_numbers(a->now.of[key], b->now.of[key]) ?:
	       compare_numbers(a->now.of[TOP_PACKETS], b->now.of[TOP_PACKETS]) ?:
	       compare_numbers(a->totals[key], b->totals[key]) ?:
	       strcmp(a->name, b->name);
}

void top_model_list(const struct top_model *model, enum top_key key, const char *filter, top_list *list)
{
	const struct top_pair *pair;

	list->n = 0;
	for (pair = model->pairs; pair; pair = pair->hh.next) {
		if (strcasestr(pair->source, filter) || strcasestr(pair->destination, filter))
			vec_push(list, pair);
	}
	if (list->n)
		qsort_r(list->items, list->n, sizeof(*list->items), compare_pairs, &key);
}
