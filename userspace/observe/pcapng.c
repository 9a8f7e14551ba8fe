// SPDX-License-Identifier: BSD-2-Clause
#include "observe/pcapng.h"

#include <errno.h>
#include <string.h>

#define BLOCK_SECTION	 0x0a0d0d0au
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINK_ETHERNET	 1
#define BLOCK_HEADER	 8u /* type, total length */
#define BLOCK_MIN	 12u
#define BLOCK_MAX	 (16u << 20)
#define STATISTICS_FIXED 12u /* interface, time */

enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SECTION_HARDWARE = 2,
	SECTION_OS = 3,
	SECTION_APPLICATION = 4,
	INTERFACE_NAME = 2,
	INTERFACE_DESCRIPTION = 3,
	INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
	PACKET_VERDICT = 7,
	STATISTICS_BEGIN = 2,
	STATISTICS_END = 3,
	STATISTICS_RECEIVED = 4,
	STATISTICS_DROPPED = 5,
};

#define RESOLUTION_NS 9 /* ten to the minus nine */

/* --- bytes ------------------------------------------------------------------- */

static void put(pcapng_bytes *out, const void *bytes, size_t n)
{
	if (!n)
		return;
	vec_grow((void **)&out->items, &out->capacity, out->n + n, 1);
	memcpy(out->items + out->n, bytes, n);
	out->n += n;
}

static void put16(pcapng_bytes *out, uint16_t value)
{
	put(out, &value, sizeof(value));
}

static void put32(pcapng_bytes *out, uint32_t value)
{
	put(out, &value, sizeof(value));
}

static void put_padded(pcapng_bytes *out, const void *bytes, size_t n)
{
	put(out, bytes, n);
	put(out, "\0\0\0", -n & 3);
}

/* The format has the halves in this order, whatever the byte order. */
static void put_time(pcapng_bytes *out, uint64_t time)
{
	put32(out, (uint32_t)(time >> 32));
	put32(out, (uint32_t)time);
}

/* --- blocks and options ------------------------------------------------------ */

/* Returns where the block begins. */
static size_t begin_block(pcapng_bytes *out, uint32_t type)
{
	put32(out, type);
	put32(out, 0);
	return out->n - BLOCK_HEADER;
}

static void end_block(pcapng_bytes *out, size_t begin)
{
	const uint32_t length = (uint32_t)(out->n - begin + sizeof(length));

	put32(out, length);
	memcpy(out->items + begin + sizeof(length), &length, sizeof(length));
}

static void put_option(pcapng_bytes *out, enum option option, const void *value, size_t n)
{
	put16(out, option);
	put16(out, (uint16_t)n);
	put_padded(out, value, n);
}

static void put_text(pcapng_bytes *out, enum option option, const char *text)
{
	const size_t n = text ? strlen(text) : 0;

	if (n)
		put_option(out, option, text, n < UINT16_MAX ? n : UINT16_MAX);
}

static void put_count(pcapng_bytes *out, enum option option, uint64_t value)
{
	put_option(out, option, &value, sizeof(value));
}

static void put_moment(pcapng_bytes *out, enum option option, uint64_t time)
{
	put16(out, option);
	put16(out, sizeof(time));
	put_time(out, time);
}

static void end_options(pcapng_bytes *out)
{
	put_option(out, OPTION_END, NULL, 0);
}

void pcapng_section(pcapng_bytes *out, const struct pcapng_section *section)
{
	const int64_t unknown = -1;
	const size_t begin = begin_block(out, BLOCK_SECTION);

	put32(out, BYTE_ORDER_MAGIC);
	put16(out, 1); /* version 1.0 */
	put16(out, 0);
	put(out, &unknown, sizeof(unknown)); /* the section's length */
	put_text(out, SECTION_HARDWARE, section->hardware);
	put_text(out, SECTION_OS, section->os);
	put_text(out, SECTION_APPLICATION, section->application);
	end_options(out);
	end_block(out, begin);
}

void pcapng_interface(pcapng_bytes *out, const struct pcapng_interface *interface)
{
	const uint8_t resolution = RESOLUTION_NS;
	const size_t begin = begin_block(out, PCAPNG_BLOCK_INTERFACE);

	put16(out, LINK_ETHERNET);
	put16(out, 0);
	put32(out, interface->snaplen);
	put_text(out, INTERFACE_NAME, interface->name);
	put_text(out, INTERFACE_DESCRIPTION, interface->description);
	put_option(out, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	end_options(out);
	end_block(out, begin);
}

static void put_verdict(pcapng_bytes *out, const struct pcapng_packet *packet)
{
	uint8_t value[1 + sizeof(packet->verdict)] = { (uint8_t)packet->verdict_of };

	if (packet->verdict_of == PCAPNG_NO_VERDICT)
		return;
	memcpy(value + 1, &packet->verdict, sizeof(packet->verdict));
	put_option(out, PACKET_VERDICT, value, sizeof(value));
}

void pcapng_packet(pcapng_bytes *out, const struct pcapng_packet *packet)
{
	const uint32_t flags = packet->direction;
	const size_t begin = begin_block(out, PCAPNG_BLOCK_PACKET);

	put32(out, packet->interface);
	put_time(out, packet->time);
	put32(out, packet->captured);
	put32(out, packet->length);
	put_padded(out, packet->bytes, packet->captured);
	put_text(out, OPTION_COMMENT, packet->comment);
	put_option(out, PACKET_FLAGS, &flags, sizeof(flags));
	put_verdict(out, packet);
	end_options(out);
	end_block(out, begin);
}

void pcapng_statistics(pcapng_bytes *out, const struct pcapng_statistics *statistics)
{
	const size_t begin = begin_block(out, PCAPNG_BLOCK_STATISTICS);

	put32(out, statistics->interface);
	put_time(out, statistics->end);
	put_text(out, OPTION_COMMENT, statistics->comment);
	put_moment(out, STATISTICS_BEGIN, statistics->begin);
	put_moment(out, STATISTICS_END, statistics->end);
	put_count(out, STATISTICS_RECEIVED, statistics->received);
	put_count(out, STATISTICS_DROPPED, statistics->dropped);
	end_options(out);
	end_block(out, begin);
}

/* --- reading ----------------------------------------------------------------- */

static uint32_t get32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

int64_t pcapng_block(const uint8_t *bytes, size_t n, uint32_t *ret_type)
{
	uint32_t length;

	if (n < BLOCK_HEADER)
		return 0;
	length = get32(bytes + 4);
	if (length < BLOCK_MIN || length > BLOCK_MAX || length % 4)
		return -EPROTO;
	if (n < length)
		return 0;
	*ret_type = get32(bytes);
	return length;
}

uint64_t pcapng_dropped(const uint8_t *block, size_t n)
{
	size_t at = BLOCK_HEADER + STATISTICS_FIXED;
	uint64_t dropped;

	while (at + 4 + sizeof(dropped) + 4 <= n) {
		uint16_t option, length;

		memcpy(&option, block + at, sizeof(option));
		memcpy(&length, block + at + 2, sizeof(length));
		if (option == OPTION_END)
			break;
		if (option == STATISTICS_DROPPED && length == sizeof(dropped)) {
			memcpy(&dropped, block + at + 4, sizeof(dropped));
			return dropped;
		}
		at += 4 + length + (-length & 3u);
	}
	return 0;
}
