// SPDX-License-Identifier: BSD-2-Clause
/* An event's fields as words, and what happened as one line. */
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "observe/event.h"
#include "observe/names.h"

static bool is_ip(const struct event *event)
{
	return !event->eth_proto || event->eth_proto == ETHERTYPE_IP || event->eth_proto == ETHERTYPE_IPV6;
}

const char *event_protocol(const struct event *event, char text[static EVENT_WORD_MAX])
{
	if (event->eth_proto == ETHERTYPE_ARP)
		return "ARP";
	if (!is_ip(event))
		snprintf(text, EVENT_WORD_MAX, "0x%04x", event->eth_proto);
	else if (ports_of_protocol(event->protocol) != WEIR_PORTS_NONE)
		return ports_name(ports_of_protocol(event->protocol));
	else if (event->protocol == IPPROTO_ICMP || event->protocol == IPPROTO_ICMPV6)
		return "ICMP";
	else
		snprintf(text, EVENT_WORD_MAX, "%u", event->protocol);
	return text;
}

const char *event_flags(const struct event *event, char text[static EVENT_WORD_MAX])
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR" };
	char *at = text;

	if (!is_ip(event) || event->protocol != IPPROTO_TCP || !event->flags)
		return NULL;
	for (unsigned bit = 0; bit < ARRAY_SIZE(names); bit++) {
		if (!(event->flags & 1u << bit))
			continue;
		if (at != text)
			*at++ = ',';
		at = stpcpy(at, names[bit]);
	}
	return text;
}

_Static_assert(EVENT_WORD_MAX >= sizeof("FIN,SYN,RST,PSH,ACK,URG,ECE,CWR"), "all flags of TCP");

static void write_end(FILE *out, const struct event_end *end, bool with_port)
{
	const bool named = end->pod || end->workload;
	char text[ADDR_TEXT_MAX];

	with_port = with_port && end->has_port;
	if (named && end->namespace)
		fprintf(out, "%s/", end->namespace);
	if (named)
		fputs(end->pod ?: end->workload, out);
	else if (!end->has_address)
		fputc('?', out);
	else if (with_port && end->address.family == WEIR_IPV6)
		fprintf(out, "[%s]", addr_format(&end->address, text));
	else
		fputs(addr_format(&end->address, text), out);
	if (with_port)
		fprintf(out, ":%u", end->port);
}

static void write_policy(FILE *out, const struct event_policy *policy)
{
	fprintf(out, "%s ", policy->kind);
	if (policy->namespace)
		fprintf(out, "%s/", policy->namespace);
	fputs(policy->policy, out);
	if (policy->rule)
		fprintf(out, " rule %s", policy->rule);
}

/* "shop/web -> shop/db:5432 TCP denied at ingress: policy-default by NetworkPolicy shop/db" */
static void write_packet(FILE *out, const struct event *event)
{
	char word[EVENT_WORD_MAX];

	write_end(out, &event->source, false);
	fputs(" -> ", out);
	write_end(out, &event->destination, true);
	fprintf(out, " %s %s at %s: %s", event_protocol(event, word), event_type_name(event->type),
		direction_text(event->direction), reason_name(event->reason) ?: "?");
	for (size_t i = 0; i < event->n_policies; i++) {
		fputs(i ? ", " : " by ", out);
		write_policy(out, &event->policies[i]);
	}
	if (event->limit)
		fprintf(out, ", over %s", event->limit);
}

char *event_message(const struct event *event)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	if (event->message)
		return xstrdup(event->message);
	if (!event_is_packet(event))
		return xstrdup(event_type_doc(event->type));
	out = open_memstream(&text, &size);
	if (!out)
		return xstrdup(event_type_doc(event->type));
	write_packet(out, event);
	if (fclose(out) == 0)
		return text;
	free(text);
	return xstrdup(event_type_doc(event->type));
}
