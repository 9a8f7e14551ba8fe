// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "events_fixture.h"
#include "observe/detector.h"

#define SECOND 1000000000ull

/* What one sender does: how many packets, how far apart, to how many ports and addresses in turn. */
struct behaviour {
	const char *what;
	unsigned packets, ports, addresses;
	uint64_t apart;
	enum weir_reason reason;
	enum event_type type;
	unsigned scans;
};

static unsigned count_scans(struct detector *detector, const struct behaviour *does, const char *source, uint64_t begin)
{
	unsigned scans = 0;

	for (unsigned i = 0; i < does->packets; i++) {
		struct event event = {
			.type = does->type,
			.reason = does->reason,
			.time = begin + i * does->apart,
			.source = end_of(source, 1024 + i % 1000, NULL, NULL),
			.destination = end_of("10.0.0.0", (uint16_t)(1 + i % does->ports), NULL, NULL),
		};
		struct event found = {};

		event.destination.address.bytes[3] = (uint8_t)(i % does->addresses);
		if (!detector_see(detector, &event, &found))
			continue;
		assert_int_equal(found.type, EVENT_PORT_SCAN);
		assert_int_equal(addr_compare(&found.source.address, &event.source.address), 0);
		event_free(&found);
		scans++;
	}
	return scans;
}

static void a_port_scan_is_told_once(void **state)
{
	static const struct behaviour cases[] = {
		{ "19 ports", 19, 100, 1, 1000, WEIR_REASON_POLICY_DEFAULT, EVENT_DENIED, 0 },
		{ "20 ports", 20, 100, 1, 1000, WEIR_REASON_POLICY_DEFAULT, EVENT_DENIED, 1 },
		{ "20 addresses", 20, 1, 100, 1000, WEIR_REASON_POLICY_DENY, EVENT_DENIED, 1 },
		{ "denied by the admin tier", 20, 100, 1, 1000, WEIR_REASON_ADMIN_DENY, EVENT_DENIED, 1 },
		{ "denied by the baseline tier", 20, 100, 1, 1000, WEIR_REASON_BASELINE_DENY, EVENT_DENIED, 1 },
		{ "the same ports again and again", 500, 19, 1, 1000, WEIR_REASON_POLICY_DEFAULT, EVENT_DENIED, 0 },
		{ "a flood to all ports", 60000, 60000, 1, 1000, WEIR_REASON_POLICY_DEFAULT, EVENT_DENIED, 1 },
		{ "within a minute", 20, 100, 1, 3 * SECOND, WEIR_REASON_POLICY_DEFAULT, EVENT_DENIED, 1 },
		{ "slower than 20 a minute", 200, 200, 1, 4 * SECOND, WEIR_REASON_POLICY_DEFAULT, EVENT_DENIED, 0 },
		{ "what passes", 100, 100, 1, 1000, WEIR_REASON_POLICY_ALLOW, EVENT_OPENED, 0 },
		{ "what is over a limit", 100, 100, 1, 1000, WEIR_REASON_LIMIT, EVENT_DENIED, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct detector detector;

		detector_init(&detector);
		if (count_scans(&detector, &cases[i], "192.0.2.1", SECOND) != cases[i].scans)
			fail_msg("%s", cases[i].what);
		detector_free(&detector);
	}
}

static void a_scan_is_told_again_only_after_a_calm_minute(void **state)
{
	static const struct behaviour scan = {
		"scan", 30, 60000, 1, 1000, WEIR_REASON_POLICY_DEFAULT, EVENT_DENIED, 0
	};
	struct detector detector;

	detector_init(&detector);
	assert_int_equal(count_scans(&detector, &scan, "192.0.2.1", 100 * SECOND), 1);
	assert_int_equal(count_scans(&detector, &scan, "192.0.2.1", 150 * SECOND), 0);
	assert_int_equal(count_scans(&detector, &scan, "192.0.2.1", 205 * SECOND), 0);
	assert_int_equal(count_scans(&detector, &scan, "192.0.2.1", 270 * SECOND), 1);
	detector_free(&detector);
}

static void made_up_senders_cost_no_memory_and_make_no_scan(void **state)
{
	static const struct behaviour packet = { "packet", 3, 3, 1, 1000, WEIR_REASON_POLICY_DEFAULT, EVENT_DENIED, 0 };
	struct detector detector;
	char source[32];

	detector_init(&detector);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(source, sizeof(source), "172.16.%u.%u", i / 250, 1 + i % 250);
		assert_int_equal(count_scans(&detector, &packet, source, (1 + i) * 1000000), 0);
	}
	detector_free(&detector);
}

static void spoofing_is_told_with_the_pod_and_once_a_minute(void **state)
{
	struct event event = denied_event(), found = {};
	struct detector detector;

	detector_init(&detector);
	event.reason = WEIR_REASON_SPOOFED_ADDRESS;
	assert_true(detector_see(&detector, &event, &found));
	assert_int_equal(found.type, EVENT_SPOOFING);
	assert_string_equal(found.endpoint, "db");
	assert_string_equal(found.message,
			    "pod shop/db sends what is not its own (spoofed-address, as shop/web (10.0.0.1))");
	event_free(&found);
	event.reason = WEIR_REASON_SPOOFED_MAC;
	assert_false(detector_see(&detector, &event, &found));
	event.time += 61 * SECOND;
	event.eth_proto = ETHERTYPE_ARP;
	event.source.has_address = false;
	assert_true(detector_see(&detector, &event, &found));
	assert_string_equal(found.message, "pod shop/db sends what is not its own (spoofed-mac)");
	event_free(&found);
	event_free(&event);
	detector_free(&detector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_scan_is_told_once),
		cmocka_unit_test(a_scan_is_told_again_only_after_a_calm_minute),
		cmocka_unit_test(made_up_senders_cost_no_memory_and_make_no_scan),
		cmocka_unit_test(spoofing_is_told_with_the_pod_and_once_a_minute),
	};

	return cmocka_run_group_tests_name("detector", tests, NULL, NULL);
}
