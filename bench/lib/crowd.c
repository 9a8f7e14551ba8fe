// SPDX-License-Identifier: BSD-2-Clause
#include "lib/crowd.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "fuzz/random.h"
#include "packet/lab_private.h"
#include "bare.skel.h" /* whose structs are in there */

#define BATCH	    4096u
#define SHIELD_RATE 1000u

void crowd_address(enum weir_family family, bool stranger, uint32_t i, uint8_t *ret)
{
	const uint32_t addr = htonl((stranger ? 0x64800000u : 0x64400000u) + i); /* 100.128.0.0, 100.64.0.0 */

	memset(ret, 0, 16);
	if (family == WEIR_IPV6)
		ret[0] = 0xfd, ret[1] = 2;
	memcpy(ret + (family == WEIR_IPV6 ? 12 : 0), &addr, sizeof(addr));
}

static int run_one(struct crowd *crowd, const struct frame_spec *spec, const struct frame_ends *ends, bool out)
{
	static struct frame frame;
	struct lab_result result;
	int r;

	memset(&frame, 0, sizeof(frame));
	frame_build(spec, ends, &frame);
	r = lab_run(crowd->lab, &(struct lab_run){ .program = out ? LAB_FROM_POD : LAB_TO_POD, .frame = &frame },
		    &result);
	return r < 0 ? r : result.verdict == WEIR_VERDICT_PASS ? 0 : -EPROTO;
}

int crowd_shake_hands(struct crowd *crowd, enum weir_family family, const uint8_t *peer, bool out, uint16_t client)
{
	const uint8_t *pod = world_pod_addr(family);
	const struct frame_ends there = { family, out ? pod : peer, out ? peer : pod, false };
	const struct frame_ends back = { family, there.destination, there.source, true };
	const struct frame_spec syn = { .tcp_flags = FRAME_TCP_SYN, .client = client };
	const struct frame_spec both = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK, .client = client, .ack = 1 };
	const struct frame_spec ack = { .tcp_flags = FRAME_TCP_ACK, .client = client, .seq = 1, .ack = 1 };

	return run_one(crowd, &syn, &there, out) ?:
	       run_one(crowd, &both, &back, !out) ?:
	       run_one(crowd, &ack, &there, out);
}

static int add_batch(int map, const void *keys, const void *values, uint32_t n)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);

	return bpf_map_update_batch(map, keys, values, &n, &opts) < 0 ? -errno : 0;
}

/* Each as the peer of the world is that they are like. */
static int add_addresses(struct crowd *crowd, enum weir_family family, bool stranger)
{
	const size_t size = family == WEIR_IPV4 ? 4 : 16;
	const int map = bpf_map__fd(family == WEIR_IPV4 ? crowd->lab->skeleton->maps.addresses4
							: crowd->lab->skeleton->maps.addresses6);
	static uint8_t keys[BATCH * 16];
	static struct weir_address values[BATCH];
	struct weir_address like;

	if (bpf_map_lookup_elem(map, world_peer(stranger ? PEER_STRANGER : PEER_FRIEND, family), &like) < 0)
		return -errno;
	for (uint32_t i = 0; i < BATCH; i++)
		values[i] = like;
	for (uint32_t first = 0; first < CROWD; first += BATCH) {
		const uint32_t n = CROWD - first < BATCH ? CROWD - first : BATCH;
		int r;

		for (uint32_t i = 0; i < n; i++) {
			uint8_t addr[16];

			crowd_address(family, stranger, first + i, addr);
			memcpy(keys + i * size, addr, size);
		}
		r = add_batch(map, keys, values, n);
		if (r < 0)
			return r;
	}
	return 0;
}

/* In another order than that in which packets will come, as connections are opened. */
static void shuffle(uint32_t *order)
{
	struct random r = random_from(1);

	for (uint32_t i = 0; i < CROWD; i++)
		order[i] = i;
	for (uint32_t i = CROWD - 1; i > 0; i--) {
		const uint32_t j = random_below(&r, i + 1), was = order[i];

		order[i] = order[j];
		order[j] = was;
	}
}

static void name_flow(enum weir_family family, uint32_t i, void *ret_key)
{
	uint8_t addr[16];

	crowd_address(family, false, i, addr);
	if (family == WEIR_IPV4)
		memcpy(&((struct weir_flow4_key *)ret_key)->remote, addr, 4);
	else
		memcpy(((struct weir_flow6_key *)ret_key)->remote, addr, 16);
}

