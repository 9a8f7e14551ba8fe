// SPDX-License-Identifier: BSD-2-Clause
/* weir status: one page that says whether this node enforces, and what. */
#include <string.h>
#include <time.h>

#include "base/age.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/output.h"

#define WORTH_A_ROW 50 /* % of a map that is filled */

static const char *text_of(const json_t *object, const char *field)
{
	return json_string_value(json_object_get(object, field)) ?: "";
}

static long long number_of(const json_t *object, const char *field)
{
	return json_integer_value(json_object_get(object, field));
}

static const char *count_of(const json_t *object, const char *field)
{
	return output_count(number_of(object, field));
}

/* "3 d 4 h"; NULL when since is no time. The caller frees. */
static char *age(const char *since)
{
	struct tm tm = { 0 };

	return strptime(since, "%Y-%m-%dT%H:%M:%SZ", &tm) ? age_text(time(NULL) - timegm(&tm)) : NULL;
}

static void print_verified(const json_t *verified)
{
	const json_t *ms = json_object_get(verified, "ms");

	if (!json_is_object(verified))
		return;
	if (json_is_true(json_object_get(verified, "sampled")))
		printf("verified   a sample of %s of %s cells against the objects (seed %lld), %.1f ms\n",
		       count_of(verified, "cells"), count_of(verified, "of"), number_of(verified, "seed"),
		       json_number_value(ms));
	else
		printf("verified   all %s cells against the objects, %.1f ms\n", count_of(verified, "of"),
		       json_number_value(ms));
}

/* Flows of both families; a kind of which there are none is still named. */
static void print_flows(const json_t *flows)
{
	static const char *const tables[] = { "connections", "openings", "exchanges" };
	const json_t *flow;
	size_t i;

	printf("flows     ");
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		long long n = 0;

		json_array_foreach (flows, i, flow)
			n += !strcmp(text_of(flow, "table"), tables[t]) ? number_of(flow, "flows") : 0;
		printf("%s %s %s", t ? "," : "", tables[t], output_count(n));
	}
	putchar('\n');
}

/* What holds; what doesn't, and why, is in the JSON and in the agent's log. */
static void print_confined(const json_t *confinement)
{
	const bool files = json_is_true(json_object_get(confinement, "files"));
	const char *const parts[] = {
		files ? json_is_true(json_object_get(confinement, "ports")) ? "files and ports" : "files" : NULL,
		json_is_true(json_object_get(confinement, "systemCalls")) ? "system calls" : NULL,
	};
	const char *capabilities = json_string_value(json_object_get(confinement, "capabilities"));

	if (!json_is_object(confinement))
		return;
	printf("confined   %s%s", capabilities ? "capabilities " : "NO capability given up", capabilities ?: "");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		printf("%s%s", parts[i] ? "; " : "", parts[i] ?: "");
	putchar('\n');
}

/* How an interface that nobody has named yet is kept from sending and receiving. */
static void print_newcomers(const json_t *newcomers)
{
	const char *by = text_of(newcomers, "closedBy"), *why = text_of(newcomers, "why");
	const long long expected = number_of(newcomers, "expected");

	if (!json_is_object(newcomers))
		return;
	if (strcmp(by, "nobody") == 0)
		printf("newcomers  left open, as configured");
	else if (strcmp(by, "kernel") == 0)
		printf("newcomers  closed by the kernel from their first instant");
	else
		printf("newcomers  closed by the agent once the kernel tells of them");
	if (*why)
		printf(" (%s)", why);
	if (expected)
		printf("; %lld on their way", expected);
	putchar('\n');
}

