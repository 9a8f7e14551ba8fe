// SPDX-License-Identifier: BSD-2-Clause
/* Blocks of the pcapng format, byte by byte as draft-ietf-opsawg-pcapng has them, on a little-endian machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "base/mem.h"
#include "observe/pcapng.h"

#define BLOCK(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void assert_block(pcapng_bytes *out, const uint8_t *expected, size_t n)
{
	assert_int_equal(out->n, n);
	assert_memory_equal(out->items, expected, n);
	vec_free(out);
}

static void test_section(void **state)
{
	pcapng_bytes out = {};

	pcapng_section(&out, &(struct pcapng_section){ .hardware = "x86", .application = "weir" });
	assert_block(&out, BLOCK(0x0a, 0x0d, 0x0d, 0x0a, 48, 0, 0, 0,		 /* type, length */
				 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,		 /* byte order, version */
				 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* length is not known */
				 2, 0, 3, 0, 'x', '8', '6', 0,			 /* hardware, padded */
				 4, 0, 4, 0, 'w', 'e', 'i', 'r',		 /* application */
				 0, 0, 0, 0, 48, 0, 0, 0));			 /* end of options, length */
}

static void test_interface(void **state)
{
	pcapng_bytes out = {};

	pcapng_interface(&out, &(struct pcapng_interface){ .name = "veth0", .description = "a/b", .snaplen = 0x100 });
	assert_block(&out, BLOCK(1, 0, 0, 0, 52, 0, 0, 0,		       /* type, length */
				 1, 0, 0, 0, 0, 1, 0, 0,		       /* Ethernet, reserved, snaplen */
				 2, 0, 5, 0, 'v', 'e', 't', 'h', '0', 0, 0, 0, /* name */
				 3, 0, 3, 0, 'a', '/', 'b', 0,		       /* description */
				 9, 0, 1, 0, 9, 0, 0, 0,		       /* resolution: ns */
				 0, 0, 0, 0, 52, 0, 0, 0));
}

static void test_packet(void **state)
{
	const struct pcapng_packet packet = {
		.interface = 2,
		.time = 0x0102030405060708,
		.bytes = (const uint8_t *)"abcde",
		.captured = 5,
		.length = 9,
		.direction = PCAPNG_OUTBOUND,
		.verdict_of = PCAPNG_TC,
		.verdict = 2,
		.comment = "drop",
	};
	pcapng_bytes out = {};

	pcapng_packet(&out, &packet);
	assert_block(&out, BLOCK(6, 0, 0, 0, 76, 0, 0, 0,			 /* type, length */
				 2, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5,		 /* interface, time: high half first */
				 5, 0, 0, 0, 9, 0, 0, 0,			 /* captured, length */
				 'a', 'b', 'c', 'd', 'e', 0, 0, 0,		 /* the bytes, padded */
				 1, 0, 4, 0, 'd', 'r', 'o', 'p',		 /* comment */
				 2, 0, 4, 0, 2, 0, 0, 0,			 /* flags: outbound */
				 7, 0, 9, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* verdict: tc, TC_ACT_SHOT */
				 0, 0, 0, 0, 76, 0, 0, 0));
}

static void test_packet_without_words(void **state)
{
	const struct pcapng_packet packet = { .direction = PCAPNG_INBOUND, .length = 60 };
	pcapng_bytes out = {};

	pcapng_packet(&out, &packet);
	assert_block(&out, BLOCK(6, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0,
				 2, 0, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0));
}

static void test_statistics(void **state)
{
	const struct pcapng_statistics statistics = {
		.begin = 0x100000002, .end = 0x300000004, .received = 5, .dropped = 6
	};
	pcapng_bytes out = {};

	pcapng_statistics(&out, &statistics);
	assert_int_equal(pcapng_dropped(out.items, out.n), 6);
	assert_block(&out, BLOCK(5, 0, 0, 0, 76, 0, 0, 0,	     /* type, length */
				 0, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, /* interface, time */
				 2, 0, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, /* begin */
				 3, 0, 8, 0, 3, 0, 0, 0, 4, 0, 0, 0, /* end */
				 4, 0, 8, 0, 5, 0, 0, 0, 0, 0, 0, 0, /* received */
				 5, 0, 8, 0, 6, 0, 0, 0, 0, 0, 0, 0, /* dropped */
				 0, 0, 0, 0, 76, 0, 0, 0));
}

static void test_statistics_with_a_comment(void **state)
{
	pcapng_bytes out = {};

	pcapng_statistics(&out, &(struct pcapng_statistics){ .comment = "of all", .dropped = 1234567890123 });
	assert_int_equal(pcapng_dropped(out.items, out.n), 1234567890123);
	vec_free(&out);
}

/* Any length of text leaves a whole block that ends where it says. */
static void test_texts_of_any_length(void **state)
{
	static char text[70000];

	for (size_t n = 0; n < sizeof(text) - 1; n += n < 20 ? 1 : 9999) {
		pcapng_bytes out = {};
		uint32_t type = 0;

		memset(text, 'x', n);
		text[n] = '\0';
		pcapng_packet(&out, &(struct pcapng_packet){ .comment = text });
		assert_int_equal(pcapng_block(out.items, out.n, &type), out.n);
		assert_int_equal(type, PCAPNG_BLOCK_PACKET);
		assert_memory_equal(out.items + out.n - 4, out.items + 4, 4);
		assert_int_equal(out.n % 4, 0);
		vec_free(&out);
	}
}

static void test_a_stream_in_pieces(void **state)
{
	pcapng_bytes out = {};
	size_t first;
	uint32_t type;

	pcapng_section(&out, &(struct pcapng_section){ .os = "Linux" });
	first = out.n;
	pcapng_interface(&out, &(struct pcapng_interface){ .name = "a" });
	for (size_t n = 0; n < first; n++)
		assert_int_equal(pcapng_block(out.items, n, &type), 0);
	assert_int_equal(pcapng_block(out.items, out.n, &type), first);
	assert_int_equal(pcapng_block(out.items + first, out.n - first, &type), out.n - first);
	assert_int_equal(type, PCAPNG_BLOCK_INTERFACE);
	vec_free(&out);
}

static void test_what_is_no_block(void **state)
{
	static const uint32_t bad[][2] = { { 6, 0 }, { 6, 8 }, { 6, 13 }, { 6, 0x7fffffff } };
	uint32_t type;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(pcapng_block((const uint8_t *)bad[i], sizeof(bad[i]), &type), -EPROTO);
}

static void test_statistics_that_do_not_say(void **state)
{
	pcapng_bytes out = {};

	pcapng_statistics(&out, &(struct pcapng_statistics){ .dropped = 6 });
	for (size_t n = 0; n < 64; n++) /* to where the words end that say it */
		assert_int_equal(pcapng_dropped(out.items, n), 0);
	vec_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "a section header", test_section, NULL, NULL, NULL },
		{ "an interface", test_interface, NULL, NULL, NULL },
		{ "a packet", test_packet, NULL, NULL, NULL },
		{ "a packet without bytes, verdict or comment", test_packet_without_words, NULL, NULL, NULL },
		{ "statistics", test_statistics, NULL, NULL, NULL },
		{ "statistics with a comment", test_statistics_with_a_comment, NULL, NULL, NULL },
		{ "texts of any length leave a whole block", test_texts_of_any_length, NULL, NULL, NULL },
		{ "a stream is read block by block", test_a_stream_in_pieces, NULL, NULL, NULL },
		{ "what is no block is told", test_what_is_no_block, NULL, NULL, NULL },
		{ "statistics that don't say what was dropped", test_statistics_that_do_not_say, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
