// SPDX-License-Identifier: BSD-2-Clause
#include "agent/increment.h"

#include "agent/reconcile.h"
#include "policy/increment.h"

/* Only from a state in which the compiled policy is what the sources say and the kernel has all of it. */
static bool is_in_step(const struct agent *agent)
{
	return agent->compiled && !agent->stale && !agent->failures.list.n && !agent->addresses.n_failed;
}

/* New addresses go first: one that passes from pod to pod is nobody's at no time. */
static int write_addresses(struct agent *agent, const struct objects_delta *delta)
{
	int r = 0;

	vec_for_each (pod, &delta->come) {
		vec_for_each (addr, &(*pod)->pod.addrs) {
			const struct address_owner *owner = compiled_owner(agent->compiled, addr);

			if (r == 0 && owner)
				r = addresses_set(&agent->addresses, agent->datapath, addr, owner->identity);
		}
	}
	vec_for_each (pod, &delta->gone) {
		vec_for_each (addr, &(*pod)->pod.addrs) {
			if (r == 0 && !compiled_owner(agent->compiled, addr))
				r = addresses_delete(&agent->addresses, agent->datapath, addr);
		}
	}
	return r;
}

static void write_endpoints(struct agent *agent, const struct objects_delta *delta)
{
	vec_for_each (pod, &delta->gone)
		endpoints_remove_pod(&agent->endpoints, *pod);
	vec_for_each (pod, &delta->come)
		endpoints_add_pod(&agent->endpoints, agent->compiled, *pod);
	if (!agent->endpoints.stale)
		return;
	agent_sync_endpoints(agent);
	if (endpoints_failed(&agent->endpoints))
		agent_retry(agent);
}

bool increment_fits(struct agent *agent, struct objects_delta *delta)
{
	if (!is_in_step(agent))
		return false;
	overlay_delta(&agent->overlay, agent->compiled, delta);
	return increment_possible(agent->compiled, &agent->state.numbers, delta);
}

bool increment_delta(struct agent *agent, const struct objects_delta *delta)
{
	increment_apply(agent->compiled, &agent->state.numbers, delta);
	if (write_addresses(agent, delta) < 0)
		return false;
	write_endpoints(agent, delta);
	datapath_new_generation(agent->datapath);
	log_info("%zu pods gone and %zu come, under policy revision %u", delta->gone.n, delta->come.n, agent->revision);
	return true;
}

bool increment(struct agent *agent)
{
	struct objects_delta delta = {};
	bool done;

	sources_delta(&agent->sources, &delta);
	done = increment_fits(agent, &delta) && increment_delta(agent, &delta);
	vec_free(&delta.gone);
	vec_free(&delta.come);
	return done;
}
