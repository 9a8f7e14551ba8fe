// SPDX-License-Identifier: BSD-2-Clause
#include "observe/event.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/interned.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "object/object.h"

static const struct {
	const char *name, *doc;
	enum log_level severity;
} types[EVENT_TYPES_END] = {
#define EVENT_TYPE_ROW(symbol, name, severity, doc) [EVENT_##symbol] = { name, doc, LOG_LEVEL_##severity },
	EVENT_TYPES(EVENT_TYPE_ROW)
#undef EVENT_TYPE_ROW
};

const char *event_type_name(enum event_type type)
{
	return type > EVENT_NONE && type < EVENT_TYPES_END ? types[type].name : "?";
}

const char *event_type_doc(enum event_type type)
{
	return type > EVENT_NONE && type < EVENT_TYPES_END ? types[type].doc : "?";
}

bool event_type_by_name(const char *name, enum event_type *ret)
{
	for (enum event_type type = EVENT_NONE + 1; type < EVENT_TYPES_END; type++) {
		if (strcasecmp(types[type].name, name) != 0)
			continue;
		*ret = type;
		return true;
	}
	return false;
}

enum log_level event_severity(enum event_type type)
{
	return type > EVENT_NONE && type < EVENT_TYPES_END ? types[type].severity : LOG_LEVEL_INFO;
}

struct event event_make(enum event_type type, const char *format, ...)
{
	struct event event = { .type = type };
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	/* Messages quote what others wrote: nothing of it may steer a terminal or end the line. */
	if (text)
		utf8_printable(text);
	event.message = interned(text);
	return event;
}

void event_add_policy(struct event *event, const struct rule_ref *rule)
{
	const size_t n = event->n_policies;

	if (n == UINT16_MAX)
		return;
	event->policies = xrealloc(event->policies, n + 1, sizeof(*event->policies));
	event->policies[n] = (struct event_policy){
		.kind = interned(kind_info(rule->kind)->kind),
		.namespace = interned(rule->namespace),
		.policy = interned(rule->policy),
		.rule = interned(rule->rule),
	};
	event->n_policies++;
}

const char *event_labels(const struct labels *labels)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	vec_for_each (label, &labels->list)
		fprintf(out, "%s%s=%s", label == labels->list.items ? "" : ",", label->key, label->value);
	return fclose(out) == 0 ? interned(text) : NULL;
}

static void end_ref(const struct event_end *end)
{
	interned_ref(end->namespace);
	interned_ref(end->pod);
	interned_ref(end->workload);
	interned_ref(end->labels);
}

static void end_unref(const struct event_end *end)
{
	interned_unref(end->namespace);
	interned_unref(end->pod);
	interned_unref(end->workload);
	interned_unref(end->labels);
}

void event_copy(struct event *to, const struct event *from)
{
	struct event copy = *from;

	copy.policies = from->n_policies ? xcalloc(from->n_policies, sizeof(*copy.policies)) : NULL;
	for (size_t i = 0; i < from->n_policies; i++) {
		copy.policies[i] = from->policies[i];
		interned_ref(copy.policies[i].kind);
		interned_ref(copy.policies[i].namespace);
		interned_ref(copy.policies[i].policy);
		interned_ref(copy.policies[i].rule);
	}
	interned_ref(copy.namespace);
	interned_ref(copy.endpoint);
	interned_ref(copy.interface);
	end_ref(&copy.source);
	end_ref(&copy.destination);
	interned_ref(copy.limit);
	interned_ref(copy.subject);
	interned_ref(copy.message);
	*to = copy;
}

void event_free(struct event *event)
{
	for (size_t i = 0; i < event->n_policies; i++) {
		interned_unref(event->policies[i].kind);
		interned_unref(event->policies[i].namespace);
		interned_unref(event->policies[i].policy);
		interned_unref(event->policies[i].rule);
	}
	free(event->policies);
	interned_unref(event->namespace);
	interned_unref(event->endpoint);
	interned_unref(event->interface);
	end_unref(&event->source);
	end_unref(&event->destination);
	interned_unref(event->limit);
	interned_unref(event->subject);
	interned_unref(event->message);
	*event = (struct event){};
}
