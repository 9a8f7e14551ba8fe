// SPDX-License-Identifier: BSD-2-Clause
#include "agent/rehearsal.h"

#include <stdlib.h>

#include "base/mem.h"

static const struct objects *held(const struct sources *sources)
{
	vec_for_each (source, &sources->list) {
		if (source->kube)
			return kube_objects(source->kube);
	}
	return NULL;
}

static bool has(const struct objects *sorted, struct object *const *object)
{
	return sorted->list.n &&
	       bsearch(object, sorted->list.items, sorted->list.n, sizeof(*sorted->list.items), object_compare);
}

void rehearsal_begin(struct rehearsal *rehearsal, struct sources *sources, const struct objects *change, bool gone)
{
	const struct objects *kept = held(sources);
	struct objects changed = {};

	*rehearsal = (struct rehearsal){ .sources = sources };
	vec_for_each (object, &change->list)
		vec_push(&changed.list, *object);
	objects_sort(&changed);
	for (size_t i = 0; kept && i < kept->list.n; i++) {
		if (!has(&changed, &kept->list.items[i]))
			vec_push(&rehearsal->objects.list, kept->list.items[i]);
	}
	for (size_t i = 0; !gone && i < changed.list.n; i++)
		vec_push(&rehearsal->objects.list, changed.list.items[i]);
	objects_sort(&rehearsal->objects);
	vec_free(&changed.list);
	sources->rehearsed = &rehearsal->objects;
}

void rehearsal_end(struct rehearsal *rehearsal)
{
	if (rehearsal->sources)
		rehearsal->sources->rehearsed = NULL;
	vec_free(&rehearsal->objects.list);
	*rehearsal = (struct rehearsal){};
}
