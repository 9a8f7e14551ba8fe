// SPDX-License-Identifier: BSD-2-Clause
/* weir get: the agent's lists, as tables. What can be listed is a row of views[]. */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "cli/cells.h"
#include "cli/client.h"
#include "cli/flows.h"
#include "cli/limits.h"
#include "cli/output.h"
#include "object/object.h"

#define COLUMN_WIDE   0x100u /* only with -o wide */
#define COLUMN_NARROW 0x200u /* only without */

struct view_column {
	const char *title; /* NULL ends a view's columns */
	const char *field; /* of an item, or a row of computed[] */
	unsigned flags;	   /* enum column_flags, COLUMN_WIDE, COLUMN_NARROW */
};

struct view {
	const char *path;
	const char *names[4];  /* plural first, then what else the kind goes by */
	const char *titles[3]; /* the fields that NAME is looked for in */
	struct view_column columns[24];
};

static const struct view views[] = {
	{ "/v1/policies",
	  { "policies", "policy", "pol" },
	  { "name" },
	  { { "KIND", "short kind", COLUMN_PLAIN },
	    { "NAMESPACE", "namespace", COLUMN_PLAIN },
	    { "NAME", "name", COLUMN_WRAPS },
	    { "PODS", "pods", COLUMN_RIGHT },
	    { "INGRESS", "ingress", COLUMN_PLAIN },
	    { "EGRESS", "egress", COLUMN_PLAIN },
	    { "MODE", "mode", COLUMN_PLAIN },
	    { "AGE", "age", COLUMN_RIGHT },
	    { "ON-DENY", "onDeny", COLUMN_WIDE },
	    { "INGRESS-RULES", "ingressRules", COLUMN_RIGHT | COLUMN_WIDE },
	    { "EGRESS-RULES", "egressRules", COLUMN_RIGHT | COLUMN_WIDE },
	    { "SOURCE", "origin", COLUMN_WIDE } } },
	{ "/v1/endpoints",
	  { "endpoints", "endpoint", "ep" },
	  { "pod", "interface" },
	  { { "NAMESPACE", "namespace", COLUMN_PLAIN },
	    { "POD", "pod", COLUMN_WRAPS },
	    { "INTERFACE", "interface", COLUMN_PLAIN },
	    { "INGRESS", "ingress", COLUMN_PLAIN },
	    { "EGRESS", "egress", COLUMN_PLAIN },
	    { "STATE", "state", COLUMN_PLAIN },
	    { "AGE", "age", COLUMN_RIGHT },
	    { "IDENTITY", "identity", COLUMN_RIGHT | COLUMN_WIDE },
	    { "FOUND", "found", COLUMN_WIDE },
	    { "IFINDEX", "ifindex", COLUMN_RIGHT | COLUMN_WIDE },
	    { "HOOK", "hook", COLUMN_WIDE },
	    { "XDP", "xdp", COLUMN_WIDE },
	    { "MAC", "mac", COLUMN_WIDE },
	    { "CHECKS", "checks", COLUMN_WIDE },
	    { "ADDRESSES", "addresses", COLUMN_WRAPS | COLUMN_WIDE },
	    { "SOURCE", "origin", COLUMN_WIDE } } },
	{ "/v1/identities",
	  { "identities", "identity", "id" },
	  { "identity", "name" },
	  { { "IDENTITY", "identity", COLUMN_RIGHT },
	    { "NAMESPACE", "namespace", COLUMN_PLAIN },
	    { "PODS", "pods", COLUMN_RIGHT },
	    { "LABELS", "identity labels", COLUMN_WRAPS } } },
	{ "/v1/services",
	  { "services", "service", "svc" },
	  { "name" },
	  { { "NAMESPACE", "namespace", COLUMN_PLAIN },
	    { "NAME", "name", COLUMN_WRAPS },
	    { "ADDRESSES", "addresses", COLUMN_WRAPS },
	    { "PORTS", "service ports", COLUMN_WRAPS },
	    { "BACKENDS", "service backends", COLUMN_RIGHT },
	    { "AGE", "age", COLUMN_RIGHT },
	    { "BY-PORT", "service backend list", COLUMN_WIDE },
	    { "SOURCE", "origin", COLUMN_WIDE } } },
	{ LIMITS_PATH,
	  { "limits", "limit" },
	  { "policy", "rule" },
	  { { "NAMESPACE", "namespace", COLUMN_PLAIN },
	    { "POLICY", "policy", COLUMN_WRAPS },
	    { "RULE", "rule", COLUMN_WRAPS },
	    { "UNIT/S", "limit unit", COLUMN_PLAIN },
	    { "ASKED", "rate", COLUMN_RIGHT },
	    { "OFFERED", "limit offered", COLUMN_RIGHT },
	    { "DELIVERED", "limit delivered", COLUMN_RIGHT },
	    { "DROPPED", "limit dropped", COLUMN_RIGHT },
	    { "FREE", "limit free", COLUMN_RIGHT },
	    { "OPEN", "open", COLUMN_RIGHT },
	    { "MODE", "mode", COLUMN_WIDE },
	    { "PER", "per", COLUMN_WIDE },
	    { "BURST", "burst", COLUMN_RIGHT | COLUMN_WIDE },
	    { "ON-EXCEED", "onExceed", COLUMN_WIDE },
	    { "KIND", "kind", COLUMN_WIDE },
	    { "DIRECTION", "direction", COLUMN_WIDE },
	    { "LIMIT", "limit", COLUMN_RIGHT | COLUMN_WIDE },
	    { "ALL-DROPPED", "droppedPackets", COLUMN_RIGHT | COLUMN_WIDE },
	    { "ALL-MARKED", "markedPackets", COLUMN_RIGHT | COLUMN_WIDE },
	    { "ALL-PACED", "pacedPackets", COLUMN_RIGHT | COLUMN_WIDE },
	    { "TOP-SOURCES", "limit top", COLUMN_WRAPS | COLUMN_WIDE } } },
	{ FLOWS_PATH,
	  { "flows", "flow" },
	  { NULL },
	  { { "FROM", "flow from workload", COLUMN_WRAPS | COLUMN_NARROW },
	    { "FROM", "flow from", COLUMN_WIDE },
	    { "TO", "flow to workload", COLUMN_WRAPS | COLUMN_NARROW },
	    { "TO", "flow to", COLUMN_WIDE },
	    { "SIDE", "direction", COLUMN_PLAIN },
	    { "STATE", "flow state", COLUMN_PLAIN },
	    { "PACKETS", "packets", COLUMN_RIGHT | COLUMN_WIDE },
	    { "BYTES", "flow bytes", COLUMN_RIGHT },
	    { "IDLE", "flow idle", COLUMN_RIGHT },
	    { "AGE", "flow age", COLUMN_RIGHT | COLUMN_WIDE },
	    { "SENT", "flow sent", COLUMN_RIGHT | COLUMN_WIDE },
	    { "ANSWERED", "flow answered", COLUMN_RIGHT | COLUMN_WIDE },
	    { "INTERFACE", "interface", COLUMN_WIDE },
	    { "REASON", "reason", COLUMN_WIDE },
	    { "RULES", "rules", COLUMN_WIDE } } },
};

