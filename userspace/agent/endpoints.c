// SPDX-License-Identifier: BSD-2-Clause
#include "agent/endpoints.h"

#include <string.h>

#include "agent/finder.h"
#include "agent/ports.h"
#include "agent/uplinks.h"
#include "base/mem.h"

bool pod_is_local(const struct object *pod, const char *node)
{
	if (pod->pod.host_network)
		return false;
	if (pod->pod.node && strcmp(pod->pod.node, node) != 0)
		return false;
	return pod->pod.interface || (pod->pod.node && pod->pod.addrs.n);
}

static void endpoint_free(struct endpoint *endpoint)
{
	free(endpoint->namespace);
	free(endpoint->pod);
	free(endpoint->interface);
	vec_free(&endpoint->addrs);
}

void endpoint_list_free(endpoint_list *list)
{
	vec_for_each (endpoint, list)
		endpoint_free(endpoint);
	vec_free(list);
}

static enum datapath_xdp wanted_xdp(enum xdp_mode mode)
{
	return mode == XDP_MODE_NATIVE ? XDP_NATIVE : mode == XDP_MODE_GENERIC ? XDP_GENERIC : XDP_OFF;
}

static struct endpoint endpoint_of(const struct compiled *compiled, const struct object *pod, uint32_t identity)
{
	struct endpoint endpoint = {
		.namespace = xstrdup(pod->namespace),
		.pod = xstrdup(pod->name),
		.interface = xstrdup(pod->pod.interface),
		.found = pod->pod.found,
		.is_named = pod->pod.interface,
		.identity = identity,
		.may_spoof = pod->pod.may_spoof,
		.xdp = wanted_xdp(pod->pod.xdp),
	};

	memcpy(endpoint.mac, pod->pod.mac, sizeof(endpoint.mac));
	vec_for_each (addr, &pod->pod.addrs) {
		const struct address_owner *owner = compiled_owner(compiled, addr);

		if (owner && owner->pod == pod)
			vec_push(&endpoint.addrs, *addr);
	}
	return endpoint;
}

void endpoints_list(const struct endpoints *endpoints, const struct world *world, const struct compiled *compiled,
		    endpoint_list *ret)
{
	for (size_t i = 0; i < world->pods.n; i++) {
		const struct object *pod = world->pods.items[i];
		uint32_t identity;

		if (pod_is_local(pod, endpoints->config->node) && compiled_pod_identity(compiled, pod, &identity) == 0)
			vec_push(ret, endpoint_of(compiled, pod, identity));
	}
}

static int compare_to_endpoint(const void *key, const void *item)
{
	const struct object *pod = key;
	const struct endpoint *endpoint = item;

	return strcmp(pod->namespace, endpoint->namespace) ?: strcmp(pod->name, endpoint->pod);
}

void endpoints_add_pod(struct endpoints *endpoints, const struct compiled *compiled, const struct object *pod)
{
	uint32_t identity;

	if (!pod_is_local(pod, endpoints->config->node) || compiled_pod_identity(compiled, pod, &identity) < 0)
		return;
	ports_disown(endpoints);
	vec_insert(&endpoints->list, vec_lower_bound(&endpoints->list, pod, compare_to_endpoint),
		   endpoint_of(compiled, pod, identity));
	endpoints->stale = true;
}

void endpoints_remove_pod(struct endpoints *endpoints, const struct object *pod)
{
	const size_t at = vec_lower_bound(&endpoints->list, pod, compare_to_endpoint);

	if (at == endpoints->list.n || compare_to_endpoint(pod, &endpoints->list.items[at]) != 0)
		return;
	ports_disown(endpoints);
	endpoint_free(&endpoints->list.items[at]);
	vec_remove(&endpoints->list, at);
	endpoints->stale = true;
}

void endpoints_adopt(struct endpoints *endpoints, endpoint_list *list)
{
	ports_disown(endpoints);
	endpoint_list_free(&endpoints->list);
	endpoints->list = *list;
	*list = (endpoint_list){};
}

int endpoints_load(struct endpoints *endpoints, struct error *error)
{
	datapath_endpoints kernel = {};
	int r = datapath_list_endpoints(endpoints->datapath, &kernel);

	if (r < 0)
		return error_set(error, r, "endpoints can't be read from the kernel: %s", strerror(-r));
	ports_load(endpoints, &kernel);
	vec_free(&kernel);
	return 0;
}

void endpoints_free(struct endpoints *endpoints)
{
	ports_free(endpoints);
	endpoint_list_free(&endpoints->list);
	notes_free(&endpoints->problems);
}

void endpoints_close_lost(struct endpoints *endpoints, const struct compiled *compiled)
{
	for (struct port *port = endpoints->ports; port; port = port->hh.next) {
		if (port->has_identity && !compiled_knows(compiled, port->entry.identity))
			port_close(endpoints, port);
	}
}

void endpoints_world(const struct endpoints *endpoints, struct world *world)
{
	for (const struct port *port = endpoints->ports; port; port = port->hh.next) {
		if (port->has_identity)
			vec_push(&world->in_kernel, (struct kernel_identity){ .identity = port->entry.identity });
	}
}

