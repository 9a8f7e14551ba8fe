// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/carry.h"

#include <string.h>

#include "base/mem.h"
#include "datapath/datapath_private.h"

/* What is known while entries of one map are carried. */
struct passage {
	struct carry carry;
	struct bpf_map_info from, to;
	struct layout_plan key, value;
	size_t cpus; /* values an entry has */
	char *new_key, *new_value;
	size_t n;
};

static bool is_hash(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_HASH || info->type == BPF_MAP_TYPE_LRU_HASH;
}

static bool is_array(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static size_t value_stride(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_PERCPU_ARRAY ? (info->value_size + 7) / 8 * 8 : info->value_size;
}

size_t passage_value_size(const struct passage *passage)
{
	return value_stride(&passage->to) * passage->cpus;
}

static bool is_zero(const char *bytes, size_t n)
{
	return n == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0);
}

/* A bucket or a flow is one whole; each of these numbers is for itself. */
static bool only_counts(const struct passage *passage)
{
	return passage->to.type == BPF_MAP_TYPE_PERCPU_ARRAY && !passage->value.clock.to_bits;
}

/* Where nothing runs with the new map yet, what it has is what was carried before. */
static bool is_later(const struct passage *passage, const char *old)
{
	if (passage->carry.unused && passage->value.clock.to_bits)
		return true;
	return layout_is_later(&passage->value, old, passage->new_value);
}

/*
 * Makes of what is there (new_value) and of the old entry what shall be there.
 * False: what is there stays.
 */
static bool join(struct passage *passage, const char *old)
{
	const size_t from = value_stride(&passage->from), to = value_stride(&passage->to), all = to * passage->cpus;
	_cleanup_free_ char *before = NULL;

	if (is_zero(old, from * passage->cpus))
		return false;
	if (!is_zero(passage->new_value, all) && !only_counts(passage) && !is_later(passage, old))
		return false;
	before = xcalloc(1, all);
	memcpy(before, passage->new_value, all);
	for (size_t cpu = 0; cpu < passage->cpus; cpu++) {
		layout_apply(&passage->value, old + cpu * from, passage->new_value + cpu * to);
		if (only_counts(passage))
			layout_keep_larger(&passage->value, before + cpu * to, passage->new_value + cpu * to);
	}
	return memcmp(before, passage->new_value, all) != 0;
}

/* False: held, its key would be another one's; or it is beyond the end of an array. */
static bool begin_entry(struct passage *passage, const void *key)
{
	uint32_t index;

	memset(passage->new_key, 0, passage->to.key_size);
	memset(passage->new_value, 0, passage_value_size(passage));
	if (is_hash(&passage->to))
		return layout_apply(&passage->key, key, passage->new_key);
	memcpy(&index, key, sizeof(index));
	memcpy(passage->new_key, &index, sizeof(index));
	return index < passage->to.max_entries;
}

static void apply_all(struct passage *passage, const char *value)
{
	const size_t from = value_stride(&passage->from), to = value_stride(&passage->to);

	for (size_t cpu = 0; cpu < passage->cpus; cpu++)
		layout_apply(&passage->value, value + cpu * from, passage->new_value + cpu * to);
}

/* Programs that run with the new map may be quicker with an entry; then theirs is the later one. */
static int carry_entry(struct passage *passage, const void *key, const void *value)
{
	uint64_t flags;
	bool present;
	int r;

	if (is_array(&passage->to) && is_zero(value, value_stride(&passage->from) * passage->cpus))
		return 0;
	if (!begin_entry(passage, key))
		return 0;
	present = bpf_map_lookup_elem(passage->carry.to, passage->new_key, passage->new_value) == 0;
	if (!present)
		layout_apply(&passage->value, value, passage->new_value);
	else if (!join(passage, value))
		return 0;
	flags = is_array(&passage->to) ? BPF_ANY : present ? BPF_EXIST : BPF_NOEXIST;
	r = map_update_fd(passage->carry.to, passage->new_key, passage->new_value, flags);
	passage->n += r == 0;
	return r == -EEXIST || r == -ENOENT ? 0 : r;
}

