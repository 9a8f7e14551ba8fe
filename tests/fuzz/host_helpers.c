// SPDX-License-Identifier: BSD-2-Clause
/* The helpers of the kernel that the programs call, on maps and a packet of this process. */
#include <bpf/bpf_helpers.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/host_packet.h"

#define LINK_PAD 2u /* in front, so that the IP header is aligned */
#define LINK	 14u

/* --- what is counted --- */

struct host_calls host_count;

struct host_calls host_calls(void)
{
	const struct host_calls calls = host_count;

	memset(&host_count, 0, sizeof(host_count));
	return calls;
}

void host_count_atomic(void)
{
	host_count.atomics++;
}

/* --- maps --- */

static struct host_map *find_map(void *name)
{
	for (unsigned i = 0; i < HOST_MAPS; i++) {
		if (host_maps[i].name == name)
			return &host_maps[i];
	}
	return NULL;
}

static struct host_entry *find(struct host_map *map, const void *key)
{
	if (map->array)
		return *(const uint32_t *)key < map->n ? &map->entries[*(const uint32_t *)key] : NULL;
	for (uint32_t i = 0; i < map->n; i++) {
		if (!memcmp(map->entries[i].key, key, map->key_size))
			return &map->entries[i];
	}
	return NULL;
}

static void *copy(const void *from, size_t size)
{
	void *to = malloc(size);

	if (!to)
		abort();
	return memcpy(to, from, size);
}

static void drop_entry(struct host_map *map, struct host_entry *entry)
{
	free(entry->key);
	free(entry->value);
	*entry = map->entries[--map->n];
}

/* As in the kernel's hash tables, a new value is new memory. */
static long put(struct host_map *map, const void *key, const void *value)
{
	struct host_entry *entry = find(map, key);

	if (entry)
		drop_entry(map, entry);
	if (map->n == sizeof(map->entries) / sizeof(map->entries[0]))
		return -E2BIG;
	map->entries[map->n++] = (struct host_entry){ copy(key, map->key_size), copy(value, map->value_size) };
	return 0;
}

void host_set(enum host_map_id map, const void *key, const void *value)
{
	if (put(&host_maps[map], key, value) < 0)
		abort();
}

void host_remove(enum host_map_id map, const void *key)
{
	struct host_entry *entry = find(&host_maps[map], key);

	if (entry)
		drop_entry(&host_maps[map], entry);
}

void host_clear(enum host_map_id map)
{
	while (host_maps[map].n)
		drop_entry(&host_maps[map], &host_maps[map].entries[0]);
}

void *bpf_map_lookup_elem(void *name, const void *key)
{
	struct host_map *map = find_map(name);
	struct host_entry *entry;

	if (!map || map->array || map == &host_maps[HOST_IMAGES])
		host_count.arrays++;
	else
		host_count.hashes++;
	if (!map) /* the image that the map of images has led to */
		return name;
	entry = find(map, key);
	if (entry && map == &host_maps[HOST_IMAGES])
		return *(void **)entry->value;
	return entry ? entry->value : NULL;
}

long bpf_map_update_elem(void *name, const void *key, const void *value, __u64 flags)
{
	host_count.changes++;
	return put(find_map(name), key, value);
}

long bpf_map_delete_elem(void *name, const void *key)
{
	struct host_map *map = find_map(name);
	struct host_entry *entry = find(map, key);

	host_count.changes++;
	if (!entry)
		return -ENOENT;
	drop_entry(map, entry);
	return 0;
}

/* From the last on, as a function may take its entry out, which puts the last in its place. */
long bpf_for_each_map_elem(void *name, void *function, void *context, __u64 flags)
{
	long (*call)(void *, void *, void *, void *) = function;
	struct host_map *map = find_map(name);
	long n = 0;

	for (uint32_t i = map->n; i > 0; i--, n++) {
		void *key = copy(map->entries[i - 1].key, map->key_size);
		const long r = call(name, key, map->entries[i - 1].value, context);

		free(key);
		if (r)
			break;
	}
	return n;
}

/* --- time stands still, until it is set --- */

static uint64_t clock_ns = 1000000000000000ull, clock_reads, before_event;
static void (*clock_event)(void);

void host_set_clock(uint64_t ns)
{
	clock_ns = ns;
}

uint64_t host_clock_reads(void)
{
	return clock_reads;
}

void host_on_clock(uint64_t read, void (*event)(void))
{
	before_event = read;
	clock_event = event;
}

