// SPDX-License-Identifier: BSD-2-Clause
/*
 * The loaded programs as an engine. Ticks are made so long that time stands
 * still. An XDP program that is attached nowhere has its dispatcher rewritten
 * for each run, which takes milliseconds: so both are attached, to the loopback
 * interfaces of network namespaces in which nothing is up.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fuzz/engine.h"
#include "fuzz/maps.h"
#include "packet/event_ring.h"
#include "weir/capture.h"
#include "weir.skel.h"

#define FLOWS	      1024u
#define ADDRESSES     256u
#define TICK_SHIFT    31u /* weeks */
#define ACCOUNTS      (SETTING_PAIRS + SETTING_DECISIONS + 1)
#define CHARGED_WORDS (sizeof(struct weir_charged) / sizeof(uint64_t))
#define VETH_COMMAND  "ip link add weir-fuzz index 77 type veth peer name weir-fuzz-peer"

_Static_assert(SETTING_IFINDEX_2 == 77, "as the command has it");

static struct {
	struct weir_bpf *skeleton;
	struct engine engine;
	struct weir_image_header *image; /* of the inner map */
	struct weir_pair *pairs;	 /* the map */
	int links[2], space, cpus;
	struct event_ring events;
	struct observation base; /* counters at the last reset */
	struct weir_account accounts[ACCOUNTS], base_accounts[ACCOUNTS];
} self = { .links = { -1, -1 }, .space = -1 };

static __attribute__((format(printf, 2, 0))) int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN && getenv("WEIR_LAB_VERBOSE") ? vfprintf(stderr, format, args) : 0;
}

/* --- opening --- */

static int load(int image_map)
{
	struct weir_bpf *skeleton = weir_bpf__open();
	struct bpf_map *map;

	self.skeleton = skeleton;
	if (!skeleton)
		return -errno;
	bpf_object__for_each_map(map, skeleton->obj)
	{
		if (bpf_map__type(map) == BPF_MAP_TYPE_LRU_HASH && bpf_map__set_max_entries(map, FLOWS) < 0)
			return -errno;
	}
	skeleton->rodata->weir_image_mask = TINY_WORDS - 1;
	skeleton->rodata->weir_tick_shift = TICK_SHIFT;
	skeleton->rodata->weir_pair_mask = SETTING_PAIRS - 1;
	skeleton->rodata->weir_account_limited = ACCOUNTS - 1;
	return bpf_map__set_max_entries(skeleton->maps.addresses4, ADDRESSES) ?:
	       bpf_map__set_max_entries(skeleton->maps.addresses6, ADDRESSES) ?:
	       bpf_map__set_max_entries(skeleton->maps.accounts, ACCOUNTS) ?:
	       bpf_map__set_max_entries(skeleton->maps.pairs, SETTING_PAIRS) ?:
	       bpf_map__set_max_entries(skeleton->maps.buckets, SETTING_BUCKETS) ?:
	       bpf_map__set_max_entries(skeleton->maps.charged, SETTING_BUCKETS) ?:
	       bpf_map__set_inner_map_fd(skeleton->maps.images, image_map) ?:
	       weir_bpf__load(skeleton) ?:
	       event_ring_open(bpf_map__fd(skeleton->maps.events), &self.events);
}

/* The one image is written in place: no packet runs meanwhile, and a swap would take milliseconds. */
static int put_image(int image_map)
{
	uint32_t slot = WEIR_SLOT_ENFORCED;
	const int pairs = bpf_map__fd(self.skeleton->maps.pairs);

	if (bpf_map_update_elem(bpf_map__fd(self.skeleton->maps.images), &slot, &image_map, BPF_ANY) < 0)
		return -errno;
	return maps_memory(image_map, TINY_WORDS * sizeof(uint32_t), &self.image)
		       ?: maps_memory(pairs, SETTING_PAIRS * sizeof(struct weir_pair), &self.pairs);
}

static int put_addresses(void)
{
	struct setting_address address;

	for (unsigned i = 0; setting_address(i, &address); i++) {
		struct bpf_map *map =
			address.family == WEIR_IPV4 ? self.skeleton->maps.addresses4 : self.skeleton->maps.addresses6;
		int r = bpf_map__update_elem(map, address.addr, bpf_map__key_size(map), &address.whose,
					     sizeof(address.whose), BPF_ANY);

		if (r < 0)
			return r;
	}
	return 0;
}

