// SPDX-License-Identifier: BSD-2-Clause
/* Slots for each identity and each address; and what recounts put right. */
#include <arpa/inet.h>
#include <bpf/libbpf.h>

#include "packet/open.h"

#define MANY 40u

static const struct weir_image_limit per_address[3] = { CAP_AS(BUCKET, 2, WEIR_LIMIT_PER_ADDRESS) };
static const struct weir_image_limit per_identity[3] = { CAP_AS(BUCKET, 2, WEIR_LIMIT_PER_IDENTITY) };
static const struct weir_image_limit many[3] = { CAP(1000), CAP_AS(BUCKET_TOO, 1000, WEIR_LIMIT_PER_ADDRESS) };

static struct lab *begin(void **state, const struct weir_image_limit *limits)
{
	struct lab *lab = *state;

	assert_int_equal(world_reset(lab), 0);
	open_policy(lab, limits, false);
	return lab;
}

static enum weir_verdict send_from(struct lab *lab, const char *source, unsigned connection, uint16_t flags)
{
	const enum weir_family family = strchr(source, ':') ? WEIR_IPV6 : WEIR_IPV4;
	struct open_step step = { SENDS, connection, { .tcp_flags = flags, .seq = !(flags & FRAME_TCP_SYN) }, 0, 0, 0 };

	step.packet.source = source;
	return open_transmit(lab, &step, family, WEIR_INGRESS);
}

#define OPEN_FROM(source, n) send_from(lab, source, n, FRAME_TCP_SYN)

static void own_address(struct lab *lab, const char *text, uint32_t identity)
{
	const enum weir_family family = strchr(text, ':') ? WEIR_IPV6 : WEIR_IPV4;
	const struct weir_address address = { .identity = identity };
	uint8_t bytes[16];

	assert_int_equal(inet_pton(family == WEIR_IPV4 ? AF_INET : AF_INET6, text, bytes), 1);
	assert_int_equal(lab_set_address(lab, family, bytes, &address), 0);
}

static void each_address_has_its_own(void **state)
{
	static const char *const others[] = { "10.9.0.2", "10.9.1.1", "fd09::1", "fd09::2" };
	struct lab *lab = begin(state, per_address);

	assert_int_equal(OPEN_FROM("10.9.0.1", 1), PASS);
	assert_int_equal(OPEN_FROM("10.9.0.1", 2), PASS);
	assert_int_equal(OPEN_FROM("10.9.0.1", 3), DROP);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_int_equal(OPEN_FROM(others[i], 1), PASS);
		assert_int_equal(OPEN_FROM(others[i], 2), PASS);
		assert_int_equal(OPEN_FROM(others[i], 3), DROP);
	}
	assert_int_equal(lab_open_slots(lab, BUCKET), 10);
	assert_int_equal(lab_held_slots(lab, BUCKET), 10);
	assert_int_equal(lab_recount(lab) + lab_recount(lab), 0);
}

static void all_addresses_of_an_identity_share(void **state)
{
	struct lab *lab = begin(state, per_identity);

	own_address(lab, "10.9.0.1", 17);
	own_address(lab, "fd09::1", 17);
	own_address(lab, "10.9.0.2", 18);
	lab_new_generation(lab);
	assert_int_equal(OPEN_FROM("10.9.0.1", 1), PASS);
	assert_int_equal(OPEN_FROM("fd09::1", 1), PASS);
	assert_int_equal(OPEN_FROM("10.9.0.1", 2), DROP);
	assert_int_equal(OPEN_FROM("10.9.0.2", 1), PASS);
	assert_int_equal(OPEN_FROM("10.9.0.3", 1), PASS);
	assert_int_equal(lab_recount(lab) + lab_recount(lab), 0);
	/* Whose it was when it took the slot is who gives it back. */
	own_address(lab, "10.9.0.1", 18);
	lab_new_generation(lab);
	assert_int_equal(OPEN_FROM("10.9.0.1", 1), PASS);
	assert_int_equal(OPEN_FROM("fd09::1", 2), PASS);
	assert_int_equal(OPEN_FROM("10.9.0.2", 2), DROP);
	assert_int_equal(lab_open_slots(lab, BUCKET), lab_held_slots(lab, BUCKET));
	assert_int_equal(lab_recount(lab) + lab_recount(lab), 0);
}

static void who_opens_is_who_takes(void **state)
{
	static const struct open_step steps[] = {
		{ SYN(1), PASS, 1, 0 }, { SYN(2), PASS, 2, 0 }, { SYN(3), DROP, 2, 0 }, { SYN_ACK(1), PASS, 2, 0 }
	};
	struct lab *lab = begin(state, per_address);

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		assert_int_equal(open_transmit(lab, &steps[i], WEIR_IPV6, WEIR_EGRESS), steps[i].verdict);
	assert_int_equal(lab_open_slots(lab, BUCKET), 2);
	assert_int_equal(lab_sources(lab), 1);
}

static void established_packets_dont_come_to_caps(void **state)
{
	static const struct weir_image_limit both[3] = { CAP(9), RATE(PACKETS, 9ull) };
	static const struct open_step first = { SYN(1), PASS, 0, 0 };
	struct weir_flow flow;

	for (unsigned i = 0; i < 2; i++) {
		struct lab *lab = begin(state, i ? both : many);

		assert_int_equal(open_transmit(lab, &first, WEIR_IPV4, WEIR_EGRESS), PASS);
		assert_int_equal(lab_flows(lab, &flow), 1);
		assert_int_equal(flow.flags & WEIR_FLOW_LIMITED, i ? WEIR_FLOW_LIMITED : 0);
	}
}

