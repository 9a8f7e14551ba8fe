// SPDX-License-Identifier: BSD-2-Clause
#include "observe/otlp_json.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* What a record says in its own members. */
static const char *const said_elsewhere[] = { "time", "severity", "message" };

static json_t *any_value(const json_t *json);

static json_t *key_value(const char *key, const json_t *value)
{
	return json_pack("{s:s, s:o}", "key", key, "value", any_value(value));
}

static json_t *array_value(const json_t *json)
{
	json_t *values = json_array();
	const json_t *item;
	size_t i;

	json_array_foreach (json, i, item)
		json_array_append_new(values, any_value(item));
	return json_pack("{s:{s:o}}", "arrayValue", "values", values);
}

static json_t *list_value(const json_t *json)
{
	json_t *values = json_array();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)json, key, value) {
		if (!json_is_null(value))
			json_array_append_new(values, key_value(key, value));
	}
	return json_pack("{s:{s:o}}", "kvlistValue", "values", values);
}

/* Protobuf's JSON has 64-bit numbers as text. */
static json_t *integer_value(const json_t *json)
{
	_cleanup_free_ char *text = xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(json));

	return json_pack("{s:s}", "intValue", text);
}

static json_t *any_value(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_STRING:
		return json_pack("{s:s}", "stringValue", json_string_value(json));
	case JSON_INTEGER:
		return integer_value(json);
	case JSON_REAL:
		return json_pack("{s:f}", "doubleValue", json_real_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return json_pack("{s:b}", "boolValue", json_is_true(json));
	case JSON_ARRAY:
		return array_value(json);
	case JSON_OBJECT:
		return list_value(json);
	case JSON_NULL:
		break;
	}
	return json_object();
}

/* Objects become attributes of their own, "source.labels.app"; what does not apply becomes none. */
static void add_attributes(json_t *attributes, const char *prefix, const json_t *json)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)json, key, value) {
		_cleanup_free_ char *name = xasprintf("%s%s%s", prefix, *prefix ? "." : "", key);

		if (json_is_object(value))
			add_attributes(attributes, name, value);
		else if (!json_is_null(value))
			json_array_append_new(attributes, key_value(name, value));
	}
}

static json_t *attribute(const char *key, const char *text)
{
	return json_pack("{s:s, s:{s:s}}", "key", key, "value", "stringValue", text);
}

json_t *otlp_request(const struct otlp_resource *resource)
{
	return json_pack("{s:[{s:{s:[o, o, o, o]}, s:[{s:{s:s, s:s}, s:[]}]}]}", "resourceLogs", "resource",
			 "attributes", attribute("service.name", "weir"),
			 attribute("service.version", resource->version), attribute("host.name", resource->host),
			 attribute("k8s.node.name", resource->node), "scopeLogs", "scope", "name", "weir", "version",
			 resource->version, "logRecords");
}

static json_t *records_of(const json_t *request)
{
	const json_t *resource = json_array_get(json_object_get(request, "resourceLogs"), 0);

	return json_object_get(json_array_get(json_object_get(resource, "scopeLogs"), 0), "logRecords");
}

size_t otlp_n_records(const json_t *request)
{
	return json_array_size(records_of(request));
}

/* The lowest number of each range that the data model has for a severity. */
static int severity_number(enum log_level level)
{
	static const int numbers[] = {
		[LOG_LEVEL_DEBUG] = 5,
		[LOG_LEVEL_INFO] = 9,
		[LOG_LEVEL_WARNING] = 13,
		[LOG_LEVEL_ERROR] = 17,
	};

	return numbers[level];
}

void otlp_add(json_t *request, const struct event *event, uint64_t observed)
{
	const enum log_level level = event_severity(event->type);
	_cleanup_free_ char *time = xasprintf("%" PRIu64, event->time);
	_cleanup_free_ char *seen = xasprintf("%" PRIu64, observed);
	json_t *fields = event_json(event), *attributes = json_array();
	const char *message = json_string_value(json_object_get(fields, "message"));
	json_t *record = json_pack("{s:s, s:s, s:i, s:s, s:{s:s}}", "timeUnixNano", time, "observedTimeUnixNano", seen,
				   "severityNumber", severity_number(level), "severityText", log_level_name(level),
				   "body", "stringValue", message ?: "");

	for (size_t i = 0; i < ARRAY_SIZE(said_elsewhere); i++)
		json_object_del(fields, said_elsewhere[i]);
	add_attributes(attributes, "", fields);
	json_object_set_new(record, "attributes", attributes);
	json_array_append_new(records_of(request), record);
	json_decref(fields);
}
