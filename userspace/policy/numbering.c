// SPDX-License-Identifier: BSD-2-Clause
/* Keys by hash, keys by number, and a cursor below which no number is free. */
#include <errno.h>
#include <string.h>

#include <uthash.h>

#include "base/mem.h"
#include "base/vec.h"
#include "policy/numbering.h"
#include "weir/image.h"
#include "weir/maps.h"

struct numbered {
	UT_hash_handle hh;
	uint32_t number;
	bool idle;
	uint64_t idle_since;
	char *title; /* or NULL */
	char key[];
};

struct numbering {
	struct numbered *by_key;
	VEC(struct numbered *) by_number; /* index number - first; NULL: free */
	uint32_t first, limit;
	uint32_t next; /* every number below is taken */
	uint64_t changes;
};

static void numbered_free(struct numbered *numbered)
{
	if (numbered)
		free(numbered->title);
	free(numbered);
}

struct numbering *numbering_new(uint32_t first, uint32_t limit)
{
	struct numbering *numbering = new0(struct numbering);

	numbering->first = numbering->next = first;
	numbering->limit = limit;
	return numbering;
}

void numbering_free(struct numbering *numbering)
{
	if (!numbering)
		return;
	HASH_CLEAR(hh, numbering->by_key);
	vec_for_each (numbered, &numbering->by_number)
		numbered_free(*numbered);
	vec_free(&numbering->by_number);
	free(numbering);
}

static struct numbered *find(const struct numbering *numbering, const char *key)
{
	struct numbered *numbered = NULL;

	HASH_FIND_STR(numbering->by_key, key, numbered);
	return numbered;
}

static void give(struct numbering *numbering, const char *key, uint32_t number)
{
	const size_t size = strlen(key) + 1;
	struct numbered *numbered = xcalloc(1, sizeof(*numbered) + size);

	memcpy(numbered->key, key, size);
	numbered->number = number;
	while (numbering->by_number.n <= number - numbering->first)
		vec_push(&numbering->by_number, NULL);
	numbering->by_number.items[number - numbering->first] = numbered;
	HASH_ADD_STR(numbering->by_key, key, numbered);
	numbering->changes++;
}

uint32_t numbering_get(struct numbering *numbering, const char *key, uint32_t overflow)
{
	struct numbered *numbered = find(numbering, key);
	uint32_t number;

	if (numbered)
		return numbered->number;
	while (numbering_key(numbering, numbering->next))
		numbering->next++;
	if (numbering->next >= numbering->limit)
		return overflow;
	number = numbering->next++;
	give(numbering, key, number);
	return number;
}

bool numbering_find(const struct numbering *numbering, const char *key, uint32_t *ret)
{
	const struct numbered *numbered = find(numbering, key);

	if (!numbered)
		return false;
	*ret = numbered->number;
	return true;
}

static struct numbered *numbered_at(const struct numbering *numbering, uint32_t number)
{
	if (number < numbering->first || number - numbering->first >= numbering->by_number.n)
		return NULL;
	return numbering->by_number.items[number - numbering->first];
}

const char *numbering_key(const struct numbering *numbering, uint32_t number)
{
	const struct numbered *numbered = numbered_at(numbering, number);

	return numbered ? numbered->key : NULL;
}

const char *numbering_title(const struct numbering *numbering, uint32_t number)
{
	const struct numbered *numbered = numbered_at(numbering, number);

	return numbered ? numbered->title : NULL;
}

void numbering_set_title(struct numbering *numbering, uint32_t number, const char *title)
{
	struct numbered *numbered = numbered_at(numbering, number);

	if (!numbered || numbered->title)
		return;
	numbered->title = xstrdup(title);
	numbering->changes++;
}

int numbering_restore(struct numbering *numbering, const char *key, uint32_t number)
{
	if (number < numbering->first || number >= numbering->limit)
		return -ERANGE;
	if (find(numbering, key) || numbering_key(numbering, number))
		return -EEXIST;
	give(numbering, key, number);
	return 0;
}

uint32_t numbering_room(const struct numbering *numbering)
{
	return numbering->limit - numbering->first;
}

size_t numbering_count(const struct numbering *numbering)
{
	return HASH_COUNT(numbering->by_key);
}

uint32_t numbering_end(const struct numbering *numbering)
{
	return numbering->first + (uint32_t)numbering->by_number.n;
}

uint64_t numbering_changes(const struct numbering *numbering)
{
	return numbering->changes;
}

void numbering_forget(struct numbering *numbering, uint32_t number)
{
	struct numbered *numbered = numbered_at(numbering, number);

	HASH_DEL(numbering->by_key, numbered);
	numbering->by_number.items[number - numbering->first] = NULL;
	if (number < numbering->next)
		numbering->next = number;
	numbering->changes++;
	numbered_free(numbered);
}

static bool is_due(struct numbered *numbered, const struct numbering_prune *prune)
{
	const bool was_idle = numbered->idle;

	numbered->idle = !prune->used[numbered->number];
	if (!was_idle)
		numbered->idle_since = prune->now;
	return numbered->idle && prune->now - numbered->idle_since >= prune->patience;
}

size_t numbering_due(struct numbering *numbering, const struct numbering_prune *prune, bool *ret_due)
{
	size_t n = 0;

	vec_for_each (numbered, &numbering->by_number) {
		if (!*numbered)
			continue;
		ret_due[(*numbered)->number] = is_due(*numbered, prune);
		n += ret_due[(*numbered)->number];
	}
	return n;
}

void numberings_init(struct numberings *numberings)
{
	numberings->identities = numbering_new(WEIR_IDENTITY_FIRST, IDENTITIES_MAX);
	numberings->counters = numbering_new(WEIR_COUNTER_OVERFLOW + 1, COUNTERS_MAX);
	numberings->buckets = numbering_new(0, BUCKETS_MAX);
}

void numberings_free(struct numberings *numberings)
{
	numbering_free(TAKE_PTR(numberings->identities));
	numbering_free(TAKE_PTR(numberings->counters));
	numbering_free(TAKE_PTR(numberings->buckets));
}