/* --- recounts --- */

static void open_many(struct lab *lab)
{
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(OPEN_FROM(i % 2 ? "10.9.0.1" : "fd09::1", i), PASS);
}

static void assert_open(struct lab *lab, int n)
{
	assert_int_equal(lab_open_slots(lab, BUCKET), n);
	assert_int_equal(lab_open_slots(lab, BUCKET_TOO), n);
}

static void entries_that_are_lost_are_found_missing(void **state)
{
	struct lab *lab = begin(state, many);

	open_many(lab);
	assert_int_equal(lab_forget_flows(lab), 0);
	assert_open(lab, MANY);
	/* Who was seen in this recount may have gone since; and one recount alone may have missed them. */
	assert_int_equal(lab_recount(lab), 0);
	assert_int_equal(lab_recount(lab), 0);
	assert_open(lab, MANY);
	assert_int_equal(lab_recount(lab), 2 * MANY);
	assert_open(lab, 0);
	assert_int_equal(lab_recount(lab), 0);
	open_many(lab);
	assert_open(lab, MANY);
}

static void a_source_that_was_pushed_out_is_found_again(void **state)
{
	struct weir_source_key key = { .bucket = BUCKET_TOO, .family = WEIR_IPV4, .address = { [12] = 10, 9, 0, 1 } };
	struct lab *lab = begin(state, many);

	open_many(lab);
	assert_int_equal(lab_forget_source(lab, &key), 0);
	assert_int_equal(lab_open_slots(lab, BUCKET_TOO), MANY / 2);
	assert_int_equal(lab_recount(lab), 0);
	assert_int_equal(lab_recount(lab), 0);
	assert_int_equal(lab_recount(lab), MANY / 2);
	assert_open(lab, MANY);
	/* Before it is, no count goes below nothing. */
	assert_int_equal(lab_forget_source(lab, &key), 0);
	assert_int_equal(lab_age(lab, LAB_TIMEOUT(WEIR_FLOW_SYN_SENT) + 1), 0);
	assert_int_equal(lab_recount(lab), 0);
	assert_open(lab, 0);
}

static void set_open(struct lab *lab, uint64_t open)
{
	struct weir_bucket bucket;

	assert_int_equal(lab_bucket(lab, BUCKET, &bucket), 0);
	bucket.slots = (bucket.slots & ~WEIR_SLOTS_OPEN) | open;
	assert_int_equal(lab_set_bucket(lab, BUCKET, &bucket), 0);
}

static void only_what_two_recounts_find_is_put_right(void **state)
{
	struct lab *lab = begin(state, many);

	open_many(lab);
	/* Found once only. */
	set_open(lab, MANY + 7);
	assert_int_equal(lab_recount(lab), 0);
	set_open(lab, MANY);
	assert_int_equal(lab_recount(lab), 0);
	assert_int_equal(lab_recount(lab), 0);
	/* As much of it as both have found, whichever was more. */
	set_open(lab, MANY + 3);
	assert_int_equal(lab_recount(lab), 0);
	set_open(lab, MANY + 10);
	assert_int_equal(lab_recount(lab), 3);
	assert_int_equal(lab_recount(lab), 7);
	set_open(lab, MANY - 8);
	assert_int_equal(lab_recount(lab), 0);
	set_open(lab, MANY - 5);
	assert_int_equal(lab_recount(lab), 5);
	/* One too many once and one too few the next time is neither. */
	set_open(lab, MANY + 4);
	assert_int_equal(lab_recount(lab), 0);
	set_open(lab, MANY - 4);
	assert_int_equal(lab_recount(lab), 0);
	assert_int_equal(lab_recount(lab), 4);
	assert_open(lab, MANY);
}

static void recounts_go_round(void **state)
{
	struct lab *lab = begin(state, many);

	open_many(lab);
	for (unsigned i = 0; i < 3 * WEIR_RECOUNTS; i++) {
		assert_int_equal(lab_recount(lab), 0);
		assert_open(lab, MANY + i);
		assert_int_equal(OPEN_FROM("10.9.0.1", MANY + i), PASS);
	}
}

static const struct CMUnitTest tests[] = {
	{ "each address has slots of its own", each_address_has_its_own, NULL, NULL, NULL },
	{ "all addresses of an identity share, and it keeps what it has taken", all_addresses_of_an_identity_share,
	  NULL, NULL, NULL },
	{ "who opens is who takes, wherever the packet goes", who_opens_is_who_takes, NULL, NULL, NULL },
	{ "established packets don't come to caps", established_packets_dont_come_to_caps, NULL, NULL, NULL },
	{ "entries that are lost are found missing", entries_that_are_lost_are_found_missing, NULL, NULL, NULL },
	{ "a source that was pushed out is found again", a_source_that_was_pushed_out_is_found_again, NULL, NULL,
	  NULL },
	{ "only what two recounts in a row find is put right", only_what_two_recounts_find_is_put_right, NULL, NULL,
	  NULL },
	{ "recounts go round", recounts_go_round, NULL, NULL, NULL },
};

int main(void)
{
	return suite_run(
		&(struct suite){ .group = "packet open source", .tests = tests, .n_tests = ARRAY_SIZE(tests) });
}
