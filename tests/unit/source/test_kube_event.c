// SPDX-License-Identifier: BSD-2-Clause
/* Events as they are sent to the API server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/vec.h"
#include "source/kube_event.h"

#define NOW 1767323045678901000ull /* 2026-01-02T03:04:05.678901Z */

static const struct kube_subject shop = {
	.kind = KIND_TRAFFIC_POLICY, .namespace = "shop", .name = "guard", .uid = "u1", .generation = 3
};
static const struct kube_subject wide = { .kind = KIND_CLUSTER_TRAFFIC_POLICY, .name = "guard", .uid = "u2" };

static const struct {
	const char *name;
	const struct kube_subject *subject;
	enum kube_event_version version;
	bool is_good;
	unsigned count;
	const char *method, *path, *content_type;
	const char *body; /* NAME stands for the event's name */
} rows[] = {
	{ "a refusal", &shop, KUBE_EVENTS_V1, false, 1, "POST", "/apis/events.k8s.io/v1/namespaces/shop/events",
	  "application/json",
	  "{\"apiVersion\":\"events.k8s.io/"
	  "v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"NAME\",\"namespace\":\"shop\"},"
	  "\"type\":\"Warning\",\"reason\":\"Refused\",\"action\":\"Enforcing\",\"reportingInstance\":\"n1\","
	  "\"note\":\"why\",\"regarding\":{\"apiVersion\":\"weir.dev/v1alpha1\",\"kind\":\"TrafficPolicy\","
	  "\"name\":\"guard\",\"uid\":\"u1\",\"namespace\":\"shop\"},\"reportingController\":\"weir.dev/agent\","
	  "\"eventTime\":\"2026-01-02T03:04:05.678901Z\"}" },
	{ "what belongs to no namespace", &wide, KUBE_EVENTS_V1, true, 1, "POST",
	  "/apis/events.k8s.io/v1/namespaces/default/events", "application/json",
	  "{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"NAME\","
	  "\"namespace\":\"default\"},\"type\":\"Normal\",\"reason\":\"Accepted\",\"action\":\"Enforcing\","
	  "\"reportingInstance\":\"n1\",\"note\":\"why\",\"regarding\":{\"apiVersion\":\"weir.dev/v1alpha1\","
	  "\"kind\":\"ClusterTrafficPolicy\",\"name\":\"guard\",\"uid\":\"u2\"},"
	  "\"reportingController\":\"weir.dev/agent\",\"eventTime\":\"2026-01-02T03:04:05.678901Z\"}" },
	{ "the same again", &shop, KUBE_EVENTS_V1, false, 4, "PATCH",
	  "/apis/events.k8s.io/v1/namespaces/shop/events/NAME", "application/merge-patch+json",
	  "{\"series\":{\"count\":4,\"lastObservedTime\":\"2026-01-02T03:04:05.678901Z\"}}" },
	{ "a server before 1.19", &shop, KUBE_EVENTS_CORE, false, 1, "POST", "/api/v1/namespaces/shop/events",
	  "application/json",
	  "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"NAME\",\"namespace\":\"shop\"},"
	  "\"type\":\"Warning\",\"reason\":\"Refused\",\"action\":\"Enforcing\",\"reportingInstance\":\"n1\","
	  "\"message\":\"why\",\"involvedObject\":{\"apiVersion\":\"weir.dev/v1alpha1\",\"kind\":\"TrafficPolicy\","
	  "\"name\":\"guard\",\"uid\":\"u1\",\"namespace\":\"shop\"},\"reportingComponent\":\"weir.dev/agent\","
	  "\"source\":{\"component\":\"weir\",\"host\":\"n1\"},\"count\":1,"
	  "\"firstTimestamp\":\"2026-01-02T03:04:05Z\",\"lastTimestamp\":\"2026-01-02T03:04:05Z\"}" },
	{ "and the same again there", &shop, KUBE_EVENTS_CORE, false, 2, "PATCH", "/api/v1/namespaces/shop/events/NAME",
	  "application/merge-patch+json", "{\"count\":2,\"lastTimestamp\":\"2026-01-02T03:04:05Z\"}" },
};

