// SPDX-License-Identifier: BSD-2-Clause
/* Conversations with an API server as tables: what is asked, what is answered, what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "source/kube_reflector.h"

#define WATCH_SECONDS 300

#define PAGE(rest, version, items) \
	"{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"" version "\"" rest "},\"items\":[" items "]}"
#define LIST(version, items) PAGE("", version, items)
#define POD(name, version, app)                                                                      \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"shop\",\"resourceVersion\":\"" version \
	"\",\"labels\":{\"app\":\"" app "\"}}}"
#define EVENT(type, object)   "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(version)     EVENT("BOOKMARK", "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"" version "\"}}")
#define STATUS(code, message) "{\"kind\":\"Status\",\"code\":" #code ",\"message\":\"" message "\"}"
#define BROKEN_POD \
	"{\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\",\"resourceVersion\":\"9\",\"labels\":{\"app\":7}}}"

#define PODS	      "/api/v1/pods"
#define FIRST	      PODS "?limit=500"
#define FROM(version) PODS "?watch=1&allowWatchBookmarks=true&resourceVersion=" version "&timeoutSeconds=300"

struct step {
	const char *path;    /* that is asked for; NULL ends the steps */
	long status;	     /* 0: no answer */
	const char *body;    /* or NULL */
	const char *failure; /* of the connection, or NULL */
	enum kube_next next;
	const char *delta; /* taken after it: "-name +name(app)" */
	const char *fault; /* part of it; "" for none */
};

struct conversation {
	const char *name;
	struct step steps[9];
};

