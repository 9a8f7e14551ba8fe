/* SPDX-License-Identifier: BSD-2-Clause */
/* v1alpha1 has a list of ports, v1alpha2 one of protocols; they say the same. */
#include <netinet/in.h>
#include <stdlib.h>

#include "object/names.h"
#include "object/policy_parts.h"
#include "object/tier_parts.h"

static bool read_number(const struct field *field, uint16_t *ret)
{
	int64_t number;

	if (!field_integer(field, 1, 65535, &number))
		return false;
	*ret = (uint16_t)number;
	return true;
}

static void read_port_protocol(const struct field *field, void *target)
{
	read_protocol(field, &((struct policy_port *)target)->protocol);
}

static void read_port(const struct field *field, void *target)
{
	struct policy_port *port = target;

	if (read_number(field, &port->port))
		port->end_port = port->port;
}

static void read_start(const struct field *field, void *target)
{
	read_number(field, &((struct policy_port *)target)->port);
}

static void read_end(const struct field *field, void *target)
{
	read_number(field, &((struct policy_port *)target)->end_port);
}

static void read_name(const struct field *field, void *target)
{
	struct policy_port *port = target;

	port->name = field_checked(field, name_check_port);
	port->protocol = PROTOCOL_OF_NAME;
}

static void require(const struct field *mapping, const char *name)
{
	struct field member;

	if (!field_member(mapping, name, &member))
		field_missing(mapping, name, "is missing");
}

static void read_range_members(const struct field *field, struct policy_port *port, const struct member *members,
			       size_t n)
{
	struct field end;

	if (!field_read_members(field, members, n, MEMBERS_STRICT, port))
		return;
	require(field, "start");
	require(field, "end");
	if (port->port && port->end_port && port->port >= port->end_port && field_member(field, "end", &end))
		field_error(&end, "must be above start, which is %u", port->port);
}

/* --- v1alpha1 --- */

static const struct member port_number_members[] = {
	{ "protocol", read_port_protocol },
	{ "port", read_port },
};

static void read_port_number(const struct field *field, void *target)
{
	if (field_read_members(field, port_number_members, ARRAY_SIZE(port_number_members), MEMBERS_STRICT, target))
		require(field, "port");
}

static const struct member port_range_members[] = {
	{ "protocol", read_port_protocol },
	{ "start", read_start },
	{ "end", read_end },
};

static void read_port_range(const struct field *field, void *target)
{
	read_range_members(field, target, port_range_members, ARRAY_SIZE(port_range_members));
}

static const struct member port_members[] = {
	{ "portNumber", read_port_number },
	{ "portRange", read_port_range },
	{ "namedPort", read_name },
};

static void read_item(const struct field *field, struct policy_rule *rule, const struct member *members, size_t n)
{
	struct policy_port *port = vec_push(&rule->ports, (struct policy_port){ .protocol = IPPROTO_TCP });

	if (field_read_members(field, members, n, MEMBERS_STRICT, port))
		tier_exactly_one(field);
}

static void read_port_item(const struct field *field, void *target)
{
	read_item(field, target, port_members, ARRAY_SIZE(port_members));
}

void read_tier_ports(const struct field *field, void *target)
{
	tier_check_length(field, TIER_LIST_V1ALPHA1);
	field_read_items(field, read_port_item, target);
}

/* --- v1alpha2 --- */

static const struct member range_members[] = {
	{ "start", read_start },
	{ "end", read_end },
};

static void read_range(const struct field *field, void *target)
{
	read_range_members(field, target, range_members, ARRAY_SIZE(range_members));
}

static const struct member destination_members[] = {
	{ "number", read_port },
	{ "range", read_range },
};

static void read_destination(const struct field *field, void *target)
{
	if (field_read_members(field, destination_members, ARRAY_SIZE(destination_members), MEMBERS_STRICT, target))
		tier_exactly_one(field);
}

static const struct member protocol_members[] = {
	{ "destinationPort", read_destination },
};

static void read_protocol_ports(const struct field *field, struct policy_port *port, uint8_t protocol)
{
	port->protocol = protocol;
	if (field_read_members(field, protocol_members, ARRAY_SIZE(protocol_members), MEMBERS_STRICT, port))
		require(field, "destinationPort");
}

static void read_tcp(const struct field *field, void *target)
{
	read_protocol_ports(field, target, IPPROTO_TCP);
}

static void read_udp(const struct field *field, void *target)
{
	read_protocol_ports(field, target, IPPROTO_UDP);
}

static void read_sctp(const struct field *field, void *target)
{
	read_protocol_ports(field, target, IPPROTO_SCTP);
}

static const struct member protocols_members[] = {
	{ "tcp", read_tcp },
	{ "udp", read_udp },
	{ "sctp", read_sctp },
	{ "destinationNamedPort", read_name },
};

static void read_protocol_item(const struct field *field, void *target)
{
	read_item(field, target, protocols_members, ARRAY_SIZE(protocols_members));
}

void read_tier_protocols(const struct field *field, void *target)
{
	tier_check_length(field, TIER_LIST_V1ALPHA2);
	field_read_items(field, read_protocol_item, target);
}
