// SPDX-License-Identifier: BSD-2-Clause
/* What of two versions of an object matters to weir. */
#include <string.h>

#include "object/object.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_pod(const struct pod *a, const struct pod *b)
{
	if (a->ports.n != b->ports.n)
		return false;
	for (size_t i = 0; i < a->ports.n; i++) {
		const struct pod_port *x = &a->ports.items[i], *y = &b->ports.items[i];

		if (x->protocol != y->protocol || x->port != y->port || !same_text(x->name, y->name))
			return false;
	}
	return same_text(a->node, b->node) && same_text(a->service_account, b->service_account) &&
	       a->host_network == b->host_network && a->phase == b->phase && addr_lists_equal(&a->addrs, &b->addrs) &&
	       same_text(a->interface, b->interface) && a->found == b->found && a->xdp == b->xdp &&
	       memcmp(a->mac, b->mac, MAC_LENGTH) == 0 && a->may_spoof == b->may_spoof;
}

static bool same_ports(const service_ports *a, const service_ports *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct service_port *x = &a->items[i], *y = &b->items[i];

		if (x->protocol != y->protocol || x->port != y->port || !same_text(x->name, y->name))
			return false;
	}
	return true;
}

bool object_same(const struct object *a, const struct object *b)
{
	if (a->version && same_text(a->version, b->version))
		return true;
	if (a->generation && a->uid && a->generation == b->generation && same_text(a->uid, b->uid))
		return true;
	if (!labels_equal(&a->labels, &b->labels))
		return false;
	switch (a->kind) {
	case KIND_NAMESPACE:
		return true;
	case KIND_POD:
		return same_text(a->uid, b->uid) && same_pod(&a->pod, &b->pod);
	case KIND_NODE:
		return addr_lists_equal(&a->node.addrs, &b->node.addrs);
	case KIND_SERVICE:
		return addr_lists_equal(&a->service.addrs, &b->service.addrs) &&
		       same_ports(&a->service.ports, &b->service.ports);
	case KIND_ENDPOINT_SLICE:
		return same_text(a->slice.service, b->slice.service) &&
		       addr_lists_equal(&a->slice.ready, &b->slice.ready) &&
		       same_ports(&a->slice.ports, &b->slice.ports);
	default:
		return false;
	}
}
