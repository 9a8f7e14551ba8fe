// SPDX-License-Identifier: BSD-2-Clause
/* weir apply: validates, sends all objects as one change, returns once it is enforced. */
#include "cli/changes.h"
#include "cli/manifests.h"
#include "object/manifest.h"

int command_apply(const struct invocation *invocation)
{
	struct objects objects _cleanup_(objects_free) = { 0 };
	struct request request = { .socket = invocation->socket, .method = "PUT" };
	_cleanup_free_ char *body = NULL, *path = NULL;
	const struct query query[] = {
		{ "dryRun", option_given(invocation, "dry-run") ? "true" : NULL },
		{ "local", option_given(invocation, "local") ? "true" : NULL },
		{ NULL, NULL },
	};
	int code;

	code = manifests_read(invocation, MANIFEST_KEEP_JSON, &objects);
	if (code)
		return code;
	if (!objects.list.n)
		return say_failed("apply: nothing to apply: no object of a known kind was read");
	body = manifests_join(&objects);
	request.body = body;
	path = client_path("/v1/objects", query);
	request.path = path;
	return changes_send(invocation, &request);
}
