/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "object/field.h"

static const struct member *find_member(const struct member *members, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	}
	return NULL;
}

static void report_unknown(const struct field *field, const struct member *members, size_t n)
{
	char known[512] = "";

	for (size_t i = 0; i < n; i++) {
		size_t used = strlen(known);

		snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "", members[i].name);
	}
	field_key_error(field, "unknown field (known here: %s)", known);
}

bool field_read_members(const struct field *field, const struct member *members, size_t n, unsigned flags, void *target)
{
	uint64_t seen = 0; /* a key that is there twice is reported elsewhere and read once */

	if (!field_is_mapping(field))
		return false;
	for (const struct node *value = field->node->first; value; value = value->next) {
		struct field at = { .report = field->report, .parent = field, .node = value };
		const struct member *member = find_member(members, n, value->key->text);

		if (!member && (flags & MEMBERS_STRICT))
			report_unknown(&at, members, n);
		if (!member || node_is_null(value) || seen & 1ull << (member - members))
			continue;
		seen |= 1ull << (member - members);
		member->read(&at, target);
	}
	return true;
}

bool field_read_items(const struct field *field, void (*read)(const struct field *item, void *target), void *target)
{
	size_t index = 0;

	if (!field_is_sequence(field))
		return false;
	for (const struct node *item = field->node->first; item; item = item->next) {
		struct field at = { .report = field->report, .parent = field, .node = item, .index = index };

		read(&at, target);
		index++;
	}
	return true;
}

void field_ignore(const struct field *field, void *target)
{
}

/* By key, then as written. */
static int compare_keys(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;

	return strcmp(x->key->text, y->key->text) ?: x->key->line - y->key->line ?: x->key->column - y->key->column;
}

static void check_keys(const struct field *mapping)
{
	_cleanup_free_ const struct node **values = xcalloc(mapping->node->n, sizeof(*values));
	size_t n = 0;

	for (const struct node *value = mapping->node->first; value; value = value->next)
		values[n++] = value;
	qsort(values, n, sizeof(*values), compare_keys);
	for (size_t i = 1; i < n; i++) {
		struct field again = { .report = mapping->report, .parent = mapping, .node = values[i] };

		if (strcmp(values[i]->key->text, values[i - 1]->key->text) == 0)
			field_key_error(&again, "is here twice (first on line %d)", values[i - 1]->key->line);
	}
}

void field_check_duplicates(const struct field *field)
{
	size_t index = 0;

	if (field->node->type == NODE_SCALAR)
		return;
	if (field->node->type == NODE_MAPPING && field->node->n > 1)
		check_keys(field);
	for (const struct node *child = field->node->first; child; child = child->next) {
		struct field at = { .report = field->report, .parent = field, .node = child, .index = index };

		field_check_duplicates(&at);
		index++;
	}
}