static const struct conversation conversations[] = {
	{ "a list is taken when it is whole, and then watched from where it ended",
	  { { FIRST, 200, LIST("5", POD("a", "1", "x") "," POD("b", "2", "y")), NULL, KUBE_NOW, "+a(x) +b(y)", "" },
	    { FROM("5"), 200, EVENT("ADDED", POD("c", "6", "z")), NULL, KUBE_NOW, "+c(z)", "" },
	    { FROM("6"), 200, "", NULL, KUBE_NOW, "", "" } } },
	{ "a list of several pages is taken after the last",
	  { { FIRST, 200, PAGE(",\"continue\":\"t+/=\"", "5", POD("a", "1", "x")), NULL, KUBE_NOW, "", "" },
	    { FIRST "&continue=t%2B%2F%3D", 200, LIST("5", POD("b", "2", "y")), NULL, KUBE_NOW, "+a(x) +b(y)", "" },
	    { FROM("5"), 200, "", NULL, KUBE_NOW, "", "" } } },
	{ "a page that fails is asked for again",
	  { { FIRST, 200, PAGE(",\"continue\":\"t\"", "5", POD("a", "1", "x")), NULL, KUBE_NOW, "", "" },
	    { FIRST "&continue=t", 0, NULL, "connection refused", KUBE_LATER, "", "" },
	    { FIRST "&continue=t", 0, NULL, "connection refused", KUBE_LATER, "", "connection refused" },
	    { FIRST "&continue=t", 200, LIST("5", POD("b", "2", "y")), NULL, KUBE_NOW, "+a(x) +b(y)", "" } } },
	{ "pages that have grown too old are asked for in one piece",
	  { { FIRST, 200, PAGE(",\"continue\":\"t\"", "5", POD("a", "1", "x")), NULL, KUBE_NOW, "", "" },
	    { FIRST "&continue=t", 410, STATUS(410, "expired"), NULL, KUBE_LATER, "", "" },
	    { PODS, 200, LIST("9", POD("b", "2", "y")), NULL, KUBE_NOW, "+b(y)", "" },
	    { FROM("9"), 200, "", NULL, KUBE_NOW, "", "" } } },
	{ "what a list has no more is gone, what it has otherwise has changed, and the rest stays",
	  { { FIRST, 200, LIST("5", POD("a", "1", "x") "," POD("b", "2", "y") "," POD("c", "3", "z")), NULL, KUBE_NOW,
	      "+a(x) +b(y) +c(z)", "" },
	    { FROM("5"), 200, EVENT("ERROR", STATUS(410, "too old")), NULL, KUBE_LATER, "", "" },
	    { FIRST, 200, LIST("9", POD("b", "7", "q") "," POD("c", "8", "z")), NULL, KUBE_NOW, "-a -b +b(q)", "" },
	    { FROM("9"), 200, "", NULL, KUBE_NOW, "", "" } } },
	{ "a watch that the server will not begin is one that is too old",
	  { { FIRST, 200, LIST("5", POD("a", "1", "x")), NULL, KUBE_NOW, "+a(x)", "" },
	    { FROM("5"), 410, STATUS(410, "gone"), NULL, KUBE_LATER, "", "" },
	    { FIRST, 200, LIST("6", POD("a", "1", "x")), NULL, KUBE_NOW, "", "" } } },
	{ "what is changed and deleted before anybody looks leaves nothing",
	  { { FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "" },
	    { FROM("5"), 200,
	      EVENT("ADDED", POD("a", "6", "x")) EVENT("MODIFIED", POD("a", "7", "y"))
		      EVENT("DELETED", POD("a", "8", "y")) EVENT("ADDED", POD("b", "9", "x")),
	      NULL, KUBE_NOW, "+b(x)", "" },
	    { FROM("9"), 200, "", NULL, KUBE_NOW, "", "" } } },
	{ "a change that means nothing is none, and is not asked for again",
	  { { FIRST, 200, LIST("5", POD("a", "1", "x")), NULL, KUBE_NOW, "+a(x)", "" },
	    { FROM("5"), 200, EVENT("MODIFIED", POD("a", "6", "x")), NULL, KUBE_NOW, "", "" },
	    { FROM("6"), 200, "", NULL, KUBE_NOW, "", "" } } },
	{ "a bookmark moves the place to go on from",
	  { { FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "" },
	    { FROM("5"), 200, BOOKMARK("77"), "connection reset", KUBE_LATER, "", "" },
	    { FROM("77"), 200, "", NULL, KUBE_NOW, "", "" } } },
	{ "half an event is asked for again",
	  { { FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "" },
	    { FROM("5"), 200, EVENT("ADDED", POD("a", "6", "x")) "{\"type\":\"ADDED\",\"object\":{\"meta",
	      "connection reset", KUBE_LATER, "+a(x)", "" },
	    { FROM("6"), 200, EVENT("ADDED", POD("b", "7", "y")), NULL, KUBE_NOW, "+b(y)", "" } } },
	{ "half a list is no list",
	  { { FIRST, 200,
	      "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[" POD("a", "1", "x"), NULL,
	      KUBE_LATER, "", "" },
	    { FIRST, 200, LIST("5", POD("b", "2", "y")), NULL, KUBE_NOW, "+b(y)", "" } } },
	{ "an object that can't be read keeps its last good version",
	  { { FIRST, 200, LIST("5", POD("a", "1", "x")), NULL, KUBE_NOW, "+a(x)", "" },
	    { FROM("5"), 200, EVENT("MODIFIED", BROKEN_POD), NULL, KUBE_NOW, "", "" },
	    { FROM("9"), 200, EVENT("MODIFIED", POD("a", "10", "y")), NULL, KUBE_NOW, "-a +a(y)", "" } } },
	{ "what every server has is not believed to be gone",
	  { { FIRST, 404, "404 page not found\n", NULL, KUBE_LATER, "", "" },
	    { FIRST, 200, LIST("5", POD("a", "1", "x")), NULL, KUBE_NOW, "+a(x)", "" },
	    { FROM("5"), 404, STATUS(404, "not found"), NULL, KUBE_LATER, "", "" },
	    { FIRST, 404, STATUS(404, "not found"), NULL, KUBE_LATER, "", "answers 404: not found" },
	    { FIRST, 200, LIST("6", ""), NULL, KUBE_NOW, "-a", "answers 404: not found" },
	    { FROM("6"), 200, "", NULL, KUBE_NOW, "", "" } } },
	{ "a watch that is refused again and again is said to be, though each list in between is well",
	  { { FIRST, 200, LIST("5", POD("a", "1", "x")), NULL, KUBE_NOW, "+a(x)", "" },
	    { FROM("5"), 404, STATUS(404, "not found"), NULL, KUBE_LATER, "", "" },
	    { FIRST, 200, LIST("5", POD("a", "1", "x")), NULL, KUBE_NOW, "", "" },
	    { FROM("5"), 404, STATUS(404, "not found"), NULL, KUBE_LATER, "", "answers 404: not found" },
	    { FIRST, 200, LIST("5", POD("a", "1", "x")), NULL, KUBE_NOW, "", "answers 404: not found" },
	    { FROM("5"), 200, EVENT("ADDED", POD("b", "6", "y")), NULL, KUBE_NOW, "+b(y)", "" } } },
	{ "so is one whose place is always too old",
	  { { FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "" },
	    { FROM("5"), 410, STATUS(410, "gone"), NULL, KUBE_LATER, "", "" },
	    { FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "" },
	    { FROM("5"), 200, EVENT("ERROR", STATUS(410, "too old")), NULL, KUBE_LATER, "", "answers 410: too old" },
	    { FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "answers 410: too old" },
	    { FROM("5"), 200, BOOKMARK("6"), NULL, KUBE_NOW, "", "" } } },
	{ "pages of a server that the next one doesn't know are asked for in one piece",
	  { { FIRST, 200, PAGE(",\"continue\":\"t\"", "5", POD("a", "1", "x")), NULL, KUBE_NOW, "", "" },
	    { FIRST "&continue=t", 400, STATUS(400, "continue key is not valid"), NULL, KUBE_LATER, "", "" },
	    { PODS, 200, LIST("9", POD("b", "2", "y")), NULL, KUBE_NOW, "+b(y)", "" } } },
	{ "a server that forbids it is said to",
	  { { FIRST, 403, STATUS(403, "pods is forbidden"), NULL, KUBE_LATER, "", "" },
	    { FIRST, 403, STATUS(403, "pods is forbidden"), NULL, KUBE_LATER, "", "answers 403: pods is forbidden" },
	    { FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "" } } },
	{ "what is no list is said to be none",
	  { { FIRST, 200, "<html>", NULL, KUBE_LATER, "", "" },
	    { FIRST, 200, "[]", NULL, KUBE_LATER, "", "not what was asked for" },
	    { FIRST, 200, "{}", NULL, KUBE_LATER, "", "cut off" } } },
	{ "an event of no known type is not taken",
	  { { FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "" },
	    { FROM("5"), 200, EVENT("SWAPPED", POD("a", "6", "x")), "write error", KUBE_LATER, "", "" },
	    { FROM("5"), 200, EVENT("SWAPPED", POD("a", "6", "x")), "write error", KUBE_LATER, "", "unknown type" } } },
};

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "-gone +come(app)", sorted; takes it. */
static void format_delta(struct kube_reflector *reflector, char text[static 256])
{
	struct objects_delta delta = {};
	struct objects old = {};
	char words[8][32];
	const char *sorted[8];
	size_t n = 0;

	kube_mirror_take(&reflector->mirror, &delta, &old);
	vec_for_each (object, &delta.gone)
		snprintf(words[n++], sizeof(words[0]), "-%s", (*object)->name);
	vec_for_each (object, &delta.come)
		snprintf(words[n++], sizeof(words[0]), "+%s(%s)", (*object)->name,
			 labels_get(&(*object)->labels, "app"));
	for (size_t i = 0; i < n; i++)
		sorted[i] = words[i];
	qsort(sorted, n, sizeof(sorted[0]), compare_words);
	text[0] = '\0';
	/* What is gone first, as in the tables. */
	for (int sign = 0; sign < 2; sign++) {
		for (size_t i = 0; i < n; i++) {
			if (sorted[i][0] == (sign ? '+' : '-'))
				snprintf(text + strlen(text), 256 - strlen(text), "%s%s", *text ? " " : "", sorted[i]);
		}
	}
	vec_free(&delta.gone);
	vec_free(&delta.come);
	objects_free(&old);
}

