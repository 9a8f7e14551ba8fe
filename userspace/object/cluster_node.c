/* SPDX-License-Identifier: BSD-2-Clause */
/* A Node of Kubernetes: its labels are the metadata's, its addresses the status's. */
#include <string.h>

#include "object/address.h"
#include "object/kinds.h"

/* InternalIP and ExternalIP are addresses; Hostname, InternalDNS and ExternalDNS are names. */
static void read_node_address(const struct field *item, void *target)
{
	struct field type, address;
	const char *text;

	if (!field_is_mapping(item))
		return;
	if (!field_member(item, "type", &type) || !field_member(item, "address", &address)) {
		field_error(item, "must have type and address");
		return;
	}
	text = field_string(&type);
	if (text && (strcmp(text, "InternalIP") == 0 || strcmp(text, "ExternalIP") == 0))
		read_address_into(&address, &((struct cluster_node *)target)->addrs);
}

static void read_addresses(const struct field *field, void *target)
{
	field_read_items(field, read_node_address, target);
}

static const struct member status_members[] = {
	{ "addresses", read_addresses },
};

static void read_status(const struct field *field, void *target)
{
	field_read_members(field, status_members, ARRAY_SIZE(status_members), 0, target);
}

static const struct member node_members[] = {
	{ "status", read_status },
};

void cluster_node_read(const struct field *document, struct object *object)
{
	field_read_members(document, node_members, ARRAY_SIZE(node_members), 0, &object->node);
}
