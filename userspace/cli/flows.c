// SPDX-License-Identifier: BSD-2-Clause
#include "cli/flows.h"

#include <string.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/output.h"

#define LIMIT_DEFAULT "100"
#define NO_LIMIT      "0"

static const char *const filters[] = { "pod", "from", "to", "port", "protocol", "state" };

int flows_refuse_options(const struct invocation *invocation)
{
	if (option_given(invocation, "limit"))
		return wrong_usage(invocation, "--limit is for flows only");
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		if (option_given(invocation, filters[i]))
			return wrong_usage(invocation, "--%s is for flows only", filters[i]);
	}
	return EXIT_DONE;
}

int flows_path(const struct invocation *invocation, char **ret)
{
	const char *limit = option_value(invocation, "limit", LIMIT_DEFAULT);
	struct query query[ARRAY_SIZE(filters) + 3] = {
		{ "namespace", option_value(invocation, "namespace", NULL) },
		{ "limit", strcmp(limit, NO_LIMIT) ? limit : NULL },
	};

	if (invocation->arguments.n > 1)
		return wrong_usage(invocation, "flows have no names (use --pod NAMESPACE/POD)");
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		query[i + 2] = (struct query){ filters[i], option_value(invocation, filters[i], NULL) };
	*ret = client_path(FLOWS_PATH, query);
	return EXIT_DONE;
}

/* name: the field that an end is called by, where it has one. */
static char *end_name(const json_t *end, const char *name, bool has_port)
{
	const char *pod = json_string_value(json_object_get(end, name));
	const char *address = json_string_value(json_object_get(end, "address")) ?: "?";

	if (pod)
		return xstrdup(pod);
	return has_port && strchr(address, ':') ? xasprintf("[%s]", address) : xstrdup(address);
}

/* As weir explain takes it. */
static char *to_text(const json_t *flow, const char *called)
{
	const json_t *to = json_object_get(flow, "to"), *port = json_object_get(to, "port");
	const char *protocol = json_string_value(json_object_get(flow, "protocol")) ?: "?";
	_cleanup_free_ char *name = end_name(to, called, json_is_integer(port));

	if (!json_is_integer(port))
		return xasprintf("%s/%s", name, protocol);
	return xasprintf("%s:%lld/%s", name, (long long)json_integer_value(port), protocol);
}

char *flow_from(const json_t *flow)
{
	return end_name(json_object_get(flow, "from"), "pod", false);
}

char *flow_to(const json_t *flow)
{
	return to_text(flow, "pod");
}

char *flow_from_workload(const json_t *flow)
{
	return end_name(json_object_get(flow, "from"), "workload", false);
}

char *flow_to_workload(const json_t *flow)
{
	return to_text(flow, "workload");
}

char *flow_state(const json_t *flow)
{
	const char *verdict = json_string_value(json_object_get(flow, "verdict")) ?: "";

	if (!strcmp(verdict, "deny"))
		return xstrdup("REVOKED");
	return xstrdup(json_string_value(json_object_get(flow, "state")) ?: "?");
}

static char *size_text(const json_t *counter)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double bytes = (double)json_integer_value(json_object_get(counter, "bytes"));
	size_t unit = 0;

	while (bytes >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		bytes /= 1024;
		unit++;
	}
	return xasprintf(unit && bytes < 10 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

static char *counter_text(const json_t *counter)
{
	_cleanup_free_ char *size = size_text(counter);

	return xasprintf("%lld (%s)", (long long)json_integer_value(json_object_get(counter, "packets")), size);
}

char *flow_bytes(const json_t *flow)
{
	return size_text(flow);
}

char *flow_sent(const json_t *flow)
{
	return counter_text(json_object_get(flow, "sent"));
}

char *flow_answered(const json_t *flow)
{
	return counter_text(json_object_get(flow, "answered"));
}

/* A flow's clock is coarse. */
static char *elapsed(const json_t *flow, const char *field)
{
	return output_age((long long)json_number_value(json_object_get(flow, field)));
}

char *flow_idle(const json_t *flow)
{
	return elapsed(flow, "idleSeconds");
}

char *flow_age(const json_t *flow)
{
	return elapsed(flow, "ageSeconds");
}

void flows_say_more(const json_t *list)
{
	const long long more = json_integer_value(json_object_get(list, "more"));

	fflush(stdout);
	if (more)
		fprintf(stderr, "and %s more with fewer bytes (--limit N shows more, --limit 0 all of them)\n",
			output_count((unsigned long long)more));
}
