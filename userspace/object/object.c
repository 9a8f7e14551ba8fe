/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/object.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/interned.h"
#include "base/mem.h"

static const struct kind_info kinds[KIND_MAX] = {
	[KIND_NAMESPACE] = { "Namespace", "v1", NULL, "namespaces", "ns", .namespaced = false },
	[KIND_POD] = { "Pod", "v1", NULL, "pods", "po", .namespaced = true },
	[KIND_NODE] = { "Node", "v1", NULL, "nodes", "no", .namespaced = false },
	[KIND_SERVICE] = { "Service", "v1", NULL, "services", "svc", .namespaced = true },
	[KIND_ENDPOINT_SLICE] = { "EndpointSlice", "discovery.k8s.io/v1", "discovery.k8s.io/v1beta1", "endpointslices",
				  NULL, .namespaced = true },
	[KIND_NETWORK_POLICY] = { "NetworkPolicy", "networking.k8s.io/v1", NULL, "networkpolicies", "netpol",
				  .namespaced = true, .is_policy = true },
	[KIND_TRAFFIC_POLICY] = { "TrafficPolicy", "weir.dev/v1alpha1", NULL, "trafficpolicies", "tp",
				  .namespaced = true, .is_policy = true, .is_custom = true },
	[KIND_CLUSTER_TRAFFIC_POLICY] = { "ClusterTrafficPolicy", "weir.dev/v1alpha1", NULL, "clustertrafficpolicies",
					  "ctp", .is_policy = true, .is_custom = true },
	[KIND_ADMIN_NETWORK_POLICY] = { "AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", NULL,
					"adminnetworkpolicies", "anp", .is_policy = true, .is_custom = true },
	[KIND_BASELINE_ADMIN_NETWORK_POLICY] = { "BaselineAdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1",
						 NULL, "baselineadminnetworkpolicies", "banp", .is_policy = true,
						 .is_custom = true },
	[KIND_CLUSTER_NETWORK_POLICY] = { "ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2", NULL,
					  "clusternetworkpolicies", "cnp", .is_policy = true, .is_custom = true },
};

const struct kind_info *kind_info(enum object_kind kind)
{
	return &kinds[kind];
}

enum object_kind kind_by_name(const char *name)
{
	for (enum object_kind kind = 0; kind < KIND_MAX; kind++) {
		const struct kind_info *info = &kinds[kind];

		if (strcasecmp(name, info->kind) == 0 || strcasecmp(name, info->plural) == 0 ||
		    (info->short_name && strcasecmp(name, info->short_name) == 0))
			return kind;
	}
	return KIND_MAX;
}

static void pod_free(struct pod *pod)
{
	interned_unref(pod->node);
	free(pod->service_account);
	vec_free(&pod->addrs);
	vec_for_each (port, &pod->ports)
		free(port->name);
	vec_free(&pod->ports);
	free(pod->interface);
	free(pod->owner);
}

static void rule_free(struct policy_rule *rule)
{
	free(rule->name);
	vec_for_each (peer, &rule->peers) {
		vec_free(&peer->except);
		selector_free(&peer->nodes);
		selector_free(&peer->namespaces);
		selector_free(&peer->pods);
	}
	vec_free(&rule->peers);
	vec_for_each (port, &rule->ports)
		free(port->name);
	vec_free(&rule->ports);
	vec_free(&rule->limits);
}

void policy_free(struct policy *policy)
{
	selector_free(&policy->subjects);
	selector_free(&policy->namespaces);
	for (enum weir_direction direction = 0; direction < WEIR_DIRECTIONS; direction++) {
		vec_for_each (rule, &policy->rules[direction])
			rule_free(rule);
		vec_free(&policy->rules[direction]);
	}
}

static void content_free(struct object *object)
{
	switch (object->kind) {
	case KIND_POD:
		pod_free(&object->pod);
		break;
	case KIND_NODE:
		vec_free(&object->node.addrs);
		break;
	case KIND_SERVICE:
		vec_free(&object->service.addrs);
		service_ports_free(&object->service.ports);
		break;
	case KIND_ENDPOINT_SLICE:
		free(object->slice.service);
		vec_free(&object->slice.ready);
		service_ports_free(&object->slice.ports);
		break;
	default:
		if (kinds[object->kind].is_policy)
			policy_free(&object->policy);
		break;
	}
}

void object_free(struct object *object)
{
	if (!object)
		return;
	content_free(object);
	interned_unref(object->namespace);
	free(object->name);
	labels_free(&object->labels);
	interned_unref(object->file);
	free(object->version);
	free(object->uid);
	free(object->json);
	free(object);
}

char *object_title(const struct object *object)
{
	const char *kind = kinds[object->kind].kind;

	if (object->namespace)
		return xasprintf("%s %s/%s", kind, object->namespace, object->name);
	return xasprintf("%s %s", kind, object->name);
}

char *object_key(enum object_kind kind, const char *namespace, const char *name)
{
	return xasprintf("%u/%s/%s", (unsigned)kind, namespace ?: "", name);
}

void objects_free(struct objects *objects)
{
	vec_for_each (object, &objects->list)
		object_free(*object);
	vec_free(&objects->list);
}

int object_compare(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->namespace ?: "", y->namespace ?: "") ?: strcmp(x->name, y->name);
}

void objects_sort(struct objects *objects)
{
	if (objects->list.n > 1)
		qsort(objects->list.items, objects->list.n, sizeof(struct object *), object_compare);
}
