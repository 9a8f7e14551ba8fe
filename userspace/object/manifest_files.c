/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "object/manifest.h"

bool manifest_file_name(const char *name)
{
	static const char *const endings[] = { ".yaml", ".yml", ".json" };
	size_t length = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t ending = strlen(endings[i]);

		if (length > ending && name[0] != '.' && strcmp(name + length - ending, endings[i]) == 0)
			return true;
	}
	return false;
}

static int complain(struct diags *diags, const char *path, const char *why)
{
	diags_add(diags, DIAG_ERROR, path, 0, 0, "", "%s", why);
	return -EINVAL;
}

static int read_one(const char *path, unsigned flags, struct objects *objects, struct diags *diags)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	r = file_read(path, MANIFEST_SIZE_MAX, &text, &length);
	if (r == -EFBIG)
		return complain(diags, path, "larger than a manifest may be (64 MiB)");
	if (r < 0)
		return complain(diags, path, strerror(-r));
	return manifest_parse(path, text, length, flags, objects, diags);
}

/* Whoever put a pipe or a socket there would have its reader wait for ever. */
static int read_entry(const char *path, unsigned flags, struct objects *objects, struct diags *diags)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return complain(diags, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return complain(diags, path, "not a regular file");
	return read_one(path, flags, objects, diags);
}

static int is_manifest(const struct dirent *entry)
{
	return manifest_file_name(entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_directory(const char *path, unsigned flags, struct objects *objects, struct diags *diags)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, is_manifest, by_name);
	int result = 0;

	if (n < 0)
		return complain(diags, path, strerror(errno));
	if (n == 0)
		result = complain(diags, path, "a directory without a *.yaml, *.yml or *.json file");
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *entry = xasprintf("%s/%s", path, entries[i]->d_name);

		result = read_entry(entry, flags, objects, diags) ?: result;
		free(entries[i]);
	}
	free(entries);
	return result;
}

int manifest_read(const char *path, unsigned flags, struct objects *objects, struct diags *diags)
{
	struct objects found = {};
	struct stat st;
	bool is_directory = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	int r;

	r = is_directory ? read_directory(path, flags, &found, diags) : read_one(path, flags, &found, diags);
	if (r == 0) {
		vec_for_each (object, &found.list)
			vec_push(&objects->list, TAKE_PTR(*object));
	}
	objects_free(&found);
	return r;
}
