/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's side of weir, as one object: programs, maps and links, pinned
 * under one bpffs directory so that enforcement outlives the agent.
 */
#ifndef WEIR_DATAPATH_DATAPATH_H
#define WEIR_DATAPATH_DATAPATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/cleanup.h"
#include "base/vec.h"
#include "weir/event.h"
#include "weir/maps.h"
#include "weir/reason.h"

struct datapath;

struct datapath_config {
	const char *bpffs;    /* "/sys/fs/bpf/weir" */
	uint32_t image_words; /* capacity of an image to begin with, a power of two; it grows by need */
	uint32_t openings;    /* capacity of each table of connections that are being opened */
	uint32_t connections; /* of each table of TCP and SCTP connections */
	uint32_t exchanges;   /* of each table of everything else */
	uint32_t fragments;   /* of packets in fragments that are remembered at once */
	uint32_t shields;     /* of offenders that the flood shield knows */
	uint32_t addresses;   /* of each address map */
	uint32_t endpoints;
	uint32_t counters;
	uint32_t pairs; /* rows of who opens connections to whom, a power of two */
	uint32_t buckets;
	uint32_t limit_sources; /* of the openers that limits per identity or address tell apart */
	uint32_t event_bytes;	/* that wait to be read, a power of two */
};

extern const struct datapath_config datapath_defaults;

/*
 * Loads the programs. Pinned maps of the same layout are taken over with what
 * they hold, and pinned links go on with the old programs until
 * datapath_attach() replaces them in place. Maps of another layout or capacity
 * are made anew and filled from the old ones, and all links are moved at once, or
 * put back: then, or in datapath_swap(), where the image in force is none that
 * this version can read. Fails with a clear
 * word when bpffs is not mounted there, when rights are missing, or when the
 * verifier refuses.
 */
int datapath_open(const struct datapath_config *config, struct datapath **ret, struct error *error);
/* Closes file descriptors; enforcement goes on. */
void datapath_close(struct datapath *datapath);
DEFINE_CLEANUP(struct datapath, datapath_close);

bool datapath_took_over(const struct datapath *datapath);
/* What was pinned and could not be taken over, and why: one line each, "" when there is nothing to say. */
const char *datapath_notes(const struct datapath *datapath);
/* The revision in force, 0 when there is no image yet. */
uint32_t datapath_revision(const struct datapath *datapath);
/*
 * The revision of another version's image, which goes on until there is one of
 * ours. Flows know their decision by the number: no image may have it again.
 */
uint32_t datapath_revision_before(const struct datapath *datapath);
/* The capacity of an image now. */
uint32_t datapath_image_words(const struct datapath *datapath);

/*
 * Puts an image in force: builds it aside, swaps it in by one update, and
 * begins a new generation. One that doesn't fit makes the capacity grow first,
 * up to WEIR_IMAGE_WORDS_MAX (beyond: -E2BIG): programs for more are loaded and
 * put in the place of the running ones, which takes about half a second, with
 * the old policy in force. A later datapath_open() finds the larger capacity.
 */
int datapath_swap(struct datapath *datapath, const uint32_t *words, uint32_t n_words, struct error *error);
/*
 * Loads these programs beforehand, if the image won't fit: nearly all of that
 * time. May run in a thread of its own while another one attaches and detaches,
 * and does nothing else here.
 */
int datapath_reserve(struct datapath *datapath, uint32_t n_words, struct error *error);
/* Begins a new generation: every flow is decided again at its next packet. */
void datapath_new_generation(struct datapath *datapath);

/* ifindex: of the endpoint that has the address, 0 where it is not one of this node's. */
int datapath_set_address(struct datapath *datapath, const struct addr *addr, uint32_t identity, uint32_t ifindex);
int datapath_delete_address(struct datapath *datapath, const struct addr *addr); /* absent: 0 */
/* Keeps the state that packets have put into the entry. */
int datapath_set_endpoint(struct datapath *datapath, uint32_t ifindex, const struct weir_endpoint *endpoint);
int datapath_delete_endpoint(struct datapath *datapath, uint32_t ifindex); /* absent: 0 */

