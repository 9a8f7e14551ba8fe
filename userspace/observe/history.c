// SPDX-License-Identifier: BSD-2-Clause
#include "observe/history.h"

#include <stdlib.h>

#include "base/mem.h"

void history_init(struct history *history, size_t packets)
{
	*history = (struct history){
		.rings = { [HISTORY_PACKETS] = { .capacity = packets }, [HISTORY_AGENT] = { .capacity = HISTORY_OWN } },
	};
	for (int kind = 0; kind < HISTORY_KINDS; kind++)
		history->rings[kind].items = xcalloc(history->rings[kind].capacity, sizeof(struct event));
}

void history_free(struct history *history)
{
	for (int kind = 0; kind < HISTORY_KINDS; kind++) {
		struct history_ring *ring = &history->rings[kind];

		for (size_t i = 0; i < ring->capacity && i < ring->n; i++)
			event_free(&ring->items[i]);
		free(ring->items);
	}
	*history = (struct history){};
}

static struct event *item(const struct history_ring *ring, uint64_t number)
{
	return &ring->items[number % ring->capacity];
}

/* The number of the oldest that is still there. */
static uint64_t oldest(const struct history_ring *ring)
{
	return ring->n > ring->capacity ? ring->n - ring->capacity : 0;
}

const struct event *history_add(struct history *history, struct event *event)
{
	struct history_ring *ring = &history->rings[history_kind(event)];
	struct event *slot = item(ring, ring->n);

	if (ring->n >= ring->capacity) {
		history->overwritten[slot->type]++;
		event_free(slot);
	}
	*slot = *event;
	slot->sequence = ++history->sequence;
	ring->n++;
	*event = (struct event){};
	return slot;
}

struct history_cursor history_oldest(const struct history *history)
{
	return (struct history_cursor){ .at = { oldest(&history->rings[0]), oldest(&history->rings[1]) } };
}

struct history_cursor history_newest(const struct history *history)
{
	return (struct history_cursor){ .at = { history->rings[0].n, history->rings[1].n } };
}

uint64_t history_lost(const struct history *history, struct history_cursor *cursor)
{
	uint64_t lost = 0;

	for (int kind = 0; kind < HISTORY_KINDS; kind++) {
		const uint64_t first = oldest(&history->rings[kind]);

		if (cursor->at[kind] >= first)
			continue;
		lost += first - cursor->at[kind];
		cursor->at[kind] = first;
	}
	return lost;
}

const struct event *history_next(const struct history *history, struct history_cursor *cursor)
{
	const struct event *next = NULL;
	int from = 0;

	for (int kind = 0; kind < HISTORY_KINDS; kind++) {
		const struct history_ring *ring = &history->rings[kind];
		const struct event *event;

		if (cursor->at[kind] == ring->n)
			continue;
		event = item(ring, cursor->at[kind]);
		if (next && next->sequence < event->sequence)
			continue;
		next = event;
		from = kind;
	}
	if (next)
		cursor->at[from]++;
	return next;
}

const struct event *history_previous(const struct history *history, struct history_cursor *cursor)
{
	const struct event *previous = NULL;
	int from = 0;

	for (int kind = 0; kind < HISTORY_KINDS; kind++) {
		const struct history_ring *ring = &history->rings[kind];
		const struct event *event;

		if (cursor->at[kind] <= oldest(ring))
			continue;
		event = item(ring, cursor->at[kind] - 1);
		if (previous && previous->sequence > event->sequence)
			continue;
		previous = event;
		from = kind;
	}
	if (previous)
		cursor->at[from]--;
	return previous;
}
