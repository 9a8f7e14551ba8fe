// SPDX-License-Identifier: BSD-2-Clause
/* weir check: are these manifests right, and could the kernel enforce them? */
#include <string.h>

#include "cli/manifests.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_files(const struct objects *objects)
{
	VEC(const char *) names = { 0 };
	size_t files = 0;

	vec_for_each (object, &objects->list)
		vec_push(&names, (*object)->file ?: "");
	if (names.n)
		qsort(names.items, names.n, sizeof(*names.items), compare_names);
	for (size_t i = 0; i < names.n; i++)
		files += i == 0 || strcmp(names.items[i], names.items[i - 1]);
	vec_free(&names);
	return files;
}

int command_check(const struct invocation *invocation)
{
	struct offline offline _cleanup_(offline_free) = { 0 };
	size_t objects, files;
	int code = offline_compile(invocation, &offline);

	if (code)
		return code;
	objects = offline.objects.list.n;
	files = count_files(&offline.objects);
	printf("%zu object%s in %zu file%s %s valid\n", objects, objects == 1 ? "" : "s", files, files == 1 ? "" : "s",
	       objects == 1 ? "is" : "are");
	return EXIT_DONE;
}