/* The first one opens its connection; the others' entries are like that one's. */
static int add_flows(struct crowd *crowd, enum weir_family family)
{
	const size_t size = family == WEIR_IPV4 ? sizeof(struct weir_flow4_key) : sizeof(struct weir_flow6_key);
	const int map = bpf_map__fd(family == WEIR_IPV4 ? crowd->lab->skeleton->maps.connections4
							: crowd->lab->skeleton->maps.connections6);
	static uint32_t order[CROWD];
	static struct weir_flow values[BATCH];
	static uint8_t keys[BATCH * sizeof(struct weir_flow6_key)];
	uint8_t key[sizeof(struct weir_flow6_key)], first_peer[16];
	int r;

	crowd_address(family, false, 0, first_peer);
	r = crowd_shake_hands(crowd, family, first_peer, false, CROWD_CLIENT);
	if (r < 0)
		return r;
	if (bpf_map_get_next_key(map, NULL, key) < 0 || bpf_map_lookup_elem(map, key, &values[0]) < 0)
		return -errno;
	for (uint32_t i = 1; i < BATCH; i++)
		values[i] = values[0];
	shuffle(order);
	for (uint32_t at = 0, n = 0; r == 0 && at < CROWD; at += n) {
		n = CROWD - at < BATCH ? CROWD - at : BATCH;
		for (uint32_t i = 0; i < n; i++) {
			name_flow(family, order[at + i], key);
			memcpy(keys + i * size, key, size);
		}
		r = add_batch(map, keys, values, n);
	}
	return r;
}

int crowd_forget_openings(struct crowd *crowd)
{
	const int map = bpf_map__fd(crowd->lab->skeleton->maps.openings4);
	static struct weir_flow4_key keys[BATCH];
	static struct weir_flow values[BATCH];
	uint32_t place = 0, n;
	int r = 0;

	for (uint32_t batches = 0; r == 0 && batches < CROWD_FLOW_TABLE; batches++) {
		n = BATCH;
		r = bpf_map_lookup_and_delete_batch(map, batches ? &place : NULL, &place, keys, values, &n, NULL);
	}
	return r < 0 && errno != ENOENT ? -errno : 0;
}

/* On the maps of the lab's programs: their source is the same, and so are the maps, one by one. */
static int open_bare(struct crowd *crowd)
{
	struct bpf_map *map = NULL, *of = NULL;

	crowd->bare = bare__open();
	if (!crowd->bare)
		return -errno;
	while ((map = bpf_object__next_map(crowd->bare->obj, map))) {
		of = bpf_object__next_map(crowd->lab->skeleton->obj, of);
		if (!of || bpf_map__value_size(of) < bpf_map__value_size(map))
			return -EPROTO;
		if (bpf_map__reuse_fd(map, bpf_map__fd(of)) < 0)
			return -errno;
	}
	return bare__load(crowd->bare) < 0 ? -errno : 0;
}

int crowd_open(struct crowd *crowd)
{
	static const struct lab_config config = { .flows = CROWD_FLOW_TABLE,
						  .addresses = 1 << 18,
						  .image_words = 1 << 18 };
	const char *why;
	int r = lab_open(&config, &crowd->lab, &why);

	if (r < 0) {
		fprintf(stderr, "bench: %s: %s\n", why, strerror(-r));
		return r;
	}
	r = open_bare(crowd) ?: world_reset(crowd->lab);
	for (enum weir_family family = 0; r == 0 && family < WEIR_FAMILIES; family++)
		r = add_addresses(crowd, family, false) ?: add_addresses(crowd, family, true) ?: add_flows(crowd, family);
	crowd_watch(crowd, false);
	return r;
}

void crowd_close(struct crowd *crowd)
{
	bare__destroy(crowd->bare);
	lab_close(crowd->lab);
}

int crowd_program(const struct crowd *crowd, enum lab_program program, bool bare)
{
	if (!bare)
		return lab_program_fd(crowd->lab, program);
	switch (program) {
	case LAB_FROM_POD:
		return bpf_program__fd(crowd->bare->progs.weir_from_pod);
	case LAB_TO_POD:
		return bpf_program__fd(crowd->bare->progs.weir_to_pod);
	case LAB_XDP:
		return bpf_program__fd(crowd->bare->progs.weir_xdp);
	default:
		return bpf_program__fd(crowd->bare->progs.weir_uplink);
	}
}

void crowd_watch(struct crowd *crowd, bool all)
{
	struct weir_control *control = &crowd->lab->skeleton->data_control->weir_control;

	lab_watch(crowd->lab, all ? WEIR_WATCH_DENIED | WEIR_WATCH_OPENED : 0, LAB_EVENT_BUDGET);
	control->shield_burst = 64ull * SHIELD_RATE * WEIR_TICKS_PER_NS;
	control->shield_time = 8;
	control->shield_cost = all ? 1000000000ull / SHIELD_RATE * WEIR_TICKS_PER_NS : 0;
}
