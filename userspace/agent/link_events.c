// SPDX-License-Identifier: BSD-2-Clause
#include "agent/link_events.h"

#include "agent/loop.h"
#include "agent/reconcile.h"

/* Its programs first: only then may it pass by the gate. */
static void on_changed(void *data, const struct link_info *link)
{
	struct agent *agent = data;

	endpoints_link_changed(&agent->endpoints, link);
	gatekeeper_link_changed(&agent->gatekeeper, link);
}

static void on_gone(void *data, uint32_t ifindex, const char *name)
{
	struct agent *agent = data;

	gatekeeper_link_gone(&agent->gatekeeper, ifindex, name);
	attachments_link_gone(&agent->attachments, ifindex);
	endpoints_link_gone(&agent->endpoints, ifindex, name);
}

static void on_addresses_changed(void *data)
{
	struct agent *agent = data;

	agent->stale = agent->overtaken = true;
	agent_schedule(agent);
}

static void on_filters_changed(void *data, uint32_t ifindex)
{
	hooks_touch(&((struct agent *)data)->hooks, ifindex);
}

struct links_events link_events(struct agent *agent)
{
	return (struct links_events){
		.changed = on_changed,
		.gone = on_gone,
		.addresses_changed = on_addresses_changed,
		.filters_changed = on_filters_changed,
		.data = agent,
	};
}
