// SPDX-License-Identifier: BSD-2-Clause
/*
 * A larger image than fits. The capacity is a constant of the loaded programs,
 * as that is what makes their reads cheap, so that growing means to load them
 * again, with every map but the array of images, and to put them in the place
 * of the old ones.
 *
 * Nothing about policy changes meanwhile: the image in force is copied to the
 * new array first. So an interface may be served by either programs, a packet
 * meets one whole image, and the swap that made this necessary is one swap
 * still. A crash at any point leaves pins that agree with each other.
 */
#include <string.h>

#include "datapath/datapath_private.h"

/* Few steps, as each costs a load of the programs. */
#define STEP 4u

static uint32_t larger(uint32_t capacity, uint32_t n_words)
{
	while (capacity < n_words)
		capacity = capacity > WEIR_IMAGE_WORDS_MAX / STEP ? WEIR_IMAGE_WORDS_MAX : capacity * STEP;
	return capacity;
}

/* The programs are the same, so their maps are too, and in the same order. */
static int reuse_loaded(struct datapath *datapath, struct weir_bpf *skeleton)
{
	const struct bpf_map *old = NULL;
	struct bpf_map *map;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		int r = 0;

		old = bpf_object__next_map(datapath->skeleton->obj, old);
		if (pin_name(map) && map != skeleton->maps.images)
			r = bpf_map__reuse_fd(map, bpf_map__fd(old));
		if (r < 0)
			return r;
	}
	return 0;
}

static int copy_images(const struct datapath *datapath, const struct weir_bpf *to, uint32_t capacity,
		       struct error *error)
{
	for (enum weir_slot slot = 0; slot < WEIR_SLOTS; slot++) {
		const struct image_slot here = { datapath->maps, bpf_map__fd(datapath->skeleton->maps.images), slot };
		const struct image_slot there = { datapath->maps, bpf_map__fd(to->maps.images), slot };
		int r = image_copy(&here, &there, capacity, error);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

static int move_interface(const struct datapath *datapath, uint32_t ifindex, const struct weir_bpf *from,
			  const struct weir_bpf *to)
{
	const struct {
		const struct bpf_program *old, *new;
	} programs[PINNED_LINKS] = {
		[PINNED_INGRESS] = { from->progs.weir_from_pod, to->progs.weir_from_pod },
		[PINNED_EGRESS] = { from->progs.weir_to_pod, to->progs.weir_to_pod },
		[PINNED_XDP] = { from->progs.weir_xdp, to->progs.weir_xdp },
		[PINNED_XDP_GENERIC] = { from->progs.weir_xdp, to->progs.weir_xdp },
		[PINNED_UPLINK] = { from->progs.weir_uplink, to->progs.weir_uplink },
		[PINNED_UPLINK_GENERIC] = { from->progs.weir_uplink, to->progs.weir_uplink },
	};
	int r = 0;

	for (enum pinned_link which = 0; r == 0 && which < PINNED_LINKS; which++)
		r = pinned_link_replace(datapath->root, ifindex, which, bpf_program__fd(programs[which].old),
					bpf_program__fd(programs[which].new));
	return r ?: clsact_replace(datapath, ifindex, from, to);
}

static int move_all(const struct datapath *datapath, const struct weir_bpf *from, const struct weir_bpf *to)
{
	int r = 0;

	vec_for_each (attachment, &datapath->attachments)
		r = move_interface(datapath, attachment->ifindex, from, to) ?: r;
	vec_for_each (uplink, &datapath->uplinks)
		r = move_interface(datapath, uplink->ifindex, from, to) ?: r;
	return r;
}

/* The new array is pinned before anything runs with it, and the old one again before its programs do alone. */
static int take_the_place(const struct datapath *datapath, const struct weir_bpf *larger_one, struct error *error)
{
	int r = pin_map(datapath, larger_one->maps.images) ?: programs_pin(datapath->maps, larger_one);

	if (r < 0)
		return error_set(error, r, "pin larger images: %s", strerror(-r));
	r = move_all(datapath, datapath->skeleton, larger_one);
	if (r == 0)
		return 0;
	pin_map(datapath, datapath->skeleton->maps.images);
	programs_pin(datapath->maps, datapath->skeleton);
	move_all(datapath, larger_one, datapath->skeleton);
	return error_set(error, r, "update the links to programs for larger images: %s", strerror(-r));
}

void reserve_free(struct datapath *datapath)
{
	programs_unload(TAKE_PTR(datapath->larger));
	datapath->larger_words = 0;
}

int datapath_reserve(struct datapath *datapath, uint32_t n_words, struct error *error)
{
	uint32_t capacity;
	int r;

	if (n_words <= datapath->config.image_words || n_words <= datapath->larger_words)
		return 0;
	if (n_words > WEIR_IMAGE_WORDS_MAX)
		return error_set(error, -E2BIG, "swap image: %u words, and no program reaches more than %u", n_words,
				 WEIR_IMAGE_WORDS_MAX);
	reserve_free(datapath);
	capacity = larger(datapath->config.image_words, n_words);
	r = programs_load(datapath, capacity, reuse_loaded, &datapath->larger, error);
	if (r < 0)
		return error_prefix(error, "grow images from %u to %u words", datapath->config.image_words, capacity);
	datapath->larger_words = capacity;
	return 0;
}

int grow(struct datapath *datapath, uint32_t n_words, struct error *error)
{
	_cleanup_(programs_unloadp) struct weir_bpf *larger_one = NULL;
	struct weir_bpf *old = datapath->skeleton;
	uint32_t capacity;
	int r;

	r = datapath_reserve(datapath, n_words, error);
	if (r < 0)
		return r;
	capacity = datapath->larger_words;
	larger_one = TAKE_PTR(datapath->larger);
	datapath->larger_words = 0;
	r = copy_images(datapath, larger_one, capacity, error) ?: take_the_place(datapath, larger_one, error);
	if (r < 0)
		return error_prefix(error, "grow images from %u to %u words", datapath->config.image_words, capacity);
	datapath->skeleton = TAKE_PTR(larger_one);
	memset(datapath->tcx_programs, 0, sizeof(datapath->tcx_programs));
	datapath->config.image_words = capacity;
	programs_unload(old);
	return 0;
}
