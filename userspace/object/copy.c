// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "base/interned.h"
#include "base/mem.h"
#include "object/object.h"

static struct pod copy_of(const struct pod *pod)
{
	struct pod copy = *pod;

	copy.node = interned_ref(pod->node);
	copy.service_account = xstrdup(pod->service_account);
	copy.owner = xstrdup(pod->owner);
	copy.interface = xstrdup(pod->interface);
	memset(&copy.addrs, 0, sizeof(copy.addrs));
	vec_for_each (addr, &pod->addrs)
		vec_push(&copy.addrs, *addr);
	memset(&copy.ports, 0, sizeof(copy.ports));
	vec_for_each (port, &pod->ports) {
		vec_push(&copy.ports, *port);
		copy.ports.items[copy.ports.n - 1].name = xstrdup(port->name);
	}
	return copy;
}

struct object *pod_copy(const struct object *pod)
{
	struct object *copy = new0(struct object);

	copy->kind = pod->kind;
	copy->namespace = interned_ref(pod->namespace);
	copy->name = xstrdup(pod->name);
	copy->uid = xstrdup(pod->uid);
	copy->file = interned_ref(pod->file);
	copy->line = pod->line;
	copy->changed = pod->changed;
	labels_copy(&copy->labels, &pod->labels);
	copy->pod = copy_of(&pod->pod);
	return copy;
}