static void print_head(const struct invocation *invocation, const json_t *status)
{
	const json_t *kernel = json_object_get(status, "kernel"), *policy = json_object_get(status, "policy");
	const size_t n_degraded = json_array_size(json_object_get(status, "degraded"));
	bool enforcing = json_is_true(json_object_get(status, "enforcing"));
	const char *since = text_of(status, "since");
	_cleanup_free_ char *elapsed = age(since);
	const char *on = invocation->color ? (enforcing ? "\033[32m" : "\033[31m") : "";
	const char *off = invocation->color ? "\033[0m" : "";

	printf("enforcing  %s%s%s", on, enforcing ? "yes" : "NO", off);
	if (enforcing && n_degraded)
		printf(", but %sdegraded%s (%zu reason%s below)", invocation->color ? "\033[31m" : "", off, n_degraded,
		       n_degraded == 1 ? "" : "s");
	if (*since)
		printf(", since %s (%s)", since, elapsed ?: "");
	printf("\nrevision   %lld, %s\n", number_of(status, "revision"),
	       json_is_true(json_object_get(status, "settled")) ? "settled" : "not settled");
	printf("node       %s, weir %s, kernel %s, hook %s\n", text_of(status, "node"), text_of(status, "version"),
	       text_of(kernel, "release"), text_of(kernel, "hook"));
	printf("policy     policies %s, pods %s, identities %s\n", count_of(policy, "policies"),
	       count_of(policy, "pods"), count_of(policy, "identities"));
	printf("image      %s of %s words; classes: subjects %s, peers %s, ports %s\n", count_of(policy, "imageWords"),
	       count_of(policy, "imageCapacity"), count_of(policy, "subjectClasses"), count_of(policy, "peerClasses"),
	       count_of(policy, "portClasses"));
	print_verified(json_object_get(status, "verified"));
	print_flows(json_object_get(status, "flows"));
	printf("events     %s lost\n", count_of(json_object_get(status, "events"), "lost"));
	print_newcomers(json_object_get(status, "newcomers"));
	print_confined(json_object_get(status, "confinement"));
}

/* For as long as its age says. */
static const char *source_state(const json_t *source)
{
	if (*text_of(source, "away"))
		return "away";
	return json_is_true(json_object_get(source, "synced")) ? "synced" : "broken";
}

static void print_sources(const struct invocation *invocation, const json_t *sources)
{
	static const struct column columns[] = {
		{ "SOURCE", COLUMN_PLAIN },
		{ "STATE", COLUMN_PLAIN },
		{ "AGE", COLUMN_RIGHT },
		{ "OBJECTS", COLUMN_RIGHT },
		{ 0 },
	};
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, invocation);
	const json_t *source;
	size_t i;

	if (!json_array_size(sources))
		return;
	json_array_foreach (sources, i, source) {
		struct libscols_line *row = table_row(table);
		const char *away = text_of(source, "away");
		_cleanup_free_ char *elapsed = age(*away ? away : text_of(source, "since"));
		const char *state = source_state(source);

		table_cell(row, 0, text_of(source, "name"), NULL);
		table_cell(row, 1, state, table_state_color(state));
		table_cell(row, 2, elapsed, NULL);
		table_cell(row, 3, count_of(source, "objects"), NULL);
	}
	putchar('\n');
	table_print(table);
}

static void print_interfaces(const struct invocation *invocation, const json_t *interfaces)
{
	static const struct column columns[] = {
		{ "INTERFACE", COLUMN_PLAIN },
		{ "IFINDEX", COLUMN_RIGHT },
		{ "HOOK", COLUMN_PLAIN },
		{ "XDP", COLUMN_PLAIN },
		{ "STATE", COLUMN_PLAIN },
		{ "POD", COLUMN_WRAPS },
		{ 0 },
	};
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, invocation);
	const json_t *interface;
	size_t i;

	if (!json_array_size(interfaces))
		return;
	json_array_foreach (interfaces, i, interface) {
		struct libscols_line *row = table_row(table);
		const char *state = text_of(interface, "state");

		table_cell(row, 0, text_of(interface, "interface"), NULL);
		table_cell(row, 1, count_of(interface, "ifindex"), NULL);
		table_cell(row, 2, text_of(interface, "hook"), NULL);
		table_cell(row, 3, text_of(interface, "xdp"), NULL);
		table_cell(row, 4, state, table_state_color(state));
		table_cell(row, 5, text_of(interface, "pod"), NULL);
	}
	putchar('\n');
	table_print(table);
}

static void print_shields(const json_t *shields)
{
	const json_t *shield;
	size_t i;

	json_array_foreach (shields, i, shield)
		printf("%s%s", i ? ", " : "\nflood shield up for: ", json_string_value(shield));
	if (json_array_size(shields))
		putchar('\n');
}

static void print_limits(const json_t *limits)
{
	const json_t *limit, *bites;
	size_t i;

	if (json_array_size(limits))
		putchar('\n');
	json_array_foreach (limits, i, limit) {
		bites = json_object_get(limit, "bites");
		printf("%s %s since %s: %s packets\n", text_of(limit, "limit"),
		       json_is_true(json_object_get(limit, "audit")) ? "would drop" : "drops", text_of(bites, "since"),
		       count_of(bites, "packets"));
	}
}

