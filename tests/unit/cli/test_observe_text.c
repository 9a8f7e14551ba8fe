// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/observe_text.h"

#define WEB                                                                                                     \
	"\"source\":{\"address\":\"10.0.0.1\",\"port\":40000,\"namespace\":\"shop\",\"pod\":\"web-5dd57-abc\"," \
	"\"workload\":\"web\",\"identity\":70,\"labels\":null}"
#define DB                                                                                                 \
	"\"destination\":{\"address\":\"10.0.0.2\",\"port\":5432,\"namespace\":\"shop\",\"pod\":\"db-0\"," \
	"\"workload\":\"db\",\"identity\":71,\"labels\":null}"
#define WORLD                                                                                     \
	"\"source\":{\"address\":\"2001:db8::1\",\"port\":40000,\"namespace\":null,\"pod\":null," \
	"\"workload\":null,\"identity\":null,\"labels\":null}"
#define ADDRESS                                                                                 \
	"\"destination\":{\"address\":\"fd00::2\",\"port\":53,\"namespace\":null,\"pod\":null," \
	"\"workload\":null,\"identity\":null,\"labels\":null}"
#define DB_POLICY "{\"kind\":\"NetworkPolicy\",\"namespace\":\"shop\",\"policy\":\"db\",\"rule\":null}"

static json_t *packet(const char *type, const char *verdict, const char *ends, const char *rest)
{
	_cleanup_free_ char *text = xasprintf(
		"{\"time\":\"2026-01-02T03:04:05.678901Z\",\"type\":\"%s\",\"severity\":\"warning\",\"message\":\"m\","
		"\"verdict\":\"%s\",\"direction\":\"ingress\",\"endpoint\":\"shop/db-0\",\"interface\":\"veth-db\","
		"\"flags\":\"SYN\",\"icmpType\":null,\"bytes\":74,\"revision\":3,%s,%s}",
		type, verdict, ends, rest);
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

static json_t *own(const char *severity, const char *message)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "time", "2026-01-02T03:04:05.678901Z", "type", "shield-up", "severity",
			 severity, "message", message);
}

/* Takes the event over. */
static void assert_prints(const struct event_printer *as, json_t *event, const char *expected)
{
	struct event_printer printer = *as;
	_cleanup_free_ char *text = NULL;
	size_t size;

	printer.out = open_memstream(&text, &size);
	event_print(&printer, event);
	fclose(printer.out);
	json_decref(event);
	assert_string_equal(text, expected);
}

#define REST(protocol, repeats, policies, limit)                                                                      \
	"\"protocol\":\"" protocol "\",\"reason\":\"policy-default\",\"repeats\":" repeats ",\"policies\":[" policies \
	"],\"limit\":" limit

static const struct event_printer narrow = { .width = 80, .day = 2 }, piped = { .day = 2 };

static void a_row_says_who_was_denied_what_and_why(void **state)
{
	assert_prints(&narrow, packet("denied", "drop", WEB "," DB, REST("TCP", "0", DB_POLICY, "null")),
		      "03:04:05 drop    shop/web -> shop/db:5432             policy-default shop/db\n");
	assert_prints(&narrow, packet("denied", "reject", WEB "," DB, REST("TCP", "1519", "", "null")),
		      "03:04:05 reject  shop/web -> shop/db:5432             policy-default x1,520\n");
	assert_prints(&narrow, packet("opened", "pass", WORLD "," ADDRESS, REST("UDP", "0", "", "null")),
		      "03:04:05 open    2001:db8::1 -> [fd00::2]:53/UDP      policy-default\n");
	assert_prints(&narrow, packet("audited", "pass", WEB "," DB, REST("SCTP", "0", "", "null")),
		      "03:04:05 audit   shop/web -> shop/db:5432/SCTP        policy-default\n");
}

static void what_does_not_fit_goes_on_the_next_line(void **state)
{
	json_t *event = packet("denied", "drop", WEB "," DB, REST("TCP", "0", DB_POLICY, "\"100 packetsPerSecond\""));

	assert_prints(&narrow, json_incref(event),
		      "03:04:05 drop    shop/web -> shop/db:5432\n"
		      "                   policy-default shop/db, 100 packetsPerSecond\n");
	assert_prints(&piped, event,
		      "03:04:05 drop    shop/web -> shop/db:5432             policy-default shop/db, 100 "
		      "packetsPerSecond\n");
}

static void the_agents_events_are_a_sentence(void **state)
{
	assert_prints(&narrow, own("info", "calm again"), "03:04:05 note    calm again\n");
	assert_prints(&narrow, own("warning", "so many packets of this sender are denied that they are dropped"),
		      "03:04:05 warn    so many packets of this sender are denied that they are\n"
		      "                   dropped\n");
}

static void another_day_begins_on_a_line_of_its_own(void **state)
{
	const struct event_printer printer = { .width = 80, .day = 1 };

	assert_prints(&printer, own("info", "calm again"), "2026-01-02\n03:04:05 note    calm again\n");
}

static void a_compact_line_has_the_whole_time_and_the_message(void **state)
{
	const struct event_printer printer = { .format = OUTPUT_COMPACT, .color = true };

	assert_prints(&printer, packet("denied", "drop", WEB "," DB, REST("TCP", "0", "", "null")),
		      "2026-01-02T03:04:05.678901Z \033[31mdenied\033[0m m\n");
}

static void wide_has_pods_addresses_and_whatever_else_is_known(void **state)
{
	const struct event_printer printer = { .format = OUTPUT_WIDE };

	assert_prints(&printer, packet("denied", "drop", WEB "," DB, REST("TCP", "0", DB_POLICY, "null")),
		      "2026-01-02T03:04:05.678901Z drop    ingress veth-db      shop/web-5dd57-abc (10.0.0.1:40000)  "
		      "shop/db-0 (10.0.0.2:5432)            TCP   SYN         74 B x1    revision 3 policy-default "
		      "NetworkPolicy shop/db\n");
}

static int in_utc(void **state)
{
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_says_who_was_denied_what_and_why),
		cmocka_unit_test(what_does_not_fit_goes_on_the_next_line),
		cmocka_unit_test(the_agents_events_are_a_sentence),
		cmocka_unit_test(another_day_begins_on_a_line_of_its_own),
		cmocka_unit_test(a_compact_line_has_the_whole_time_and_the_message),
		cmocka_unit_test(wide_has_pods_addresses_and_whatever_else_is_known),
	};

	return cmocka_run_group_tests_name("observe text", tests, in_utc, NULL);
}
