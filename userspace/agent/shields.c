// SPDX-License-Identifier: BSD-2-Clause
#include "agent/shields.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

/* A flood from many sources is one event to its reader, not as many as there are sources. */
#define WORDS_AT_ONCE 8

static int by_addr(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static bool has(const addr_list *list, const struct addr *addr)
{
	return list->n && bsearch(addr, list->items, list->n, sizeof(*addr), by_addr);
}

/* Speaks of what one list has and the other has not. Returns how many these are. */
static size_t say_new(const addr_list *list, const addr_list *known, enum log_level level, const char *what)
{
	char text[ADDR_TEXT_MAX];
	size_t n = 0;

	vec_for_each (addr, list) {
		if (has(known, addr) || ++n > WORDS_AT_ONCE)
			continue;
		log_write(level, "flood shield: %s for %s", what, addr_format(addr, text));
	}
	if (n > WORDS_AT_ONCE)
		log_write(level, "flood shield: %s for %zu more", what, n - WORDS_AT_ONCE);
	return n;
}

void shields_take(struct shields *shields, addr_list *up)
{
	if (up->n)
		qsort(up->items, up->n, sizeof(*up->items), by_addr);
	shields->raised += say_new(up, &shields->up, LOG_LEVEL_WARNING,
				   "too many packets are denied; they are dropped at the uplink now");
	say_new(&shields->up, up, LOG_LEVEL_INFO, "calm again");
	vec_free(&shields->up);
	shields->up = *up;
	*up = (addr_list){};
}

void shields_watch(struct shields *shields, struct datapath *datapath)
{
	addr_list up = {};

	if (datapath_list_shields(datapath, &up) == 0)
		shields_take(shields, &up);
}

void shields_free(struct shields *shields)
{
	vec_free(&shields->up);
}
