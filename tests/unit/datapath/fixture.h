/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network namespace for the whole test program, and for each test a pair of
 * interfaces and a bpffs directory of its own. What the datapath did is looked
 * at from outside: through its pins, tc and ip.
 */
#ifndef TESTS_UNIT_DATAPATH_FIXTURE_H
#define TESTS_UNIT_DATAPATH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/mem.h"
#include "datapath/datapath.h"

#define POD  "weirt0" /* the host-side interface */
#define PEER "weirt1"

struct fixture {
	struct datapath_config config;
	char root[64];
	uint32_t ifindex;
};

static inline char *command_output(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a command says, errors included; the caller frees. */
static inline char *command_output(const char *format, ...)
{
	_cleanup_free_ char *command = NULL;
	char *text = xcalloc(1, 65536);
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&command, format, args) > 0);
	va_end(args);
	_cleanup_free_ char *shell = xasprintf("{ %s; } 2>&1", command);
	FILE *pipe = popen(shell, "re");
	assert_non_null(pipe);
	size_t n = fread(text, 1, 65535, pipe);
	text[n] = '\0';
	if (pclose(pipe) != 0)
		fail_msg("%s: %s", command, text);
	return text;
}

static inline void run(const char *format, ...)
{
	_cleanup_free_ char *command = NULL;
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&command, format, args) > 0);
	va_end(args);
	free(command_output("%s", command));
}

static inline void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

/* These end the program with a TAP skip where this machine can't run such tests. */
static inline void need_netns(void)
{
	if (geteuid() != 0)
		skip_all("needs root");
	if (unshare(CLONE_NEWNET) < 0)
		skip_all("needs a network namespace of its own");
}

static inline void need_bpf(void)
{
	need_netns();
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_test", 4, 4, 1, NULL);
	if (fd < 0)
		skip_all("needs BPF");
	close(fd);
}

static inline int fixture_setup(void **state)
{
	static unsigned n;
	struct fixture *f = new0(struct fixture);

	snprintf(f->root, sizeof(f->root), "/sys/fs/bpf/weir-test-%d-%u", getpid(), n++);
	f->config = (struct datapath_config){
		.bpffs = f->root,
		.image_words = 4096,
		.openings = 512,
		.connections = 1024,
		.exchanges = 768,
		.fragments = 64,
		.shields = 32,
		.addresses = 8192,
		.endpoints = 64,
		.counters = 512,
		.pairs = 64,
		.buckets = 512,
		.limit_sources = 128,
		.event_bytes = 4096,
	};
	run("ip link add " POD " type veth peer name " PEER " && ip link set " POD " up && ip link set " PEER " up");
	f->ifindex = if_nametoindex(POD);
	unsetenv("WEIR_HOOK");
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	struct error error = {};
	unsigned interfaces;

	unsetenv("WEIR_HOOK");
	int r = datapath_remove(f->root, &interfaces, &error);
	if (r < 0)
		print_error("%s\n", error.text);
	/* The second instance of a test that failed half-way. */
	_cleanup_free_ char *other = xasprintf("%s-b", f->root);
	datapath_remove(other, &interfaces, NULL);
	run("ip link del " POD " 2>/dev/null || true");
	free(f);
	return r;
}

static inline struct datapath *open_datapath(const struct datapath_config *config)
{
	struct datapath *datapath = NULL;
	struct error error = {};

	if (datapath_open(config, &datapath, &error) < 0)
		fail_msg("%s", error.text);
	return datapath;
}

static inline void attach(struct datapath *datapath, const struct fixture *f, enum datapath_xdp xdp)
{
	struct error error = {};

	if (datapath_attach(datapath, f->ifindex, POD, xdp, &error) < 0)
		fail_msg("%s", error.text);
}

static inline void swap_revision(struct datapath *datapath, uint32_t revision)
{
	struct weir_image_header header = {
		.magic = WEIR_IMAGE_MAGIC, .abi = WEIR_IMAGE_ABI, .n_words = WEIR_HEADER_WORDS, .revision = revision
	};
	uint32_t words[WEIR_HEADER_WORDS];
	struct error error = {};

	memcpy(words, &header, sizeof(words));
	if (datapath_swap(datapath, words, WEIR_HEADER_WORDS, &error) < 0)
		fail_msg("%s", error.text);
}

static inline struct datapath_attachment only_attachment(const struct datapath *datapath)
{
	datapath_attachments all = {};

	datapath_list_attachments(datapath, &all);
	assert_int_equal(all.n, 1);
	struct datapath_attachment attachment = all.items[0];
	vec_free(&all);
	return attachment;
}

static inline size_t count_attachments(const struct datapath *datapath)
{
	datapath_attachments all = {};

	datapath_list_attachments(datapath, &all);
	size_t n = all.n;
	vec_free(&all);
	return n;
}

/* The kernel's number of what is pinned there, 0 when nothing is. */
static inline uint32_t pinned_map_id(const struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/maps/%s", f->root, name);
	_cleanup_close_ int fd = bpf_obj_get(path);
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return fd >= 0 && bpf_map_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

static inline struct bpf_link_info pinned_link(const struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/links/%u-%s", f->root, f->ifindex, name);
	_cleanup_close_ int fd = bpf_obj_get(path);
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);

	if (fd >= 0)
		assert_int_equal(bpf_link_get_info_by_fd(fd, &info, &size), 0);
	return info;
}

static inline uint32_t generation(const struct fixture *f)
{
	_cleanup_free_ char *path = xasprintf("%s/maps/control", f->root);
	_cleanup_close_ int fd = bpf_obj_get(path);
	struct weir_control control;
	uint32_t key = 0;

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &control), 0);
	return control.generation;
}

/* Waits for what the kernel does later by itself; ten seconds at most. */
static inline bool eventually(bool (*condition)(const void *data), const void *data)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

	for (int i = 0; i < 2000; i++) {
		if (condition(data))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

#endif
