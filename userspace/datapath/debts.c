// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/debts.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/mem.h"
#include "datapath/carry.h"
#include "datapath/datapath_private.h"

/* As bpf_ktime_get_ns() has it. */
static uint64_t limit_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec) * WEIR_TICKS_PER_NS;
}

/* Zero was never used; times wrap. */
static uint64_t not_before(uint64_t tat, uint64_t now)
{
	return !tat || (int64_t)(tat - now) < 0 ? now : tat;
}

static void charge(struct weir_bucket *bucket, uint64_t cost, uint64_t now)
{
	uint64_t seen = __atomic_load_n((uint64_t *)&bucket->tat, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n((uint64_t *)&bucket->tat, &seen, not_before(seen, now) + cost, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void debts_add(struct weir_bucket *bucket, const struct weir_bucket *before, const struct weir_bucket *after,
	       uint64_t now)
{
	const uint64_t was = not_before(before->tat, now), is = not_before(after->tat, now);
	const uint64_t opened = (after->slots & WEIR_SLOTS_OPEN) - (before->slots & WEIR_SLOTS_OPEN);

	if ((int64_t)(is - was) > 0)
		charge(bucket, is - was, now);
	if (opened)
		__atomic_fetch_add(&bucket->slots, opened, __ATOMIC_RELAXED);
	if (after->dropped_packets == before->dropped_packets)
		return;
	__atomic_fetch_add(&bucket->dropped_packets, after->dropped_packets - before->dropped_packets,
			   __ATOMIC_RELAXED);
	__atomic_fetch_add(&bucket->dropped_bytes, after->dropped_bytes - before->dropped_bytes, __ATOMIC_RELAXED);
}

/* --- of all buckets --- */

static size_t size_of(uint32_t n)
{
	return n * sizeof(struct weir_bucket);
}

static struct weir_bucket *open_buckets(int fd, uint32_t n)
{
	void *at = mmap(NULL, size_of(n), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static bool same_map(int a, int b)
{
	struct bpf_map_info one = {}, other = {};
	uint32_t size = sizeof(one), other_size = sizeof(other);

	return bpf_map_get_info_by_fd(a, &one, &size) == 0 && bpf_map_get_info_by_fd(b, &other, &other_size) == 0 &&
	       one.id == other.id;
}

/* Their buckets as they are now, as ours would be. -ENOENT: there are none, or they are ours. */
static int read_theirs(const struct datapath *datapath, const struct maps_dir *dir, struct weir_bucket **ret)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	const struct bpf_map *map = datapath->skeleton->maps.buckets;
	const uint32_t n = datapath->config.buckets;
	size_t carried;
	int r;

	_cleanup_close_ int theirs = maps_dir_get(dir->path, pin_name(map));
	if (theirs < 0 || same_map(theirs, bpf_map__fd(map)))
		return -ENOENT;
	_cleanup_close_ int copy = bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_buckets", sizeof(uint32_t),
						  sizeof(struct weir_bucket), n, &opts);
	if (copy < 0)
		return -errno;
	const struct carry passage = {
		.from = theirs,
		.to = copy,
		.name = pin_name(map),
		.from_layouts = dir->layouts,
		.to_layouts = bpf_object__btf(datapath->skeleton->obj),
		.unused = true,
	};
	r = carry(&passage, &carried);
	if (r < 0)
		return r == -ENOTSUP ? -ENOENT : r;
	*ret = open_buckets(copy, n);
	return *ret ? 0 : -errno;
}

int debts_begin(const struct datapath *datapath, const struct maps_dir *dir, struct debts *ret)
{
	const uint32_t n = datapath->config.buckets;
	struct weir_bucket *before, *ours;
	int r = read_theirs(datapath, dir, &before);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	ours = open_buckets(bpf_map__fd(datapath->skeleton->maps.buckets), n);
	if (!ours) {
		r = -errno;
		munmap(before, size_of(n));
		return r;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (before[i].tat || before[i].slots)
			ours[i] = before[i];
		ours[i].changing = 0; /* whoever was at it has done it to theirs */
	}
	munmap(ours, size_of(n));
	*ret = (struct debts){ .dir = dir, .before = before, .n = n };
	return 0;
}

int debts_settle(const struct debts *debts, const struct datapath *datapath)
{
	struct weir_bucket *after, *ours;
	uint64_t now;
	int r;

	if (!debts->dir)
		return 0;
	r = read_theirs(datapath, debts->dir, &after);
	if (r < 0)
		return r;
	ours = open_buckets(bpf_map__fd(datapath->skeleton->maps.buckets), debts->n);
	if (!ours)
		r = -errno;
	now = limit_ticks();
	for (uint32_t i = 0; ours && i < debts->n; i++)
		debts_add(&ours[i], &debts->before[i], &after[i], now);
	munmap(after, size_of(debts->n));
	if (ours)
		munmap(ours, size_of(debts->n));
	return r;
}

void debts_free(struct debts *debts)
{
	if (debts->before)
		munmap(TAKE_PTR(debts->before), size_of(debts->n));
}
