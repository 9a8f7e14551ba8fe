// SPDX-License-Identifier: BSD-2-Clause
#include "cli/changes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/output.h"
#include "object/diag.h"

static const char *text_of(const json_t *object, const char *field)
{
	return json_string_value(json_object_get(object, field)) ?: "";
}

static void print_objects(const json_t *reply)
{
	const char *dry = json_is_true(json_object_get(reply, "dryRun")) ? " (dry run)" : "";
	const json_t *object;
	size_t i;

	json_array_foreach (json_object_get(reply, "objects"), i, object) {
		const char *namespace = text_of(object, "namespace");

		printf("%s %s%s%s %s%s\n", text_of(object, "kind"), namespace, *namespace ? "/" : "",
		       text_of(object, "name"), text_of(object, "change"), dry);
	}
}

static void print_revision(const json_t *reply)
{
	if (json_is_true(json_object_get(reply, "dryRun")))
		printf("(dry run) nothing changed\n");
	else
		printf("policy revision %lld in force\n",
		       (long long)json_integer_value(json_object_get(reply, "revision")));
}

/* "errors" of a refusal, in the form that local validation has too. */
static void print_refusals(const json_t *reply)
{
	struct diags diags _cleanup_(diags_free) = { 0 };
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(reply, "errors"), i, item) {
		diags_add(&diags, DIAG_ERROR, text_of(item, "file"), json_integer_value(json_object_get(item, "line")),
			  json_integer_value(json_object_get(item, "column")), text_of(item, "path"), "%s",
			  text_of(item, "text"));
	}
	diags_print(&diags, stderr);
}

static void print_warnings(const json_t *reply)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(reply, "warnings"), i, item)
		fprintf(stderr, "weir: warning: %s\n", json_string_value(item) ?: "");
}

static void prefix_command(const struct invocation *invocation, struct error *error)
{
	if (invocation->arguments.n == 2)
		error_prefix(error, "%s %s %s", invocation->command->name, invocation->arguments.items[0],
			     invocation->arguments.items[1]);
	else
		error_prefix(error, "%s", invocation->command->name);
}

/* The objects belong into the API of a cluster: how to put the same files there. */
static int say_kubectl(const struct invocation *invocation, const json_t *reply)
{
	_cleanup_free_ char *command = xstrdup("kubectl apply");
	const char *path;
	size_t position = 0;

	while ((path = option_next(invocation, "filename", &position))) {
		char *longer = xasprintf("%s -f %s", command, path);

		free(command);
		command = longer;
	}
	return say_failed("%s: nothing was changed: the objects of this node come from the Kubernetes API at %s "
			  "(%s; or --local, into the store of this node alone)",
			  invocation->command->name, text_of(reply, "kubernetes"), command);
}

int changes_call(const struct invocation *invocation, const struct request *request, json_t **ret)
{
	json_auto_t *reply = NULL;
	struct error error = { 0 };
	int r = client_call(request, &reply, &error);

	if (reply)
		print_warnings(reply);
	if (reply && r)
		print_refusals(reply);
	if (r && json_object_get(reply, "kubernetes"))
		return say_kubectl(invocation, reply);
	if (r == -EREMOTEIO)
		prefix_command(invocation, &error);
	if (r)
		return say_error(&error);
	*ret = reply;
	reply = NULL;
	return EXIT_DONE;
}

int changes_send(const struct invocation *invocation, const struct request *request)
{
	json_auto_t *reply = NULL;
	int code = changes_call(invocation, request, &reply);

	if (code)
		return code;
	if (invocation->format == OUTPUT_JSON || invocation->format == OUTPUT_YAML) {
		output_json(invocation->format, reply, stdout);
		return EXIT_DONE;
	}
	print_objects(reply);
	print_revision(reply);
	return EXIT_DONE;
}
