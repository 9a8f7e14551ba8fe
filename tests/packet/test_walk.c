// SPDX-License-Identifier: BSD-2-Clause
/*
 * What each kind of packet asks of the kernel on its way, counted exactly: the
 * programs' source, compiled for this process, runs with helpers that count. So
 * a way that has become longer is seen without a clock, and one that has become
 * shorter too: then the row here is to be changed.
 *
 * `test_walk table` prints what is counted, a JSON object a line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>

#include "base/vec.h"
#include "fuzz/host_programs.h"
#include "packet/frame.h"
#include "packet/tiny_image.h"
#include "packet/ways.h"
#include "weir/reason.h"

#define IFINDEX	  1u
#define SUBJECT	  1u
#define COUNTERS  4u
#define PAIRS	  64u
#define BUCKETS	  8u
#define XDP_DROPS 1
#define XDP_GOES  2

enum peer {
	FRIEND,	  /* is let in */
	LIMITED,  /* within one limit */
	METERED,  /* within two */
	STRANGER, /* isn't */
	PEERS,
};

enum hook {
	IN,  /* tc, to the pod */
	OUT, /* tc, from it */
	XDP, /* from it */
	UPLINK,
	SHIELDED, /* at the uplink, while the shield is down */
};

struct row {
	const char *name;
	enum hook hook;
	enum peer peer;
	enum before before;
	struct frame_spec packet;
	struct host_calls asks; /* hashes, arrays, changes, clocks, atomics, events */
};

static const struct row rows[] = {
	{ "established, to the pod", IN, FRIEND, OPENED, ACK, { 1, 2, 0, 0, 0, 0 } },
	{ "established, from the pod", OUT, FRIEND, CALLED, ACK, { 1, 2, 0, 0, 0, 0 } },
	{ "established, UDP", IN, FRIEND, ONCE, UDP, { 1, 2, 0, 0, 0, 0 } },
	{ "established, one limit", IN, LIMITED, OPENED, ACK, { 1, 7, 0, 1, 1, 0 } },
	{ "established, two limits", IN, METERED, OPENED, ACK, { 1, 9, 0, 1, 2, 0 } },
	{ "established, after a change of policy", IN, FRIEND, OPENED_THEN, ACK, { 4, 5, 0, 0, 2, 0 } },
	{ "new TCP connection, to the pod", IN, FRIEND, NOTHING, SYN, { 4, 8, 1, 0, 0, 0 } },
	{ "new TCP connection, from the pod", OUT, FRIEND, NOTHING, SYN, { 4, 8, 1, 0, 0, 0 } },
	{ "new TCP connection, one limit", IN, LIMITED, NOTHING, SYN, { 5, 15, 1, 1, 3, 0 } },
	{ "new exchange, UDP", IN, FRIEND, NOTHING, UDP, { 3, 8, 1, 0, 0, 0 } },
	{ "of no connection, and opens none", IN, FRIEND, NOTHING, TCP(FRAME_TCP_RST, 0, 0), { 4, 6, 0, 0, 0, 0 } },
	{ "denied, told of", IN, STRANGER, NOTHING, UDP, { 5, 8, 0, 1, 2, 1 } },
	{ "denied again, to the pod", IN, STRANGER, ONCE, UDP, { 1, 3, 0, 0, 0, 0 } },
	{ "denied again, from the pod", OUT, STRANGER, ONCE, UDP, { 1, 3, 0, 0, 0, 0 } },
	{ "denied again, TCP SYN", IN, STRANGER, ONCE, SYN, { 1, 3, 0, 0, 0, 0 } },
	{ "XDP of the pod: denied again", XDP, STRANGER, ONCE, UDP, { 1, 3, 0, 0, 0, 0 } },
	{ "XDP of the pod: established", XDP, FRIEND, CALLED, ACK, { 1, 0, 0, 0, 0, 0 } },
	{ "XDP of an uplink: denied again", UPLINK, STRANGER, ONCE, UDP, { 1, 4, 0, 0, 0, 0 } },
	{ "XDP of an uplink: established", UPLINK, FRIEND, OPENED, ACK, { 2, 1, 0, 0, 0, 0 } },
	{ "XDP of an uplink: in calm", SHIELDED, FRIEND, OPENED, ACK, { 0, 0, 0, 0, 0, 0 } },
};

static const uint8_t pods[WEIR_FAMILIES][16] = {
	[WEIR_IPV4] = { 10, 0, 0, 1 },
	[WEIR_IPV6] = { 0xfd, [15] = 1 },
};

static const uint8_t *peer_address(enum peer peer, enum weir_family family)
{
	static uint8_t addr[16];

	memset(addr, 0, sizeof(addr));
	if (family == WEIR_IPV4)
		memcpy(addr, (uint8_t[4]){ 10, 0, 1, 1 + peer }, 4);
	else
		memcpy(addr, (uint8_t[16]){ 0xfd, 1, [15] = 1 + peer }, 16);
	return addr;
}

