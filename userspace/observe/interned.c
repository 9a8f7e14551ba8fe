// SPDX-License-Identifier: BSD-2-Clause
#include "observe/interned.h"

#include <string.h>
#include <uthash.h>

#include "base/mem.h"

struct entry {
	UT_hash_handle hh;
	size_t references;
	char text[];
};

static struct entry *table;

static struct entry *entry_of(const char *text)
{
	return (struct entry *)(text - offsetof(struct entry, text));
}

const char *interned(const char *text)
{
	struct entry *entry;
	size_t length;

	if (!text)
		return NULL;
	length = strlen(text);
	HASH_FIND(hh, table, text, length, entry);
	if (!entry) {
		entry = xcalloc(1, sizeof(*entry) + length + 1);
		memcpy(entry->text, text, length);
		HASH_ADD_KEYPTR(hh, table, entry->text, length, entry);
	}
	entry->references++;
	return entry->text;
}

const char *interned_ref(const char *interned)
{
	if (interned)
		entry_of(interned)->references++;
	return interned;
}

void interned_unref(const char *interned)
{
	struct entry *entry;

	if (!interned)
		return;
	entry = entry_of(interned);
	if (--entry->references)
		return;
	HASH_DEL(table, entry);
	free(entry);
}

size_t interned_count(void)
{
	return HASH_COUNT(table);
}
