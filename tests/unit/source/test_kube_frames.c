// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/kube_frames.h"

#define LIMIT 64

static const char *const names[] = { "metadata", "item", "type", "object", "end" };

/* What was taken, one line each. */
struct told {
	char text[1024];
	size_t length;
};

static int tell(void *data, enum kube_member member, const char *text, size_t length)
{
	struct told *told = data;

	assert_int_equal(strlen(text), length);
	if (strcmp(text, "\"stop\"") == 0)
		return -ECANCELED;
	told->length += (size_t)snprintf(told->text + told->length, sizeof(told->text) - told->length, "%s%s%s\n",
					 names[member], length ? " " : "", text);
	return 0;
}

static const struct {
	const char *name;
	const char *input;
	const char *told;
	int result;
	bool cut; /* something has not ended */
} cases[] = {
	{ "a list tells its metadata and its items one by one",
	  "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[{\"a\":1},{\"b\":[{}]}]}\n",
	  "metadata {\"resourceVersion\":\"7\"}\nitem {\"a\":1}\nitem {\"b\":[{}]}\nend\n", 0, false },
	{ "a list may be spread over lines", "{ \"items\" : [\n {\"a\": 1} ,\n {\"b\": 2}\n ]\n}",
	  "item {\"a\": 1}\nitem {\"b\": 2}\nend\n", 0, false },
	{ "an empty list has no items", "{\"items\":[],\"metadata\":{}}", "metadata {}\nend\n", 0, false },
	{ "a list of nothing has no items", "{\"items\":null,\"metadata\":{}}", "metadata {}\nend\n", 0, false },
	{ "a watch tells type and object of each event",
	  "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\"}}\n{\"type\":\"DELETED\",\"object\":{}}\n",
	  "type \"ADDED\"\nobject {\"kind\":\"Pod\"}\nend\ntype \"DELETED\"\nobject {}\nend\n", 0, false },
	{ "members inside an object are its own",
	  "{\"object\":{\"metadata\":{\"items\":[1]},\"type\":\"x\"},\"other\":{\"type\":\"y\"}}",
	  "object {\"metadata\":{\"items\":[1]},\"type\":\"x\"}\nend\n", 0, false },
	{ "brackets and quotes in strings are text", "{\"object\":{\"a\":\"}]\\\"{[\"},\"x\":\"\\\\\"}",
	  "object {\"a\":\"}]\\\"{[\"}\nend\n", 0, false },
	{ "a string that is a member's name is no member", "{\"a\":\"type\",\"type\":\"b\"}", "type \"b\"\nend\n", 0,
	  false },
	{ "a member's name in another one is another one", "{\"mytype\":\"a\",\"types\":\"b\",\"metadatametadata\":1}",
	  "end\n", 0, false },
	{ "numbers and words are told too", "{\"items\":[1,true,null],\"type\":12}",
	  "item 1\nitem true\nitem null\ntype 12\nend\n", 0, false },
	{ "what is cut off is not whole", "{\"type\":\"ADDED\",\"object\":{\"kind\":", "type \"ADDED\"\n", 0, true },
	{ "what is cut off in a string is not whole", "{\"type\":\"ADD", "", 0, true },
	{ "nothing at all is whole", " \n", "", 0, false },
	{ "text is no list", "404 page not found\n", "", -EBADMSG, false },
	{ "an array is no list", "[{}]", "", -EBADMSG, false },
	{ "brackets that close too often are refused", "{}}", "end\n", -EBADMSG, false },
	{ "an object may be as large as the limit",
	  "{\"object\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
	  "object \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\nend\n", 0, false },
	{ "and no larger", "{\"object\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "",
	  -E2BIG, true },
	{ "an error of the taker ends it", "{\"type\":\"stop\",\"object\":{}}", "", -ECANCELED, true },
};

/* In pieces of that many bytes. */
static void feed_in_pieces(size_t i, size_t piece)
{
	struct told told = {};
	struct kube_frames frames = { .take = tell, .data = &told, .limit = LIMIT };
	const size_t length = strlen(cases[i].input);
	int r = 0;

	for (size_t at = 0; at < length && r == 0; at += piece)
		r = kube_frames_feed(&frames, cases[i].input + at, at + piece < length ? piece : length - at);
	assert_int_equal(r, cases[i].result);
	assert_string_equal(told.text, cases[i].told);
	if (r == 0)
		assert_int_equal(kube_frames_are_whole(&frames), !cases[i].cut);
	kube_frames_free(&frames);
}

static void frames_are_cut_as_the_table_says(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("# %s\n", cases[i].name);
		for (size_t piece = 1; piece <= strlen(cases[i].input) + 1; piece++)
			feed_in_pieces(i, piece);
	}
}

static void a_reader_that_is_freed_begins_anew(void **state)
{
	struct told told = {};
	struct kube_frames frames = { .take = tell, .data = &told, .limit = LIMIT };

	assert_int_equal(kube_frames_feed(&frames, "{\"object\":{\"a\"", 14), 0);
	kube_frames_free(&frames);
	assert_int_equal(kube_frames_feed(&frames, "{\"type\":1}", 10), 0);
	assert_string_equal(told.text, "type 1\nend\n");
	kube_frames_free(&frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_cut_as_the_table_says),
		cmocka_unit_test(a_reader_that_is_freed_begins_anew),
	};

	return cmocka_run_group_tests_name("kube_frames", tests, NULL, NULL);
}
