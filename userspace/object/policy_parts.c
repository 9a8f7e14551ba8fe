/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/policy_parts.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "object/names.h"

void read_cidr(const struct field *field, void *target)
{
	struct policy_peer *peer = target;
	const char *text = field_string(field);
	char meant[CIDR_TEXT_MAX];
	bool host_bits;

	if (!text)
		return;
	if (cidr_parse(text, &peer->cidr, &host_bits) < 0)
		field_error(field, QUOTE " must be a CIDR such as 10.0.0.0/8 or fd00::/8 (IPv4 written as IPv4)",
			    QUOTED(text));
	else if (host_bits)
		field_warning(field, QUOTE " has bits set behind its prefix: taken as %s", QUOTED(text),
			      cidr_format(&peer->cidr, meant));
}

static void read_except(const struct field *field, void *target)
{
	struct policy_peer *peer = target;
	struct policy_peer except = {};
	char outer[CIDR_TEXT_MAX];
	size_t errors = field->report->n_errors;

	read_cidr(field, &except);
	if (field->report->n_errors > errors)
		return;
	if (peer->is_cidr &&
	    (except.cidr.length == peer->cidr.length || !cidr_contains_cidr(&peer->cidr, &except.cidr)))
		field_error(field, "must lie within %s and be smaller", cidr_format(&peer->cidr, outer));
	vec_push(&peer->except, except.cidr);
}

static const struct member block_members[] = {
	{ "cidr", read_cidr },
	{ "except", field_ignore },
};

/* The exceptions are read when it is known what they are exceptions of, wherever they stand. */
static void read_ip_block(const struct field *field, void *target)
{
	struct policy_peer *peer = target;
	struct field member;
	size_t errors = field->report->n_errors;

	if (!field_read_members(field, block_members, ARRAY_SIZE(block_members), MEMBERS_STRICT, peer))
		return;
	if (!field_member(field, "cidr", &member))
		field_missing(field, "cidr", "is missing");
	peer->is_cidr = field->report->n_errors == errors;
	if (field_member(field, "except", &member))
		field_read_items(&member, read_except, peer);
}

static void read_peer_namespaces(const struct field *field, void *target)
{
	struct policy_peer *peer = target;

	peer->has_namespace_selector = true;
	read_selector(field, &peer->namespaces);
}

static void read_peer_pods(const struct field *field, void *target)
{
	struct policy_peer *peer = target;

	peer->has_pod_selector = true;
	read_selector(field, &peer->pods);
}

static const struct member peer_members[] = {
	{ "podSelector", read_peer_pods },
	{ "namespaceSelector", read_peer_namespaces },
	{ "ipBlock", read_ip_block },
};

static void read_peer(const struct field *field, void *target)
{
	struct policy_rule *rule = target;
	struct policy_peer *peer = vec_push(&rule->peers, (struct policy_peer){});
	struct field block;
	bool has_block;

	if (!field_read_members(field, peer_members, ARRAY_SIZE(peer_members), MEMBERS_STRICT, peer))
		return;
	has_block = field_member(field, "ipBlock", &block);
	if (has_block && (peer->has_pod_selector || peer->has_namespace_selector))
		field_key_error(&block, "must stand alone: write the selectors as a peer of their own");
	else if (!has_block && !peer->has_pod_selector && !peer->has_namespace_selector)
		field_error(field, "an empty peer: must have podSelector, namespaceSelector or ipBlock "
				   "(leave the list out to mean everybody)");
}

void read_peers(const struct field *field, void *target)
{
	field_read_items(field, read_peer, target);
}

void read_protocol(const struct field *field, void *target)
{
	static const char *const names[] = { "TCP", "UDP", "SCTP" };
	static const uint8_t numbers[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	int at = field_word(field, names, ARRAY_SIZE(names));

	if (at >= 0)
		*(uint8_t *)target = numbers[at];
}

static void read_port_protocol(const struct field *field, void *target)
{
	read_protocol(field, &((struct policy_port *)target)->protocol);
}

static void read_port_number(const struct field *field, void *target)
{
	struct policy_port *port = target;
	int64_t number;

	port->any_port = false;
	if (field->node->type == NODE_SCALAR && field->node->scalar == SCALAR_STRING)
		port->name = field_checked(field, name_check_port);
	else if (field_integer(field, 1, 65535, &number))
		port->port = port->end_port = (uint16_t)number;
}

static const struct member port_members[] = {
	{ "protocol", read_port_protocol },
	{ "port", read_port_number },
	{ "endPort", field_ignore },
};

static void read_end_port(const struct field *field, struct policy_port *port)
{
	int64_t last;

	if (!field_integer(field, 1, 65535, &last))
		return;
	if (port->any_port)
		field_error(field, "must have a port to begin with");
	else if (port->port == 0)
		field_error(field, "must have a numeric port to begin with");
	else if (last < port->port)
		field_error(field, "must not be below port, which is %u", port->port);
	else
		port->end_port = (uint16_t)last;
}

static void read_port(const struct field *field, void *target)
{
	struct policy_rule *rule = target;
	struct policy_port *port =
		vec_push(&rule->ports, (struct policy_port){ .protocol = IPPROTO_TCP, .any_port = true });
	struct field end_port;

	if (field_read_members(field, port_members, ARRAY_SIZE(port_members), MEMBERS_STRICT, port) &&
	    field_member(field, "endPort", &end_port))
		read_end_port(&end_port, port);
}

void read_ports(const struct field *field, void *target)
{
	field_read_items(field, read_port, target);
}
