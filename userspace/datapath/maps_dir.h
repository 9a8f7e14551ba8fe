/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of maps, each in a directory of its own below the root:
 *
 *   maps           a symbolic link to the set that is in force
 *   maps-N/        a set: its maps, its images, the programs that run with it, and the layouts of its entries
 *   coming/        a set that is being made, and that nothing runs with
 *   gone-N/        a set that is being removed
 *   maps-vN/       maps of a version from before there were sets
 *
 * That the link is replaced by one rename is what makes a change of sets happen
 * or not happen, whenever the agent is killed. Names have no dots, as bpffs
 * doesn't take them.
 */
#ifndef WEIR_DATAPATH_MAPS_DIR_H
#define WEIR_DATAPATH_MAPS_DIR_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/btf.h>

#include "base/cleanup.h"
#include "base/vec.h"

struct bpf_object;

struct maps_dir {
	uint32_t number; /* 0: coming */
	char *path;
	struct btf *layouts; /* NULL: they are not known */
};
typedef VEC(struct maps_dir) maps_dirs;

/* All sets, the one in force first. What was left half made or half removed is removed. */
int maps_dirs_list(const char *root, maps_dirs *ret);
void maps_dirs_free(maps_dirs *dirs);

/*
 * Removes what versions from before there were sets have left, of which nobody
 * can say what is in it: programs that run with it go on. *ret_found: there was.
 */
int maps_dirs_drop_early(const char *root, bool *ret_found);

/* Makes an empty one that nothing runs with. */
int maps_dir_begin(const char *root, char **ret_path);
/* It is whole now, and gets a number: programs may run with it. *ret_path was its path, and is its new one; one that
 * has a number keeps it. */
int maps_dir_complete(const char *root, char **ret_path);
/* Puts a set in force. */
int maps_dir_commit(const char *root, const char *path);
/* Removes a set; programs that run with it go on. */
int maps_dir_drop(const char *path);
/* Whether a name in the root is one of the above. */
bool maps_dir_is_name(const char *name);

/* Pins an object in place of what has its name, so that there is no moment without. */
int maps_dir_pin(const char *path, const char *name, int fd);
/* fd; -ENOENT: there is no such thing. */
int maps_dir_get(const char *path, const char *name);
/* Keeps with a set what its entries are. */
int maps_dir_keep_layouts(const char *path, const struct bpf_object *object);

#endif
