// SPDX-License-Identifier: BSD-2-Clause
#include "agent/origins.h"

#include <stdlib.h>
#include <string.h>

#include "agent/api.h"
#include "base/mem.h"

/* As in the world, what comes first is in force. */
static void add(struct origins *origins, const struct source *source, const struct object *object)
{
	char *key = object_key(object->kind, object->namespace, object->name);
	struct origin *origin;

	HASH_FIND_STR(origins->list, key, origin);
	if (origin) {
		vec_push(&origin->others, source);
		free(key);
		return;
	}
	origin = new0(struct origin);
	*origin = (struct origin){ .key = key, .object = object, .source = source };
	HASH_ADD_KEYPTR(hh, origins->list, origin->key, strlen(origin->key), origin);
}

void origins_find(const struct sources *sources, uint32_t kinds, struct origins *ret)
{
	*ret = (struct origins){};
	vec_for_each (source, &sources->list) {
		vec_for_each (object, &source_objects(sources, source)->list) {
			if (kinds & ORIGINS_OF((*object)->kind))
				add(ret, source, *object);
		}
	}
}

void origins_free(struct origins *origins)
{
	struct origin *origin, *next;

	HASH_ITER (hh, origins->list, origin, next) {
		HASH_DEL(origins->list, origin);
		vec_free(&origin->others);
		free(origin->key);
		free(origin);
	}
}

const struct origin *origin_of(const struct origins *origins, enum object_kind kind, const char *namespace,
			       const char *name)
{
	_cleanup_free_ char *key = object_key(kind, namespace, name);
	struct origin *origin;

	HASH_FIND_STR(origins->list, key, origin);
	return origin;
}

void origin_tell(const struct origin *origin, json_t *item)
{
	json_t *others = json_array();

	for (size_t i = 0; origin && i < origin->others.n; i++)
		json_array_append_new(others, api_text(origin->others.items[i]->name));
	json_object_set_new(item, "source", api_text(origin ? origin->source->name : NULL));
	json_object_set_new(item, "otherSources", others);
}