/* In a network namespace of its own. Returns the link. */
static int attach_xdp(const struct bpf_program *program)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	fd = bpf_link_create(bpf_program__fd(program), SETTING_IFINDEX, BPF_XDP, NULL);
	return fd < 0 ? -errno : fd;
}

static int attach(void)
{
	self.links[0] = attach_xdp(self.skeleton->progs.weir_uplink);
	if (self.links[0] < 0)
		return self.links[0];
	self.space = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	self.links[1] = attach_xdp(self.skeleton->progs.weir_xdp);
	if (self.links[1] < 0)
		return self.links[1];
	return system(VETH_COMMAND) == 0 ? 0 : -EOPNOTSUPP;
}

static int run_sweep(struct weir_sweep *sweep)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = sweep, .ctx_size_in = sizeof(*sweep));

	return bpf_prog_test_run_opts(bpf_program__fd(self.skeleton->progs.weir_sweep), &opts) < 0 ? -errno : 0;
}

static int read_now(void)
{
	struct weir_sweep sweep = {};
	int r = run_sweep(&sweep);

	self.engine.now = sweep.now;
	return r;
}

void fuzzed_close(void)
{
	for (unsigned i = 0; i < 2; i++) {
		if (self.links[i] >= 0)
			close(self.links[i]);
	}
	if (self.space >= 0)
		close(self.space);
	event_ring_close(&self.events);
	weir_bpf__destroy(self.skeleton);
}

/* --- running --- */

static int read_counters(struct observation *ret)
{
	uint32_t keys[SETTING_BUCKETS], batch, count = SETTING_BUCKETS;

	if (bpf_map_lookup_batch(bpf_map__fd(self.skeleton->maps.buckets), NULL, &batch, keys, ret->buckets, &count,
				 NULL) < 0 &&
	    errno != ENOENT)
		return -errno;
	return maps_sum(self.skeleton->maps.reasons, WEIR_REASON_MAX * WEIR_DIRECTIONS, 2,
			    (uint64_t *)ret->reasons)
		       ?: maps_sum(self.skeleton->maps.accounts, ACCOUNTS, 3, (uint64_t *)self.accounts)
		       ?: maps_sum(self.skeleton->maps.tallies, WEIR_TALLIES, 1, ret->tallies)
		       ?: maps_sum(self.skeleton->maps.charged, SETTING_BUCKETS, CHARGED_WORDS, (uint64_t *)ret->charged);
}

static void subtract(uint64_t *from, const uint64_t *what, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(*from); i++)
		from[i] -= what[i];
}

static struct bpf_map *flow_map(enum weir_flow_table table, enum weir_family family)
{
	struct bpf_map *const maps[WEIR_FLOW_TABLES][WEIR_FAMILIES] = {
		[WEIR_OPENINGS] = { self.skeleton->maps.openings4, self.skeleton->maps.openings6 },
		[WEIR_CONNECTIONS] = { self.skeleton->maps.connections4, self.skeleton->maps.connections6 },
		[WEIR_EXCHANGES] = { self.skeleton->maps.exchanges4, self.skeleton->maps.exchanges6 },
	};

	return maps[table][family];
}

static int observe_table(enum weir_flow_table table, enum weir_family family, struct observation *ret)
{
	static struct weir_flow6_key keys[OBSERVED_FLOWS];
	static struct weir_flow flows[OBSERVED_FLOWS];
	int n = maps_take_all(flow_map(table, family), keys, flows, OBSERVED_FLOWS - ret->n_flows, false);

	for (int i = 0; i < n; i++) {
		struct observed_flow *of = &ret->flows[ret->n_flows++];

		*of = (struct observed_flow){ .flow = flows[i] };
		observation_name(family, (const char *)keys + i * bpf_map__key_size(flow_map(table, family)),
				 &of->name);
		of->name.table = table;
	}
	return n < 0 ? n : 0;
}