/* --- a pod and its peers ------------------------------------------------------------ */

static void fill_array(enum host_map_id map, uint32_t n)
{
	static const uint8_t zeros[128];

	host_clear(map);
	for (uint32_t i = 0; i < n; i++)
		host_set(map, &i, zeros);
}

static void set_policy(void)
{
	static const struct weir_image_decision denied = { WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DEFAULT, 0, 0, 0 };
	static const struct weir_image_limit limits[] = {
		{ .bucket = 0, .mult = { 1 }, .burst = { 1u << 30 } },
		{ .bucket = 1, .unit = WEIR_LIMIT_BYTES, .mult = { 1 }, .burst = { 1u << 30 } },
	};
	static const uint8_t n_limits[PEERS] = { [LIMITED] = 1, [METERED] = 2 };
	static struct tiny_image image;
	static uint32_t revision;
	const uint32_t slot = WEIR_SLOT_ENFORCED;
	const void *words = image.words;

	tiny_image_start(&image, ++revision, &denied);
	tiny_image_identity(&image, WEIR_IDENTITY_FIRST, SUBJECT, 0);
	for (enum peer peer = 0; peer < PEERS; peer++) {
		const struct weir_image_decision allowed = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW,
							     n_limits[peer], 0, 1 };
		const struct tiny_rule rule = { SUBJECT, 1 + peer, TINY_BOTH_WAYS, TINY_ALL_PORTS };

		tiny_image_identity(&image, WEIR_IDENTITY_FIRST + 1 + peer, 0, 1 + peer);
		if (peer != STRANGER)
			tiny_image_rule(&image, &rule, tiny_image_decision(&image, &allowed, limits));
	}
	host_set(HOST_IMAGES, &slot, &words);
	host_control()->generation++;
}

static void set_addresses(enum weir_family family)
{
	const enum host_map_id map = family == WEIR_IPV4 ? HOST_ADDRESSES4 : HOST_ADDRESSES6;
	struct weir_address address = { .identity = WEIR_IDENTITY_FIRST, .ifindex = IFINDEX };

	host_set(map, pods[family], &address);
	address.ifindex = 0;
	for (enum peer peer = 0; peer < PEERS; peer++) {
		address.identity = WEIR_IDENTITY_FIRST + 1 + peer;
		host_set(map, peer_address(peer, family), &address);
	}
}

static int set_up(void **state)
{
	const uint32_t ifindex = IFINDEX;
	struct weir_endpoint endpoint = {
		.identity = WEIR_IDENTITY_FIRST,
		.flags = WEIR_ENDPOINT_CHECK_MAC | WEIR_ENDPOINT_CHECK_ADDRESS,
		.mac = FRAME_SOURCE_MAC,
	};

	memcpy(&endpoint.ipv4, pods[WEIR_IPV4], sizeof(endpoint.ipv4));
	memcpy(endpoint.ipv6, pods[WEIR_IPV6], sizeof(endpoint.ipv6));
	host_load(&(struct host_constants){ TINY_WORDS - 1, 31, PAIRS - 1, PAIRS + COUNTERS });
	memset(host_control()->timeouts, 0xff, sizeof(host_control()->timeouts));
	host_set(HOST_ENDPOINTS, &ifindex, &endpoint);
	set_addresses(WEIR_IPV4);
	set_addresses(WEIR_IPV6);
	fill_array(HOST_TALLIES, WEIR_TALLIES);
	fill_array(HOST_REASONS, WEIR_REASON_MAX * WEIR_DIRECTIONS);
	fill_array(HOST_ACCOUNTS, PAIRS + COUNTERS + 1);
	fill_array(HOST_PAIRS, PAIRS);
	fill_array(HOST_CHARGED, BUCKETS);
	fill_array(HOST_CHARGING, 1);
	fill_array(HOST_REFUSALS, WEIR_REFUSALS);
	host_control()->watch = WEIR_WATCH_DENIED;
	host_control()->event_budget = 1000;
	return 0;
}

/* Nothing has been sent yet. */
static void begin(const struct row *row)
{
	struct weir_event event;

	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++)
		host_clear(HOST_FLOWS + i);
	host_clear(HOST_SHIELDS);
	fill_array(HOST_BUCKETS, BUCKETS);
	host_told(&event);
	host_control()->shield_cost = row->hook == SHIELDED;
	set_policy();
}

/* --- packets ---------------------------------------------------------------------- */

