// SPDX-License-Identifier: BSD-2-Clause
#include "cli/cells.h"

#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/output.h"
#include "object/object.h"

static char *join(char *text, const char *separator, char *item)
{
	char *longer = text ? xasprintf("%s%s%s", text, separator, item) : xstrdup(item);

	free(text);
	free(item);
	return longer;
}

char *cell_text(const json_t *value)
{
	char *text = NULL;
	const char *key;
	json_t *item;
	size_t i;

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		return xstrdup(json_string_value(value));
	case JSON_INTEGER:
		return xasprintf("%lld", (long long)json_integer_value(value));
	case JSON_REAL:
		return xasprintf("%.15g", json_real_value(value));
	case JSON_TRUE:
		return xstrdup("yes");
	case JSON_FALSE:
		return xstrdup("no");
	case JSON_ARRAY:
		json_array_foreach (value, i, item)
			text = join(text, ",", cell_text(item) ?: xstrdup(""));
		return text;
	case JSON_OBJECT:
		json_object_foreach ((json_t *)value, key, item) {
			_cleanup_free_ char *part = cell_text(item);

			text = join(text, ",", xasprintf("%s=%s", key, part ?: ""));
		}
		return text;
	default:
		return NULL;
	}
}

char *cell_age(const json_t *item)
{
	const char *since = json_string_value(json_object_get(item, "since"));
	struct tm tm = { 0 };

	if (!since || !strptime(since, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return output_age((long long)(time(NULL) - timegm(&tm)));
}

char *cell_origin(const json_t *item)
{
	const char *source = json_string_value(json_object_get(item, "source"));
	_cleanup_free_ char *others = cell_text(json_object_get(item, "otherSources"));

	if (!source)
		return NULL;
	return others ? xasprintf("%s (also in %s)", source, others) : xstrdup(source);
}

char *cell_kind(const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "kind")) ?: "";
	const enum object_kind kind = kind_by_name(name);

	return xstrdup(kind != KIND_MAX && kind_info(kind)->short_name ? kind_info(kind)->short_name : name);
}

char *cell_labels(const json_t *item)
{
	return cell_text(json_object_get(item, "labels")) ?: cell_text(json_object_get(item, "name"));
}

static char *port_text(const json_t *port)
{
	return xasprintf("%lld/%s", (long long)json_integer_value(json_object_get(port, "port")),
			 json_string_value(json_object_get(port, "protocol")) ?: "?");
}

char *cell_service_ports(const json_t *item)
{
	const json_t *port;
	char *text = NULL;
	size_t i;

	json_array_foreach (json_object_get(item, "ports"), i, port)
		text = join(text, ",", port_text(port));
	return text;
}

char *cell_backends(const json_t *item)
{
	const json_t *ports = json_object_get(item, "ports"), *port;
	const size_t first = json_array_size(json_object_get(json_array_get(ports, 0), "backends"));
	bool same = true;
	char *text = NULL;
	size_t i;

	json_array_foreach (ports, i, port) {
		const size_t n = json_array_size(json_object_get(port, "backends"));

		same &= n == first;
		text = join(text, ",", xasprintf("%zu", n));
	}
	if (!same)
		return text;
	free(text);
	return xasprintf("%zu", first);
}

char *cell_backend_list(const json_t *item)
{
	const json_t *port, *backend;
	char *text = NULL;
	size_t i, j;

	json_array_foreach (json_object_get(item, "ports"), i, port) {
		char *list = NULL;

		json_array_foreach (json_object_get(port, "backends"), j, backend) {
			const char *pod = json_string_value(json_object_get(backend, "pod"));
			const char *address = json_string_value(json_object_get(backend, "address")) ?: "?";
			const long long number = json_integer_value(json_object_get(backend, "port"));

			list = join(list, ",", xasprintf("%s:%lld", pod ?: address, number));
		}
		if (list) {
			_cleanup_free_ char *name = port_text(port);

			text = join(text, "; ", xasprintf("%s: %s", name, list));
			free(list);
		}
	}
	return text;
}
