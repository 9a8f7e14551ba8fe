// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/event_stream.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define SECOND 1000000000ull

static void add(struct events *events, enum event_type type, uint32_t bytes)
{
	struct event event = { .type = type, .time = SECOND, .bytes = bytes, .count = bytes };

	events_add(events, &event);
}

/* What a stream gives until it ends or waits, in pieces of a few bytes. */
static char *read_all(const struct http_stream *stream, ssize_t *ret_end)
{
	char *text = xstrdup(""), piece[7];
	ssize_t n;

	while ((n = stream->read(stream->data, piece, sizeof(piece))) > 0) {
		_cleanup_free_ char *before = text;

		text = xasprintf("%s%.*s", before, (int)n, piece);
	}
	*ret_end = n;
	return text;
}

static void assert_reads(const struct http_stream *stream, ssize_t ends, const char *const *parts)
{
	ssize_t end;
	_cleanup_free_ char *text = read_all(stream, &end);
	char *rest = text, *line;

	assert_int_equal(end, ends);
	for (; *parts; parts++) {
		line = strsep(&rest, "\n");
		assert_non_null(line);
		if (!strstr(line, *parts))
			fail_msg("%s is not in %s", *parts, line);
	}
	assert_string_equal(rest, "");
}

static struct http_stream opened(struct events *events, bool follow, int last, const char *type)
{
	const struct event_stream_options options = { follow, last >= 0, (uint32_t)last };
	const struct event_filter_words words = { .type = type };
	struct event_filter filter = {};
	struct http_stream stream;

	assert_int_equal(event_filter_parse(&words, SECOND, &filter, NULL), 0);
	assert_int_equal(event_stream_open(events, &filter, &options, &stream), 0);
	return stream;
}

static void what_is_kept_is_read_to_its_end(void **state)
{
	struct http_stream stream;
	struct events events;

	events_init(&events, 16, EVENT_LOG_OFF);
	add(&events, EVENT_DENIED, 1);
	add(&events, EVENT_OPENED, 2);
	stream = opened(&events, false, -1, NULL);
	add(&events, EVENT_DENIED, 3); /* came after the question */
	assert_reads(&stream, 0, (const char *const[]){ "\"bytes\":1", "\"bytes\":2", NULL });
	stream.free(stream.data);
	events_free(&events);
}

static void the_last_are_counted_after_the_filter(void **state)
{
	struct http_stream stream;
	struct events events;

	events_init(&events, 16, EVENT_LOG_OFF);
	for (uint32_t i = 0; i < 10; i++)
		add(&events, i % 2 ? EVENT_DENIED : EVENT_OPENED, i);
	stream = opened(&events, false, 2, "denied");
	assert_reads(&stream, 0, (const char *const[]){ "\"bytes\":7", "\"bytes\":9", NULL });
	stream.free(stream.data);
	stream = opened(&events, false, 0, NULL);
	assert_int_equal(stream.read(stream.data, (char[1]){}, 1), 0);
	stream.free(stream.data);
	events_free(&events);
}

static void a_follower_waits_for_more(void **state)
{
	struct http_stream stream;
	struct events events;

	events_init(&events, 16, EVENT_LOG_OFF);
	add(&events, EVENT_DENIED, 1);
	stream = opened(&events, true, 0, "denied");
	assert_true(stream.waits);
	assert_int_equal(events.followers, 1);
	assert_int_equal(stream.read(stream.data, (char[1]){}, 1), -EAGAIN);
	add(&events, EVENT_OPENED, 2);
	assert_int_equal(stream.read(stream.data, (char[1]){}, 1), -EAGAIN);
	add(&events, EVENT_DENIED, 3);
	assert_reads(&stream, -EAGAIN, (const char *const[]){ "\"bytes\":3", NULL });
	stream.free(stream.data);
	assert_int_equal(events.followers, 0);
	events_free(&events);
}