struct datapath_address {
	struct addr addr;
	uint32_t identity;
	uint32_t ifindex;
};
struct datapath_endpoint {
	uint32_t ifindex;
	struct weir_endpoint is;
};
typedef VEC(struct datapath_address) datapath_addresses;
typedef VEC(struct datapath_endpoint) datapath_endpoints;
/* What the kernel holds now; for the take-over after a restart. */
int datapath_list_addresses(struct datapath *datapath, datapath_addresses *ret);
int datapath_list_endpoints(struct datapath *datapath, datapath_endpoints *ret);

/* How long a flow without packets is remembered, by enum weir_flow_state, and other times and rates of packets. */
struct datapath_times {
	uint32_t flow_seconds[WEIR_FLOW_STATES];
	uint32_t fragment_seconds;
	uint32_t answers_per_second; /* to rejected packets of one endpoint, and as many at once; 0: none */
	/*
	 * How many packets of one source, or to one endpoint, may be denied before
	 * uplinks decide them by themselves; 0: they decide all, always.
	 */
	uint32_t shield_packets_per_second;
	uint32_t shield_seconds; /* how long they go on with it after the last reason */
};
extern const struct datapath_times datapath_times_defaults;
/* From the next packet on. */
void datapath_set_times(struct datapath *datapath, const struct datapath_times *times);
/* How long a tick of flow state is (struct weir_flow, seen and opened). */
uint64_t datapath_tick_ns(const struct datapath *datapath);

/* Entries that have not expired, by table and family. */
struct datapath_flow_counts {
	uint32_t present[WEIR_FLOW_TABLES][WEIR_FAMILIES];
	uint64_t entered[WEIR_FLOW_TABLES][WEIR_FAMILIES];
	uint64_t evicted[WEIR_FLOW_TABLES][WEIR_FAMILIES]; /* by others, for want of room */
	uint32_t held;					   /* slots of limits on open connections */
	uint32_t corrected; /* slots that were counted and not held, or the other way round; only by a recount */
};
/* Takes expired flows out, and counts the others. Packets that come meanwhile may make evicted a little small. */
int datapath_sweep(struct datapath *datapath, struct datapath_flow_counts *ret);
/*
 * The same, and puts right how many connections each limit on them counts as
 * open: as much as this recount and the last one have both found to be wrong.
 * Packets come and go meanwhile. Between two of them there are seconds.
 */
int datapath_recount(struct datapath *datapath, struct datapath_flow_counts *ret);

/* A flow as it is listed. */
struct datapath_flow {
	enum weir_flow_table table;
	enum weir_family family;
	uint32_t ifindex;
	struct addr local, remote;
	uint16_t local_port, remote_port; /* host order */
	uint8_t protocol;
	uint64_t idle_ns, age_ns;
	bool current; /* decided under the running generation */
	struct weir_counter counts[WEIR_DIRECTIONS];
	struct weir_flow is;
};
/* All flows that have not expired, one by one; those that come or go meanwhile are among them or not. */
struct datapath_flows;
int datapath_flows_open(struct datapath *datapath, struct datapath_flows **ret);
/* 1: *ret is the next one; 0: that was all. Needs the datapath no more. */
int datapath_flows_next(struct datapath_flows *flows, struct datapath_flow *ret);
void datapath_flows_close(struct datapath_flows *flows);
DEFINE_CLEANUP(struct datapath_flows, datapath_flows_close);
/* The addresses that the flood shield is up for: sources, and endpoints. The caller frees the list. */
int datapath_list_shields(struct datapath *datapath, addr_list *ret);
/* Sums over CPUs, by enum weir_tally. */
int datapath_read_tallies(struct datapath *datapath, uint64_t ret[static WEIR_TALLIES]);

/* What is told of packets, beside being counted: of a connection once, and again when it is still denied later on. */
struct datapath_watch {
	bool denied;		    /* connections that are denied, withdrawn, or audited */
	bool opened;		    /* that are admitted */
	uint32_t events_per_second; /* of each decision, each limit, and each reason without either */
};
extern const struct datapath_watch datapath_watch_defaults;
/* From the next packet on. */
void datapath_set_watch(struct datapath *datapath, const struct datapath_watch *watch);
/*
 * Hands over what was told since the last call, in the order in which it was,
 * also from before datapath_open(). Returns how much that was, at most some
 * thousands a call; the rest is for the next one. Nobody is woken up by it: the
 * caller comes by now and then, and pays nothing when nothing was told.
 */
