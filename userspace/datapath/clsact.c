// SPDX-License-Identifier: BSD-2-Clause
/*
 * Both directions by filters on the interface's clsact qdisc, for kernels
 * before 6.6. Filters outlive the agent by themselves; bpffs only remembers
 * that they are there, and whether the qdisc is ours to delete.
 *
 * Our filters are known by their priority, the first, by a handle that is the
 * instance's own, so that two instances can share an interface, and by the
 * program's name.
 */
#include <net/if.h>
#include <string.h>

#include "base/vec.h"
#include "datapath/datapath_private.h"

#define PRIORITY      1
#define PROGRAM_NAMES "weir_"

/* Targets of the symbolic link that marks an interface. */
#define QDISC_OURS  "qdisc-made-by-weir"
#define QDISC_FOUND "qdisc-was-there"

static const enum bpf_tc_attach_point points[] = { BPF_TC_INGRESS, BPF_TC_EGRESS };

static void mark_path(char ret[static PIN_PATH_MAX], const char *root, uint32_t ifindex)
{
	pin_path(ret, root, "clsact/%u", ifindex);
}

/* A qdisc that was there keeps the mark that it has: it may be ours from an earlier attachment. */
static int mark(const char *root, uint32_t ifindex, bool made)
{
	char path[PIN_PATH_MAX];

	mark_path(path, root, ifindex);
	if (made && unlink(path) < 0 && errno != ENOENT)
		return -errno;
	if (symlink(made ? QDISC_OURS : QDISC_FOUND, path) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

static bool marked_as(const char *root, uint32_t ifindex, const char *target)
{
	char path[PIN_PATH_MAX], found[PIN_NAME_MAX] = "";

	mark_path(path, root, ifindex);
	ssize_t n = readlink(path, found, sizeof(found) - 1);
	return n > 0 && (!target || strcmp(found, target) == 0);
}

bool clsact_is_marked(const char *root, uint32_t ifindex)
{
	return marked_as(root, ifindex, NULL);
}

/* A qdisc of kind ingress answers for both directions with one list of filters, so it won't do. */
static int need_clsact(uint32_t ifindex, struct error *error)
{
	char kind[16];
	int r = qdisc_kind(ifindex, kind);

	if (r < 0)
		return error_set(error, r, "look at the qdiscs: %s", strerror(-r));
	if (strcmp(kind, "clsact") != 0)
		return error_set(error, -EEXIST,
				 "make clsact qdisc: there is a qdisc of kind \"%s\" in its place (delete that one)",
				 kind);
	return 0;
}

static int make_qdisc(struct datapath *datapath, uint32_t ifindex, struct error *error)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	bool made;
	int r;

	r = bpf_tc_hook_create(&hook);
	if (r < 0 && r != -EEXIST)
		return bpf_error(error, r, "make clsact qdisc");
	made = r == 0;
	if (!made) {
		r = need_clsact(ifindex, error);
		if (r < 0)
			return r;
	}
	r = mark(datapath->root, ifindex, made);
	return r < 0 ? error_set(error, r, "remember the clsact qdisc: %s", strerror(-r)) : 0;
}

static int program_at(const struct weir_bpf *skeleton, enum bpf_tc_attach_point point)
{
	return bpf_program__fd(point == BPF_TC_INGRESS ? skeleton->progs.weir_from_pod : skeleton->progs.weir_to_pod);
}

/* In the place of the filter that is there, or as a new one. */
static int put_filter(uint32_t handle, uint32_t ifindex, enum bpf_tc_attach_point point, int program)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = PRIORITY, .flags = BPF_TC_F_REPLACE,
		    .prog_fd = program);

	return bpf_tc_attach(&hook, &opts);
}

static int attach_filter(const struct datapath *datapath, uint32_t ifindex, enum bpf_tc_attach_point point,
			 struct error *error)
{
	int r = put_filter(datapath->handle, ifindex, point, program_at(datapath->skeleton, point));

	if (r < 0)
		return bpf_error(error, r,
				 point == BPF_TC_INGRESS ? "attach to clsact ingress" : "attach to clsact egress");
	return 0;
}

int clsact_attach(struct datapath *datapath, uint32_t ifindex, struct error *error)
{
	bool known = clsact_is_marked(datapath->root, ifindex);
	int r;

	bpf_log_begin();
	r = make_qdisc(datapath, ifindex, error);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(points); i++)
		r = attach_filter(datapath, ifindex, points[i], error);
	if (r < 0 && !known)
		clsact_detach(datapath->root, datapath->handle, ifindex);
	return r;
}

