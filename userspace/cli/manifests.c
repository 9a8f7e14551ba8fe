// SPDX-License-Identifier: BSD-2-Clause
#include "cli/manifests.h"

#include <string.h>

#include "base/mem.h"
#include "datapath/datapath.h"
#include "object/manifest.h"

int manifests_read(const struct invocation *invocation, unsigned flags, struct objects *ret_objects)
{
	struct objects objects _cleanup_(objects_free) = { 0 };
	struct diags diags _cleanup_(diags_free) = { 0 };
	const char *path;
	size_t position = 0;

	if (!option_given(invocation, "filename"))
		return wrong_usage(invocation, "no manifests given with -f");
	while ((path = option_next(invocation, "filename", &position)))
		manifest_read(path, flags, &objects, &diags);
	diags_print(&diags, stderr);
	if (diags.n_errors)
		return EXIT_FAILED;

	*ret_objects = objects;
	objects = (struct objects){ 0 };
	return EXIT_DONE;
}

char *manifests_join(const struct objects *objects)
{
	size_t length = 0;
	char *text, *end;

	vec_for_each (object, &objects->list)
		length += strlen((*object)->json) + strlen("\n---\n");
	text = end = xcalloc(length + 1, 1);
	vec_for_each (object, &objects->list)
		end = stpcpy(stpcpy(end, (*object)->json), "\n---\n");
	return text;
}

int offline_of(struct objects *objects, struct offline *ret)
{
	struct offline offline _cleanup_(offline_free) = { .objects = *objects };
	struct diags diags _cleanup_(diags_free) = { 0 };
	struct error error = { 0 };

	*objects = (struct objects){ 0 };
	numberings_init(&offline.numberings);
	world_add(&offline.world, &offline.objects, &diags);
	world_finish(&offline.world, &diags);
	diags_print(&diags, stderr);
	if (diags.n_errors)
		return EXIT_FAILED;
	if (compile(&offline.world, &offline.numberings, 1, WEIR_IMAGE_WORDS_MAX, &offline.compiled, &error))
		return say_error(&error);

	*ret = offline;
	offline = (struct offline){ 0 };
	return EXIT_DONE;
}

int offline_compile(const struct invocation *invocation, struct offline *ret)
{
	struct objects objects _cleanup_(objects_free) = { 0 };

	return manifests_read(invocation, 0, &objects) ?: offline_of(&objects, ret);
}

void offline_free(struct offline *offline)
{
	compiled_free(offline->compiled);
	numberings_free(&offline->numberings);
	world_free(&offline->world);
	objects_free(&offline->objects);
}
