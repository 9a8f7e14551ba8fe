// SPDX-License-Identifier: BSD-2-Clause
#include "agent/selection.h"

bool pod_is_isolated(const struct world *world, const struct object *pod, enum weir_direction direction)
{
	for (size_t i = 0; i < world->policies.n; i++) {
		const struct object *policy = world->policies.items[i];

		if (policy->policy.isolates[direction] && world_selects(world, policy, pod))
			return true;
	}
	return false;
}