static int put_each(struct passage *passage)
{
	_cleanup_(map_cursor_close) struct map_cursor cursor = MAP_CURSOR_NONE;
	const void *key, *value;
	int r = map_cursor_open_fd(&cursor, passage->carry.from);

	while (r == 0 && (r = map_cursor_next(&cursor, &key, &value)) > 0)
		r = carry_entry(passage, key, value);
	return r;
}

static int get_info(int fd, struct bpf_map_info *ret)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_map_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	*ret = info;
	return 0;
}

static int plan(struct passage *passage)
{
	const struct carry *carry = &passage->carry;
	uint32_t old_key, old_value, new_key, new_value;
	int r;

	if (!carry->from_layouts || !carry->to_layouts)
		return -ENOTSUP;
	if (layout_of_map(carry->from_layouts, carry->name, &old_key, &old_value) < 0 ||
	    layout_of_map(carry->to_layouts, carry->name, &new_key, &new_value) < 0 || !old_value || !new_value)
		return -ENOTSUP;
	r = layout_plan_make(carry->from_layouts, old_value, carry->to_layouts, new_value, &passage->value);
	if (r == 0 && is_hash(&passage->to))
		r = layout_plan_make(carry->from_layouts, old_key, carry->to_layouts, new_key, &passage->key);
	if (r < 0)
		return r;
	/* Two connections of which one key can't tell one from the other would share an entry. */
	if (is_hash(&passage->to) && !passage->key.one_to_one)
		return -ENOTSUP;
	/* What the kernel has and what is said of it are then the same. */
	return passage->value.from_size == passage->from.value_size &&
			       passage->value.to_size == passage->to.value_size &&
			       (!is_hash(&passage->to) || (passage->key.from_size == passage->from.key_size &&
							   passage->key.to_size == passage->to.key_size))
		       ? 0
		       : -ENOTSUP;
}

void passage_close(struct passage *passage)
{
	if (!passage)
		return;
	layout_plan_free(&passage->key);
	layout_plan_free(&passage->value);
	free(passage->new_key);
	free(passage->new_value);
	free(passage);
}

int passage_open(const struct carry *carry, struct passage **ret)
{
	_cleanup_(passage_closep) struct passage *passage = new0(struct passage);
	int r;

	*passage = (struct passage){ .carry = *carry, .cpus = 1 };
	r = get_info(carry->from, &passage->from) ?: get_info(carry->to, &passage->to);
	if (r < 0)
		return r;
	if (!(is_hash(&passage->from) && is_hash(&passage->to)) &&
	    !(is_array(&passage->to) && passage->from.type == passage->to.type))
		return -ENOTSUP;
	if (passage->to.type == BPF_MAP_TYPE_PERCPU_ARRAY)
		passage->cpus = libbpf_num_possible_cpus();
	r = plan(passage);
	if (r < 0)
		return r;
	passage->new_key = xcalloc(1, passage->to.key_size);
	passage->new_value = xcalloc(passage->cpus, value_stride(&passage->to));
	*ret = TAKE_PTR(passage);
	return 0;
}

int passage_read(struct passage *passage, int (*visit)(void *data, const void *key, const void *value), void *data)
{
	_cleanup_(map_cursor_close) struct map_cursor cursor = MAP_CURSOR_NONE;
	const void *key, *value;
	int r = map_cursor_open_fd(&cursor, passage->carry.from);

	while (r == 0 && (r = map_cursor_next(&cursor, &key, &value)) > 0) {
		if (is_zero(value, value_stride(&passage->from) * passage->cpus) || !begin_entry(passage, key)) {
			r = 0;
			continue;
		}
		apply_all(passage, value);
		r = visit(data, passage->new_key, passage->new_value);
	}
	return r;
}

int passage_put(struct passage *passage, const void *key, const void *value)
{
	if (!begin_entry(passage, key))
		return 0;
	bpf_map_lookup_elem(passage->carry.to, passage->new_key, passage->new_value);
	apply_all(passage, value);
	return map_update_fd(passage->carry.to, passage->new_key, passage->new_value, BPF_ANY);
}

int carry(const struct carry *carry, size_t *ret_n)
{
	_cleanup_(passage_closep) struct passage *passage = NULL;
	int r;

	if (same_map(carry->from, carry->to)) {
		*ret_n = 0;
		return 0;
	}
	r = passage_open(carry, &passage) ?: put_each(passage);
	if (r == 0)
		*ret_n = passage->n;
	return r;
}