static void hold(struct kube_reflector *reflector, const struct step *step)
{
	_cleanup_free_ char *path = kube_reflector_ask(reflector, WATCH_SECONDS);
	char delta[256];
	int r = 0;

	assert_string_equal(path, step->path);
	kube_reflector_answered(reflector, step->status);
	if (step->body)
		r = kube_reflector_feed(reflector, step->status, step->body, strlen(step->body));
	assert_int_equal(kube_reflector_end(reflector, step->status, r < 0 ? "write error" : step->failure),
			 step->next);
	/* What a list holds so far counts only when all of it is there. */
	format_delta(reflector, delta);
	assert_string_equal(delta, step->delta);
	if (*step->fault)
		assert_non_null(strstr(reflector->fault.text, step->fault));
	else
		assert_string_equal(reflector->fault.text, "");
}

static void conversations_go_as_the_tables_say(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(conversations); i++) {
		struct kube_reflector reflector;

		print_message("# %s\n", conversations[i].name);
		kube_reflector_init(&reflector, KIND_POD);
		for (const struct step *step = conversations[i].steps; step->path; step++)
			hold(&reflector, step);
		kube_reflector_free(&reflector);
	}
}

static void an_object_that_cannot_be_read_is_named(void **state)
{
	struct kube_reflector reflector;
	struct kube_entry *entry;

	kube_reflector_init(&reflector, KIND_POD);
	hold(&reflector, &(struct step){ FIRST, 200, LIST("5", BROKEN_POD), NULL, KUBE_NOW, "", "" });
	entry = reflector.mirror.entries;
	assert_non_null(entry);
	assert_null(entry->object);
	assert_non_null(strstr(entry->fault, "Pod shop/a: metadata.labels"));
	kube_reflector_free(&reflector);
}

