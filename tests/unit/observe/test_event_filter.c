// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "events_fixture.h"
#include "observe/event_filter.h"

#define NOW 1767323105678901234ull /* a minute after the fixture's event */

static bool matches(const struct event_filter_words *words, const struct event *event)
{
	struct event_filter filter = {};
	struct error error = {};
	bool result;

	assert_int_equal(event_filter_parse(words, NOW, &filter, &error), 0);
	result = event_filter_matches(&filter, event);
	event_filter_free(&filter);
	return result;
}

static void a_denied_packet_is_found_by_what_is_true_of_it(void **state)
{
	static const struct {
		struct event_filter_words words;
		bool matches;
	} cases[] = {
		{ {}, true },
		{ { .since = "61s" }, true },
		{ { .since = "59s" }, false },
		{ { .since = "2026-01-02T03:04:05Z" }, true },
		{ { .since = "2026-01-02T03:04:06Z" }, false },
		{ { .type = "denied" }, true },
		{ { .type = "opened,DENIED" }, true },
		{ { .type = "opened,policy-applied" }, false },
		{ { .verdict = "drop" }, true },
		{ { .verdict = "pass" }, false },
		{ { .verdict = "reject" }, false },
		{ { .reason = "policy-default" }, true },
		{ { .reason = "limit,policy-default" }, true },
		{ { .reason = "policy-deny" }, false },
		{ { .namespace = "shop" }, true },
		{ { .namespace = "sho" }, false },
		{ { .pod = "shop/db" }, true },
		{ { .pod = "shop/web" }, true },
		{ { .pod = "ops/web" }, false },
		{ { .from = "shop/web" }, true },
		{ { .from = "web" }, true },
		{ { .from = "shop/db" }, false },
		{ { .from = "10.0.0.1" }, true },
		{ { .from = "10.0.0.0/31" }, true },
		{ { .from = "10.0.0.2" }, false },
		{ { .from = "::/0" }, false },
		{ { .to = "shop/db" }, true },
		{ { .to = "10.0.0.2" }, true },
		{ { .to = "10.0.0.1" }, false },
		{ { .from = "web", .to = "db" }, true },
		{ { .from = "db", .to = "web" }, false },
		{ { .label = "app=db" }, true },
		{ { .label = "app=web" }, true },
		{ { .label = "app=d" }, false },
		{ { .label = "app=dbx" }, false },
		{ { .label = "ap=db" }, false },
		{ { .label = "app=db,tier=data" }, false },
		{ { .port = "5432" }, true },
		{ { .port = "40000" }, true },
		{ { .port = "80" }, false },
		{ { .protocol = "tcp" }, true },
		{ { .protocol = "6" }, true },
		{ { .protocol = "UDP" }, false },
		{ { .namespace = "shop", .reason = "policy-default", .port = "80" }, false },
	};
	struct event event = denied_event();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (matches(&cases[i].words, &event) != cases[i].matches)
			fail_msg("case %zu", i);
	}
	event_free(&event);
}

static void drop_means_rejected_too_but_not_the_other_way_round(void **state)
{
	struct event event = denied_event();

	event.verdict = WEIR_VERDICT_REJECT;
	assert_true(matches(&(struct event_filter_words){ .verdict = "drop" }, &event));
	assert_true(matches(&(struct event_filter_words){ .verdict = "reject" }, &event));
	event_free(&event);
}

static void all_of_several_labels_are_one_ends(void **state)
{
	struct event event = denied_event();

	interned_unref(event.source.labels);
	event.source.labels = interned("app=web,tier=front");
	assert_true(matches(&(struct event_filter_words){ .label = "tier=front,app=web" }, &event));
	assert_false(matches(&(struct event_filter_words){ .label = "tier=front,app=db" }, &event));
	event_free(&event);
}

static void the_agents_events_are_found_by_what_they_say(void **state)
{
	struct event event = event_make(EVENT_ENDPOINT_ATTACHED, "attached");

	event.namespace = interned("shop");
	event.endpoint = interned("db");
	assert_true(matches(&(struct event_filter_words){ .namespace = "shop" }, &event));
	assert_true(matches(&(struct event_filter_words){ .pod = "shop/db" }, &event));
	assert_true(matches(&(struct event_filter_words){ .type = "endpoint-attached" }, &event));
	assert_false(matches(&(struct event_filter_words){ .verdict = "drop" }, &event));
	assert_false(matches(&(struct event_filter_words){ .protocol = "TCP" }, &event));
	assert_false(matches(&(struct event_filter_words){ .protocol = "0" }, &event));
	assert_false(matches(&(struct event_filter_words){ .reason = "policy-default" }, &event));
	assert_false(matches(&(struct event_filter_words){ .from = "0.0.0.0/0" }, &event));
	assert_false(matches(&(struct event_filter_words){ .label = "app=db" }, &event));
	event_free(&event);
}

static void icmp_is_one_word_for_both_families(void **state)
{
	struct event event = denied_event();

	event.protocol = IPPROTO_ICMPV6;
	assert_true(matches(&(struct event_filter_words){ .protocol = "ICMP" }, &event));
	event.eth_proto = ETHERTYPE_ARP;
	assert_false(matches(&(struct event_filter_words){ .protocol = "ICMP" }, &event));
	event_free(&event);
}

static void what_can_not_be_asked_is_said_with_its_parameter(void **state)
{
	static const struct {
		struct event_filter_words words;
		const char *says;
	} cases[] = {
		{ { .since = "yesterday" }, "since: \"yesterday\"" },
		{ { .type = "denid" }, "type: there is none called \"denid\"" },
		{ { .type = "denied," }, "type: there is none called \"\"" },
		{ { .verdict = "none" }, "verdict: there is none called \"none\"" },
		{ { .reason = "none" }, "reason: there is none called \"none\"" },
		{ { .pod = "db" }, "pod: \"db\" is not NAMESPACE/POD" },
		{ { .pod = "/db" }, "pod: \"/db\" is not NAMESPACE/POD" },
		{ { .from = "a/b/c" }, "from: \"a/b/c\"" },
		{ { .to = "shop/" }, "to: \"shop/\"" },
		{ { .to = "" }, "to: \"\"" },
		{ { .label = "app" }, "label: \"app\" is not KEY=VALUE" },
		{ { .label = "=db" }, "label: \"=db\" is not KEY=VALUE" },
		{ { .port = "65536" }, "port: \"65536\"" },
		{ { .port = "x" }, "port: \"x\"" },
		{ { .protocol = "TLS" }, "protocol: \"TLS\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct event_filter filter = { .port = 7 };
		struct error error = {};

		assert_int_equal(event_filter_parse(&cases[i].words, NOW, &filter, &error), -EINVAL);
		assert_int_equal(filter.port, 7);
		if (strncmp(error.text, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("\"%s\" does not begin with \"%s\"", error.text, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_denied_packet_is_found_by_what_is_true_of_it),
		cmocka_unit_test(drop_means_rejected_too_but_not_the_other_way_round),
		cmocka_unit_test(all_of_several_labels_are_one_ends),
		cmocka_unit_test(the_agents_events_are_found_by_what_they_say),
		cmocka_unit_test(icmp_is_one_word_for_both_families),
		cmocka_unit_test(what_can_not_be_asked_is_said_with_its_parameter),
	};

	return cmocka_run_group_tests_name("event filter", tests, NULL, NULL);
}
