/* SPDX-License-Identifier: BSD-2-Clause */
/* A Service's addresses and ports, and the EndpointSlices that say who is behind them. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "object/kinds.h"
#include "object/names.h"
#include "object/policy_parts.h"

#define SERVICE_LABEL "kubernetes.io/service-name"

static bool read_address(const struct field *field, struct addr *ret)
{
	const char *text = field_string(field);

	if (text && addr_parse(text, ret) < 0) {
		field_error(field, QUOTE " must be an IPv4 or IPv6 address (IPv4 written as IPv4)", QUOTED(text));
		return false;
	}
	return text != NULL;
}

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
	struct service *service = target;
	const char *text = field_string(field);
	struct addr addr;

	if (!text || !*text || strcmp(text, "None") == 0 || !read_address(field, &addr))
		return;
	vec_for_each (known, &service->addrs) {
		if (addr_compare(known, &addr) == 0)
			return;
	}
	vec_push(&service->addrs, addr);
}

static void read_cluster_ips(const struct field *field, void *target)
{
	field_read_items(field, read_cluster_ip, target);
}

static void read_service_ports(const struct field *field, void *target)
{
	field_read_items(field, read_port, &((struct service *)target)->ports);
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

struct endpoint {
	VEC(struct addr) addrs;
	bool ready; /* absent: ready */
};

static void read_endpoint_address(const struct field *field, void *target)
{
	struct addr addr;

	if (read_address(field, &addr))
		vec_push(&((struct endpoint *)target)->addrs, addr);
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
	struct endpoint_slice *slice = target;
	struct endpoint endpoint = { .ready = true };

	field_read_members(field, endpoint_members, ARRAY_SIZE(endpoint_members), 0, &endpoint);
	for (size_t i = 0; endpoint.ready && i < endpoint.addrs.n; i++)
		vec_push(&slice->ready, endpoint.addrs.items[i]);
	vec_free(&endpoint.addrs);
}

static void read_slice_ports(const struct field *field, void *target)
{
	field_read_items(field, read_port, &((struct endpoint_slice *)target)->ports);
}

/* Of names (FQDN) there are no addresses to be judged. */
static void read_endpoints(const struct field *field, void *target)
{
	field_read_items(field, read_endpoint, target);
}

static const struct member slice_members[] = {
	{ "endpoints", read_endpoints },
	{ "ports", read_slice_ports },
};

void endpoint_slice_read(const struct field *document, struct object *object)
{
	const char *service = labels_get(&object->labels, SERVICE_LABEL);
	struct field type;

	if (service)
		object->slice.service = xstrdup(service);
	if (field_member(document, "addressType", &type) && type.node->type == NODE_SCALAR &&
	    strcmp(type.node->text, "FQDN") == 0)
		return;
	field_read_members(document, slice_members, ARRAY_SIZE(slice_members), 0, &object->slice);
}

void service_ports_free(service_ports *ports)
{
	vec_for_each (port, ports)
		free(port->name);
	vec_free(ports);
}
