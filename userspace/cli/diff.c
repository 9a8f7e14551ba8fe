// SPDX-License-Identifier: BSD-2-Clause
/* weir diff: which connections would change if these objects were applied. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cli/changes.h"
#include "cli/manifests.h"
#include "cli/output.h"
#include "object/manifest.h"

static const char *text_of(const json_t *object, const char *field)
{
	return json_string_value(json_object_get(object, field)) ?: "";
}

static long long number_of(const json_t *object, const char *field)
{
	return json_integer_value(json_object_get(object, field));
}

/* "shop/frontend-1", "shop/frontend-1 and 7 alike" */
static char *end_text(const json_t *end)
{
	const long long more = number_of(end, "more");

	if (!more)
		return xstrdup(text_of(end, "name"));
	return xasprintf("%s and %lld alike", text_of(end, "name"), more);
}

/* "deny, by NetworkPolicy shop/db" */
static char *verdict_text(const json_t *change, const char *verdict, const char *policies)
{
	const json_t *policy;
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fputs(text_of(change, verdict), out);
	json_array_foreach (json_object_get(change, policies), i, policy)
		fprintf(out, "%s%s", i ? ", " : " by ", json_string_value(policy) ?: "?");
	fclose(out);
	return text;
}

/* Whether what passes changes; that more or less of it is audited is told, and no change. */
static bool any_change(const json_t *changes)
{
	const json_t *change;
	size_t i;

	json_array_foreach (changes, i, change) {
		if (!strcmp(text_of(change, "before"), "deny") != !strcmp(text_of(change, "after"), "deny"))
			return true;
	}
	return false;
}

static void print_changes(const struct invocation *invocation, const json_t *changes)
{
	static const struct column columns[] = {
		{ "FROM", COLUMN_WRAPS },   { "TO", COLUMN_WRAPS },    { "PORTS", COLUMN_WRAPS },
		{ "BEFORE", COLUMN_WRAPS }, { "AFTER", COLUMN_WRAPS }, { 0 },
	};
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, invocation);
	const json_t *change;
	size_t i;

	json_array_foreach (changes, i, change) {
		_cleanup_free_ char *from = end_text(json_object_get(change, "from"));
		_cleanup_free_ char *to = end_text(json_object_get(change, "to"));
		_cleanup_free_ char *before = verdict_text(change, "before", "policiesBefore");
		_cleanup_free_ char *after = verdict_text(change, "after", "policiesAfter");
		struct libscols_line *row = table_row(table);

		table_cell(row, 0, from, NULL);
		table_cell(row, 1, to, NULL);
		table_cell(row, 2, text_of(change, "ports"), NULL);
		table_cell(row, 3, before, NULL);
		table_cell(row, 4, after, table_state_color(text_of(change, "after")));
	}
	table_print(table);
}

static void print(const struct invocation *invocation, const json_t *reply)
{
	const json_t *changes = json_object_get(reply, "changes"), *pods = json_object_get(reply, "pods");
	const bool complete = json_is_true(json_object_get(reply, "complete"));

	if (json_array_size(changes))
		print_changes(invocation, changes);
	else if (complete)
		puts("no connection would change");
	if (number_of(reply, "more"))
		printf("and %s more\n", output_count(number_of(reply, "more")));
	if (number_of(pods, "added") || number_of(pods, "removed"))
		printf("pods: %s new, %s gone; theirs are not shown\n", output_count(number_of(pods, "added")),
		       output_count(number_of(pods, "removed")));
	if (!complete)
		puts("not everything could be compared in time");
}

int command_diff(const struct invocation *invocation)
{
	struct objects objects _cleanup_(objects_free) = { 0 };
	const struct query query[] = {
		{ "delete", option_given(invocation, "delete") ? "true" : NULL },
		{ "local", option_given(invocation, "local") ? "true" : NULL },
		{ NULL, NULL },
	};
	_cleanup_free_ char *path = client_path("/v1/diff", query);
	struct request request = { .socket = invocation->socket, .method = "POST", .path = path };
	_cleanup_free_ char *body = NULL;
	json_auto_t *reply = NULL;
	int code;

	code = manifests_read(invocation, MANIFEST_KEEP_JSON, &objects);
	if (code)
		return code;
	body = manifests_join(&objects);
	request.body = body;
	code = changes_call(invocation, &request, &reply);
	if (code)
		return code;
	if (invocation->format == OUTPUT_JSON || invocation->format == OUTPUT_YAML)
		output_json(invocation->format, reply, stdout);
	else
		print(invocation, reply);
	/* What could not be compared may have changed. */
	return any_change(json_object_get(reply, "changes")) || number_of(reply, "more") ||
			       json_is_false(json_object_get(reply, "complete"))
		       ? EXIT_FAILED
		       : EXIT_DONE;
}
