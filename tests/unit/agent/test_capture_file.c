// SPDX-License-Identifier: BSD-2-Clause
/* A capture's packets have the link header that they had on the wire, also where the kernel keeps it elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "agent/capture_file.h"
#include "base/mem.h"

#define MACS	     "aaaaaabbbbbb"
#define NO_MACS	     "\0\0\0\0\0\0\0\0\0\0\0\0"
#define PACKET_FIXED 28u /* of a packet's block, before its bytes */

static const struct row {
	const char *name;
	struct weir_captured about;
	const char *bytes, *written;
	uint32_t n, n_written;
} rows[] = {
#define BYTES(from, to) from, to, sizeof(from) - 1, sizeof(to) - 1
	{ "a packet is as it comes", { .length = 100 }, BYTES(MACS "\x08\x00 rest", MACS "\x08\x00 rest") },
	{ "a tag that was taken out is back in",
	  { .length = 100, .vlan = 0x0081, .vlan_control = 0x0a00 },
	  BYTES(MACS "\x08\x00 rest", MACS "\x81\x00\x00\x0a\x08\x00 rest") },
	{ "a link header that was lost is there with its protocol",
	  { .length = 100, .bare = 0xdd86 },
	  BYTES("`rest", NO_MACS "\x86\xdd`rest") },
	{ "a lost link header has its tag",
	  { .length = 100, .bare = 0x0008, .vlan = 0x0081, .vlan_control = 0x0a00 },
	  BYTES("Erest", NO_MACS "\x81\x00\x00\x0a\x08\x00"
				 "Erest") },
	{ "what is too short for a tag is as it comes", { .length = 100, .vlan = 0x0081 }, BYTES("short", "short") },
};

static void test_row(void **state)
{
	const struct row *row = *state;
	struct capture_file *file = new0(struct capture_file);
	struct agent *agent = new0(struct agent);
	struct weir_captured about = row->about;
	uint32_t captured, length;
	const uint8_t *block;
	size_t before;

	file->agent = agent;
	about.captured = row->n;
	about.ifindex = 1;
	capture_file_begin(file);
	capture_file_interface(file, 1);
	before = file->out.n;
	capture_file_packet(file, &about, (const uint8_t *)row->bytes);
	block = file->out.items + before;
	memcpy(&captured, block + 20, sizeof(captured));
	memcpy(&length, block + 24, sizeof(length));
	assert_int_equal(captured, row->n_written);
	assert_int_equal(length, 100 + row->n_written - row->n);
	assert_memory_equal(block + PACKET_FIXED, row->written, row->n_written);
	capture_file_free(file);
	free(file);
	free(agent);
}

static void test_statistics(void **state)
{
	struct capture_file *file = new0(struct capture_file);
	struct agent *agent = new0(struct agent);
	const uint32_t seen_at[] = { 1, 2, 1 };
	uint64_t lost = 0;
	unsigned n = 0;
	uint32_t type;

	file->agent = agent;
	for (size_t i = 0; i < ARRAY_SIZE(seen_at); i++)
		capture_file_packet(file, &(struct weir_captured){ .ifindex = seen_at[i] }, NULL);
	assert_int_equal(file->interfaces.n, 2);
	const size_t before = file->out.n;
	capture_file_end(file, 1, 2, 77);
	assert_in_range(file->out.n - before, 1, 2 * CAPTURE_FILE_STATISTICS_MAX);
	for (size_t at = before; at < file->out.n; n++) {
		const int64_t length = pcapng_block(file->out.items + at, file->out.n - at, &type);

		assert_true(length > 0);
		assert_int_equal(type, PCAPNG_BLOCK_STATISTICS);
		lost += pcapng_dropped(file->out.items + at, (size_t)length);
		at += (size_t)length;
	}
	assert_int_equal(n, 2);
	assert_int_equal(lost, 77);
	capture_file_free(file);
	free(file);
	free(agent);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rows) + 1];
	size_t n = 0;

	for (; n < ARRAY_SIZE(rows); n++)
		tests[n] = (struct CMUnitTest){ rows[n].name, test_row, NULL, NULL, (void *)&rows[n] };
	tests[n++] = (struct CMUnitTest){ "statistics are within their room, and tell of losses once", test_statistics,
					  NULL, NULL, NULL };
	return _cmocka_run_group_tests("capture file", tests, n, NULL, NULL);
}
