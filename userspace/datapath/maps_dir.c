// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/maps_dir.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "datapath/datapath_private.h"

#define IN_FORCE "maps"
#define NUMBERED "maps-"
#define EARLY	 "maps-v"
#define COMING	 "coming"
#define GONE	 "gone-"
#define ASIDE	 "new" /* what is about to get its name */
#define LAYOUTS	 "layouts"
#define SETS_MAX 100u

static uint32_t number_of(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0 ? strtoul(name + strlen(prefix), NULL, 10) : 0;
}

bool maps_dir_is_name(const char *name)
{
	return strcmp(name, IN_FORCE) == 0 || strcmp(name, COMING) == 0 || strcmp(name, ASIDE) == 0 ||
	       strncmp(name, NUMBERED, strlen(NUMBERED)) == 0 || number_of(name, GONE);
}

/* --- what is in one --- */

int maps_dir_get(const char *path, const char *name)
{
	char pin[PIN_PATH_MAX];

	pin_path(pin, path, "%s", name);
	int fd = bpf_obj_get(pin);
	return fd < 0 ? -errno : fd;
}

int maps_dir_pin(const char *path, const char *name, int fd)
{
	char pin[PIN_PATH_MAX], aside[PIN_PATH_MAX];

	pin_path(pin, path, "%s", name);
	pin_path(aside, path, ASIDE);
	if (unlink(aside) < 0 && errno != ENOENT)
		return -errno;
	if (bpf_obj_pin(fd, aside) < 0)
		return -errno;
	return rename(aside, pin) < 0 ? -errno : 0;
}

/*
 * The kernel has the layouts too, but gives them to nobody without
 * CAP_SYS_ADMIN, as it does with everything that is opened by its number.
 */
int maps_dir_keep_layouts(const char *path, const struct bpf_object *object)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	const struct btf *btf = bpf_object__btf(object);
	uint32_t size;
	const void *raw = btf ? btf__raw_data(btf, &size) : NULL;

	if (!raw)
		return -ENOENT;
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_layouts", sizeof(uint32_t), size, 1, &opts);
	if (fd < 0)
		return -errno;
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	memcpy(at, raw, size);
	munmap(at, size);
	return maps_dir_pin(path, LAYOUTS, fd);
}

static struct btf *read_layouts(const char *path)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_close_ int fd = maps_dir_get(path, LAYOUTS);

	if (fd < 0 || bpf_map_get_info_by_fd(fd, &info, &size) < 0 || info.type != BPF_MAP_TYPE_ARRAY)
		return NULL;
	const void *at = mmap(NULL, info.value_size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return NULL;
	struct btf *btf = btf__new(at, info.value_size);
	munmap((void *)at, info.value_size);
	return btf;
}

/* --- removing --- */

static int unlink_pin(void *data, const char *path, const char *name)
{
	return unlink(path) < 0 ? -errno : 0;
}

static int remove_directory(const char *path)
{
	int r = pins_visit(path, unlink_pin, NULL);

	return r ?: rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* What is no longer whole has not the name of what is. */
int maps_dir_drop(const char *path)
{
	char gone[PIN_PATH_MAX];
	const char *name = strrchr(path, '/') + 1;
	const uint32_t number = number_of(name, NUMBERED);

	if (!number)
		return remove_directory(path);
	snprintf(gone, sizeof(gone), "%.*s" GONE "%u", (int)(name - path), path, number);
	if (rename(path, gone) < 0)
		return -errno;
	return remove_directory(gone);
}

/* --- the sets --- */

static int see_name(void *data, const char *path, const char *name)
{
	maps_dirs *found = data;
	const uint32_t number = number_of(name, NUMBERED);

	if (number)
		vec_push(found, (struct maps_dir){ number, xstrdup(path), read_layouts(path) });
	else if (strcmp(name, COMING) == 0 || number_of(name, GONE))
		return remove_directory(path);
	else if (strcmp(name, ASIDE) == 0)
		return unlink(path) < 0 ? -errno : 0;
	return 0;
}

static uint32_t in_force(const char *root)
{
	char path[PIN_PATH_MAX], target[PIN_NAME_MAX];

	pin_path(path, root, IN_FORCE);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return 0;
	target[n] = '\0';
	return number_of(target, NUMBERED);
}

int maps_dirs_list(const char *root, maps_dirs *ret)
{
	const uint32_t first = in_force(root);
	maps_dirs found = {};
	int r = pins_visit(root, see_name, &found);

	if (r < 0) {
		maps_dirs_free(&found);
		return r;
	}
	for (size_t i = 0; i < found.n; i++)
		if (found.items[i].number == first) {
			const struct maps_dir dir = found.items[i];

			vec_remove(&found, i);
			vec_insert(&found, 0, dir);
			break;
		}
	*ret = found;
	return 0;
}

static int drop_early(void *data, const char *path, const char *name)
{
	bool *found = data;

	if (!number_of(name, EARLY))
		return 0;
	*found = true;
	return remove_directory(path);
}

int maps_dirs_drop_early(const char *root, bool *ret_found)
{
	bool found = false;
	int r = pins_visit(root, drop_early, &found);

	if (r == 0)
		*ret_found = found;
	return r;
}

void maps_dirs_free(maps_dirs *dirs)
{
	vec_for_each (dir, dirs) {
		free(dir->path);
		btf__free(dir->layouts);
	}
	vec_free(dirs);
}

int maps_dir_begin(const char *root, char **ret_path)
{
	char path[PIN_PATH_MAX];

	pin_path(path, root, COMING);
	if (mkdir(path, 0700) < 0)
		return -errno;
	*ret_path = xstrdup(path);
	return 0;
}

/* A number says nothing but which is which. */
int maps_dir_complete(const char *root, char **ret_path)
{
	char coming[PIN_PATH_MAX], path[PIN_PATH_MAX];
	uint32_t number = 0;

	if (number_of(strrchr(*ret_path, '/') + 1, NUMBERED))
		return 0;
	do
		pin_path(path, root, NUMBERED "%u", ++number);
	while (access(path, F_OK) == 0 && number < SETS_MAX);
	pin_path(coming, root, COMING);
	if (rename(coming, path) < 0)
		return -errno;
	free(*ret_path);
	*ret_path = xstrdup(path);
	return 0;
}

int maps_dir_commit(const char *root, const char *path)
{
	char link[PIN_PATH_MAX], aside[PIN_PATH_MAX];

	pin_path(link, root, IN_FORCE);
	pin_path(aside, root, ASIDE);
	if (unlink(aside) < 0 && errno != ENOENT)
		return -errno;
	if (symlink(strrchr(path, '/') + 1, aside) < 0)
		return -errno;
	return rename(aside, link) < 0 ? -errno : 0;
}
