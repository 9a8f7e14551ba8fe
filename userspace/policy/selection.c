// SPDX-License-Identifier: BSD-2-Clause
#include "policy/selection.h"

#include <string.h>

bool policy_selects(const struct object *policy, const struct object *pod)
{
	return !pod->pod.host_network && strcmp(policy->namespace, pod->namespace) == 0 &&
	       selector_matches(&policy->policy.subjects, &pod->labels);
}

bool pod_is_isolated(const struct world *world, const struct object *pod, enum weir_direction direction)
{
	for (size_t i = 0; i < world->policies.n; i++) {
		const struct object *policy = world->policies.items[i];

		if (policy->policy.isolates[direction] && policy_selects(policy, pod))
			return true;
	}
	return false;
}
