// SPDX-License-Identifier: BSD-2-Clause
#include "agent/shields.h"

#include <stdlib.h>

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

static void tell(struct events *events, enum event_type type, const char *what, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];
	struct event event = event_make(type, "flood shield: %s for %s", what, addr_format(addr, text));

	event.source.address = *addr;
	event.source.has_address = true;
	events_add(events, &event);
}

/* Speaks of what one list has and the other has not. Returns how many these are. */
static size_t say_new(const struct shields *shields, const addr_list *list, const addr_list *known,
		      enum event_type type)
{
	const char *what = type == EVENT_SHIELD_UP ? "too many packets are denied; they are dropped at the uplink now"
						   : "calm again";
	struct event event;
	size_t n = 0;

	vec_for_each (addr, list) {
		if (!has(known, addr) && ++n <= WORDS_AT_ONCE)
			tell(shields->events, type, what, addr);
	}
	if (n > WORDS_AT_ONCE) {
		event = event_make(type, "flood shield: %s for %zu more", what, n - WORDS_AT_ONCE);
		event.count = n - WORDS_AT_ONCE;
		events_add(shields->events, &event);
	}
	return n;
}

void shields_take(struct shields *shields, addr_list *up)
{
	if (up->n)
		qsort(up->items, up->n, sizeof(*up->items), by_addr);
	shields->raised += say_new(shields, up, &shields->up, EVENT_SHIELD_UP);
	say_new(shields, &shields->up, up, EVENT_SHIELD_DOWN);
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