/* Gives the endpoint's interface, if it is there and free, its programs and its identity. */
static bool sync_endpoint(struct endpoints *endpoints, struct endpoint *endpoint)
{
	struct link_info link;
	struct port *port;

	endpoint->ifindex = 0;
	if (!endpoint->interface || !links_by_name(endpoints->links, endpoint->interface, &link))
		return false;
	port = port_get(endpoints, &link);
	if (port->endpoint)
		return false;
	port->endpoint = endpoint;
	endpoint->ifindex = link.ifindex;
	port_attach(endpoints, port, endpoint->xdp);
	return port_identify(endpoints, port);
}

static bool sync_those(struct endpoints *endpoints, bool named)
{
	bool changed = false;

	vec_for_each (endpoint, &endpoints->list) {
		if (endpoint->is_named == named)
			changed |= sync_endpoint(endpoints, endpoint);
	}
	return changed;
}

bool endpoints_sync(struct endpoints *endpoints)
{
	struct notes problems = {};
	bool changed;

	endpoints->stale = false;
	changed = ports_drop_gone(endpoints);
	ports_disown(endpoints);
	changed |= sync_those(endpoints, true);
	if (endpoints->finder)
		finder_run(endpoints->finder, endpoints);
	changed |= sync_those(endpoints, false);
	for (struct port *port = endpoints->ports; port; port = port->hh.next) {
		if (port->endpoint)
			continue;
		/* Attached in an earlier life, or not at all yet for a fault: it gets this agent's programs. */
		if (!port->attached && (port->hook != HOOK_NONE || port->failure))
			port_attach(endpoints, port, port->xdp);
		if (port->has_identity && port_close(endpoints, port)) {
			port_tell_removed(endpoints, port, "closed, no pod names it any more");
			changed = true;
		}
	}
	endpoints_note_problems(endpoints, &problems);
	ports_note_failures(endpoints, &problems);
	notes_replace(&endpoints->problems, &problems, LOG_LEVEL_WARNING);
	return changed;
}

static int compare_places(const void *a, const void *b)
{
	return addr_compare(&((const struct datapath_address *)a)->addr, &((const struct datapath_address *)b)->addr);
}

void endpoints_places(const struct endpoints *endpoints, datapath_addresses *ret)
{
	vec_for_each (endpoint, &endpoints->list) {
		if (!endpoint->ifindex)
			continue;
		vec_for_each (addr, &endpoint->addrs)
			vec_push(ret, (struct datapath_address){ *addr, endpoint->identity, endpoint->ifindex });
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_places);
}

static bool is_claimed(const struct endpoints *endpoints, const char *name)
{
	vec_for_each (endpoint, &endpoints->list) {
		if (endpoint->interface && strcmp(endpoint->interface, name) == 0)
			return true;
	}
	return false;
}

bool endpoints_decided(const struct endpoints *endpoints, const struct link_info *link)
{
	const struct port *port = ports_find(endpoints, link->ifindex);

	if (port)
		return port->attached || port->hook != HOOK_NONE;
	if (!link->is_veth || endpoints->config->new_interfaces_open || ports_is_ignored(endpoints, link->ifindex) ||
	    uplinks_named(endpoints->config, link->name))
		return true;
	/* A pair whose ends are both here is nobody's once both are up; before, one of them may be on its way. */
	return !link->peer_elsewhere && link->running;
}

void endpoints_reconsider(struct endpoints *endpoints, const struct link_info *link)
{
	ports_forget_ignored(endpoints, link->ifindex);
	endpoints_link_changed(endpoints, link);
}

void endpoints_link_changed(void *data, const struct link_info *link)
{
	struct endpoints *endpoints = data;
	struct port *port = ports_find(endpoints, link->ifindex);
	bool claimed;

	if (port)
		port_forget_peer(port);
	if (endpoints->finder)
		finder_hint(endpoints->finder);
	claimed = is_claimed(endpoints, link->name);
	endpoints->stale |= claimed || (port && strcmp(port->name, link->name) != 0);
	if (port || endpoints->config->new_interfaces_open || !link->is_veth || !link->peer_elsewhere ||
	    ports_is_ignored(endpoints, link->ifindex) || uplinks_named(endpoints->config, link->name))
		return;
	port = port_get(endpoints, link);
	port_attach(endpoints, port, XDP_OFF);
	endpoints->stale |= port->failure != NULL;
	if (!port->failure && !claimed)
		log_info("interface %s: attached and closed until a pod names it", port->name);
}

int endpoints_hold(struct endpoints *endpoints, const struct link_info *link, struct error *error)
{
	struct port *port = port_get(endpoints, link);

	port_attach(endpoints, port, port->xdp);
	if (!port->attached)
		return error_set(error, -EIO, "%s (it isn't closed)", port->failure);
	return 0;
}

void endpoints_link_gone(void *data, uint32_t ifindex, const char *name)
{
	struct endpoints *endpoints = data;

	ports_forget_ignored(endpoints, ifindex);
	if (ports_find(endpoints, ifindex))
		endpoints->stale = true;
}