int datapath_read_events(struct datapath *datapath, void (*each)(void *data, const struct weir_event *event),
			 void *data);

/* How packets of one interface reach the programs. */
enum datapath_hook { HOOK_NONE, HOOK_TCX, HOOK_CLSACT };
enum datapath_xdp { XDP_OFF, XDP_NATIVE, XDP_GENERIC };

/* Which of tcx and clsact this kernel has, by trying. */
enum datapath_hook datapath_probe_hook(struct datapath *datapath);

/*
 * Attaches to both directions of an interface, and XDP where asked, in one
 * step that leaves no moment without enforcement: links from an earlier life
 * are updated in place. An XDP failure is an error, but tc stays attached.
 * Native XDP gets GRO switched on, which is put back when it is taken off.
 */
int datapath_attach(struct datapath *datapath, uint32_t ifindex, const char *name, enum datapath_xdp xdp,
		    struct error *error);
/* Takes off everything of ours; an interface that is gone is not an error. */
int datapath_detach(struct datapath *datapath, uint32_t ifindex);

struct datapath_attachment {
	uint32_t ifindex;
	enum datapath_hook hook;
	enum datapath_xdp xdp;
};
typedef VEC(struct datapath_attachment) datapath_attachments;
void datapath_list_attachments(const struct datapath *datapath, datapath_attachments *ret);
/* Whether filters of clsact are or may become ours: to tell them from others takes CAP_SYS_ADMIN. */
bool datapath_filters_by_number(const struct datapath *datapath);

#define DATAPATH_STRANGER_MAX 64

/* What hangs at an interface now, whoever put it there. */
struct datapath_look {
	bool lost[WEIR_DIRECTIONS]; /* the program for this direction of the pod's packets is not there any more */
	bool lost_xdp;
	/* Who runs before it, and may pass packets by it: "program \"x\" (id 7)"; "": nobody. */
	char ahead[WEIR_DIRECTIONS][DATAPATH_STRANGER_MAX];
};
/*
 * Looks whether what this agent has attached is there still: its programs, not
 * only its links. Changes nothing. -ENODEV: the interface is going, or gone.
 */
int datapath_look(struct datapath *datapath, uint32_t ifindex, struct datapath_look *ret);

/* An interface by which the node is reached. */
struct datapath_uplink {
	uint32_t ifindex;
	enum datapath_xdp xdp;
	const char *note; /* why not natively; NULL: it is, or it is not known */
};
typedef VEC(struct datapath_uplink) datapath_uplinks;
/*
 * Drops there, by XDP, what is denied on its way to an endpoint of this node:
 * natively, or generically where the driver can't. What an earlier life has
 * attached is updated in place.
 */
int datapath_attach_uplink(struct datapath *datapath, uint32_t ifindex, const char *name, struct datapath_uplink *ret,
			   struct error *error);
int datapath_detach_uplink(struct datapath *datapath, uint32_t ifindex); /* absent, or gone: 0 */
void datapath_list_uplinks(const struct datapath *datapath, datapath_uplinks *ret);
/* Whether the uplink's program is not there any more. -ENODEV: the interface is going, or gone. */
int datapath_look_uplink(const struct datapath *datapath, const struct datapath_uplink *uplink, bool *ret_lost);

/*
 * Takes off and unpins everything under bpffs, without loading anything.
 * Nothing there is not an error. *ret_interfaces: how many interfaces were freed.
 */
int datapath_remove(const char *bpffs, unsigned *ret_interfaces, struct error *error);

/* Sums over CPUs. counters has WEIR_REASON_MAX * WEIR_DIRECTIONS items, index as in weir/maps.h. */
int datapath_read_reasons(struct datapath *datapath, struct weir_counter *ret_counters);

