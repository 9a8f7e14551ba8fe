// SPDX-License-Identifier: BSD-2-Clause
#include "cli/limits.h"

#include <string.h>

#include "base/mem.h"
#include "cli/output.h"

#define PER_SECOND "PerSecond"

char *limit_unit(const json_t *limit)
{
	const char *unit = json_string_value(json_object_get(limit, "unit")) ?: "?";
	const char *end = strstr(unit, PER_SECOND);

	return end ? xasprintf("%.*s", (int)(end - unit), unit) : xstrdup(unit);
}

static char *rate(const json_t *limit, const char *field)
{
	const json_t *value = json_object_get(json_object_get(limit, "rates"), field);

	return value ? xstrdup(output_count((unsigned long long)(json_number_value(value) + 0.5))) : NULL;
}

char *limit_offered(const json_t *limit)
{
	return rate(limit, "offered");
}

char *limit_delivered(const json_t *limit)
{
	return rate(limit, "delivered");
}

char *limit_dropped(const json_t *limit)
{
	return rate(limit, "dropped");
}

char *limit_free(const json_t *limit)
{
	const json_t *level = json_object_get(limit, "level");

	return level ? xasprintf("%.0f %%", json_number_value(level)) : NULL;
}

static char *source_text(const json_t *source)
{
	const char *name = json_string_value(json_object_get(source, "name"));
	const char *address = json_string_value(json_object_get(source, "address"));

	if (name || address)
		return xasprintf("%s%s%s", name ?: "", name && address ? " " : "", address ?: "");
	return xasprintf("identity %lld", (long long)json_integer_value(json_object_get(source, "identity")));
}

char *limit_top(const json_t *limit)
{
	const json_t *source;
	char *text = NULL;
	size_t i;

	json_array_foreach (json_object_get(limit, "topSources"), i, source) {
		_cleanup_free_ char *before = text, *who = source_text(source);

		text = xasprintf("%s%s%s: %s", before ?: "", before ? ", " : "", who,
				 output_count((unsigned long long)json_integer_value(
					 json_object_get(source, "droppedPackets"))));
	}
	return text;
}
