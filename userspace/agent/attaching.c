// SPDX-License-Identifier: BSD-2-Clause
#include "agent/attaching.h"

#include <string.h>

#include "agent/increment.h"
#include "agent/reconcile.h"
#include "base/mem.h"
#include "policy/increment.h"

/* Where the short way doesn't do, all is compiled, with whatever else is on its way. */
static void pod_changed(struct agent *agent, const char *namespace, const char *name)
{
	const struct object *pod = sources_pod(&agent->sources, namespace, name);
	struct objects_delta delta = {};

	if (!pod)
		return; /* once it is there it is a change of its own */
	vec_push(&delta.come, pod);
	if (agent->compiled && !agent->stale && increment_namesake(agent->compiled, pod))
		vec_push(&delta.gone, increment_namesake(agent->compiled, pod));
	if (!increment_fits(agent, &delta) || !increment_delta(agent, &delta)) {
		agent->stale = true;
		agent_schedule(agent);
	}
	vec_free(&delta.gone);
	vec_free(&delta.come);
}

/* What is not on disk is only lost if this agent ends and the pod lives on; then it is closed. */
static void save(struct agent *agent)
{
	struct error error = {};

	if (attachments_save(&agent->attachments, &error) < 0)
		log_error("attachments are not kept: %s", error.text);
}

static int find_link(struct agent *agent, const struct attachment *attachment, struct link_info *ret,
		     struct error *error)
{
	links_dispatch(agent->links); /* it may have been made a moment ago */
	if (!links_by_name(agent->links, attachment->interface, ret) || ret->ifindex != attachment->ifindex)
		return error_set(error, -ENODEV,
				 "interface %s with number %u isn't there in the agent's network namespace",
				 attachment->interface, attachment->ifindex);
	return 0;
}

int attach(struct agent *agent, struct attachment *attachment, struct error *error)
{
	_cleanup_free_ char *namespace = xstrdup(attachment->namespace), *pod = xstrdup(attachment->pod);
	struct link_info link;
	int r = find_link(agent, attachment, &link, error) ?: endpoints_hold(&agent->endpoints, &link, error);

	if (r < 0)
		return r;
	gatekeeper_link_changed(&agent->gatekeeper, &link);
	gatekeeper_arrived(&agent->gatekeeper, attachment->container, attachment->ifname);
	log_info("interface %s: the CNI plugin says that it is pod %s/%s's", link.name, namespace, pod);
	r = attachments_put(&agent->attachments, attachment);
	if (r < 0)
		return error_set(error, r,
				 "there are %u attachments already (weir-cni GC, or a restart of the node, "
				 "takes back those of containers that are gone)",
				 ATTACHMENTS_MAX);
	save(agent);
	pod_changed(agent, namespace, pod);
	if (agent->endpoints.stale)
		reconcile_endpoints(agent);
	return 0;
}

void detach(struct agent *agent, const struct attachment *attachment)
{
	struct attachment taken = attachments_take(&agent->attachments, attachment);

	save(agent);
	pod_changed(agent, taken.namespace, taken.pod);
	attachment_free(&taken);
}

void attaching_check(struct agent *agent)
{
	agent->attachments.stale = false;
	for (size_t i = agent->attachments.list.n; i--;) {
		const struct attachment *attachment = &agent->attachments.list.items[i];

		if (!attachment_is_there(attachment, agent->links))
			detach(agent, attachment);
	}
}

static const struct endpoint *find_endpoint(const struct agent *agent, const struct attachment *attachment)
{
	vec_for_each (endpoint, &agent->endpoints.list) {
		if (strcmp(endpoint->pod, attachment->pod) == 0 &&
		    strcmp(endpoint->namespace, attachment->namespace) == 0)
			return endpoint;
	}
	return NULL;
}

char *attaching_obstacle(const struct agent *agent, const struct attachment *attachment)
{
	const struct endpoint *endpoint = find_endpoint(agent, attachment);
	const struct port *port = endpoints_port(&agent->endpoints, attachment->ifindex);

	if (!agent->revision)
		return xasprintf("no policy is in force yet");
	if (!endpoint)
		return xasprintf("pod %s/%s isn't known yet", attachment->namespace, attachment->pod);
	if (endpoint->ifindex != attachment->ifindex)
		return xasprintf("pod %s/%s is behind interface %s", endpoint->namespace, endpoint->pod,
				 endpoint->interface);
	if (!port || !port->attached || !port->has_identity)
		return xasprintf("the kernel doesn't know pod %s/%s yet", endpoint->namespace, endpoint->pod);
	return NULL;
}

void attaching_problems(const struct agent *agent, struct notes *problems)
{
	if (agent->attachments.failure)
		notes_add(problems,
			  "what the CNI plugin says is not kept: %s (a restart of the agent would close its pods)",
			  agent->attachments.failure);
	vec_for_each (attachment, &agent->attachments.list) {
		const struct endpoint *endpoint = find_endpoint(agent, attachment);

		if (endpoint && endpoint->found == FOUND_ANNOTATION &&
		    strcmp(endpoint->interface, attachment->interface) != 0)
			notes_add(problems,
				  "pod %s/%s: its annotation says interface %s, the CNI plugin says %s; the annotation "
				  "counts (take one of them away)",
				  endpoint->namespace, endpoint->pod, endpoint->interface, attachment->interface);
	}
}