static void a_slow_follower_is_told_what_it_lost(void **state)
{
	struct http_stream stream;
	struct events events;

	events_init(&events, 16, EVENT_LOG_OFF);
	stream = opened(&events, true, 0, NULL);
	for (uint32_t i = 0; i < 18; i++)
		add(&events, EVENT_OPENED, i);
	assert_reads(&stream, -EAGAIN,
		     (const char *const[]){ "\"events-lost\"", "\"bytes\":2,", "\"bytes\":3,", "\"bytes\":4,",
					    "\"bytes\":5,", "\"bytes\":6,", "\"bytes\":7,", "\"bytes\":8,",
					    "\"bytes\":9,", "\"bytes\":10,", "\"bytes\":11,", "\"bytes\":12,",
					    "\"bytes\":13,", "\"bytes\":14,", "\"bytes\":15,", "\"bytes\":16,",
					    "\"bytes\":17,", NULL });
	stream.free(stream.data);
	events_free(&events);
}

static void no_more_than_so_many_follow(void **state)
{
	struct http_stream streams[EVENT_FOLLOWERS_MAX], stream;
	struct event_filter filter = {};
	struct events events;

	events_init(&events, 16, EVENT_LOG_OFF);
	for (size_t i = 0; i < EVENT_FOLLOWERS_MAX; i++)
		streams[i] = opened(&events, true, 0, NULL);
	assert_int_equal(event_stream_open(&events, &filter, &(struct event_stream_options){ .follow = true }, &stream),
			 -EUSERS);
	stream = opened(&events, false, 0, NULL); /* whoever only asks for what is kept may */
	stream.free(stream.data);
	for (size_t i = 0; i < EVENT_FOLLOWERS_MAX; i++)
		streams[i].free(streams[i].data);
	events_free(&events);
}

static void no_more_than_a_hundred_packets_a_second_are_logged(void **state)
{
	struct event event = { .type = EVENT_DENIED, .time = 5 * SECOND };
	struct event_log log = { .choice = EVENT_LOG_DENIED };
	uint64_t withheld;

	for (unsigned i = 0; i < EVENT_LOG_RATE; i++)
		assert_true(event_log_takes(&log, &event, &withheld));
	assert_false(event_log_takes(&log, &event, &withheld));
	assert_false(event_log_takes(&log, &event, &withheld));
	assert_true(event_log_takes(&log, &(struct event){ .type = EVENT_SHIELD_UP }, &withheld));
	event.time += SECOND;
	assert_true(event_log_takes(&log, &event, &withheld));
	assert_int_equal(withheld, 2);
	assert_true(event_log_takes(&log, &event, &withheld));
	assert_int_equal(withheld, 0);
}

static void packets_are_logged_as_is_chosen(void **state)
{
	static const struct {
		enum event_log_choice choice;
		enum event_type type;
		bool logged;
	} cases[] = {
		{ EVENT_LOG_OFF, EVENT_DENIED, false },	   { EVENT_LOG_OFF, EVENT_POLICY_APPLIED, true },
		{ EVENT_LOG_DENIED, EVENT_DENIED, true },  { EVENT_LOG_DENIED, EVENT_AUDITED, true },
		{ EVENT_LOG_DENIED, EVENT_OPENED, false }, { EVENT_LOG_ALL, EVENT_OPENED, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct event event = { .type = cases[i].type };
		struct event_log log = { .choice = cases[i].choice };
		uint64_t withheld;

		assert_int_equal(event_log_takes(&log, &event, &withheld), cases[i].logged);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept_is_read_to_its_end),
		cmocka_unit_test(the_last_are_counted_after_the_filter),
		cmocka_unit_test(a_follower_waits_for_more),
		cmocka_unit_test(a_slow_follower_is_told_what_it_lost),
		cmocka_unit_test(no_more_than_so_many_follow),
		cmocka_unit_test(no_more_than_a_hundred_packets_a_second_are_logged),
		cmocka_unit_test(packets_are_logged_as_is_chosen),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
