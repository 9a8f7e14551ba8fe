// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "events_fixture.h"

static void assert_json(const struct event *event, const char *expected)
{
	json_t *json = event_json(event);
	_cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	assert_string_equal(text, expected);
}

static void a_packets_record_has_every_field(void **state)
{
	struct event event = denied_event();

	assert_json(
		&event,
		"{\"time\":\"2026-01-02T03:04:05.678901Z\",\"type\":\"denied\",\"severity\":\"warning\","
		"\"message\":\"shop/web -> shop/db:5432 TCP denied at ingress: policy-default by NetworkPolicy "
		"shop/db\",\"verdict\":\"drop\",\"reason\":\"policy-default\",\"direction\":\"ingress\","
		"\"endpoint\":\"shop/db\",\"interface\":\"veth-db\","
		"\"source\":{\"address\":\"10.0.0.1\",\"port\":40000,\"namespace\":\"shop\",\"pod\":\"web\","
		"\"workload\":\"web\",\"identity\":70,\"labels\":{\"app\":\"web\"}},"
		"\"destination\":{\"address\":\"10.0.0.2\",\"port\":5432,\"namespace\":\"shop\",\"pod\":\"db\","
		"\"workload\":\"db\",\"identity\":70,\"labels\":{\"app\":\"db\"}},"
		"\"protocol\":\"TCP\",\"flags\":\"SYN\",\"icmpType\":null,\"bytes\":74,\"repeats\":0,"
		"\"policies\":[{\"kind\":\"NetworkPolicy\",\"namespace\":\"shop\",\"policy\":\"db\",\"rule\":null}],"
		"\"limit\":null,\"revision\":3}");
	event_free(&event);
}

static void a_record_of_nothing_known_has_every_field_too(void **state)
{
	struct event event = { .type = EVENT_DENIED, .reason = WEIR_REASON_NOT_IP, .eth_proto = 0x88cc };

	event.verdict = WEIR_VERDICT_DROP;
	event.interface = interned("veth\xff\x1b[2J");
	assert_json(&event,
		    "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"type\":\"denied\",\"severity\":\"warning\","
		    "\"message\":\"? -> ? 0x88cc denied at ingress: not-ip\",\"verdict\":\"drop\","
		    "\"reason\":\"not-ip\",\"direction\":\"ingress\",\"endpoint\":null,\"interface\":\"veth??[2J\","
		    "\"source\":{\"address\":null,\"port\":null,\"namespace\":null,\"pod\":null,\"workload\":null,"
		    "\"identity\":null,\"labels\":null},\"destination\":{\"address\":null,\"port\":null,"
		    "\"namespace\":null,\"pod\":null,\"workload\":null,\"identity\":null,\"labels\":null},"
		    "\"protocol\":\"0x88cc\",\"flags\":null,\"icmpType\":null,\"bytes\":0,\"repeats\":0,"
		    "\"policies\":[],\"limit\":null,\"revision\":0}");
	event_free(&event);
}

static void the_agents_own_have_what_they_say(void **state)
{
	struct event event = event_make(EVENT_SOURCE_LOST, "source %s: gone\n\x1b[31m", "dir:/etc/weir");

	event.time = 1767323045678901234ull;
	event.subject = interned("dir:/etc/weir");
	assert_json(&event,
		    "{\"time\":\"2026-01-02T03:04:05.678901Z\",\"type\":\"source-lost\",\"severity\":\"warning\","
		    "\"message\":\"source dir:/etc/weir: gone??[31m\",\"subject\":\"dir:/etc/weir\"}");
	event_free(&event);
}

static void words_of_protocols_and_flags(void **state)
{
	static const struct {
		uint16_t eth_proto;
		uint8_t protocol, flags;
		const char *word, *flag_words;
	} cases[] = {
		{ ETHERTYPE_IP, IPPROTO_TCP, 0x12, "TCP", "SYN,ACK" },
		{ 0, IPPROTO_TCP, 0xff, "TCP", "FIN,SYN,RST,PSH,ACK,URG,ECE,CWR" },
		{ ETHERTYPE_IPV6, IPPROTO_UDP, 0xff, "UDP", NULL },
		{ ETHERTYPE_IP, IPPROTO_ICMP, 0, "ICMP", NULL },
		{ ETHERTYPE_IPV6, IPPROTO_ICMPV6, 0, "ICMP", NULL },
		{ ETHERTYPE_IP, 47, 0, "47", NULL },
		{ ETHERTYPE_ARP, 0, 0, "ARP", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct event event = { .type = EVENT_DENIED,
					     .eth_proto = cases[i].eth_proto,
					     .protocol = cases[i].protocol,
					     .flags = cases[i].flags };
		char word[EVENT_WORD_MAX];

		assert_string_equal(event_protocol(&event, word), cases[i].word);
		if (cases[i].flag_words)
			assert_string_equal(event_flags(&event, word), cases[i].flag_words);
		else
			assert_null(event_flags(&event, word));
	}
}

static void an_ipv6_address_with_a_port_is_in_brackets(void **state)
{
	struct event event = denied_event();
	_cleanup_free_ char *text = NULL;

	interned_unref(event.destination.pod);
	interned_unref(event.destination.workload);
	event.destination.pod = event.destination.workload = NULL;
	assert_int_equal(addr_parse("fd00::2", &event.destination.address), 0);
	text = event_message(&event);
	assert_string_equal(text, "shop/web -> [fd00::2]:5432 TCP denied at ingress: policy-default by NetworkPolicy "
				  "shop/db");
	event_free(&event);
}

static void every_type_has_a_name_of_its_own_and_is_found_by_it(void **state)
{
	enum event_type found;

	for (enum event_type type = EVENT_NONE + 1; type < EVENT_TYPES_END; type++) {
		assert_true(event_type_by_name(event_type_name(type), &found));
		assert_int_equal(found, type);
		assert_true(strlen(event_type_doc(type)) > 0);
	}
	assert_false(event_type_by_name("?", &found));
}

static void text_is_kept_once_and_no_longer_than_needed(void **state)
{
	const size_t before = interned_count();
	struct event one = denied_event(), two;

	event_copy(&two, &one);
	assert_ptr_equal(one.source.pod, two.source.pod);
	assert_ptr_equal(one.source.namespace, one.destination.namespace);
	event_free(&one);
	assert_string_equal(two.policies[0].policy, "db");
	event_free(&two);
	assert_int_equal(interned_count(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packets_record_has_every_field),
		cmocka_unit_test(a_record_of_nothing_known_has_every_field_too),
		cmocka_unit_test(the_agents_own_have_what_they_say),
		cmocka_unit_test(words_of_protocols_and_flags),
		cmocka_unit_test(an_ipv6_address_with_a_port_is_in_brackets),
		cmocka_unit_test(every_type_has_a_name_of_its_own_and_is_found_by_it),
		cmocka_unit_test(text_is_kept_once_and_no_longer_than_needed),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
