/* SPDX-License-Identifier: BSD-2-Clause */
/* Which source each object is from, and which others have one of the same name that is not in force. */
#ifndef WEIR_AGENT_ORIGINS_H
#define WEIR_AGENT_ORIGINS_H

#include <jansson.h>
#include <uthash.h>

#include "agent/sources.h"

struct origin {
	char *key;
	const struct object *object; /* in force */
	const struct source *source;
	VEC(const struct source *) others;
	UT_hash_handle hh;
};

struct origins {
	struct origin *list; /* by key */
};

/* Of the objects of these kinds (a bit for each), as the sources have them now; borrows from them. */
void origins_find(const struct sources *sources, uint32_t kinds, struct origins *ret);
void origins_free(struct origins *origins); /* what it holds */
/* NULL: no source has one of this name. */
const struct origin *origin_of(const struct origins *origins, enum object_kind kind, const char *namespace,
			       const char *name);

/* Sets "source" and "otherSources" of an item of a list. */
void origin_tell(const struct origin *origin, json_t *item);

#define ORIGINS_OF(kind) (1u << (kind))
#define ORIGINS_ALL	 UINT32_MAX

#endif
