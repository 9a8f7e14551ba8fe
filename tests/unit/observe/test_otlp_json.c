// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "events_fixture.h"
#include "observe/otlp_json.h"

static const struct otlp_resource resource = { "1.2.3", "host-a", "node-1" };

static char *request_of(struct event *event)
{
	json_t *request = otlp_request(&resource);
	char *text;

	otlp_add(request, event, 1767323046000000000ull);
	assert_int_equal(otlp_n_records(request), 1);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	event_free(event);
	return text;
}

static void a_request_says_who_sends_it(void **state)
{
	json_t *request = otlp_request(&resource);
	_cleanup_free_ char *text = json_dumps(request, JSON_COMPACT);

	json_decref(request);
	assert_string_equal(
		text, "{\"resourceLogs\":[{\"resource\":{\"attributes\":["
		      "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"weir\"}},"
		      "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"1.2.3\"}},"
		      "{\"key\":\"host.name\",\"value\":{\"stringValue\":\"host-a\"}},"
		      "{\"key\":\"k8s.node.name\",\"value\":{\"stringValue\":\"node-1\"}}]},"
		      "\"scopeLogs\":[{\"scope\":{\"name\":\"weir\",\"version\":\"1.2.3\"},\"logRecords\":[]}]}]}");
}

static void the_agents_events_are_records(void **state)
{
	struct event event = event_make(EVENT_MAP_FULL, "full");
	_cleanup_free_ char *text = NULL;

	event.time = 1767323045678901234ull;
	event.subject = interned("openings4");
	event.count = 65536;
	text = request_of(&event);
	assert_non_null(strstr(text, "\"logRecords\":[{\"timeUnixNano\":\"1767323045678901234\","
				     "\"observedTimeUnixNano\":\"1767323046000000000\",\"severityNumber\":13,"
				     "\"severityText\":\"warning\",\"body\":{\"stringValue\":\"full\"},\"attributes\":["
				     "{\"key\":\"type\",\"value\":{\"stringValue\":\"map-full\"}},"
				     "{\"key\":\"subject\",\"value\":{\"stringValue\":\"openings4\"}},"
				     "{\"key\":\"count\",\"value\":{\"intValue\":\"65536\"}}]}]"));
}

static void a_packets_ends_are_attributes_of_their_own(void **state)
{
	static const char *const parts[] = {
		"{\"key\":\"verdict\",\"value\":{\"stringValue\":\"drop\"}}",
		"{\"key\":\"source.address\",\"value\":{\"stringValue\":\"10.0.0.1\"}}",
		"{\"key\":\"source.port\",\"value\":{\"intValue\":\"40000\"}}",
		"{\"key\":\"source.labels.app\",\"value\":{\"stringValue\":\"web\"}}",
		"{\"key\":\"destination.pod\",\"value\":{\"stringValue\":\"db\"}}",
		"{\"key\":\"policies\",\"value\":{\"arrayValue\":{\"values\":[{\"kvlistValue\":{\"values\":["
		"{\"key\":\"kind\",\"value\":{\"stringValue\":\"NetworkPolicy\"}},"
		"{\"key\":\"namespace\",\"value\":{\"stringValue\":\"shop\"}},"
		"{\"key\":\"policy\",\"value\":{\"stringValue\":\"db\"}}]}}]}}}",
		"{\"key\":\"revision\",\"value\":{\"intValue\":\"3\"}}",
	};
	struct event event = denied_event();
	_cleanup_free_ char *text = request_of(&event);

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!strstr(text, parts[i]))
			fail_msg("%s is not in %s", parts[i], text);
	}
	assert_null(strstr(text, "icmpType")); /* it does not apply */
	assert_null(strstr(text, "\"key\":\"message\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_says_who_sends_it),
		cmocka_unit_test(the_agents_events_are_records),
		cmocka_unit_test(a_packets_ends_are_attributes_of_their_own),
	};

	return cmocka_run_group_tests_name("otlp json", tests, NULL, NULL);
}
