// SPDX-License-Identifier: BSD-2-Clause
#include "agent/source_name.h"

#include "base/mem.h"

/* Labels that say what a pod is one of; the first that it has. */
static const char *label_name(const struct labels *labels)
{
	static const char *const keys[] = { "app.kubernetes.io/name", "k8s-app", "app" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value = labels_get(labels, keys[i]);

		if (value && *value)
			return value;
	}
	return labels->list.n ? labels->list.items[0].value : NULL;
}

char *identity_name(const struct agent *agent, uint32_t identity)
{
	const struct identity_info *info;
	const char *name;

	if (identity < WEIR_IDENTITY_FIRST)
		return identity == WEIR_IDENTITY_WORLD	? xstrdup("world")
		       : identity == WEIR_IDENTITY_NODE ? xstrdup("node")
							: NULL;
	info = agent->compiled ? compiled_identity(agent->compiled, identity) : NULL;
	if (!info)
		return NULL;
	name = label_name(&info->labels);
	return xasprintf("%s%s%s", info->namespace ?: "node", name ? "/" : "", name ?: "");
}

static char *object_name(const struct object *object)
{
	return object->namespace ? xasprintf("%s/%s", object->namespace, object->name) : xstrdup(object->name);
}

char *address_name(const struct agent *agent, const struct addr *addr)
{
	const struct address_owner *owner = agent->compiled ? compiled_owner(agent->compiled, addr) : NULL;
	const struct object *object = owner ? owner->pod ?: owner->service ?: owner->node : NULL;

	if (!owner)
		return NULL;
	/* What has changed since may be gone. */
	return object && !agent->stale ? object_name(object) : identity_name(agent, owner->identity);
}
