// SPDX-License-Identifier: BSD-2-Clause
/* The image's tables one by one: blocks, vecs, address tries, port classes. */
#include "policy/ports.h"
#include "policy/region.h"
#include "unit/policy/fixture.h"

static void equal_blocks_are_stored_once(void **state)
{
	const uint32_t words[] = { 1, 2, 3 };
	struct writer w = {};
	uint32_t at;

	writer_open(&w, 4096);
	at = writer_put(&w, words, 3);
	assert_int_equal(writer_put(&w, words, 3), at);
	assert_int_not_equal(writer_put(&w, words, 2), at);
	assert_int_equal(w.n, WEIR_HEADER_WORDS + 5);
	writer_free(&w);
}

static void a_vec_says_what_it_was_given_and_shares_chunks(void **state)
{
	uint32_t values[1000];
	struct writer w = {};
	struct weir_image image;
	uint32_t vec, n;

	writer_open(&w, 4096);
	for (uint32_t i = 0; i < 1000; i++)
		values[i] = i / 500;
	vec = writer_vec(&w, WORDS_FINAL, values, 1000);
	image = writer_image(&w);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(weir_image_vec(&image, vec, i), i / 500);
	/* Chunks of zeros, of both, of ones; the last one is filled up with ones. */
	assert_int_equal(w.n, WEIR_HEADER_WORDS + 3 * WEIR_CHUNK_WORDS + 16);
	assert_int_equal(weir_image_vec(&image, vec, 1023), 1);
	n = w.n;
	assert_int_equal(writer_vec(&w, WORDS_FINAL, values, 1000), vec);
	assert_int_equal(w.n, n);
	writer_free(&w);
}

static void decision_numbers_become_offsets_and_nothing_else_does(void **state)
{
	const uint32_t values[] = { 0, 1, 1 }, at[] = { 500, 600 };
	struct writer w = {};
	struct weir_image image;
	uint32_t final, decisions;

	writer_open(&w, 4096);
	final = writer_vec(&w, WORDS_FINAL, values, 3);
	decisions = writer_vec(&w, WORDS_DECISIONS, values, 3);
	assert_int_not_equal(final, decisions);
	writer_place_decisions(&w, at);
	image = writer_image(&w);
	assert_int_equal(weir_image_vec(&image, final, 1), 1);
	assert_int_equal(weir_image_vec(&image, decisions, 0), 500);
	assert_int_equal(weir_image_vec(&image, decisions, 2), 600);
	assert_int_equal(weir_image_vec(&image, decisions, 63), 600);
	writer_free(&w);
}

static void a_full_image_says_so_and_keeps_within_bounds(void **state)
{
	uint32_t values[256];
	struct writer w = {};

	for (uint32_t i = 0; i < 256; i++)
		values[i] = i;
	writer_open(&w, 64);
	assert_false(w.full);
	writer_vec(&w, WORDS_FINAL, values, 256);
	assert_true(w.full);
	assert_true(w.n <= 64);
	writer_free(&w);
	writer_open(&w, 3);
	assert_true(w.full);
	writer_free(&w);
}

static const char blocks[] =
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {name: p},"
	" spec: {podSelector: {}, ingress: [{from: ["
	"{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.3.0/25]}},"
	"{ipBlock: {cidr: 10.1.2.0/24}}, {ipBlock: {cidr: 10.2.3.77/32}}, {ipBlock: {cidr: 0.0.0.0/1}},"
	"{ipBlock: {cidr: 10.0.0.0/8, except: [10.2.3.0/25, 10.1.0.0/16]}},"
	"{ipBlock: {cidr: 'fd00::/20', except: ['fd00:0:0:1::/64']}}, {ipBlock: {cidr: 'fd00:0:0:1::5/128'}}"
	"]}]}}";

/* Which of the blocks above, in order and each distinct one once, an address is in. */
static const struct {
	const char *addr;
	const char *blocks;
} located[] = {
	{ "10.0.0.0", "03" },	  { "10.255.255.255", "03" }, { "9.255.255.255", "3" }, { "11.0.0.0", "3" },
	{ "10.0.255.255", "03" }, { "10.1.0.0", "3" },	      { "10.1.1.255", "3" },	{ "10.1.2.0", "13" },
	{ "10.1.2.255", "13" },	  { "10.1.3.0", "3" },	      { "10.1.255.255", "3" },	{ "10.2.0.0", "03" },
	{ "10.2.2.255", "03" },	  { "10.2.3.0", "3" },	      { "10.2.3.76", "3" },	{ "10.2.3.77", "23" },
	{ "10.2.3.78", "3" },	  { "10.2.3.127", "3" },      { "10.2.3.128", "03" },	{ "127.255.255.255", "3" },
	{ "128.0.0.0", "" },	  { "255.255.255.255", "" },  { "0.0.0.0", "3" },	{ "fcff::1", "" },
	{ "fd00::", "4" },	  { "fd00:fff::1", "4" },     { "fd00:1000::", "" },	{ "fd00:0:0:1::", "" },
	{ "fd00:0:0:1::4", "" },  { "fd00:0:0:1::5", "5" },   { "fd00:0:0:1::6", "" },	{ "fd00:0:0:2::5", "4" },
};

struct tables {
	struct fixture f;
	struct ruleset rules;
	struct writer writer;
	struct regions regions;
	struct port_classes ports;
};

