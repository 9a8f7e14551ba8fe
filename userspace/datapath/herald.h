/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replacing an image takes effect at once, but the call that does it returns 8 to
 * 16 ms later and more on a busy node: when no program that runs has the old one
 * any more. Only then may anybody be told that it is in force, and yet open
 * connections needn't wait so long to be decided anew. A thread of its own looks
 * at the slot meanwhile, and begins a generation as soon as the new image is in it.
 *
 * What a packet remembers is safe all the same: it reads the generation first, so
 * it remembers the new one only with the new image. Where a processor reorders the
 * two reads the generation that follows the call has it decided once more.
 */
#ifndef WEIR_DATAPATH_HERALD_H
#define WEIR_DATAPATH_HERALD_H

#include <pthread.h>

#include "datapath/datapath_private.h"

struct herald {
	struct datapath *datapath;
	struct image_slot slot;
	uint32_t before; /* number of the map that is in the slot */
	bool ended;
	bool runs;
	pthread_t thread;
};

/* Where no thread can be had connections wait. */
void herald_begin(struct herald *herald, struct datapath *datapath, const struct image_slot *slot);
void herald_end(struct herald *herald);

#endif
