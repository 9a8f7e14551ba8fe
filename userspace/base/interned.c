// SPDX-License-Identifier: BSD-2-Clause
#include "base/interned.h"

#include <pthread.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"

struct entry {
	UT_hash_handle hh;
	size_t references;
	char text[];
};

static struct entry *table;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

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
	pthread_mutex_lock(&lock);
	HASH_FIND(hh, table, text, length, entry);
	if (!entry) {
		entry = xcalloc(1, sizeof(*entry) + length + 1);
		memcpy(entry->text, text, length);
		HASH_ADD_KEYPTR(hh, table, entry->text, length, entry);
	}
	entry->references++;
	pthread_mutex_unlock(&lock);
	return entry->text;
}

const char *interned_ref(const char *interned)
{
	if (!interned)
		return NULL;
	pthread_mutex_lock(&lock);
	entry_of(interned)->references++;
	pthread_mutex_unlock(&lock);
	return interned;
}

void interned_unref(const char *interned)
{
	struct entry *entry;

	if (!interned)
		return;
	entry = entry_of(interned);
	pthread_mutex_lock(&lock);
	if (--entry->references == 0) {
		HASH_DEL(table, entry);
		free(entry);
	}
	pthread_mutex_unlock(&lock);
}

size_t interned_count(void)
{
	return HASH_COUNT(table);
}