static void print_uplinks(const struct invocation *invocation, const json_t *uplinks)
{
	static const struct column columns[] = {
		{ "UPLINK", COLUMN_PLAIN }, { "IFINDEX", COLUMN_RIGHT }, { "XDP", COLUMN_PLAIN },
		{ "STATE", COLUMN_PLAIN },  { "NOTE", COLUMN_WRAPS },	 { 0 },
	};
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, invocation);
	const json_t *uplink;
	size_t i;

	if (!json_array_size(uplinks))
		return;
	json_array_foreach (uplinks, i, uplink) {
		struct libscols_line *row = table_row(table);
		const char *state = text_of(uplink, "state");

		table_cell(row, 0, text_of(uplink, "interface"), NULL);
		table_cell(row, 1, count_of(uplink, "ifindex"), NULL);
		table_cell(row, 2, text_of(uplink, "xdp"), NULL);
		table_cell(row, 3, state, table_state_color(state));
		table_cell(row, 4, text_of(uplink, "note"), NULL);
	}
	putchar('\n');
	table_print(table);
}

static double fill_of(const json_t *map)
{
	const long long capacity = number_of(map, "capacity");

	return capacity ? 100.0 * (double)number_of(map, "entries") / (double)capacity : 0;
}

static void add_map(struct libscols_table *table, const json_t *map)
{
	_cleanup_free_ char *fill = xasprintf("%.1f %%", fill_of(map));
	struct libscols_line *row = table_row(table);

	table_cell(row, 0, text_of(map, "name"), NULL);
	table_cell(row, 1, count_of(map, "entries"), NULL);
	table_cell(row, 2, count_of(map, "capacity"), NULL);
	table_cell(row, 3, fill, fill_of(map) >= 90 ? "red" : NULL);
}

/* Maps with room are one line, unless all is wanted. */
static void print_maps(const struct invocation *invocation, const json_t *maps)
{
	static const struct column columns[] = {
		{ "MAP", COLUMN_PLAIN },
		{ "ENTRIES", COLUMN_RIGHT },
		{ "CAPACITY", COLUMN_RIGHT },
		{ "FILL", COLUMN_RIGHT },
		{ 0 },
	};
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, invocation);
	const json_t *map, *fullest = json_array_get(maps, 0);
	size_t shown = 0, i;

	json_array_foreach (maps, i, map) {
		if (fill_of(map) > fill_of(fullest))
			fullest = map;
		if (invocation->format == OUTPUT_WIDE || fill_of(map) >= WORTH_A_ROW) {
			add_map(table, map);
			shown++;
		}
	}
	if (!fullest)
		return;
	printf("\nmaps: %zu, the fullest %s with %.1f %%\n", json_array_size(maps), text_of(fullest, "name"),
	       fill_of(fullest));
	if (shown)
		table_print(table);
}

/* Why status ends with 1, one line each, where errors belong. */
static int verdict(const json_t *status)
{
	const json_t *degraded = json_object_get(status, "degraded"), *reason;
	size_t i;

	fflush(stdout);
	json_array_foreach (json_object_get(status, "warnings"), i, reason)
		fprintf(stderr, "weir: warning: %s\n", json_string_value(reason) ?: "");
	json_array_foreach (degraded, i, reason)
		fprintf(stderr, "weir: degraded: %s\n", json_string_value(reason) ?: "");
	if (json_array_size(degraded))
		return EXIT_FAILED;
	if (!json_is_true(json_object_get(status, "enforcing")))
		return say_failed("status: not enforcing");
	return EXIT_DONE;
}

int command_status(const struct invocation *invocation)
{
	json_auto_t *status = NULL;
	struct error error = { 0 };

	if (client_get(invocation->socket, "/v1/status", &status, &error))
		return say_error(&error);
	if (invocation->format == OUTPUT_JSON || invocation->format == OUTPUT_YAML) {
		output_json(invocation->format, status, stdout);
	} else {
		print_head(invocation, status);
		print_sources(invocation, json_object_get(status, "sources"));
		print_interfaces(invocation, json_object_get(status, "interfaces"));
		print_uplinks(invocation, json_object_get(status, "uplinks"));
		print_shields(json_object_get(status, "shields"));
		print_limits(json_object_get(status, "limits"));
		print_maps(invocation, json_object_get(status, "maps"));
	}
	return verdict(status);
}