static void tables_build(struct tables *t, const char *yaml)
{
	*t = (struct tables){};
	fixture_read(&t->f, yaml, NULL);
	ruleset_build(&t->rules, &t->f.world);
	writer_open(&t->writer, IMAGE_WORDS);
	regions_build(&t->regions, &t->rules, &t->writer);
	port_classes_build(&t->ports, &t->rules, &t->writer);
	assert_false(t->writer.full);
}

static void tables_free(struct tables *t)
{
	port_classes_free(&t->ports);
	regions_free(&t->regions);
	writer_free(&t->writer);
	ruleset_free(&t->rules);
	fixture_free(&t->f);
}

static void the_trie_finds_the_blocks_of_every_address(void **state)
{
	struct tables t;
	struct weir_image image;

	tables_build(&t, blocks);
	assert_int_equal(t.rules.blocks.n, 6);
	image = writer_image(&t.writer);
	for (size_t i = 0; i < ARRAY_SIZE(located); i++) {
		char text[16] = "";
		struct addr addr;
		struct ids in;

		assert_int_equal(addr_parse(located[i].addr, &addr), 0);
		in = interner_ids(&t.regions.blocks, weir_image_region(&image, addr.family, addr.bytes));
		for (size_t k = 0; k < in.n; k++)
			text[k] = (char)('0' + in.items[k]);
		if (strcmp(text, located[i].blocks))
			fail_msg("%s is in blocks \"%s\", not \"%s\"", located[i].addr, text, located[i].blocks);
	}
	tables_free(&t);
}

static void without_cidrs_there_is_one_region_and_no_trie(void **state)
{
	struct tables t;

	tables_build(&t, "{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {name: p},"
			 " spec: {podSelector: {}}}");
	assert_int_equal(regions_count(&t.regions), 1);
	assert_int_equal(writer_header(&t.writer)->tries[WEIR_IPV4], WEIR_TRIE_LEAF);
	assert_int_equal(writer_header(&t.writer)->tries[WEIR_IPV6], WEIR_TRIE_LEAF);
	assert_int_equal(port_classes_count(&t.ports), 1);
	tables_free(&t);
}

static void a_block_of_everything_covers_every_address(void **state)
{
	const uint8_t ends[][16] = { {}, { 255, 255, 255, 255 } };
	struct tables t;
	struct weir_image image;

	tables_build(&t, "{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {name: p},"
			 " spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}}");
	image = writer_image(&t.writer);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		assert_int_equal(weir_image_region(&image, WEIR_IPV4, ends[i]), 1);
		assert_int_equal(weir_image_region(&image, WEIR_IPV6, ends[i]), 0);
	}
	tables_free(&t);
}

static const char ports[] = "{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {name: p},"
			    " spec: {podSelector: {}, ingress: [{ports: ["
			    "{port: 80}, {port: 8000, endPort: 9000}, {port: 8443, endPort: 65535}, {protocol: UDP},"
			    "{protocol: UDP, port: 53}, {port: 80}]}]}}";

static const struct {
	enum weir_port_protocol protocol;
	uint16_t port;
	const char *ranges;
} classified[] = {
	{ WEIR_PORTS_TCP, 0, "" },     { WEIR_PORTS_TCP, 79, "" },     { WEIR_PORTS_TCP, 80, "0" },
	{ WEIR_PORTS_TCP, 81, "" },    { WEIR_PORTS_TCP, 7999, "" },   { WEIR_PORTS_TCP, 8000, "1" },
	{ WEIR_PORTS_TCP, 8442, "1" }, { WEIR_PORTS_TCP, 8443, "12" }, { WEIR_PORTS_TCP, 9000, "12" },
	{ WEIR_PORTS_TCP, 9001, "2" }, { WEIR_PORTS_TCP, 65535, "2" }, { WEIR_PORTS_UDP, 0, "3" },
	{ WEIR_PORTS_UDP, 53, "34" },  { WEIR_PORTS_UDP, 80, "3" },    { WEIR_PORTS_UDP, 65535, "3" },
	{ WEIR_PORTS_SCTP, 80, "" },   { WEIR_PORTS_NONE, 80, "" },
};

static void every_port_is_in_the_class_of_its_ranges(void **state)
{
	struct tables t;
	struct weir_image image;

	tables_build(&t, ports);
	assert_int_equal(t.rules.ranges.n, 5);
	assert_int_equal(port_classes_count(&t.ports), 7);
	image = writer_image(&t.writer);
	for (size_t i = 0; i < ARRAY_SIZE(classified); i++) {
		const uint32_t class = weir_image_port_class(&image, classified[i].protocol, classified[i].port);
		const struct ids in = interner_ids(&t.ports.ranges, class);
		char text[16] = "";

		for (size_t k = 0; k < in.n; k++)
			text[k] = (char)('0' + in.items[k]);
		if (strcmp(text, classified[i].ranges))
			fail_msg("protocol %d port %u is in ranges \"%s\", not \"%s\"", classified[i].protocol,
				 classified[i].port, text, classified[i].ranges);
	}
	tables_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_blocks_are_stored_once),
		cmocka_unit_test(a_vec_says_what_it_was_given_and_shares_chunks),
		cmocka_unit_test(decision_numbers_become_offsets_and_nothing_else_does),
		cmocka_unit_test(a_full_image_says_so_and_keeps_within_bounds),
		cmocka_unit_test(the_trie_finds_the_blocks_of_every_address),
		cmocka_unit_test(without_cidrs_there_is_one_region_and_no_trie),
		cmocka_unit_test(a_block_of_everything_covers_every_address),
		cmocka_unit_test(every_port_is_in_the_class_of_its_ranges),
	};

	return cmocka_run_group_tests_name("policy/tables", tests, NULL, NULL);
}