static int send_packet(const struct row *row, enum weir_family family, const struct frame_spec *spec, bool out)
{
	static const enum host_program programs[] = { HOST_TO_POD, HOST_FROM_POD, HOST_XDP, HOST_UPLINK, HOST_UPLINK };
	static uint8_t answer[HOST_ANSWER_MAX];
	static struct frame frame;
	const uint8_t *peer = peer_address(row->peer, family);
	const struct frame_ends ends = { family, out ? pods[family] : peer, out ? peer : pods[family], false };
	struct host_frame f = { .bytes = frame.bytes, .ifindex = IFINDEX, .answer = answer };

	memset(&frame, 0, sizeof(frame));
	frame_build(spec, &ends, &frame);
	f.length = f.linear = frame.length;
	return host_run(spec == &row->packet ? programs[row->hook] : out ? HOST_FROM_POD : HOST_TO_POD, &f);
}

/* From whoever opens it, and back. */
static void shake_hands(const struct row *row, enum weir_family family, bool out)
{
	static const struct frame_spec there = SYN, back = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK, .ack = 1 },
				       again = ACK;
	const uint8_t *peer = peer_address(row->peer, family);
	const struct frame_ends ends = { family, out ? peer : pods[family], out ? pods[family] : peer, true };
	static uint8_t answer[HOST_ANSWER_MAX];
	static struct frame frame;
	struct host_frame f = { .bytes = frame.bytes, .ifindex = IFINDEX, .answer = answer };

	assert_int_equal(send_packet(row, family, &there, out), TC_ACT_UNSPEC);
	memset(&frame, 0, sizeof(frame));
	frame_build(&back, &ends, &frame);
	f.length = f.linear = frame.length;
	assert_int_equal(host_run(out ? HOST_TO_POD : HOST_FROM_POD, &f), TC_ACT_UNSPEC);
	assert_int_equal(send_packet(row, family, &again, out), TC_ACT_UNSPEC);
}

static bool leaves_pod(const struct row *row)
{
	return row->hook == OUT || row->hook == XDP;
}

static int expected_code(const struct row *row)
{
	if (row->hook == IN || row->hook == OUT)
		return row->peer == STRANGER ? TC_ACT_SHOT : TC_ACT_UNSPEC;
	return row->peer == STRANGER ? XDP_DROPS : XDP_GOES;
}

static struct host_calls count_row(const struct row *row, enum weir_family family)
{
	/* Once before, so that its pair has a row. */
	begin(row);
	send_packet(row, family, &row->packet, leaves_pod(row));
	begin(row);
	if (row->before == ONCE)
		send_packet(row, family, &row->packet, leaves_pod(row));
	else if (row->before != NOTHING)
		shake_hands(row, family, row->before == CALLED);
	if (row->before == OPENED_THEN)
		set_policy();
	host_calls();
	assert_int_equal(send_packet(row, family, &row->packet, leaves_pod(row)), expected_code(row));
	return host_calls();
}

/* --- tests ------------------------------------------------------------------------ */

static void test_rows(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (enum weir_family family = 0; family < WEIR_FAMILIES; family++) {
			const struct host_calls is = count_row(&rows[i], family), *asked = &rows[i].asks;

			if (!memcmp(&is, asked, sizeof(is)))
				continue;
			wrong++;
			printf("# IPv%d, %s: { %u, %u, %u, %u, %u, %u }, not { %u, %u, %u, %u, %u, %u }\n",
			       family == WEIR_IPV4 ? 4 : 6, rows[i].name, is.hashes, is.arrays, is.changes, is.clocks,
			       is.atomics, is.events, asked->hashes, asked->arrays, asked->changes, asked->clocks,
			       asked->atomics, asked->events);
		}
	}
	assert_int_equal(wrong, 0);
}

/* What the rows must never say, whoever changes them. */
static void test_promises(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		const bool established = row->before == OPENED || row->before == CALLED;

		if (row->hook <= OUT && established && row->asks.hashes != 1)
			fail_msg("%s: %u look-ups in hash tables", row->name, row->asks.hashes);
		if (established && row->asks.changes)
			fail_msg("%s: changes a table", row->name);
		if (row->asks.clocks > (row->peer == LIMITED || row->peer == METERED || row->asks.events))
			fail_msg("%s: reads the clock %u times", row->name, row->asks.clocks);
	}
}

static int print_table(void)
{
	set_up(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct host_calls is = count_row(&rows[i], WEIR_IPV4);

		printf("{\"packet\": \"%s\", \"hashes\": %u, \"arrays\": %u, \"changes\": %u, \"clocks\": %u, "
		       "\"atomics\": %u, \"events\": %u}\n",
		       rows[i].name, is.hashes, is.arrays, is.changes, is.clocks, is.atomics, is.events);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		{ "each kind of packet asks of the kernel what it did before, for both families", test_rows, NULL, NULL,
		  NULL },
		{ "an established packet costs one look-up in a hash table, and no clock without a limit",
		  test_promises, NULL, NULL, NULL },
	};

	if (argc > 1 && !strcmp(argv[1], "table"))
		return print_table();
	return _cmocka_run_group_tests("packet walk", tests, ARRAY_SIZE(tests), set_up, NULL);
}
