// SPDX-License-Identifier: BSD-2-Clause
#include "agent/overlay.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "policy/increment.h"

struct overlaid {
	const struct object *of; /* the source's, which may be gone */
	struct object *pod;
	bool in_use;
	UT_hash_handle hh;
};

static struct overlaid *find(const struct overlay *overlay, const struct object *pod)
{
	struct overlaid *found;

	HASH_FIND_PTR(overlay->copies, &pod, found);
	return found;
}

static void overlaid_free(struct overlaid *copy)
{
	object_free(copy->pod);
	free(copy);
}

static void drop(struct overlay *overlay, struct overlaid *copy)
{
	HASH_DEL(overlay->copies, copy);
	overlaid_free(copy);
}

void overlay_free(struct overlay *overlay)
{
	struct overlaid *copy, *next;

	HASH_ITER (hh, overlay->copies, copy, next)
		drop(overlay, copy);
}

static bool can_be_here(const struct overlay *overlay, const struct object *pod)
{
	return pod->kind == KIND_POD && !pod->pod.host_network &&
	       (!pod->pod.node || strcmp(pod->pod.node, overlay->node) == 0);
}

/* A copy that says the same; so whoever has one finds it again in a world that is made later. */
static struct overlaid *find_same(const struct overlay *overlay, const struct overlaid *wanted)
{
	for (struct overlaid *copy = overlay->copies; copy; copy = copy->hh.next) {
		if (copy->of == wanted->of && strcmp(copy->pod->name, wanted->pod->name) == 0 &&
		    strcmp(copy->pod->namespace, wanted->pod->namespace) == 0 && object_same(copy->pod, wanted->pod))
			return copy;
	}
	return NULL;
}

static struct overlaid *make(const struct object *pod, const struct attachment *attachment)
{
	struct overlaid *copy = new0(struct overlaid);

	copy->of = pod;
	copy->pod = pod_copy(pod);
	if (!copy->pod->pod.interface) {
		copy->pod->pod.interface = xstrdup(attachment->interface);
		copy->pod->pod.found = FOUND_PLUGIN;
	}
	for (size_t i = 0; !pod->pod.addrs.n && i < attachment->addrs.n; i++)
		vec_push(&copy->pod->pod.addrs, attachment->addrs.items[i]);
	return copy;
}

const struct object *overlay_pod(struct overlay *overlay, const struct object *pod)
{
	const struct attachment *attachment =
		can_be_here(overlay, pod) ? attachments_of(overlay->attachments, pod) : NULL;
	struct overlaid *copy, *same;

	if (!attachment)
		return pod;
	copy = make(pod, attachment);
	same = find_same(overlay, copy);
	if (same) {
		overlaid_free(copy);
		return same->pod;
	}
	HASH_ADD_PTR(overlay->copies, pod, copy);
	overlay->dirty = true;
	return copy->pod;
}

void overlay_world(struct overlay *overlay, struct world *world)
{
	if (!overlay->attachments->list.n)
		return;
	vec_for_each (pod, &world->pods)
		*pod = overlay_pod(overlay, *pod);
}

void overlay_delta(struct overlay *overlay, const struct compiled *compiled, struct objects_delta *delta)
{
	vec_for_each (pod, &delta->gone) {
		const struct object *known = (*pod)->kind == KIND_POD ? increment_namesake(compiled, *pod) : NULL;

		if (!known || !find(overlay, known))
			continue;
		*pod = known;
		overlay->dirty = true;
	}
	vec_for_each (pod, &delta->come)
		*pod = overlay_pod(overlay, *pod);
}

/* Pointers are compared, and not followed: what a stale policy has of the sources may be gone. */
void overlay_tidy(struct overlay *overlay, const struct compiled *compiled)
{
	struct overlaid *copy, *next;

	if (!overlay->dirty)
		return;
	overlay->dirty = false;
	for (size_t i = 0; compiled && i < compiled->pods.n; i++) {
		copy = find(overlay, compiled->pods.items[i].pod);
		if (copy)
			copy->in_use = true;
	}
	HASH_ITER (hh, overlay->copies, copy, next) {
		if (!copy->in_use)
			drop(overlay, copy);
		else
			copy->in_use = false;
	}
}