static struct kube_write write_of(const struct kube_subject *subject, const char *note, bool is_good)
{
	const struct kube_event event = {
		.subject = subject, .is_good = is_good, .note = note, .node = "n1", .now = NOW, .count = 1
	};
	struct kube_write write;

	kube_event_write(&event, KUBE_EVENTS_V1, &write);
	return write;
}

static char *name_of(const struct kube_subject *subject, const char *note, bool is_good)
{
	struct kube_write write = write_of(subject, note, is_good);
	char *name = xstrdup(json_string_value(json_object_get(json_object_get(write.body, "metadata"), "name")));

	kube_write_free(&write);
	return name;
}

static char *with_name(const char *text, const char *name)
{
	const char *at = strstr(text, "NAME");

	return at ? xasprintf("%.*s%s%s", (int)(at - text), text, name, at + strlen("NAME")) : xstrdup(text);
}

static void events_are_as_the_table_says(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct kube_event event = { .subject = rows[i].subject,
						  .is_good = rows[i].is_good,
						  .note = "why",
						  .node = "n1",
						  .now = NOW,
						  .count = rows[i].count };
		_cleanup_free_ char *name = name_of(rows[i].subject, "why", rows[i].is_good);
		_cleanup_free_ char *path = with_name(rows[i].path, name), *body = with_name(rows[i].body, name);
		_cleanup_free_ char *got = NULL;
		struct kube_write write;

		print_message("%s\n", rows[i].name);
		kube_event_write(&event, rows[i].version, &write);
		got = json_dumps(write.body, JSON_COMPACT);
		assert_string_equal(write.method, rows[i].method);
		assert_string_equal(write.path, path);
		assert_string_equal(write.content_type, rows[i].content_type);
		assert_string_equal(got, body);
		kube_write_free(&write);
	}
}

static void what_says_the_same_has_the_same_name_on_every_node_and_nothing_else_has(void **state)
{
	_cleanup_free_ char *name = name_of(&shop, "why", false), *same = name_of(&shop, "why", false);
	_cleanup_free_ char *other_note = name_of(&shop, "whY", false), *good = name_of(&shop, "why", true);
	const struct kube_subject reborn = { .kind = shop.kind, .namespace = "shop", .name = "guard", .uid = "u9" };
	_cleanup_free_ char *other_life = name_of(&reborn, "why", false);

	assert_string_equal(name, same);
	assert_memory_equal(name, "guard.", strlen("guard."));
	assert_string_not_equal(name, other_note);
	assert_string_not_equal(name, good);
	assert_string_not_equal(name, other_life);
}

/* The API takes 1024 bytes, and no half characters. */
static void a_long_note_is_cut_between_characters(void **state)
{
	char note[2000];
	struct kube_write write;
	const char *cut;

	memset(note, 'x', sizeof(note));
	memcpy(note + 1023, "\xc3\xa4", 2);
	note[sizeof(note) - 1] = '\0';
	write = write_of(&shop, note, false);
	cut = json_string_value(json_object_get(write.body, "note"));
	assert_non_null(cut);
	assert_int_equal(strlen(cut), 1023);
	kube_write_free(&write);
}

static void a_long_name_still_makes_a_name(void **state)
{
	char long_name[254];
	const struct kube_subject subject = { .kind = shop.kind, .namespace = "shop", .name = long_name, .uid = "u" };
	_cleanup_free_ char *name = NULL;

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[199] = '.';
	long_name[sizeof(long_name) - 1] = '\0';
	name = name_of(&subject, "why", false);
	assert_true(strlen(name) <= 253);
	assert_null(strstr(name, ".."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_as_the_table_says),
		cmocka_unit_test(what_says_the_same_has_the_same_name_on_every_node_and_nothing_else_has),
		cmocka_unit_test(a_long_note_is_cut_between_characters),
		cmocka_unit_test(a_long_name_still_makes_a_name),
	};

	return cmocka_run_group_tests_name("kube_event", tests, NULL, NULL);
}
