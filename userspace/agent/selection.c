// SPDX-License-Identifier: BSD-2-Clause
#include "agent/selection.h"

const char *pod_isolation(const struct world *world, const struct object *pod, enum weir_direction direction)
{
	bool audited = false;

	for (size_t i = 0; i < world->policies.n; i++) {
		const struct object *policy = world->policies.items[i];

		if (!policy->policy.isolates[direction] || !world_selects(world, policy, pod))
			continue;
		if (policy->policy.mode == POLICY_ENFORCE)
			return "isolated";
		audited = true;
	}
	return audited ? "audited" : "open";
}
