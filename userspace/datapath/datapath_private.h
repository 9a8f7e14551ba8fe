/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of this room share.
 *
 * Everything that outlives the agent is found under one bpffs directory, root:
 *
 *   maps/NAME                  every map, image and program (maps_dir.h)
 *   links/IFINDEX-ingress      tcx link of what leaves the pod
 *   links/IFINDEX-egress       tcx link of what enters the pod
 *   links/IFINDEX-xdp          native XDP link
 *   links/IFINDEX-xdpgeneric   generic XDP link
 *   links/IFINDEX-uplink       native XDP link of an uplink
 *   links/IFINDEX-uplinkgeneric  generic XDP link of an uplink
 *   offloads/IFINDEX           a symbolic link: we have switched an offload on there
 *   clsact/IFINDEX             a symbolic link: we have clsact filters there; its target says whose the qdisc is
 *
 * Interface indexes are those of the network namespace that the agent runs in.
 *
 * The environment variable WEIR_HOOK=clsact makes datapath_open() choose clsact
 * also where the kernel has tcx, so that tests reach that path on any kernel.
 */
#ifndef WEIR_DATAPATH_PRIVATE_H
#define WEIR_DATAPATH_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/datapath.h"
#include "datapath/maps_dir.h"
#include "weir/event.h"
#include "weir/image.h"
#include "weir/maps.h"
#include "weir/capture.h"
#include "weir.skel.h"

struct reading;
struct former_events;

struct datapath {
	char *root;
	char *maps; /* the directory of the set of maps that the programs were loaded with */
	struct datapath_config config;
	struct weir_bpf *skeleton;
	struct weir_bpf *larger; /* loaded for images that don't fit, in no use yet; or NULL */
	uint32_t larger_words;
	maps_dirs
		formers; /* other sets, that programs may run with until upgrade_finish(); ours is made of the first */
	bool fresh;	 /* our set is new, and not in force yet */
	bool mixed;	 /* programs run with it all the same */
	bool moving;	 /* or do from now on */
	enum datapath_hook hook;
	uint32_t handle; /* of our clsact filters */
	uint32_t revision;
	uint32_t revision_before; /* of an image that only another version can read */
	bool took_over;
	bool took_over_control; /* and so the flows */
	bool took_over_accounts;
	char *notes;
	struct weir_pair *pairs; /* the map, config.pairs of them */
	struct ring_buffer *events;
	VEC(struct former_events *) former_events; /* of the formers, until they are empty */
	struct reading *reading;		   /* while they are read */
	uint32_t tcx_programs[WEIR_DIRECTIONS];	   /* the kernel's numbers of the programs; 0: not asked for yet */
	datapath_attachments attachments;
	datapath_uplinks uplinks;
};

/* --- bpf_log.c: what libbpf and, through it, the kernel say of a failure --- */

/* Takes libbpf's output, and forgets what it said before. */
void bpf_log_begin(void);
/* "what: why (what to do)", the why from libbpf's last words or, without any, from code. Returns code. */
int bpf_error(struct error *error, int code, const char *what);

/* --- bpffs.c: the directory and the names in it --- */

#define PIN_NAME_MAX 64
#define PIN_PATH_MAX (PATH_MAX + PIN_NAME_MAX)

