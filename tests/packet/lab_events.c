// SPDX-License-Identifier: BSD-2-Clause
/* What packets are told of. */
#include <string.h>

#include "packet/lab_private.h"

void lab_watch(struct lab *lab, uint32_t watch, uint32_t budget)
{
	lab->skeleton->data_control->weir_control.watch = watch;
	lab->skeleton->data_control->weir_control.event_budget = budget;
}

bool lab_watched(const struct lab *lab)
{
	return lab->skeleton->data_control->weir_control.watch;
}

void lab_age_events(struct lab *lab, uint32_t ticks)
{
	for (uint32_t i = 0; i < WEIR_NOTICES; i++)
		lab->skeleton->bss->weir_notices[i].seen -= ticks;
}

void lab_forget_events(struct lab *lab)
{
	struct weir_event event;

	memset(lab->skeleton->bss, 0, sizeof(*lab->skeleton->bss));
	lab_events(lab, &event, 1);
}

int lab_events(struct lab *lab, struct weir_event *ret, int most)
{
	return event_ring_take(&lab->events, ret, most);
}
