// SPDX-License-Identifier: BSD-2-Clause
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "packet/interpret_private.h"

#define CPUS_MAX 1024

static void *pointer(uint64_t word)
{
	return (void *)(uintptr_t)word;
}

uint64_t machine_variable(const struct machine *machine, int map, uint32_t offset)
{
	struct bpf_map *of;

	bpf_object__for_each_map(of, machine->object)
	{
		size_t size = 0;
		uint8_t *values = bpf_map__fd(of) == map ? bpf_map__initial_value(of, &size) : NULL;

		if (values && offset < size)
			return (uintptr_t)(values + offset);
	}
	return 0;
}

/* --- maps ------------------------------------------------------------------------- */

static int map_info(int map, struct bpf_map_info *ret)
{
	uint32_t size = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	return bpf_obj_get_info_by_fd(map, ret, &size) < 0 ? -errno : 0;
}

static bool is_of_maps(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || info->type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static struct copied *find_copy(struct machine *machine, int map, const void *key, size_t size)
{
	vec_for_each (copied, &machine->copies) {
		if (copied->map == map && !memcmp(copied->key, key, size))
			return copied;
	}
	return NULL;
}

/* Room for what a look-up from outside gives: of a map for each CPU, all of them. */
static struct copied *add_copy(struct machine *machine, int map, const void *key, const struct bpf_map_info *info)
{
	struct copied copied = { .map = map, .present = true, .key = xcalloc(1, info->key_size) };

	copied.value = xcalloc(CPUS_MAX, (info->value_size + 7) & ~7u);
	memcpy(copied.key, key, info->key_size);
	return vec_push(&machine->copies, copied);
}

static uint64_t find_inner(struct machine *machine, int map, const void *key)
{
	uint32_t id;
	int inner = bpf_map_lookup_elem(map, key, &id) < 0 ? -errno : bpf_map_get_fd_by_id(id);

	return inner < 0 ? 0 : (uint64_t)*vec_push(&machine->inner, inner);
}

static uint64_t look_up(struct machine *machine, int map, const void *key)
{
	struct bpf_map_info info;
	struct copied *copied;

	if (map_info(map, &info) < 0)
		return 0;
	if (is_of_maps(&info))
		return find_inner(machine, map, key);
	copied = find_copy(machine, map, key, info.key_size);
	if (!copied) {
		copied = add_copy(machine, map, key, &info);
		copied->present = bpf_map_lookup_elem(map, key, copied->value) == 0;
	}
	return copied->present ? (uintptr_t)copied->value : 0;
}

static int64_t update(struct machine *machine, int map, const void *key, const void *value, uint64_t flags)
{
	struct bpf_map_info info;
	struct copied *copied;
	const bool present = look_up(machine, map, key) != 0;

	if (map_info(map, &info) < 0)
		return -EINVAL;
	if (flags == BPF_NOEXIST && present)
		return -EEXIST;
	if (flags == BPF_EXIST && !present)
		return -ENOENT;
	copied = find_copy(machine, map, key, info.key_size);
	if (!copied)
		return -EINVAL;
	memcpy(copied->value, value, info.value_size);
	copied->present = true;
	return 0;
}

static int64_t delete (struct machine *machine, int map, const void *key)
{
	struct bpf_map_info info;
	struct copied *copied;

	if (!look_up(machine, map, key) || map_info(map, &info) < 0)
		return -ENOENT;
	copied = find_copy(machine, map, key, info.key_size);
	copied->present = false;
	return 0;
}

/* --- what is not of maps ------------------------------------------------------------ */

static uint64_t nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* As the programs that have run in the kernel saw them. */
static uint64_t jiffies(void)
{
	_cleanup_fclose_ FILE *in = fopen("/proc/timer_list", "re");
	unsigned long long now = 0;
	char line[256];

	while (in && !now && fgets(line, sizeof(line), in))
		sscanf(line, "jiffies: %llu", &now);
	return now;
}

static int64_t load_bytes(const struct machine *machine, uint32_t offset, void *to, uint32_t n)
{
	if (offset > machine->frame->length || n > machine->frame->length - offset)
		return -EFAULT;
	memcpy(to, machine->frame->bytes + offset, n);
	return 0;
}

static uint64_t reserve(struct machine *machine, uint64_t size)
{
	return (uintptr_t)*vec_push(&machine->records, xcalloc(1, size));
}

int machine_call(struct machine *machine, int32_t helper)
{
	uint64_t *r = machine->r;

	machine->steps.calls++;
	switch (helper) {
	case BPF_FUNC_map_lookup_elem:
		r[0] = look_up(machine, (int)r[1], pointer(r[2]));
		return 0;
	case BPF_FUNC_map_update_elem:
		r[0] = (uint64_t)update(machine, (int)r[1], pointer(r[2]), pointer(r[3]), r[4]);
		return 0;
	case BPF_FUNC_map_delete_elem:
		r[0] = (uint64_t) delete (machine, (int)r[1], pointer(r[2]));
		return 0;
	case BPF_FUNC_skb_load_bytes:
	case BPF_FUNC_xdp_load_bytes:
		r[0] = (uint64_t)load_bytes(machine, (uint32_t)r[2], pointer(r[3]), (uint32_t)r[4]);
		return 0;
	case BPF_FUNC_xdp_get_buff_len:
		r[0] = machine->frame->length;
		return 0;
	case BPF_FUNC_ktime_get_ns:
		r[0] = nanoseconds();
		return 0;
	case BPF_FUNC_jiffies64:
		r[0] = jiffies();
		return 0;
	case BPF_FUNC_get_smp_processor_id:
		r[0] = 0;
		return 0;
	case BPF_FUNC_ringbuf_reserve:
		r[0] = reserve(machine, r[2]);
		return 0;
	case BPF_FUNC_ringbuf_submit:
	case BPF_FUNC_ringbuf_discard:
		return 0;
	default:
		return -ENOTSUP;
	}
}

void machine_forget(struct machine *machine)
{
	vec_for_each (copied, &machine->copies) {
		free(copied->key);
		free(copied->value);
	}
	vec_for_each (record, &machine->records)
		free(*record);
	vec_for_each (inner, &machine->inner)
		close(*inner);
	vec_free(&machine->copies);
	vec_free(&machine->records);
	vec_free(&machine->inner);
}