static int forget_sources(void)
{
	static struct weir_source_key keys[FLOWS];
	static struct weir_bucket values[FLOWS];
	int n = maps_take_all(self.skeleton->maps.sources, keys, values, FLOWS, false);

	return n < 0 ? n : 0;
}

static int observe(struct observation *ret)
{
	static struct weir_fragment_key keys[OBSERVED_FRAGMENTS];
	static struct weir_fragment firsts[OBSERVED_FRAGMENTS];
	int n = read_counters(ret);

	if (n < 0)
		return n;
	subtract((uint64_t *)ret->reasons, (uint64_t *)self.base.reasons, sizeof(ret->reasons));
	subtract((uint64_t *)self.accounts, (uint64_t *)self.base_accounts, sizeof(self.accounts));
	subtract(ret->tallies, self.base.tallies, sizeof(ret->tallies));
	subtract((uint64_t *)ret->charged, (uint64_t *)self.base.charged, sizeof(ret->charged));
	ret->n_flows = 0;
	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		int r = observe_table(i / WEIR_FAMILIES, i % WEIR_FAMILIES, ret);

		if (r < 0)
			return r;
	}
	observation_name_accounts(ret, self.pairs, self.accounts);
	n = maps_take_all(self.skeleton->maps.fragments, keys, firsts, OBSERVED_FRAGMENTS, false);
	ret->n_fragments = n < 0 ? 0 : n;
	for (unsigned i = 0; i < ret->n_fragments; i++)
		ret->fragments[i] = (struct observed_fragment){ keys[i], firsts[i] };
	return n < 0 ? n : forget_sources();
}

static void set_image(const struct model *model)
{
	memcpy(self.image, model->words, ((const struct weir_image_header *)model->words)->n_words * sizeof(uint32_t));
}

static int set_endpoint(unsigned pod, const struct model *model)
{
	const uint32_t ifindex = setting_ifindex(pod);
	const struct bpf_map *map = self.skeleton->maps.endpoints;
	int r;

	if (model->known[pod])
		return bpf_map__update_elem(map, &ifindex, sizeof(ifindex), &model->endpoints[pod],
					    sizeof(model->endpoints[pod]), BPF_ANY);
	r = bpf_map__delete_elem(map, &ifindex, sizeof(ifindex), 0);
	return r == -ENOENT ? 0 : r;
}

static int reset(const struct model *model)
{
	static const struct weir_bucket empty[SETTING_BUCKETS];
	uint32_t keys[SETTING_BUCKETS], count = SETTING_BUCKETS;

	for (uint32_t i = 0; i < SETTING_BUCKETS; i++)
		keys[i] = i;
	if (bpf_map_update_batch(bpf_map__fd(self.skeleton->maps.buckets), keys, empty, &count, NULL) < 0)
		return -errno;
	set_image(model);
	self.skeleton->data_control->weir_control = model->control;
	memset(self.pairs, 0, SETTING_PAIRS * sizeof(*self.pairs));
	int r = set_endpoint(0, model) ?: set_endpoint(1, model) ?: read_counters(&self.base);
	memcpy(self.base_accounts, self.accounts, sizeof(self.accounts));
	return r;
}

static int age(uint32_t ticks)
{
	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		int r = maps_grow_older(flow_map(i / WEIR_FAMILIES, i % WEIR_FAMILIES),
					offsetof(struct weir_flow, seen), ticks);

		if (r < 0)
			return r;
	}
	return maps_grow_older(self.skeleton->maps.fragments, offsetof(struct weir_fragment, seen), ticks);
}

static int sweep(uint8_t argument)
{
	const bool recount = argument & SWEEP_RECOUNT;
	const uint32_t from = recount ? 0 : argument % (WEIR_FLOW_TABLES * WEIR_FAMILIES);
	int r = 0;

	/* The last one ends the recount. */
	for (uint32_t i = from; r == 0 && i <= (recount ? WEIR_FLOW_TABLES * WEIR_FAMILIES : from); i++)
		r = run_sweep(&(struct weir_sweep){ i / WEIR_FAMILIES, i % WEIR_FAMILIES, .recount = recount });
	self.skeleton->data_control->weir_control.recount += recount;
	return r;
}

