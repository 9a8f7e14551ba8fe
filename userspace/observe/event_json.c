// SPDX-License-Identifier: BSD-2-Clause
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "observe/event.h"
#include "observe/names.h"

/* An interface may be called almost anything, and whoever reads this may print it. */
static json_t *text_json(const char *text)
{
	_cleanup_free_ char *printable = xstrdup(text);

	if (!printable)
		return json_null();
	utf8_printable(printable);
	return json_string(printable);
}

/* What doesn't apply is null in a packet's record, and left out of the agent's. */
static void set(json_t *json, bool always, const char *name, json_t *value)
{
	if (always || !json_is_null(value))
		json_object_set_new_nocheck(json, name, value);
	else
		json_decref(value);
}

static json_t *number_json(uint64_t number)
{
	return number ? json_integer((json_int_t)number) : json_null();
}

static json_t *labels_json(const char *labels)
{
	_cleanup_free_ char *copy = NULL;
	char *rest, *label, *value;
	json_t *json;

	if (!labels)
		return json_null();
	rest = copy = xstrdup(labels);
	json = json_object();
	while ((label = strsep(&rest, ","))) {
		value = strchr(label, '=');
		if (!value)
			continue;
		*value++ = '\0';
		json_object_set_new(json, label, text_json(value));
	}
	return json;
}

static json_t *end_json(const struct event_end *end)
{
	char text[ADDR_TEXT_MAX];

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "address",
			 text_json(end->has_address ? addr_format(&end->address, text) : NULL), "port",
			 end->has_port ? json_integer(end->port) : json_null(), "namespace", text_json(end->namespace),
			 "pod", text_json(end->pod), "workload", text_json(end->workload), "identity",
			 number_json(end->identity), "labels", labels_json(end->labels));
}

static json_t *endpoint_json(const struct event *event)
{
	_cleanup_free_ char *text = NULL;

	if (!event->endpoint)
		return json_null();
	text = xasprintf("%s%s%s", event->namespace ?: "", event->namespace ? "/" : "", event->endpoint);
	return text_json(text);
}

static json_t *policies_json(const struct event *event)
{
	json_t *list = json_array();

	for (size_t i = 0; i < event->n_policies; i++) {
		const struct event_policy *policy = &event->policies[i];

		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o}", "kind", text_json(policy->kind),
						      "namespace", text_json(policy->namespace), "policy",
						      text_json(policy->policy), "rule", text_json(policy->rule)));
	}
	return list;
}

static json_t *icmp_json(const struct event *event)
{
	return event->protocol == IPPROTO_ICMP || event->protocol == IPPROTO_ICMPV6 ? json_integer(event->icmp_type)
										    : json_null();
}

static void set_packet(json_t *json, const struct event *event)
{
	char protocol[EVENT_WORD_MAX], flags[EVENT_WORD_MAX];

	set(json, true, "verdict", json_string(verdict_name(event->verdict)));
	set(json, true, "reason", text_json(reason_name(event->reason)));
	set(json, true, "direction", json_string(direction_text(event->direction)));
	set(json, true, "endpoint", endpoint_json(event));
	set(json, true, "interface", text_json(event->interface));
	set(json, true, "source", end_json(&event->source));
	set(json, true, "destination", end_json(&event->destination));
	set(json, true, "protocol", text_json(event_protocol(event, protocol)));
	set(json, true, "flags", text_json(event_flags(event, flags)));
	set(json, true, "icmpType", icmp_json(event));
	set(json, true, "bytes", json_integer(event->bytes));
	set(json, true, "repeats", json_integer(event->repeats));
	set(json, true, "policies", policies_json(event));
	set(json, true, "limit", text_json(event->limit));
	set(json, true, "revision", json_integer(event->revision));
}

static bool is_said(const struct event_end *end)
{
	return end->has_address || end->pod || end->workload || end->identity;
}

static void set_own(json_t *json, const struct event *event)
{
	set(json, false, "endpoint", endpoint_json(event));
	set(json, false, "interface", text_json(event->interface));
	set(json, false, "source", is_said(&event->source) ? end_json(&event->source) : json_null());
	set(json, false, "destination", is_said(&event->destination) ? end_json(&event->destination) : json_null());
	set(json, false, "reason", event->reason ? text_json(reason_name(event->reason)) : json_null());
	set(json, false, "policies", event->n_policies ? policies_json(event) : json_null());
	set(json, false, "limit", text_json(event->limit));
	set(json, false, "subject", text_json(event->subject));
	set(json, false, "count", number_json(event->count));
	set(json, false, "revision", number_json(event->revision));
}

json_t *event_json(const struct event *event)
{
	_cleanup_free_ char *message = event_message(event);
	char time[TIMESTAMP_MAX];
	json_t *json = json_object();

	set(json, true, "time", json_string(timestamp_format(event->time, time)));
	set(json, true, "type", json_string(event_type_name(event->type)));
	set(json, true, "severity", json_string(log_level_name(event_severity(event->type))));
	set(json, true, "message", text_json(message));
	if (event_is_packet(event))
		set_packet(json, event);
	else
		set_own(json, event);
	return json;
}