/* Cells that are no field of the item as it is. */
static const struct {
	const char *field;
	char *(*text)(const json_t *item); /* the caller frees */
} computed[] = {
	{ "age", cell_age },
	{ "origin", cell_origin },
	{ "short kind", cell_kind },
	{ "identity labels", cell_labels },
	{ "service ports", cell_service_ports },
	{ "service backends", cell_backends },
	{ "service backend list", cell_backend_list },
	{ "flow from", flow_from },
	{ "flow to", flow_to },
	{ "flow from workload", flow_from_workload },
	{ "flow to workload", flow_to_workload },
	{ "flow state", flow_state },
	{ "flow bytes", flow_bytes },
	{ "flow idle", flow_idle },
	{ "flow age", flow_age },
	{ "flow sent", flow_sent },
	{ "flow answered", flow_answered },
	{ "limit unit", limit_unit },
	{ "limit offered", limit_offered },
	{ "limit delivered", limit_delivered },
	{ "limit dropped", limit_dropped },
	{ "limit free", limit_free },
	{ "limit top", limit_top },
};

/* What to list: a view, and which of its items. */
struct selection {
	const struct view *view;
	const char *kind; /* or NULL: every kind */
	char *namespace;
	char *name;
};

static void selection_free(struct selection *selection)
{
	free(selection->namespace);
	free(selection->name);
}

static int find_view(const struct invocation *invocation, struct selection *ret)
{
	const char *wanted = invocation->arguments.items[0];
	enum object_kind kind;

	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(views[i].names) && views[i].names[j]; j++) {
			if (!strcasecmp(views[i].names[j], wanted)) {
				ret->view = &views[i];
				return EXIT_DONE;
			}
		}
	}
	kind = kind_by_name(wanted);
	if (kind == KIND_MAX || !kind_info(kind)->is_policy)
		return wrong_usage(
			invocation,
			"can't list \"%s\": only policies, endpoints, identities, services, limits and flows", wanted);
	ret->view = &views[0];
	ret->kind = kind_info(kind)->kind;
	return EXIT_DONE;
}

static bool field_is(const json_t *item, const char *field, const char *wanted)
{
	_cleanup_free_ char *text = cell_text(json_object_get(item, field));

	return text && !strcmp(text, wanted);
}

