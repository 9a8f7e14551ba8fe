// SPDX-License-Identifier: BSD-2-Clause
#include "cli/limits.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/output.h"

#define PER_SECOND "PerSecond"

static double now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void wait_a_second(void)
{
	struct timespec left = { .tv_sec = 1 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static bool same_limit(const json_t *a, const json_t *b)
{
	static const char *const names[] = {
		"kind", "namespace", "policy", "rule", "direction", "limit", "unit", "mode"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!json_equal(json_object_get(a, names[i]), json_object_get(b, names[i])))
			return false;
	return true;
}

/* It is nearly always at the same place. */
static const json_t *find(const json_t *items, size_t guess, const json_t *limit)
{
	const json_t *item = json_array_get(items, guess);
	size_t i;

	if (item && same_limit(item, limit))
		return item;
	json_array_foreach (items, i, item) {
		if (same_limit(item, limit))
			return item;
	}
	return NULL;
}

static double growth(const json_t *before, const json_t *after, const char *field)
{
	return json_number_value(json_object_get(after, field)) - json_number_value(json_object_get(before, field));
}

static void set_rates(json_t *limit, const json_t *later, double seconds)
{
	const bool bytes = !strcmp(json_string_value(json_object_get(limit, "unit")) ?: "", "bytesPerSecond");
	const double passed = growth(limit, later, bytes ? "passedBytes" : "passedPackets") / seconds;
	const double dropped = growth(limit, later, bytes ? "droppedBytes" : "droppedPackets") / seconds;

	if (passed < 0 || dropped < 0)
		return; /* counted anew meanwhile */
	json_object_set_new(limit, "offeredRate", json_real(passed + dropped));
	json_object_set_new(limit, "deliveredRate", json_real(passed));
	json_object_set_new(limit, "droppedRate", json_real(dropped));
}

int limits_measure(const struct invocation *invocation, json_t *list, struct error *error)
{
	const double begun = now();
	json_auto_t *later = NULL;
	json_t *item;
	double seconds;
	size_t i;

	wait_a_second();
	if (client_get(invocation->socket, LIMITS_PATH, &later, error))
		return say_error(error);
	seconds = now() - begun;
	json_array_foreach (json_object_get(list, "items"), i, item) {
		const json_t *found = find(json_object_get(later, "items"), i, item);

		if (found)
			set_rates(item, found, seconds);
	}
	return EXIT_DONE;
}

char *limit_unit(const json_t *limit)
{
	const char *unit = json_string_value(json_object_get(limit, "unit")) ?: "?";
	const char *end = strstr(unit, PER_SECOND);

	return end ? xasprintf("%.*s", (int)(end - unit), unit) : xstrdup(unit);
}

static char *rate(const json_t *limit, const char *field)
{
	const json_t *value = json_object_get(limit, field);

	return value ? xstrdup(output_count((unsigned long long)(json_number_value(value) + 0.5))) : NULL;
}

char *limit_offered(const json_t *limit)
{
	return rate(limit, "offeredRate");
}

char *limit_delivered(const json_t *limit)
{
	return rate(limit, "deliveredRate");
}

char *limit_dropped(const json_t *limit)
{
	return rate(limit, "droppedRate");
}

char *limit_top(const json_t *limit)
{
	const json_t *source;
	char *text = NULL;
	size_t i;

	json_array_foreach (json_object_get(limit, "topSources"), i, source) {
		const char *address = json_string_value(json_object_get(source, "address"));
		_cleanup_free_ char *before = text, *who = NULL;

		who = address ? xstrdup(address)
			      : xasprintf("identity %lld",
					  (long long)json_integer_value(json_object_get(source, "identity")));
		text = xasprintf("%s%s%s: %s", before ?: "", before ? ", " : "", who,
				 output_count((unsigned long long)json_integer_value(
					 json_object_get(source, "droppedPackets"))));
	}
	return text;
}