static bool is_our_program(uint32_t id)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);

	return fd >= 0 && bpf_prog_get_info_by_fd(fd, &info, &size) == 0 &&
	       strncmp(info.name, PROGRAM_NAMES, strlen(PROGRAM_NAMES)) == 0;
}

static bool has_our_filter(uint32_t handle, uint32_t ifindex, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = PRIORITY);

	bpf_log_begin();
	return bpf_tc_query(&hook, &opts) == 0 && is_our_program(opts.prog_id);
}

bool clsact_is_attached(uint32_t handle, uint32_t ifindex)
{
	return has_our_filter(handle, ifindex, BPF_TC_INGRESS) || has_our_filter(handle, ifindex, BPF_TC_EGRESS);
}

static int detach_filter(uint32_t handle, uint32_t ifindex, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = PRIORITY);

	return has_our_filter(handle, ifindex, point) ? bpf_tc_detach(&hook, &opts) : 0;
}

static int delete_qdisc_if_unused(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	bool used;
	int r = qdisc_has_filters(ifindex, &used);

	if (r < 0 || used)
		return r;
	r = bpf_tc_hook_destroy(&hook);
	/* Somebody was faster. */
	return r == -ENOENT || r == -EINVAL ? 0 : r;
}

static bool interface_exists(uint32_t ifindex)
{
	char name[IF_NAMESIZE];

	return if_indextoname(ifindex, name);
}

int clsact_replace(const struct datapath *datapath, uint32_t ifindex, const struct weir_bpf *from,
		   const struct weir_bpf *to)
{
	int r = 0;

	bpf_log_begin();
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(points); i++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = points[i]);
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = datapath->handle, .priority = PRIORITY);

		if (bpf_tc_query(&hook, &opts) < 0 || opts.prog_id != program_id(program_at(from, points[i])))
			continue;
		r = put_filter(datapath->handle, ifindex, points[i], program_at(to, points[i]));
	}
	return r < 0 && interface_exists(ifindex) ? r : 0;
}

int clsact_detach(const char *root, uint32_t handle, uint32_t ifindex)
{
	char path[PIN_PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(points); i++)
		r = detach_filter(handle, ifindex, points[i]);
	if (r == 0 && marked_as(root, ifindex, QDISC_OURS))
		r = delete_qdisc_if_unused(ifindex);
	/* Filters and qdisc go with their interface. */
	if (r < 0 && interface_exists(ifindex))
		return r;
	mark_path(path, root, ifindex);
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int sweep_one(void *data, const char *path, const char *name)
{
	struct datapath *datapath = data;
	uint32_t ifindex = strtoul(name, NULL, 10);

	if (!interface_exists(ifindex))
		return unlink(path) < 0 ? -errno : 0;
	if (clsact_is_attached(datapath->handle, ifindex))
		attachment_get(datapath, ifindex)->hook = HOOK_CLSACT;
	return 0;
}

int clsact_sweep(struct datapath *datapath)
{
	char directory[PIN_PATH_MAX];

	pin_path(directory, datapath->root, "clsact");
	return pins_visit(directory, sweep_one, datapath);
}

/* Filters of one priority run newest first, and ours has the first priority: whoever comes later may be before it. */
static int look_at(const struct datapath *datapath, uint32_t ifindex, enum bpf_tc_attach_point point, bool *ret_lost,
		   char ret_ahead[static DATAPATH_STRANGER_MAX])
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = datapath->handle, .priority = PRIORITY);
	qdisc_filters filters = {};
	int r;

	bpf_log_begin();
	*ret_lost = bpf_tc_query(&hook, &opts) < 0 || opts.prog_id != program_id(program_at(datapath->skeleton, point));
	if (*ret_lost)
		return 0;
	r = qdisc_list_filters(ifindex, point == BPF_TC_INGRESS, &filters);
	if (r == 0 && filters.n &&
	    (filters.items[0].handle != datapath->handle || filters.items[0].priority != PRIORITY))
		memcpy(ret_ahead, filters.items[0].words, DATAPATH_STRANGER_MAX);
	vec_free(&filters);
	return r;
}

int clsact_look(const struct datapath *datapath, uint32_t ifindex, struct datapath_look *ret)
{
	return look_at(datapath, ifindex, BPF_TC_INGRESS, &ret->lost[WEIR_EGRESS], ret->ahead[WEIR_EGRESS])
		       ?: look_at(datapath, ifindex, BPF_TC_EGRESS, &ret->lost[WEIR_INGRESS], ret->ahead[WEIR_INGRESS]);
}
