// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_event.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/timestamp.h"

#define CONTROLLER     "weir.dev/agent"
#define ACTION	       "Enforcing"
#define NOTE_MAX       1024 /* bytes, as the API has it */
#define INSTANCE_MAX   128
#define NAME_MAX_BYTES 200 /* of the object's name in the event's */

static char *name_of(const struct kube_event *event)
{
	uint64_t hash = kube_hash(kube_hash(0, event->subject->uid), event->note);
	size_t length = strnlen(event->subject->name, NAME_MAX_BYTES);

	while (length && !isalnum((unsigned char)event->subject->name[length - 1]))
		length--;
	return xasprintf("%.*s.%016llx", (int)length, event->subject->name,
			 (unsigned long long)kube_hash(hash, event->is_good ? "+" : "-"));
}

/* Events about what belongs to no namespace are in this one. */
static const char *namespace_of(const struct kube_event *event)
{
	return event->subject->namespace ?: "default";
}

static json_t *reference(const struct kube_event *event)
{
	const struct kube_subject *subject = event->subject;
	json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "apiVersion", kind_info(subject->kind)->api_version, "kind",
				 kind_info(subject->kind)->kind, "name", subject->name, "uid", subject->uid);

	if (subject->namespace)
		json_object_set_new(json, "namespace", json_string(subject->namespace));
	return json;
}

static json_t *first(const struct kube_event *event, bool is_v1, const char *name, const char *now)
{
	json_t *json = json_pack("{s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:o}", "apiVersion",
				 is_v1 ? "events.k8s.io/v1" : "v1", "kind", "Event", "metadata", "name", name,
				 "namespace", namespace_of(event), "type", event->is_good ? "Normal" : "Warning",
				 "reason", event->is_good ? "Accepted" : "Refused", "action", ACTION,
				 "reportingInstance", kube_text(event->node, INSTANCE_MAX));

	json_object_set_new(json, is_v1 ? "note" : "message", kube_text(event->note, NOTE_MAX));
	json_object_set_new(json, is_v1 ? "regarding" : "involvedObject", reference(event));
	json_object_set_new(json, is_v1 ? "reportingController" : "reportingComponent", json_string(CONTROLLER));
	if (is_v1) {
		json_object_set_new(json, "eventTime", json_string(now));
		return json;
	}
	json_object_set_new(json, "source",
			    json_pack("{s:s, s:o}", "component", "weir", "host", kube_text(event->node, INSTANCE_MAX)));
	json_object_set_new(json, "count", json_integer(1));
	json_object_set_new(json, "firstTimestamp", json_string(now));
	json_object_set_new(json, "lastTimestamp", json_string(now));
	return json;
}

static json_t *again(const struct kube_event *event, bool is_v1, const char *now)
{
	if (is_v1)
		return json_pack("{s:{s:i, s:s}}", "series", "count", (int)event->count, "lastObservedTime", now);
	return json_pack("{s:i, s:s}", "count", (int)event->count, "lastTimestamp", now);
}

/* Of the older version times have whole seconds. */
static void format_time(uint64_t ns, bool is_v1, char text[static TIMESTAMP_MAX])
{
	timestamp_format(ns, text);
	if (!is_v1)
		strcpy(text + sizeof("2026-01-02T03:04:05") - 1, "Z");
}

void kube_event_discover(struct kube_write *ret)
{
	*ret = (struct kube_write){ .kind = KUBE_EVENT, .method = "GET", .path = xstrdup("/apis/events.k8s.io/v1") };
}

void kube_event_write(const struct kube_event *event, enum kube_event_version version, struct kube_write *ret)
{
	const bool is_v1 = version == KUBE_EVENTS_V1, is_first = event->count <= 1;
	_cleanup_free_ char *name = name_of(event);
	char now[TIMESTAMP_MAX];

	format_time(event->now, is_v1, now);
	*ret = (struct kube_write){
		.kind = KUBE_EVENT,
		.method = is_first ? "POST" : "PATCH",
		.content_type = is_first ? "application/json" : "application/merge-patch+json",
		.path = xasprintf("%s/namespaces/%s/events%s%s", is_v1 ? "/apis/events.k8s.io/v1" : "/api/v1",
				  namespace_of(event), is_first ? "" : "/", is_first ? "" : name),
		.body = is_first ? first(event, is_v1, name, now) : again(event, is_v1, now),
	};
}
