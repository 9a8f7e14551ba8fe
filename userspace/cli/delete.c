// SPDX-License-Identifier: BSD-2-Clause
/* weir delete: the objects of manifests, or one by its name. */
#include "cli/changes.h"
#include "cli/manifests.h"
#include "object/manifest.h"

static int delete_files(const struct invocation *invocation)
{
	struct request request = { .socket = invocation->socket, .method = "DELETE", .path = "/v1/objects" };
	struct objects objects _cleanup_(objects_free) = { 0 };
	_cleanup_free_ char *body = NULL;
	int code;

	if (invocation->arguments.n)
		return wrong_usage(invocation, "either -f or KIND NAME, not both");
	code = manifests_read(invocation, MANIFEST_KEEP_JSON, &objects);
	if (code)
		return code;
	if (!objects.list.n)
		return say_failed("delete: nothing to delete: no object of a known kind was read");
	body = manifests_join(&objects);
	request.body = body;
	return changes_send(invocation, &request);
}

static int delete_named(const struct invocation *invocation, enum object_kind kind, const char *name)
{
	const struct query query[] = {
		{ "kind", kind_info(kind)->kind },
		{ "namespace", kind_info(kind)->namespaced ? option_value(invocation, "namespace", "default") : NULL },
		{ "name", name },
		{ NULL, NULL },
	};
	_cleanup_free_ char *path = client_path("/v1/objects", query);
	const struct request request = { .socket = invocation->socket, .method = "DELETE", .path = path };

	return changes_send(invocation, &request);
}

int command_delete(const struct invocation *invocation)
{
	enum object_kind kind;

	if (option_given(invocation, "filename"))
		return delete_files(invocation);
	if (invocation->arguments.n != 2)
		return wrong_usage(invocation, "needs -f FILE, or KIND and NAME");
	kind = kind_by_name(invocation->arguments.items[0]);
	if (kind == KIND_MAX)
		return wrong_usage(invocation, "unknown kind \"%s\"", invocation->arguments.items[0]);
	return delete_named(invocation, kind, invocation->arguments.items[1]);
}