__u64 bpf_ktime_get_ns(void)
{
	clock_reads++;
	host_count.clocks++;
	if (clock_event && --before_event == 0)
		clock_event();
	return clock_ns;
}

__u64 bpf_jiffies64(void)
{
	return 2ull << 31;
}

/* --- packets --- */

static struct host_packet *current;

static void lay_out(struct host_packet *packet, uint32_t linear)
{
	free(packet->linear ? packet->linear - LINK_PAD : NULL);
	packet->n_linear = linear;
	packet->linear = malloc(LINK_PAD + linear);
	if (!packet->linear)
		abort();
	packet->linear += LINK_PAD;
	memcpy(packet->linear, packet->bytes, linear);
}

void host_packet_open(struct host_packet *packet, const struct host_frame *frame)
{
	*packet = (struct host_packet){ .length = frame->length, .bytes = copy(frame->bytes, frame->length) };
	lay_out(packet, frame->linear);
	current = packet;
}

void host_packet_close(struct host_packet *packet, struct host_frame *frame)
{
	frame->answer_length = packet->length;
	if (frame->answer && packet->length <= HOST_ANSWER_MAX)
		memcpy(frame->answer, packet->bytes, packet->length);
	free(packet->linear - LINK_PAD);
	free(packet->bytes);
	current = NULL;
}

static long load(__u32 offset, void *to, __u32 size)
{
	if (offset <= current->length && size <= current->length - offset) {
		memcpy(to, current->bytes + offset, size);
		return 0;
	}
	memset(to, 0, size);
	return -EFAULT;
}

long bpf_skb_load_bytes(const void *skb, __u32 offset, void *to, __u32 size)
{
	return load(offset, to, size);
}

long bpf_xdp_load_bytes(const void *xdp, __u32 offset, void *to, __u32 size)
{
	return load(offset, to, size);
}

__u64 bpf_xdp_get_buff_len(const void *xdp)
{
	return current->length;
}

long bpf_skb_store_bytes(void *skb, __u32 offset, const void *from, __u32 size, __u64 flags)
{
	if (offset > current->length || size > current->length - offset)
		return -EFAULT;
	memcpy(current->bytes + offset, from, size);
	return 0;
}

long bpf_l3_csum_replace(void *skb, __u32 offset, __u64 from, __u64 to, __u64 size)
{
	__u16 check;
	__u32 sum;

	if (size != sizeof(check) || offset > current->length || size > current->length - offset)
		return -EINVAL;
	memcpy(&check, current->bytes + offset, sizeof(check));
	sum = (__u16)~check + (__u16)~from + (__u16)to;
	sum = (sum & 0xffff) + (sum >> 16);
	check = ~((sum & 0xffff) + (sum >> 16));
	memcpy(current->bytes + offset, &check, sizeof(check));
	return 0;
}

long bpf_skb_set_tstamp(void *skb, __u64 time, __u32 type)
{
	return 0;
}

/* Pointers into the packet are void after it. */
long bpf_skb_change_tail(void *context, __u32 length, __u64 flags)
{
	struct __sk_buff *skb = context;
	uint8_t *bytes;

	if (length < LINK || length > HOST_ANSWER_MAX)
		return -EINVAL;
	bytes = realloc(current->bytes, length);
	if (!bytes)
		abort();
	if (length > current->length)
		memset(bytes + current->length, 0, length - current->length);
	current->bytes = bytes;
	current->length = length;
	lay_out(current, length);
	skb->data = current->linear;
	skb->data_end = current->linear + length;
	skb->len = length;
	return 0;
}

long bpf_skb_change_type(void *skb, __u32 type)
{
	return 0;
}

/* RFC 1071, in whole words; not folded. */
__s64 bpf_csum_diff(const __be32 *from, __u32 from_size, const __be32 *to, __u32 to_size, __u32 seed)
{
	__u64 sum = seed;

	if (from_size || to_size % sizeof(__be32))
		return -EINVAL;
	for (__u32 i = 0; i < to_size; i += sizeof(__be32)) {
		__u32 word;

		memcpy(&word, (const uint8_t *)to + i, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (sum & 0xffffffff) + (sum >> 32);
}

/* Nobody captures. */
long bpf_perf_event_output(void *context, void *map, __u64 flags, void *data, __u64 size)
{
	return -ENOENT;
}

long bpf_redirect(__u32 ifindex, __u64 flags)
{
	return TC_ACT_REDIRECT;
}

long bpf_redirect_peer(__u32 ifindex, __u64 flags)
{
	return TC_ACT_REDIRECT;
}