static bool selected(const struct selection *selection, const json_t *item)
{
	if (selection->kind && !field_is(item, "kind", selection->kind))
		return false;
	if (selection->namespace && !field_is(item, "namespace", selection->namespace))
		return false;
	if (!selection->name)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(selection->view->titles) && selection->view->titles[i]; i++) {
		if (field_is(item, selection->view->titles[i], selection->name))
			return true;
	}
	return false;
}

static char *column_text(const struct view_column *column, const json_t *item)
{
	for (size_t i = 0; i < ARRAY_SIZE(computed); i++) {
		if (!strcmp(computed[i].field, column->field))
			return computed[i].text(item);
	}
	return cell_text(json_object_get(item, column->field));
}

static void print_table(const struct invocation *invocation, const struct view *view, const json_t *items)
{
	struct column columns[ARRAY_SIZE(view->columns) + 1] = { 0 };
	const struct view_column *shown[ARRAY_SIZE(view->columns)];
	struct libscols_table *table _cleanup_(table_freep) = NULL;
	const json_t *item;
	size_t n = 0, i;

	for (const struct view_column *column = view->columns; column->title; column++) {
		if (column->flags & (invocation->format == OUTPUT_WIDE ? COLUMN_NARROW : COLUMN_WIDE))
			continue;
		shown[n] = column;
		columns[n++] = (struct column){ column->title, column->flags };
	}
	table = table_new(columns, invocation);
	json_array_foreach (items, i, item) {
		struct libscols_line *row = table_row(table);

		for (size_t j = 0; j < n; j++) {
			_cleanup_free_ char *text = column_text(shown[j], item);

			table_cell(row, j, text, text ? table_state_color(text) : NULL);
		}
	}
	table_print(table);
}

static json_t *select_items(const struct selection *selection, const json_t *list)
{
	json_t *items = json_array(), *item;
	size_t i;

	json_array_foreach (json_object_get(list, "items"), i, item) {
		if (selected(selection, item))
			json_array_append(items, item);
	}
	return items;
}

/* What to ask the agent for. The caller frees. */
static int view_path(const struct invocation *invocation, const struct view *view, char **ret)
{
	if (!strcmp(view->path, FLOWS_PATH))
		return flows_path(invocation, ret);
	*ret = xstrdup(view->path);
	return flows_refuse_options(invocation);
}

/* NAME, or NAMESPACE/NAME as other commands say it. */
static int find_name(const struct invocation *invocation, const char *text, struct selection *ret)
{
	const char *slash = strchr(text, '/');

	if (slash && ret->namespace)
		return wrong_usage(invocation, "either -n or \"%s\", not both", text);
	if (slash)
		ret->namespace = xstrndup(text, (size_t)(slash - text));
	ret->name = xstrdup(slash ? slash + 1 : text);
	return EXIT_DONE;
}

static int find_selection(const struct invocation *invocation, struct selection *ret, char **ret_path)
{
	int code = find_view(invocation, ret);

	if (code)
		return code;
	if (option_given(invocation, "namespace") && option_given(invocation, "all-namespaces"))
		return wrong_usage(invocation, "either -n or -A, not both");
	code = view_path(invocation, ret->view, ret_path);
	if (code || !strcmp(ret->view->path, FLOWS_PATH))
		return code; /* the agent selects flows */
	ret->namespace = xstrdup(option_value(invocation, "namespace", NULL));
	return invocation->arguments.n > 1 ? find_name(invocation, invocation->arguments.items[1], ret) : EXIT_DONE;
}

static bool is_for_programs(const struct invocation *invocation)
{
	return invocation->format == OUTPUT_JSON || invocation->format == OUTPUT_YAML;
}

/* Nothing to list is an answer too. */
static void print_items(const struct invocation *invocation, const struct selection *selection, const json_t *items)
{
	const char *namespace = option_value(invocation, "namespace", NULL);

	if (json_array_size(items))
		print_table(invocation, selection->view, items);
	else
		fprintf(stderr, "no %s%s%s%s%s\n", selection->view->names[0], selection->kind ? " of kind " : "",
			selection->kind ?: "", namespace ? " in namespace " : "", namespace ?: "");
}

int command_get(const struct invocation *invocation)
{
	json_auto_t *list = NULL, *items = NULL;
	struct selection selection _cleanup_(selection_free) = { 0 };
	_cleanup_free_ char *path = NULL;
	struct error error = { 0 };
	int code = find_selection(invocation, &selection, &path);

	if (code)
		return code;
	if (client_get(invocation->socket, path, &list, &error))
		return say_error(&error);
	items = select_items(&selection, list);
	if (selection.name && !json_array_size(items))
		return say_failed("get: no %s \"%s\"", selection.view->names[1], selection.name);
	if (is_for_programs(invocation)) {
		json_object_set(list, "items", items);
		output_json(invocation->format, list, stdout);
	} else {
		print_items(invocation, &selection, items);
	}
	flows_say_more(list);
	return EXIT_DONE;
}