static void a_kind_that_is_served_in_an_older_version_only_is_read_in_that(void **state)
{
	static const char slice[] = "{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1beta1\","
				    "\"metadata\":{\"name\":\"s\",\"namespace\":\"shop\"},\"addressType\":\"IPv4\","
				    "\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]}],\"ports\":[]}";
	struct kube_reflector reflector;
	_cleanup_free_ char *v1 = NULL, *old = NULL, *text = NULL;

	kube_reflector_init(&reflector, KIND_ENDPOINT_SLICE);
	v1 = kube_reflector_ask(&reflector, WATCH_SECONDS);
	assert_string_equal(v1, "/apis/discovery.k8s.io/v1/endpointslices?limit=500");
	assert_int_equal(kube_reflector_end(&reflector, 404, NULL), KUBE_NOW);
	old = kube_reflector_ask(&reflector, WATCH_SECONDS);
	assert_string_equal(old, "/apis/discovery.k8s.io/v1beta1/endpointslices?limit=500");
	assert_true(asprintf(&text, "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[%s]}", slice) > 0);
	assert_int_equal(kube_reflector_feed(&reflector, 200, text, strlen(text)), 0);
	assert_int_equal(kube_reflector_end(&reflector, 200, NULL), KUBE_NOW);
	assert_non_null(reflector.mirror.entries);
	assert_int_equal(reflector.mirror.entries->object->slice.ready.n, 1);
	kube_reflector_free(&reflector);
}

static void expect_list(struct kube_reflector *reflector, long status, const char *body, enum kube_next next)
{
	_cleanup_free_ char *path = kube_reflector_ask(reflector, WATCH_SECONDS);

	assert_non_null(strstr(path, "/apis/weir.dev/v1alpha1/trafficpolicies?limit="));
	assert_int_equal(kube_reflector_feed(reflector, status, body, strlen(body)), 0);
	assert_int_equal(kube_reflector_end(reflector, status, NULL), next);
	assert_string_equal(reflector->fault.text, "");
}

