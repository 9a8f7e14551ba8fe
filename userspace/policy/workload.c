// SPDX-License-Identifier: BSD-2-Clause
#include "policy/workload.h"

#include "base/mem.h"
#include "weir/image.h"

static const char *pod_name(const struct object *pod)
{
	static const char *const labels[] = { "app.kubernetes.io/name", "app", "k8s-app" };

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		const char *name = labels_get(&pod->labels, labels[i]);

		if (name && *name)
			return name;
	}
	return pod->pod.owner ?: pod->name;
}

char *workload_name(const struct object *owner)
{
	if (owner->kind == KIND_NODE)
		return xstrdup("node");
	if (owner->kind == KIND_SERVICE)
		return xasprintf("%s/service:%s", owner->namespace, owner->name);
	return xasprintf("%s/%s", owner->namespace, pod_name(owner));
}

const char *workload_of(const struct numbering *identities, uint32_t identity)
{
	if (identity == WEIR_IDENTITY_WORLD)
		return "world";
	if (identity == WEIR_IDENTITY_NODE)
		return "node";
	return numbering_title(identities, identity) ?: "unknown";
}
