// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "agent/api.h"
#include "agent/origins.h"
#include "agent/selection.h"
#include "observe/names.h"

json_t *api_items(json_t *list)
{
	return json_pack("{s:o}", "items", list);
}

static json_t *addresses(const struct endpoint *endpoint)
{
	json_t *list = json_array();
	char text[ADDR_TEXT_MAX];

	vec_for_each (addr, &endpoint->addrs)
		json_array_append_new(list, json_string(addr_format(addr, text)));
	return list;
}

static const char *isolation(const struct world *world, const struct endpoint *endpoint, enum weir_direction direction)
{
	const struct object *pod = world_pod(world, endpoint->namespace, endpoint->pod);

	return pod ? pod_isolation(world, pod, direction) : "open";
}

json_t *api_checks(const struct port *port)
{
	const uint32_t flags = port && port->has_identity ? port->entry.flags : 0;
	json_t *list = json_array();

	if (flags & WEIR_ENDPOINT_CHECK_MAC)
		json_array_append_new(list, json_string("mac"));
	if (flags & WEIR_ENDPOINT_CHECK_ADDRESS)
		json_array_append_new(list, json_string("address"));
	return list;
}

static json_t *mac(const struct port *port)
{
	static const uint8_t none[MAC_LENGTH];
	char text[MAC_TEXT_MAX];

	if (!port || !port->has_identity || memcmp(port->entry.mac, none, sizeof(none)) == 0)
		return json_null();
	return json_string(mac_format(port->entry.mac, text));
}

static json_t *endpoint_json(const struct agent *agent, const struct world *world, const struct endpoint *endpoint)
{
	const struct port *port = endpoint->ifindex ? endpoints_port(&agent->endpoints, endpoint->ifindex) : NULL;

	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:o}", "namespace",
			 api_text(endpoint->namespace), "pod", api_text(endpoint->pod), "interface",
			 api_text(endpoint->interface), "found",
			 api_text(endpoint->interface ? interface_found_name(endpoint->found) : NULL), "ifindex",
			 (json_int_t)endpoint->ifindex, "identity", (json_int_t)endpoint->identity, "addresses",
			 addresses(endpoint), "mac", mac(port), "checks", api_checks(port), "ingress",
			 isolation(world, endpoint, WEIR_INGRESS), "egress", isolation(world, endpoint, WEIR_EGRESS),
			 "hook", api_hook_name(port ? port->hook : HOOK_NONE), "xdp",
			 api_xdp_name(port ? port->xdp : XDP_OFF), "state", api_port_state(port), "since",
			 api_time(port && port->has_identity ? port->since : 0));
}

void api_endpoints(void *data, const struct http_request *request, struct http_reply *reply)
{
	const struct agent *agent = data;
	json_t *list = json_array();
	struct origins origins;
	struct world world = {};

	api_world(agent, &world);
	origins_find(&agent->sources, ORIGINS_OF(KIND_POD), &origins);
	vec_for_each (endpoint, &agent->endpoints.list) {
		json_t *item = endpoint_json(agent, &world, endpoint);

		origin_tell(origin_of(&origins, KIND_POD, endpoint->namespace, endpoint->pod), item);
		json_array_append_new(list, item);
	}
	origins_free(&origins);
	world_free(&world);
	reply->json = api_items(list);
}

static json_t *labels_json(const struct labels *labels)
{
	json_t *json = json_object();

	vec_for_each (label, &labels->list)
		json_object_set_new(json, label->key, api_text(label->value));
	return json;
}

static void append_built_in(json_t *list, enum weir_identity identity, const char *name)
{
	json_array_append_new(list, json_pack("{s:I, s:s, s:{}, s:I}", "identity", (json_int_t)identity, "name", name,
					      "labels", "pods", (json_int_t)0));
}

void api_identities(void *data, const struct http_request *request, struct http_reply *reply)
{
	const struct agent *agent = data;
	json_t *list = json_array();

	append_built_in(list, WEIR_IDENTITY_WORLD, "world");
	append_built_in(list, WEIR_IDENTITY_NODE, "node");
	for (size_t i = 0; agent->compiled && i < agent->compiled->identities.n; i++) {
		const struct identity_info *info = &agent->compiled->identities.items[i];

		if (info->identity < WEIR_IDENTITY_FIRST)
			continue;
		json_array_append_new(list, json_pack("{s:I, s:o, s:o, s:I}", "identity", (json_int_t)info->identity,
						      "namespace", api_text(info->namespace), "labels",
						      labels_json(&info->labels), "pods", (json_int_t)info->pods));
	}
	reply->json = api_items(list);
}

static size_t count_selected(const struct world *world, const struct object *policy)
{
	size_t n = 0;

	for (size_t i = 0; i < world->pods.n; i++)
		n += world_selects(world, policy, world->pods.items[i]);
	return n;
}

static json_t *policy_json(const struct world *world, const struct object *object)
{
	const struct policy *policy = &object->policy;

	return json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:b, s:b, s:s, s:s, s:o}", "kind",
			 kind_info(object->kind)->kind, "namespace", api_text(object->namespace), "name",
			 api_text(object->name), "pods", (json_int_t)count_selected(world, object), "ingressRules",
			 (json_int_t)policy->rules[WEIR_INGRESS].n, "egressRules",
			 (json_int_t)policy->rules[WEIR_EGRESS].n, "ingress", policy->isolates[WEIR_INGRESS], "egress",
			 policy->isolates[WEIR_EGRESS], "mode", policy_mode_name(policy->mode), "onDeny",
			 policy_on_deny_name(policy->on_deny), "since", api_time(object->changed));
}

#define POLICIES                                                                                                       \
	(ORIGINS_OF(KIND_NETWORK_POLICY) | ORIGINS_OF(KIND_TRAFFIC_POLICY) | ORIGINS_OF(KIND_CLUSTER_TRAFFIC_POLICY) | \
	 ORIGINS_OF(KIND_ADMIN_NETWORK_POLICY) | ORIGINS_OF(KIND_BASELINE_ADMIN_NETWORK_POLICY) |                      \
	 ORIGINS_OF(KIND_CLUSTER_NETWORK_POLICY))

void api_policies(void *data, const struct http_request *request, struct http_reply *reply)
{
	const struct agent *agent = data;
	json_t *list = json_array();
	struct origins origins;
	struct world world = {};

	api_world(agent, &world);
	origins_find(&agent->sources, POLICIES, &origins);
	vec_for_each (object, &world.policies) {
		json_t *item = policy_json(&world, *object);

		origin_tell(origin_of(&origins, (*object)->kind, (*object)->namespace, (*object)->name), item);
		json_array_append_new(list, item);
	}
	origins_free(&origins);
	world_free(&world);
	reply->json = api_items(list);
}