static void a_kind_that_is_installed_is_gone_when_it_is_said_twice(void **state)
{
	static const char policy[] =
		"{\"metadata\":{\"name\":\"p\",\"namespace\":\"shop\"},\"spec\":{\"podSelector\":{}}}";
	_cleanup_free_ char *list = NULL, *watch = NULL;
	struct kube_reflector reflector;

	assert_true(asprintf(&list, "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[%s]}", policy) > 0);
	kube_reflector_init(&reflector, KIND_TRAFFIC_POLICY);
	expect_list(&reflector, 404, "404 page not found\n", KUBE_RARELY);
	assert_true(reflector.synced && reflector.absent);
	expect_list(&reflector, 200, list, KUBE_NOW);
	assert_non_null(reflector.mirror.entries);
	watch = kube_reflector_ask(&reflector, WATCH_SECONDS);
	assert_int_equal(kube_reflector_end(&reflector, 404, NULL), KUBE_RARELY);
	assert_non_null(reflector.mirror.entries);
	expect_list(&reflector, 404, "404 page not found\n", KUBE_RARELY);
	assert_null(reflector.mirror.entries);
	expect_list(&reflector, 404, "404 page not found\n", KUBE_RARELY);
	assert_true(reflector.synced && reflector.absent);
	kube_reflector_free(&reflector);
}

static void pauses_grow_while_only_the_watch_is_refused(void **state)
{
	struct kube_reflector reflector;

	kube_reflector_init(&reflector, KIND_POD);
	hold(&reflector, &(struct step){ FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "" });
	for (unsigned i = 1; i < 9; i++) {
		const char *fault = i < 2 ? "" : "answers 404";

		hold(&reflector, &(struct step){ FROM("5"), 404, STATUS(404, "no"), NULL, KUBE_LATER, "", fault });
		assert_int_equal(reflector.failures, i);
		hold(&reflector, &(struct step){ FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", fault });
	}
	hold(&reflector, &(struct step){ FROM("5"), 200, BOOKMARK("6"), NULL, KUBE_NOW, "", "" });
	assert_int_equal(reflector.failures, 0);
	kube_reflector_free(&reflector);
}

static void a_fault_is_over_when_a_watch_begins(void **state)
{
	struct kube_reflector reflector;
	_cleanup_free_ char *path = NULL;

	kube_reflector_init(&reflector, KIND_POD);
	hold(&reflector, &(struct step){ FIRST, 200, LIST("5", ""), NULL, KUBE_NOW, "", "" });
	hold(&reflector, &(struct step){ FROM("5"), 0, NULL, "connection refused", KUBE_LATER, "", "" });
	hold(&reflector, &(struct step){ FROM("5"), 0, NULL, "connection refused", KUBE_LATER, "", "refused" });
	path = kube_reflector_ask(&reflector, WATCH_SECONDS);
	assert_false(kube_reflector_answered(&reflector, 503));
	assert_true(reflector.is_unreachable);
	assert_true(reflector.away_since > 0);
	assert_true(kube_reflector_answered(&reflector, 200));
	assert_string_equal(reflector.fault.text, "");
	assert_false(reflector.is_unreachable);
	assert_int_equal(reflector.away_since, 0);
	assert_false(kube_reflector_answered(&reflector, 200));
	kube_reflector_free(&reflector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conversations_go_as_the_tables_say),
		cmocka_unit_test(an_object_that_cannot_be_read_is_named),
		cmocka_unit_test(a_kind_that_is_served_in_an_older_version_only_is_read_in_that),
		cmocka_unit_test(a_kind_that_is_installed_is_gone_when_it_is_said_twice),
		cmocka_unit_test(pauses_grow_while_only_the_watch_is_refused),
		cmocka_unit_test(a_fault_is_over_when_a_watch_begins),
	};

	return cmocka_run_group_tests_name("kube_reflector", tests, NULL, NULL);
}