static int event(const struct step *step, const struct model *model)
{
	int r = 0;

	if (step->kind == STEP_POLICY)
		set_image(model);
	else if (step->kind == STEP_ENDPOINT)
		r = set_endpoint(step->argument & ENDPOINT_SECOND ? 1 : 0, model);
	else if (step->kind == STEP_AGE)
		r = age(step->argument);
	else if (step->kind == STEP_SWEEP)
		r = sweep(step->argument);
	self.skeleton->data_control->weir_control.generation = model->control.generation;
	return r;
}

/* A test run doesn't take IP without an IP header. */
static bool takes(const struct step *step)
{
	const unsigned proto = step->bytes[12] << 8 | step->bytes[13];

	return step->length >= (proto == ETH_P_IP     ? ETH_HLEN + sizeof(struct iphdr)
				: proto == ETH_P_IPV6 ? ETH_HLEN + sizeof(struct ipv6hdr)
						      : ETH_HLEN);
}

static uint32_t linear(const struct step *step)
{
	return step->length;
}

static int run_tc(const struct step *step, struct engine_run *ret)
{
	const unsigned pod = step->argument & PACKET_SECOND ? 1 : 0;
	const struct bpf_program *program =
		step->argument & PACKET_OUT ? self.skeleton->progs.weir_from_pod : self.skeleton->progs.weir_to_pod;
	struct __sk_buff skb = {
		.ifindex = setting_ifindex(pod),
		.ingress_ifindex = step->argument & PACKET_HAIRPIN ? setting_ifindex(pod) : 0,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = step->bytes, .data_size_in = step->length,
		    .data_out = ret->frame, .data_size_out = sizeof(ret->frame), .ctx_in = &skb,
		    .ctx_size_in = sizeof(skb), .repeat = 1);

	if (bpf_prog_test_run_opts(bpf_program__fd(program), &opts) < 0)
		return -errno;
	ret->length = opts.data_size_out;
	ret->verdict = opts.retval == (uint32_t)TC_ACT_UNSPEC ? WEIR_VERDICT_PASS
		       : opts.retval == TC_ACT_SHOT	      ? WEIR_VERDICT_DROP
		       : opts.retval == TC_ACT_REDIRECT	      ? WEIR_VERDICT_REJECT
							      : WEIR_VERDICT_NONE;
	return 0;
}

static int run(const struct step *step, enum engine_hook hook, struct engine_run *ret)
{
	const struct bpf_program *program =
		hook == ENGINE_XDP ? self.skeleton->progs.weir_xdp : self.skeleton->progs.weir_uplink;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = step->bytes, .data_size_in = step->length, .repeat = 1);

	if (hook == ENGINE_TC)
		return run_tc(step, ret);
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &opts) < 0)
		return -errno;
	ret->verdict = opts.retval == XDP_PASS	 ? WEIR_VERDICT_PASS
		       : opts.retval == XDP_DROP ? WEIR_VERDICT_DROP
						 : WEIR_VERDICT_NONE;
	return 0;
}

static int told(struct weir_event *ret)
{
	memset(self.skeleton->bss, 0, sizeof(*self.skeleton->bss));
	return event_ring_take(&self.events, ret, 1);
}

int fuzzed_open(const struct engine **ret, const char **ret_why)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	_cleanup_close_ int image_map = -1;
	int r;

	*ret_why = "not root";
	if (geteuid() != 0)
		return -EPERM;
	libbpf_set_print(quiet);
	self.cpus = libbpf_num_possible_cpus();
	*ret_why = "the kernel refuses BPF maps";
	image_map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_fuzz_image", sizeof(uint32_t),
				   TINY_WORDS * sizeof(uint32_t), 1, &opts);
	if (image_map < 0 || self.cpus < 0)
		return -EOPNOTSUPP;
	*ret_why = "the programs do not load";
	r = load(image_map) ?: put_image(image_map) ?: put_addresses();
	if (r < 0)
		return r;
	*ret_why = "there is no network namespace to run them in (is iproute2 installed?)";
	r = attach() ?: read_now();
	if (r < 0)
		return r;
	self.engine = (struct engine){ "programs", self.engine.now, reset, event, takes, linear, run, told, observe };
	*ret = &self.engine;
	return 0;
}
