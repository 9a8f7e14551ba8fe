/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it would be like if the Kubernetes API held other objects: for
 * `weir apply --dry-run` and `weir diff`, which can't put them there.
 */
#ifndef WEIR_AGENT_REHEARSAL_H
#define WEIR_AGENT_REHEARSAL_H

#include "agent/sources.h"

struct rehearsal {
	struct sources *sources; /* NULL: none */
	struct objects objects;	 /* borrowed, each; sorted */
};

/* From now on the sources have the objects of change in the API too, or (gone) none of these names. */
void rehearsal_begin(struct rehearsal *rehearsal, struct sources *sources, const struct objects *change, bool gone);
void rehearsal_end(struct rehearsal *rehearsal);

#endif
