/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/interned.h"

/* Where key is, or belongs. */
static size_t position(const struct labels *labels, const char *key)
{
	size_t low = 0, high = labels->list.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(labels->list.items[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct labels *labels, size_t at, const char *key)
{
	return at < labels->list.n && strcmp(labels->list.items[at].key, key) == 0;
}

const char *labels_get(const struct labels *labels, const char *key)
{
	size_t at = position(labels, key);

	return is_at(labels, at, key) ? labels->list.items[at].value : NULL;
}

void labels_set(struct labels *labels, const char *key, const char *value)
{
	size_t at = position(labels, key);
	const char *copy = interned(value);
	struct label *label;

	if (is_at(labels, at, key)) {
		interned_unref(labels->list.items[at].value);
		labels->list.items[at].value = copy;
		return;
	}
	vec_push(&labels->list, (struct label){ NULL, NULL });
	label = labels->list.items + at;
	memmove(label + 1, label, (labels->list.n - 1 - at) * sizeof(*label));
	*label = (struct label){ interned(key), copy };
}

void labels_copy(struct labels *to, const struct labels *from)
{
	struct labels copy = {};

	vec_for_each (label, &from->list)
		vec_push(&copy.list, (struct label){ interned_ref(label->key), interned_ref(label->value) });
	labels_free(to);
	*to = copy;
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
	if (a->list.n != b->list.n)
		return false;
	for (size_t i = 0; i < a->list.n; i++) {
		if (strcmp(a->list.items[i].key, b->list.items[i].key) != 0 ||
		    strcmp(a->list.items[i].value, b->list.items[i].value) != 0)
			return false;
	}
	return true;
}

void labels_free(struct labels *labels)
{
	vec_for_each (label, &labels->list) {
		interned_unref(label->key);
		interned_unref(label->value);
	}
	vec_free(&labels->list);
}
