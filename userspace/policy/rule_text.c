// SPDX-License-Identifier: BSD-2-Clause
#include "policy/rule_text.h"

#include <netinet/in.h>
#include <string.h>

void rule_text_name(FILE *out, const struct object *policy, const struct policy_rule *rule, size_t number)
{
	fprintf(out, "%s %s%s%s rule ", kind_info(policy->kind)->kind, policy->namespace ?: "",
		policy->namespace ? "/" : "", policy->name);
	if (rule->name)
		fputs(rule->name, out);
	else
		fprintf(out, "%zu", number);
}

static const char *protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	case IPPROTO_ICMP:
		return "ICMP";
	case IPPROTO_ICMPV6:
		return "ICMPv6";
	default:
		return NULL;
	}
}

void rule_text_port(FILE *out, uint8_t protocol, uint16_t port)
{
	const char *name = protocol_name(protocol);

	if (!name)
		fprintf(out, "protocol %u", protocol);
	else if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		fputs(name, out);
	else
		fprintf(out, "%s %u", name, port);
}

static void write_ports(FILE *out, const struct policy_rule *rule)
{
	const char *separator = "";

	if (!rule->ports.n)
		fputs("everything", out);
	vec_for_each (port, &rule->ports) {
		fputs(separator, out);
		if (port->protocol != PROTOCOL_OF_NAME)
			fprintf(out, "%s ", protocol_name(port->protocol));
		if (port->any_port)
			fputs("on any port", out);
		else if (port->name)
			fputs(port->name, out);
		else if (port->end_port == port->port)
			fprintf(out, "%u", port->port);
		else
			fprintf(out, "%u-%u", port->port, port->end_port);
		separator = ", ";
	}
}

static void write_values(FILE *out, const struct selector_requirement *requirement, const char *one,
			 const char *several)
{
	const char *separator = "";

	if (requirement->values.n == 1) {
		fprintf(out, "%s%s%s", requirement->key, one, requirement->values.items[0]);
		return;
	}
	fprintf(out, "%s %s (", requirement->key, several);
	vec_for_each (value, &requirement->values) {
		fprintf(out, "%s%s", separator, *value);
		separator = ", ";
	}
	fputc(')', out);
}

static void write_selector(FILE *out, const struct selector *selector)
{
	const char *separator = "";

	vec_for_each (requirement, &selector->requirements) {
		fputs(separator, out);
		separator = ", ";
		switch (requirement->operator) {
		case SELECTOR_IN:
			write_values(out, requirement, "=", "in");
			break;
		case SELECTOR_NOT_IN:
			write_values(out, requirement, "!=", "not in");
			break;
		case SELECTOR_EXISTS:
			fprintf(out, "a label %s", requirement->key);
			break;
		case SELECTOR_DOES_NOT_EXIST:
			fprintf(out, "no label %s", requirement->key);
			break;
		}
	}
}

static void write_block(FILE *out, const struct policy_peer *peer)
{
	const char *separator = " except ";
	char text[CIDR_TEXT_MAX];

	fputs(cidr_format(&peer->cidr, text), out);
	vec_for_each (except, &peer->except) {
		fprintf(out, "%s%s", separator, cidr_format(except, text));
		separator = ", ";
	}
}

static void write_pods(FILE *out, const struct object *policy, const struct policy_peer *peer)
{
	const bool every_pod = !peer->pods.requirements.n;

	if (every_pod)
		fputs("every pod", out);
	else
		write_selector(out, &peer->pods);
	if (peer->has_namespace_selector && peer->namespaces.requirements.n) {
		fputs(" in namespaces with ", out);
		write_selector(out, &peer->namespaces);
	} else if (peer->has_namespace_selector && !every_pod) {
		fputs(" in any namespace", out);
	} else if (!peer->has_namespace_selector && every_pod) {
		fprintf(out, " in namespace %s", policy->namespace);
	}
}

static void write_nodes(FILE *out, const struct policy_peer *peer)
{
	fputs(peer->nodes.requirements.n ? "nodes with " : "every node", out);
	write_selector(out, &peer->nodes);
}

void rule_text_matches(FILE *out, const struct object *policy, const struct policy_rule *rule,
		       enum weir_direction direction)
{
	const char *separator = "";

	write_ports(out, rule);
	fputs(direction == WEIR_INGRESS ? " from " : " to ", out);
	if (!rule->peers.n)
		fputs("everybody", out);
	vec_for_each (peer, &rule->peers) {
		fputs(separator, out);
		separator = " or ";
		if (peer->is_cidr)
			write_block(out, peer);
		else if (peer->is_node)
			write_nodes(out, peer);
		else
			write_pods(out, policy, peer);
	}
}

/* Whether an earlier peer of the rule asks for the key already. */
static bool asked_before(const struct policy_rule *rule, const struct selector_requirement *requirement)
{
	vec_for_each (peer, &rule->peers) {
		vec_for_each (other, &peer->pods.requirements) {
			if (other == requirement)
				return false;
			if (!strcmp(other->key, requirement->key))
				return true;
		}
	}
	return false;
}

bool rule_text_asked_labels(FILE *out, const struct policy_rule *rule, const struct labels *labels)
{
	bool any = false;

	vec_for_each (peer, &rule->peers) {
		vec_for_each (requirement, &peer->pods.requirements) {
			const char *value = labels_get(labels, requirement->key);

			if (asked_before(rule, requirement))
				continue;
			fprintf(out, "%s%s%s%s", any ? ", " : "", value ? "" : "without label ", requirement->key,
				value ? "=" : "");
			fputs(value ?: "", out);
			any = true;
		}
	}
	return any;
}
