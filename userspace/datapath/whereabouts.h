/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Behind which interface of this network namespace an address is, as the
 * kernel's tables have it. Nothing is decided here: a sighting is evidence, and
 * who could have made it up differs by how it was found.
 */
#ifndef WEIR_DATAPATH_WHEREABOUTS_H
#define WEIR_DATAPATH_WHEREABOUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/vec.h"
#include "object/object.h"

struct whereabouts;

struct sighting {
	struct addr addr;
	uint32_t ifindex;
	enum interface_found how;
};
typedef VEC(struct sighting) sightings;

int whereabouts_open(struct whereabouts **ret, struct error *error);
void whereabouts_close(struct whereabouts *whereabouts);
DEFINE_CLEANUP(struct whereabouts, whereabouts_close);

/* What routes, and where there is none for the one address neighbours and bridges say of it. Appends. */
void whereabouts_of(struct whereabouts *whereabouts, const struct addr *addr, sightings *ret);
/* All that an interface's other end has for addresses, in whichever namespace that is. Appends. */
void whereabouts_behind(struct whereabouts *whereabouts, uint32_t ifindex, sightings *ret);

/* Whether changes of routes and neighbours are told of. Off at first. */
void whereabouts_watch(struct whereabouts *whereabouts, bool on);
int whereabouts_fd(const struct whereabouts *whereabouts); /* readable when whereabouts_dispatch() has work */
/* True when what has changed is about an address that is sought, or it can't be said. */
bool whereabouts_dispatch(struct whereabouts *whereabouts, bool (*is_sought)(void *data, const struct addr *addr),
			  void *data);

#endif