/* A row of accounts that a pair has. */
struct datapath_pair {
	uint64_t tag; /* as weir_pair_tag() makes it, or WEIR_PAIR_RETIRED */
	uint32_t row;
	uint32_t series; /* as datapath_mark_pair() has it; 0: never */
	struct weir_account counted;
};
/* Sums over CPUs. */
struct datapath_accounts {
	VEC(struct datapath_pair) pairs;
	struct weir_account *decisions; /* where pairs had no room: by decision counter */
	uint32_t n_decisions;
	struct weir_account limited; /* over a limit, where pairs had no room */
};
/* Those of decision counters 0..n-1, and all pairs. */
int datapath_read_accounts(struct datapath *datapath, uint32_t n, struct datapath_accounts *ret);
void datapath_accounts_free(struct datapath_accounts *accounts); /* what it holds */
struct datapath_pairs_fill {
	uint32_t used, retired; /* rows that are not free; of these */
};
void datapath_pairs_fill(const struct datapath *datapath, struct datapath_pairs_fill *ret);
/* Whether the row is that tag's. */
bool datapath_pair_has(const struct datapath *datapath, uint32_t row, uint64_t tag);
/* Keeps a word with the pair for as long as it has its row, also for the next agent. */
void datapath_mark_pair(struct datapath *datapath, uint32_t row, uint32_t series);
/* From the next generation on nothing is counted there any more; what was, stays. */
void datapath_retire_pair(struct datapath *datapath, uint32_t row);
/* Gives the row to whoever comes next; nothing may refer to it. */
int datapath_free_pair(struct datapath *datapath, uint32_t row);

int datapath_read_bucket(struct datapath *datapath, uint32_t bucket, struct weir_bucket *ret);
/* What came to a limit, from all its sources. */
int datapath_read_charged(struct datapath *datapath, uint32_t bucket, struct weir_charged *ret);
int datapath_read_all_charged(struct datapath *datapath, uint32_t n, struct weir_charged *ret); /* buckets 0..n-1 */
/* Makes one that no image refers to as good as new. */
int datapath_clear_decision(struct datapath *datapath, uint32_t counter);
int datapath_clear_bucket(struct datapath *datapath, uint32_t bucket);
/* Connections that the bucket counts as open. */
uint32_t datapath_open_slots(const struct weir_bucket *bucket);
/* Adds to each of n buckets what it and its sources count. */
int datapath_read_open(struct datapath *datapath, uint32_t n, uint64_t *ret_open);
/* A source that a limit per identity or address has met. */
struct datapath_source {
	struct weir_source_key key;
	struct weir_bucket bucket;
};
typedef VEC(struct datapath_source) datapath_sources;
int datapath_list_sources(struct datapath *datapath, datapath_sources *ret);
/* Forgets the sources of buckets that mean nothing any more. */
int datapath_prune_sources(struct datapath *datapath, bool (*is_used)(void *data, uint32_t bucket), void *data);

/* The first packet of a connection, as it passes one endpoint. Both addresses are of one family. */
struct datapath_question {
	uint32_t ifindex;
	enum weir_direction direction; /* out of the endpoint, or into it */
	struct addr from, to;
	uint8_t protocol;
	uint16_t port; /* host order; ignored where the protocol has none */
};
struct datapath_answer {
	enum weir_verdict verdict;
	enum weir_reason reason;
	uint32_t revision; /* of the image; 0: no policy was asked, and what follows means nothing */
	uint32_t decision; /* offset of the record in that image */
	uint32_t identity, peer;
};
/*
 * What the loaded program would do with it, on the live maps: as with any new
 * connection, but without charging limits. Nothing is counted or kept.
 */
int datapath_explain(const struct datapath *datapath, const struct datapath_question *question,
		     struct datapath_answer *ret);

struct datapath_map_info {
	const char *name;
	uint32_t entries; /* counted */
	uint32_t capacity;
};
#define DATAPATH_MAPS_MAX 24
/* flows: of a sweep just now, which saves counting them once more; or NULL. */
int datapath_list_maps(struct datapath *datapath, const struct datapath_flow_counts *flows,
		       struct datapath_map_info ret[static DATAPATH_MAPS_MAX], unsigned *ret_n);

#endif