/* Makes the directory, on a bpffs, which is mounted at its usual place if nothing is. */
int bpffs_prepare(const char *root, struct error *error);
bool bpffs_is(const char *path);
/* A number for the directory, the same however its path is spelt, also when it is gone. Never 0. */
uint32_t bpffs_number(const char *root);
/* Writes root/NAME. */
void pin_path(char ret[static PIN_PATH_MAX], const char *root, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Visits every name of a directory, which need not exist; the visitor may remove it. Stops at the first failure. */
int pins_visit(const char *directory, int (*visit)(void *data, const char *path, const char *name), void *data);

/* --- takeover.c: maps of an earlier life --- */

/* Looks for what is there. */
int takeover_begin(struct datapath *datapath, struct error *error);
/* The capacity of the images in force, 0 when there are none. */
uint32_t takeover_image_words(const struct datapath *datapath);
/*
 * Before the load: chooses a set of maps that are all what would be made, or
 * begins one, with those maps of the set in force that are.
 */
int takeover_maps(struct datapath *datapath, struct weir_bpf *skeleton);
/* After the load: pins what is new. */
int takeover_pin(struct datapath *datapath, struct error *error);
/* The name that a map is pinned under; NULL: it is not. */
const char *pin_name(const struct bpf_map *map);
/* Pins a map in place of what has its name. */
int pin_map(const struct datapath *datapath, const struct bpf_map *map);
/* Whether what a map holds means anything in our set, with what else was taken over. */
bool takeover_is_of_use(const struct datapath *datapath, const struct weir_bpf *skeleton, const struct bpf_map *map);
/* Rows of accounts and pairs mean the same in both. */
bool takeover_same_rows(const struct maps_dir *dir, const struct weir_bpf *skeleton);

/* --- upgrade.c: from one set of maps to another, under traffic --- */

/* Fills our set with what the others hold, the image in force too. */
int upgrade_fill(struct datapath *datapath, struct error *error);
/* Whether programs of other sets may be attached still. */
bool upgrade_is_pending(const struct datapath *datapath);
/*
 * Puts our programs in the place of the others' on every interface, and removes
 * the other sets; or puts everything back. Without an image in our set, it is
 * for later. agent_ran: our set has been in use since it was filled.
 */
int upgrade_finish(struct datapath *datapath, bool agent_ran, struct error *error);
/* Removes our set, if it never got in force. */
void upgrade_abandon(const struct datapath *datapath);

/* --- programs.c: what is attached, as a set --- */

enum program {
	PROGRAM_FROM_POD,
	PROGRAM_TO_POD,
	PROGRAM_XDP,
	PROGRAM_UPLINK,
	PROGRAMS,
};

struct program_set {
	int fds[PROGRAMS];
};

/* The descriptors stay the skeleton's. */
struct program_set programs_of(const struct weir_bpf *skeleton);
/* Keeps them with a set of maps, so that what ran can run again. */
int programs_pin(const char *maps, const struct weir_bpf *skeleton);
/* The caller closes what it gets. */
int programs_get(const char *maps, struct program_set *ret);
void programs_close(struct program_set *set);
/* Puts them in the place of whatever programs of this instance an interface has. */
int programs_put(const struct datapath *datapath, uint32_t ifindex, const struct program_set *set);

/* --- image.c --- */

/* An empty image map; also the template of the array of images, so that the two cannot differ. fd or -errno. */
int image_map_create(uint32_t words);
/* One slot of an array of images. */
struct image_slot {
	const char *maps; /* directory */
	int images;
	enum weir_slot slot;
};

/* The image in a slot: its capacity in words and its revision. -ENOENT: none. */
int image_running(const struct image_slot *slot, uint32_t *ret_words, uint32_t *ret_revision);
/* Of an image of any ABI; 0: there is none. */
uint32_t image_revision(const struct image_slot *slot);
/* Puts words into a slot, in a map of that capacity; returns when no packet is judged by what was there before. */
int image_put(const struct image_slot *slot, uint32_t capacity, const uint32_t *words, uint32_t n_words,
	      struct error *error);
/* Puts what one slot holds into another one; nothing there: -ENOENT. */
int image_copy(const struct image_slot *from, const struct image_slot *to, uint32_t capacity, struct error *error);

/* --- image_pin.c --- */

/* Pins an image before it is put into a slot. */
int image_pin(const char *maps, int fd);
/* The image in a slot. fd; -ENOENT: none. */
int image_open(const struct image_slot *slot);
/* Drops the pins of images that are in no slot of that array. */
void image_unpin_unused(const char *maps, int images);

/* --- grow.c --- */

/*
 * Makes room for images of n_words: programs for a larger capacity take the
 * place of the loaded ones, with all their maps, in every link and filter. The
 * policy in force stays in force. -E2BIG: more than programs can reach.
 */
int grow(struct datapath *datapath, uint32_t n_words, struct error *error);
void reserve_free(struct datapath *datapath); /* what datapath_reserve() has loaded */

/* --- control.c --- */

/* What jiffies are shifted right by to make ticks of a quarter of a second, or as near as this kernel's HZ allows. */
unsigned clock_tick_shift(void);
/* What the packets read now. */
struct weir_control control_read(const struct datapath *datapath);
/* Begins the next recount of slots: packets put its number on what they take from now on. */
void control_next_recount(const struct datapath *datapath);
/* What packets are watched for: WEIR_WATCH_*, the others as they were. */
void control_watch(const struct datapath *datapath, uint32_t what, bool on);

/* How much of each decision is told in a tick. */
void control_event_budget(const struct datapath *datapath, uint32_t budget);

/* --- events.c --- */

/* Once, when the maps are there. */
int events_open(struct datapath *datapath);
void events_close(struct datapath *datapath);

/* --- flows.c --- */

/* Sweeps the table of that family. */
int sweep_run(const struct datapath *datapath, struct weir_sweep *sweep);
/* The tick that it is to the programs. The answer comes with a sweep of the smallest table. */
int clock_read(const struct datapath *datapath, uint32_t *ret_now);
struct bpf_map *flow_table(const struct weir_bpf *skeleton, enum weir_flow_table table, enum weir_family family);

/* --- maps.c --- */

#define BUSY_RETRIES 16

/* Kernels before 6.15 answer -EBUSY when two cores meet on a bucket: tried again. */
int map_update(const struct bpf_map *map, const void *key, const void *value);
int map_update_fd(int fd, const void *key, const void *value, uint64_t flags);
int map_delete(const struct bpf_map *map, const void *key); /* absent: 0 */
bool same_map(int a, int b);

/* --- walk.c --- */

/*
 * All entries of a map, some thousand a system call. A hash is read bucket by
 * bucket, so entries that come or go meanwhile are seen or not, and all others
 * once. The cursor outlives the map's descriptor.
 */
struct map_cursor {
	int fd;
	size_t key_size, value_size;
	char *keys, *values; /* of a batch */
	uint32_t batch, n, i;
	char *at, *next; /* the kernel's own cursor: a bucket number, or a key */
	bool started, last;
};

#define MAP_CURSOR_NONE     \
	(struct map_cursor) \
	{                   \
		.fd = -1    \
	}

/* The cursor begins as MAP_CURSOR_NONE. */
int map_cursor_open(struct map_cursor *cursor, const struct bpf_map *map);
int map_cursor_open_fd(struct map_cursor *cursor, int map);
/* 1: the next entry, valid until the next call; in per-CPU maps a value is one per CPU. 0: that was all. */
int map_cursor_next(struct map_cursor *cursor, const void **ret_key, const void **ret_value);
void map_cursor_close(struct map_cursor *cursor); /* what it holds; closed again: nothing */
/* Visits all entries. A visitor that returns non-zero ends the walk. */
int map_walk(const struct bpf_map *map, int (*visit)(void *data, const void *key, const void *value), void *data);

/* --- accounts.c --- */

int accounts_open(struct datapath *datapath);
void accounts_close(struct datapath *datapath); /* never opened: nothing */

/* --- probe.c --- */

enum datapath_hook probe_hook(void);

/* --- pinned_link.c: what tcx and XDP have in common --- */

enum pinned_link {
	PINNED_INGRESS,
	PINNED_EGRESS,
	PINNED_XDP,
	PINNED_XDP_GENERIC,
	PINNED_UPLINK,
	PINNED_UPLINK_GENERIC,
	PINNED_LINKS,
};

/* Puts the program into the link that is pinned, or into a new one, which is pinned. *ret_created (may be NULL). */
int pinned_link_attach(const char *root, uint32_t ifindex, enum pinned_link which, int program, bool *ret_created);
/* Puts program in the place of old_program; a link that is gone, or runs another one, is left alone. */
int pinned_link_replace(const char *root, uint32_t ifindex, enum pinned_link which, int old_program, int program);
/* Puts the program into the link that is pinned there, if any. */
int pinned_link_put(const char *root, uint32_t ifindex, enum pinned_link which, int program);
int pinned_link_detach(const char *root, uint32_t ifindex, enum pinned_link which); /* absent: 0 */
bool pinned_link_exists(const char *root, uint32_t ifindex, enum pinned_link which);
/* The number of the program that a pinned link runs there; 0: none. Changes nothing. */
uint32_t pinned_link_program(const char *root, uint32_t ifindex, enum pinned_link which);
bool pinned_link_parse(const char *name, uint32_t *ret_ifindex, enum pinned_link *ret_which);
/* Unpins links whose interface is gone, and records the others as attachments. */
int pinned_links_sweep(struct datapath *datapath);

/* --- tcx.c, clsact.c, qdisc.c, xdp.c: one way to attach each --- */

int tcx_attach(struct datapath *datapath, uint32_t ifindex, struct error *error);
int tcx_detach(const char *root, uint32_t ifindex);
int tcx_look(struct datapath *datapath, uint32_t ifindex, struct datapath_look *ret);

int clsact_attach(struct datapath *datapath, uint32_t ifindex, struct error *error);
/* Puts the one's programs in the place of the other's; filters of other programs are left alone. */
int clsact_replace(const struct datapath *datapath, uint32_t ifindex, const struct weir_bpf *from,
		   const struct weir_bpf *to);
/* Puts programs in the place of those of this instance that are there. */
int clsact_put(const struct datapath *datapath, uint32_t ifindex, int from_pod, int to_pod);
int clsact_detach(const char *root, uint32_t handle, uint32_t ifindex);
bool clsact_is_attached(uint32_t handle, uint32_t ifindex);
bool clsact_is_marked(const char *root, uint32_t ifindex);
int clsact_sweep(struct datapath *datapath);
int clsact_look(const struct datapath *datapath, uint32_t ifindex, struct datapath_look *ret);

/* "clsact", "ingress", or "" when the interface has neither. */
int qdisc_kind(uint32_t ifindex, char ret_kind[static 16]);
/* Whether any filter hangs on the interface's clsact qdisc. */
int qdisc_has_filters(uint32_t ifindex, bool *ret);
/* A filter of the qdisc, in words that tc takes: "filter of kind flower, pref 1, handle 0x1". */
struct qdisc_filter {
	uint32_t priority, handle;
	char words[DATAPATH_STRANGER_MAX];
};
typedef VEC(struct qdisc_filter) qdisc_filters;
/* Those of one direction in the order in which they run; no qdisc: none. The caller frees the list. */
int qdisc_list_filters(uint32_t ifindex, bool ingress, qdisc_filters *ret);

/* Brings the interface's XDP state to what is asked for; off is also a state. */
int xdp_set(struct datapath *datapath, uint32_t ifindex, enum datapath_xdp xdp, struct error *error);
enum datapath_xdp xdp_get(const struct datapath *datapath, uint32_t ifindex);
const char *xdp_why(int code); /* why an interface would not take XDP */
/* "what: why (what to do)", naming the program that is in the way. Returns code. */
int xdp_failed(struct error *error, int code, uint32_t ifindex, const char *what);

/* --- gro.c: what native XDP needs besides --- */

int gro_switch_on(const char *root, uint32_t ifindex);
int gro_put_back(const char *root, uint32_t ifindex); /* as it was before gro_switch_on(), if that has changed it */
/* Puts back what a crash has left. */
int gro_sweep(struct datapath *datapath);

/* --- look.c --- */

uint32_t program_id(int program);
/* "program \"x\" (id 7)"; without the name where the right to ask for it is missing. */
void program_words(uint32_t id, char ret[static DATAPATH_STRANGER_MAX]);

/* --- uplink.c --- */

/* An uplink that an earlier life has attached. */
void uplink_found(struct datapath *datapath, uint32_t ifindex, enum pinned_link which);

/* --- attach.c --- */

/* The record of an interface, made when there is none. Valid until the next call. */
struct datapath_attachment *attachment_get(struct datapath *datapath, uint32_t ifindex);

/* --- load.c --- */

/* Loads the programs for images of that capacity, with the maps that reuse_maps() puts in. */
int programs_load(struct datapath *datapath, uint32_t image_words,
		  int (*reuse_maps)(struct datapath *datapath, struct weir_bpf *skeleton), struct weir_bpf **ret,
		  struct error *error);
void programs_unload(struct weir_bpf *skeleton); /* what is attached goes on */
DEFINE_CLEANUP(struct weir_bpf, programs_unload);

void datapath_note(struct datapath *datapath, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
