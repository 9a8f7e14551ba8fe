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

/* --- which maps, and what they held --- */

static bool is_shared(const struct maps_dir *dir, const struct bpf_map *map)
{
	_cleanup_close_ int theirs = maps_dir_get(dir->path, pin_name(map));

	return theirs >= 0 && same_map(theirs, bpf_map__fd(map));
}

enum way {
	THEIRS, /* as ours would be */
	OURS,	/* as they are */
	BACK,	/* ours, as theirs would be */
};

static int open_way(const struct debts *debts, const struct debt *debt, enum way way, struct passage **ret)
{
	const int ours = bpf_map__fd(debt->map);
	const struct carry carry = {
		.from = way == THEIRS ? debt->theirs : ours,
		.to = way == BACK ? debt->theirs : ours,
		.name = pin_name(debt->map),
		.from_layouts = way == THEIRS ? debts->dir->layouts : debts->layouts,
		.to_layouts = way == BACK ? debts->dir->layouts : debts->layouts,
	};

	return passage_open(&carry, ret);
}

static int take(const struct debts *debts, const struct debt *debt, enum way way, struct snapshot *ret)
{
	_cleanup_(passage_closep) struct passage *passage = NULL;

	return open_way(debts, debt, way, &passage) ?: snapshot_take(passage, bpf_map__key_size(debt->map), ret);
}

static bool only_counts(const struct debt *debt)
{
	return bpf_map__type(debt->map) == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static int give(void *data, const void *key, const void *value)
{
	const struct debt *debt = data;
	struct weir_bucket bucket;

	if (!only_counts(debt)) {
		memcpy(&bucket, value, sizeof(bucket));
		bucket.changing = 0; /* whoever was at it has done it to theirs */
		value = &bucket;
	}
	return map_update(debt->map, key, value);
}

static int begin_map(struct debts *debts, const struct bpf_map *map)
{
	_cleanup_close_ int theirs = maps_dir_get(debts->dir->path, pin_name(map));
	struct debt debt = { .map = map, .theirs = theirs };
	int r;

	if (theirs < 0 || same_map(theirs, bpf_map__fd(map)))
		return 0;
	r = take(debts, &debt, THEIRS, &debt.before);
	if (r < 0)
		return r == -ENOTSUP ? 0 : r;
	debts->of[debts->n++] = debt;
	TAKE_FD(theirs);
	return snapshot_each(&debt.before, give, &debt);
}

/* Limits last, and settled first: what both let through at a time is that much less. */
int debts_begin(const struct datapath *datapath, const struct maps_dir *dir, bool with_accounts, struct debts *ret)
{
	const struct weir_bpf *skeleton = datapath->skeleton;
	const struct bpf_map *const maps[DEBTS_MAX] = {
		skeleton->maps.accounts, skeleton->maps.tallies, skeleton->maps.reasons,
		skeleton->maps.charged,	 skeleton->maps.sources, skeleton->maps.buckets,
	};
	int r = 0;

	*ret = (struct debts){ .dir = dir, .layouts = bpf_object__btf(skeleton->obj) };
	/* Where a row is the same pair's in both sets. */
	with_accounts = with_accounts && takeover_same_rows(dir, skeleton) && is_shared(dir, skeleton->maps.pairs);
	for (size_t i = !with_accounts; r == 0 && i < DEBTS_MAX; i++)
		r = begin_map(ret, maps[i]);
	return r;
}

void debts_free(struct debts *debts)
{
	for (size_t i = 0; i < debts->n; i++) {
		close(debts->of[i].theirs);
		snapshot_free(&debts->of[i].before);
	}
	debts->n = 0;
}

/* --- what is owed --- */

/* What one set has been charged is added to the other. */
struct settling {
	const struct debt *debt;
	const struct snapshot *now; /* what the other has; NULL: look */
	struct passage *back;	    /* to theirs; NULL: to ours */
	struct weir_bucket *mapped; /* ours, where they are mapped */
	uint64_t ticks;
	void *sum;
};

static bool find_sum(const struct settling *settling, const void *key)
{
	const void *now;

	if (!settling->now)
		return bpf_map_lookup_elem(bpf_map__fd(settling->debt->map), key, settling->sum) == 0;
	now = snapshot_get(settling->now, key);
	if (now)
		memcpy(settling->sum, now, settling->now->value_size);
	return now;
}

static void add_counts(uint64_t *sum, const uint64_t *before, const uint64_t *after, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += after[i] - (before ? before[i] : 0);
}

static int settle_entry(void *data, const void *key, const void *after)
{
	static const struct weir_bucket none;
	const struct settling *settling = data;
	const struct debt *debt = settling->debt;
	const size_t size = debt->before.value_size;
	const void *before = snapshot_get(&debt->before, key);

	if (before && memcmp(before, after, size) == 0)
		return 0;
	if (settling->mapped) {
		debts_add(&settling->mapped[*(const uint32_t *)key], before ?: &none, after, settling->ticks);
		return 0;
	}
	if (!find_sum(settling, key))
		memcpy(settling->sum, after, size);
	else if (only_counts(debt))
		add_counts(settling->sum, before, after, size / sizeof(uint64_t));
	else
		debts_add(settling->sum, before ?: &none, after, settling->ticks);
	if (settling->back)
		return passage_put(settling->back, key, settling->sum);
	return map_update(debt->map, key, settling->sum);
}

static size_t mapped_size(const struct debt *debt)
{
	return bpf_map__max_entries(debt->map) * sizeof(struct weir_bucket);
}

/* Should links go back all the same, what theirs were charged is no longer owed to them. */
static int settle_map(const struct debts *debts, struct debt *debt)
{
	_cleanup_free_ void *sum = xcalloc(1, debt->before.value_size);
	struct settling settling = { .debt = debt, .ticks = limit_ticks(), .sum = sum };
	struct snapshot after;
	void *mapped = NULL;
	int r = take(debts, debt, THEIRS, &after);

	if (r < 0)
		return r;
	if (bpf_map__map_flags(debt->map) & BPF_F_MMAPABLE) {
		mapped = mmap(NULL, mapped_size(debt), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(debt->map), 0);
		r = mapped == MAP_FAILED ? -errno : 0;
	}
	settling.mapped = mapped;
	r = r ?: snapshot_each(&after, settle_entry, &settling);
	if (mapped && mapped != MAP_FAILED)
		munmap(mapped, mapped_size(debt));
	snapshot_free(&debt->before);
	debt->before = after;
	return r;
}

static int return_map(const struct debts *debts, const struct debt *debt)
{
	_cleanup_free_ void *sum = xcalloc(1, debt->before.value_size);
	_cleanup_(passage_closep) struct passage *back = NULL;
	struct snapshot after = {}, now = {};
	int r = open_way(debts, debt, BACK, &back) ?: take(debts, debt, OURS, &after) ?: take(debts, debt, THEIRS, &now);

	if (r == 0) {
		struct settling settling = {
			.debt = debt, .now = &now, .back = back, .ticks = limit_ticks(), .sum = sum
		};

		r = snapshot_each(&after, settle_entry, &settling);
	}
	snapshot_free(&after);
	snapshot_free(&now);
	return r;
}

int debts_settle(struct debts *debts)
{
	int r = 0;

	for (size_t i = debts->n; r == 0 && i-- > 0;)
		r = settle_map(debts, &debts->of[i]);
	return r;
}

int debts_return(const struct debts *debts)
{
	int r = 0;

	for (size_t i = debts->n; r == 0 && i-- > 0;)
		r = return_map(debts, &debts->of[i]);
	return r;
}
