/* SPDX-License-Identifier: BSD-2-Clause */
/* A Service's addresses and ports, and the EndpointSlices that say who is behind them. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "object/address.h"
#include "object/kinds.h"
#include "object/names.h"
#include "object/policy_parts.h"

#define SERVICE_LABEL "kubernetes.io/service-name"

static void read_port_name(const struct field *field, void *target)
{
	const char *name = field_string(field);

	if (name && *name)
		((struct service_port *)target)->name = field_checked(field, name_check_label);
}

static void read_port_number(const struct field *field, void *target)
{
	int64_t port;

	if (field_integer(field, 1, 65535, &port))
		((struct service_port *)target)->port = (uint16_t)port;
}

static void read_port_protocol(const struct field *field, void *target)
{
	read_protocol(field, &((struct service_port *)target)->protocol);
}

static const struct member port_members[] = {
	{ "name", read_port_name },
	{ "port", read_port_number },
	{ "protocol", read_port_protocol },
};

static void read_port(const struct field *field, void *target)
{
	service_ports *ports = target;
	struct service_port *port = vec_push(ports, (struct service_port){ .protocol = IPPROTO_TCP });

	field_read_members(field, port_members, ARRAY_SIZE(port_members), 0, port);
}

/* --- Service --- */

/* "None" is a headless service, whose clients talk to the backends themselves. */
static void read_cluster_ip(const struct field *field, void *target)
{
	const char *text = field_string(field);

	if (text && *text && strcmp(text, "None") != 0)
		read_address_into(field, &((struct service *)target)->addrs);
}

static void read_cluster_ips(const struct field *field, void *target)
{
	field_read_items(field, read_cluster_ip, target);
}

static bool is_same_port(const struct service_port *a, const struct service_port *b)
{
	return a->port == b->port && a->protocol == b->protocol;
}

static void read_service_port(const struct field *field, void *target)
{
	service_ports *ports = target;
	const struct service_port *port;
	struct field member;

	read_port(field, ports);
	if (field->node->type != NODE_MAPPING)
		return;
	port = &ports->items[ports->n - 1];
	if (!field_member(field, "port", &member))
		field_missing(field, "port", "is missing");
	for (const struct service_port *other = ports->items; other < port; other++) {
		if (port->name && other->name && strcmp(port->name, other->name) == 0)
			field_error(field, "another port is named " QUOTE " too", QUOTED(port->name));
		if (port->port && is_same_port(port, other))
			field_error(field, "another port is %u of this protocol too", port->port);
	}
}

static void read_service_ports(const struct field *field, void *target)
{
	service_ports *ports = &((struct service *)target)->ports;
	size_t n_named = 0;

	field_read_items(field, read_service_port, ports);
	vec_for_each (port, ports)
		n_named += port->name != NULL;
	if (ports->n > 1 && n_named < ports->n)
		field_error(field, "each of several ports must have a name");
}

static const struct member spec_members[] = {
	{ "clusterIP", read_cluster_ip },
	{ "clusterIPs", read_cluster_ips },
	{ "ports", read_service_ports },
};

static void read_spec(const struct field *field, void *target)
{
	field_read_members(field, spec_members, ARRAY_SIZE(spec_members), 0, target);
}

static const struct member service_members[] = {
	{ "spec", read_spec },
};

void service_read(const struct field *document, struct object *object)
{
	field_read_members(document, service_members, ARRAY_SIZE(service_members), 0, &object->service);
}

/* --- EndpointSlice --- */

enum address_type { ADDRESSES_IPV4, ADDRESSES_IPV6, ADDRESSES_FQDN };

struct endpoint {
	enum weir_family family;
	addr_list addrs;
	bool ready; /* absent: ready */
};

/* What a reader of a slice fills, and of which sort its addresses must be. */
struct slice_target {
	struct endpoint_slice *slice;
	enum address_type type;
};

static void read_endpoint_address(const struct field *field, void *target)
{
	struct endpoint *endpoint = target;
	struct addr addr;

	if (!read_address(field, &addr))
		return;
	if (addr.family == endpoint->family)
		vec_push(&endpoint->addrs, addr);
	else
		field_error(field, "must be an %s address, as addressType says",
			    endpoint->family == WEIR_IPV4 ? "IPv4" : "IPv6");
}

static void read_endpoint_addresses(const struct field *field, void *target)
{
	field_read_items(field, read_endpoint_address, target);
}

static void read_ready(const struct field *field, void *target)
{
	field_bool(field, &((struct endpoint *)target)->ready);
}

static const struct member condition_members[] = {
	{ "ready", read_ready },
};

static void read_conditions(const struct field *field, void *target)
{
	field_read_members(field, condition_members, ARRAY_SIZE(condition_members), 0, target);
}

static const struct member endpoint_members[] = {
	{ "addresses", read_endpoint_addresses },
	{ "conditions", read_conditions },
};

static void read_endpoint(const struct field *field, void *target)
{
	const struct slice_target *to = target;
	struct endpoint endpoint = { .ready = true, .family = to->type == ADDRESSES_IPV6 ? WEIR_IPV6 : WEIR_IPV4 };
	struct field addresses;

	if (field_read_members(field, endpoint_members, ARRAY_SIZE(endpoint_members), 0, &endpoint) &&
	    !field_member(field, "addresses", &addresses))
		field_missing(field, "addresses", "is missing");
	for (size_t i = 0; endpoint.ready && i < endpoint.addrs.n; i++)
		vec_push(&to->slice->ready, endpoint.addrs.items[i]);
	vec_free(&endpoint.addrs);
}

static void read_slice_ports(const struct field *field, void *target)
{
	field_read_items(field, read_port, &((const struct slice_target *)target)->slice->ports);
}

/* Of names there are no addresses to be judged. */
static void read_endpoints(const struct field *field, void *target)
{
	if (((const struct slice_target *)target)->type != ADDRESSES_FQDN)
		field_read_items(field, read_endpoint, target);
}

static const struct member slice_members[] = {
	{ "endpoints", read_endpoints },
	{ "ports", read_slice_ports },
};

static enum address_type read_address_type(const struct field *document)
{
	static const char *const names[] = {
		[ADDRESSES_IPV4] = "IPv4",
		[ADDRESSES_IPV6] = "IPv6",
		[ADDRESSES_FQDN] = "FQDN",
	};
	struct field type;
	int word = -1;

	if (field_member(document, "addressType", &type))
		word = field_word(&type, names, ARRAY_SIZE(names));
	else
		field_missing(document, "addressType", "is missing");
	return word < 0 ? ADDRESSES_FQDN : (enum address_type)word;
}

void endpoint_slice_read(const struct field *document, struct object *object)
{
	const char *service = labels_get(&object->labels, SERVICE_LABEL);
	struct slice_target target = { .slice = &object->slice, .type = read_address_type(document) };

	if (service)
		object->slice.service = xstrdup(service);
	field_read_members(document, slice_members, ARRAY_SIZE(slice_members), 0, &target);
}

void service_ports_free(service_ports *ports)
{
	vec_for_each (port, ports)
		free(port->name);
	vec_free(ports);
}
