// SPDX-License-Identifier: BSD-2-Clause
#include "agent/capture_order.h"

#include <stdlib.h>
#include <string.h>

void capture_order_add(struct capture_order *order, const struct weir_captured *about, const uint8_t *bytes)
{
	const size_t at = order->bytes.n;

	vec_grow((void **)&order->bytes.items, &order->bytes.capacity, at + about->captured + 1, 1);
	memcpy(order->bytes.items + at, bytes, about->captured);
	order->bytes.n += about->captured;
	vec_push(&order->packets, (struct ordered_packet){ *about, at });
}

/* Those of one time stay as they came. */
static int by_time(const void *a, const void *b)
{
	const struct ordered_packet *x = a, *y = b;

	if (x->about.time != y->about.time)
		return x->about.time < y->about.time ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Moves what is left to the front. It is little: what came in the moment of the look. */
static void keep_from(struct capture_order *order, size_t first)
{
	struct capture_order kept = {};

	for (size_t i = first; i < order->packets.n; i++) {
		const struct ordered_packet *packet = &order->packets.items[i];

		capture_order_add(&kept, &packet->about, order->bytes.items + packet->at);
	}
	capture_order_free(order);
	*order = kept;
}

void capture_order_take(struct capture_order *order, uint64_t until, capture_order_sink sink, void *data)
{
	size_t i = 0;

	if (!order->packets.n)
		return;
	qsort(order->packets.items, order->packets.n, sizeof(*order->packets.items), by_time);
	for (; i < order->packets.n && order->packets.items[i].about.time <= until; i++)
		sink(data, &order->packets.items[i].about, order->bytes.items + order->packets.items[i].at);
	keep_from(order, i);
}

void capture_order_free(struct capture_order *order)
{
	vec_free(&order->packets);
	vec_free(&order->bytes);
}
