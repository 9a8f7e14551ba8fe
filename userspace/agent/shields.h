/* SPDX-License-Identifier: BSD-2-Clause */
/* Says when the flood shield of uplinks goes up for somebody, and when it comes down again. */
#ifndef WEIR_AGENT_SHIELDS_H
#define WEIR_AGENT_SHIELDS_H

#include "agent/events.h"
#include "datapath/datapath.h"

struct shields {
	struct events *events;
	addr_list up;	 /* sorted */
	uint64_t raised; /* how often, ever */
};

/* Looks who is shielded now. A failure leaves things as they were. */
void shields_watch(struct shields *shields, struct datapath *datapath);
/* The same with what was found, which it takes. */
void shields_take(struct shields *shields, addr_list *up);
void shields_free(struct shields *shields); /* what it holds */

#endif
