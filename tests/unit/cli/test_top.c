// SPDX-License-Identifier: BSD-2-Clause
/* What weir top makes of two readings, and how it writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <curses.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/top_text.h"
#include "cli/top_view.h"

#define ANSWER(uptime, items) "{\"uptimeSeconds\": " #uptime ", \"items\": [" items "], \"other\": {}}"
#define PAIR(source, destination, packets, bytes, connections, denied)                            \
	"{\"source\": \"" source "\", \"destination\": \"" destination "\", \"allowed\": "        \
	"{\"packets\": " #packets ", \"bytes\": " #bytes ", \"connections\": " #connections "}, " \
	"\"denied\": {\"packets\": " #denied ", \"bytes\": 9}}"

static void take(struct top_model *model, const char *text)
{
	json_auto_t *answer = json_loads(text, 0, NULL);

	assert_non_null(answer);
	top_model_take(model, answer);
}

/* The sources of the list in their order, "a b c". */
static void check_order(const struct top_model *model, enum top_key key, const char *filter, const char *expected)
{
	char text[128] = "";
	top_list list = { 0 };

	top_model_list(model, key, filter, &list);
	vec_for_each (pair, &list) {
		strcat(text, *text ? " " : "");
		strcat(text, (*pair)->source);
	}
	vec_free(&list);
	assert_string_equal(text, expected);
}

static const struct top_pair *only_pair(const struct top_model *model)
{
	assert_int_equal(HASH_COUNT(model->pairs), 1);
	return model->pairs;
}

static void check_rates(const struct top_pair *pair, double packets, double bytes, double connections, double drops)
{
	const double expected[TOP_KEYS] = { packets, bytes, connections, drops };

	for (int key = 0; key < TOP_KEYS; key++)
		assert_float_equal(pair->now.of[key], expected[key], 1e-9);
}

static void rates_are_the_growth_by_the_agents_clock(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };

	take(&model, ANSWER(10.0, PAIR("a", "b", 100, 5000, 7, 40)));
	check_rates(only_pair(&model), 0, 0, 0, 0);
	take(&model, ANSWER(12.0, PAIR("a", "b", 300, 9000, 8, 50)));
	check_rates(only_pair(&model), 100, 2000, 0.5, 5);
	assert_float_equal(model.seconds, 2, 1e-9);
}

static void what_is_limited_is_dropped_and_what_is_audited_passes(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };
	static const char text[] =
		ANSWER(2, "{\"source\": \"a\", \"destination\": \"b\","
			  " \"allowed\": {\"packets\": 10}, \"denied\": {\"packets\": 1},"
			  " \"limited\": {\"packets\": 2}, \"audited\": {\"packets\": 4, \"connections\": 2}}");

	take(&model, ANSWER(1, ""));
	take(&model, text);
	check_rates(only_pair(&model), 14, 0, 2, 3);
}

static void an_agent_that_began_anew_gives_no_rates(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };

	take(&model, ANSWER(100, PAIR("a", "b", 100, 0, 0, 0)));
	take(&model, ANSWER(1, PAIR("a", "b", 900, 0, 0, 0)));
	check_rates(only_pair(&model), 0, 0, 0, 0);
	assert_float_equal(top_pair_past(only_pair(&model), TOP_PACKETS, 0), -1, 1e-9);
	take(&model, ANSWER(2, PAIR("a", "b", 903, 0, 0, 0)));
	check_rates(only_pair(&model), 3, 0, 0, 0);
}

static void a_total_that_went_back_is_no_negative_rate(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };

	take(&model, ANSWER(1, PAIR("a", "b", 100, 100, 100, 100)));
	take(&model, ANSWER(2, PAIR("a", "b", 1, 1, 1, 1)));
	check_rates(only_pair(&model), 0, 0, 0, 0);
}

static void a_pair_that_is_not_told_any_more_is_forgotten(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };

	take(&model, ANSWER(1, PAIR("a", "b", 1, 1, 1, 1) "," PAIR("c", "d", 1, 1, 1, 1)));
	take(&model, ANSWER(2, PAIR("c", "d", 1, 1, 1, 1)));
	assert_string_equal(only_pair(&model)->source, "c");
}

static void what_found_no_row_of_its_own_is_a_row(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };

	take(&model, "{\"uptimeSeconds\": 1, \"items\": [], \"other\": {\"denied\": {\"packets\": 5}}}");
	assert_string_equal(only_pair(&model)->source, "(others)");
}

static void pairs_are_sorted_by_the_key_then_by_packets_and_name(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };

	take(&model,
	     ANSWER(1, PAIR("a", "x", 0, 0, 0, 0) "," PAIR("b", "x", 0, 0, 0, 0) "," PAIR("c", "x", 0, 0, 0, 0)));
	take(&model,
	     ANSWER(2, PAIR("c", "x", 1, 9, 2, 0) "," PAIR("b", "x", 3, 8, 2, 0) "," PAIR("a", "x", 1, 7, 2, 1)));
	check_order(&model, TOP_PACKETS, "", "b a c");
	check_order(&model, TOP_BYTES, "", "c b a");
	check_order(&model, TOP_CONNECTIONS, "", "b a c");
	check_order(&model, TOP_DROPS, "", "a b c");
}

static void the_filter_finds_either_end_in_any_case(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };

	take(&model, ANSWER(1, PAIR("shop/web", "shop/db", 1, 1, 1, 1) "," PAIR("ops/mon", "world", 1, 1, 1, 1)));
	check_order(&model, TOP_PACKETS, "DB", "shop/web");
	check_order(&model, TOP_PACKETS, "ops/", "ops/mon");
	check_order(&model, TOP_PACKETS, "nobody", "");
}

static void a_rate_takes_five_columns_at_most(void **state)
{
	static const struct {
		double rate;
		const char *text;
	} cases[] = {
		{ 0, "0" },	    { 0.04, "0" },     { 0.44, "0.4" },	  { 0.96, "1" },    { 1.6, "2" },
		{ 999, "999" },	    { 999.6, "1.0k" }, { 1234, "1.2k" },  { 12345, "12k" }, { 999400, "999k" },
		{ 999600, "1.0M" }, { 3.4e9, "3.4G" }, { 9.96e6, "10M" }, { 2e18, "2.0E" },
	};
	char text[TOP_RATE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(top_rate(cases[i].rate, text), cases[i].text);
}

static void check_spark(const struct top_pair *pair, unsigned width, bool utf8, const char *expected)
{
	_cleanup_free_ char *text = top_spark(pair, TOP_PACKETS, width, utf8);

	assert_string_equal(text, expected);
}

static void a_sparkline_is_as_tall_as_its_largest_and_ends_with_now(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };

	take(&model, ANSWER(1, PAIR("a", "b", 0, 0, 0, 0)));
	check_spark(only_pair(&model), 4, false, "    ");
	take(&model, ANSWER(2, PAIR("a", "b", 1000, 0, 0, 0)));
	take(&model, ANSWER(3, PAIR("a", "b", 1000, 0, 0, 0)));
	take(&model, ANSWER(4, PAIR("a", "b", 1001, 0, 0, 0)));
	check_spark(only_pair(&model), 5, false, "  # .");
	check_spark(only_pair(&model), 5, true, "  █ ▁");
	check_spark(only_pair(&model), 2, true, " █");
}

static void history_is_bounded(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };
	char text[256];

	for (int i = 1; i < 3 * TOP_HISTORY; i++) {
		snprintf(text, sizeof(text),
			 "{\"uptimeSeconds\": %d, \"items\": [{\"source\": \"a\", \"destination\": \"b\","
			 " \"allowed\": {\"packets\": %d}}]}",
			 i, i * i);
		take(&model, text);
	}
	assert_float_equal(top_pair_past(only_pair(&model), TOP_PACKETS, 0), 2 * (3 * TOP_HISTORY) - 3, 1e-9);
	assert_float_equal(top_pair_past(only_pair(&model), TOP_PACKETS, TOP_HISTORY - 1), 4 * TOP_HISTORY - 1, 1e-9);
	assert_float_equal(top_pair_past(only_pair(&model), TOP_PACKETS, TOP_HISTORY), -1, 1e-9);
}

static void check_name(const char *name, unsigned width, const char *expected)
{
	_cleanup_free_ char *text = top_name(name, width);

	assert_string_equal(text, expected);
}

static void a_long_name_loses_its_middle(void **state)
{
	check_name("shop/web", 8, "shop/web");
	check_name("shop/frontend", 8, "sho~tend");
	check_name("shop/frontend", 9, "shop~tend");
	check_name("a\033[31m\xc3\xa4", 9, "a?[31m??");
}

static void press(struct top_view *view, const char *keys)
{
	for (; *keys; keys++)
		assert_int_equal(top_view_press(view, *keys), TOP_NOTHING);
	top_view_list(view);
}

static void keys_sort_filter_pause_and_quit(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };
	struct top_view view _cleanup_(top_view_free) = { .model = &model, .rows = 2 };

	take(&model, ANSWER(1, PAIR("quiet", "x", 1, 1, 1, 1) "," PAIR("b", "x", 1, 1, 1, 1)));
	press(&view, "d");
	assert_int_equal(view.key, TOP_DROPS);
	press(&view, "/q ?\n"); /* neither quits nor pauses; nothing asks for help */
	assert_string_equal(view.filter, "q?");
	assert_int_equal(view.list.n, 0);
	press(&view, "/\177\n");
	assert_int_equal(view.list.n, 1);
	press(&view, "/uiet\033"); /* as it was */
	assert_string_equal(view.filter, "q");
	press(&view, "\033");
	assert_int_equal(view.list.n, 2);
	press(&view, " ");
	assert_true(view.paused);
	press(&view, "?q"); /* ends the help, not the program */
	assert_false(view.help);
	assert_int_equal(top_view_press(&view, 'q'), TOP_QUIT);
}

static void scrolling_stops_at_both_ends(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };
	struct top_view view _cleanup_(top_view_free) = { .model = &model, .rows = 2 };

	take(&model,
	     ANSWER(1, PAIR("a", "x", 1, 1, 1, 1) "," PAIR("b", "x", 1, 1, 1, 1) "," PAIR("c", "x", 1, 1, 1, 1)));
	press(&view, "k");
	assert_int_equal(view.first, 0);
	press(&view, "jjjj");
	assert_int_equal(view.first, 1);
	top_view_press(&view, KEY_HOME);
	top_view_press(&view, KEY_NPAGE);
	top_view_list(&view);
	assert_int_equal(view.first, 1);
	press(&view, "/zzz\n");
	assert_int_equal(view.first, 0);
}

static void a_filter_has_an_end(void **state)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };
	struct top_view view _cleanup_(top_view_free) = { .model = &model };

	press(&view, "/");
	for (int i = 0; i < 2 * TOP_FILTER_MAX; i++)
		press(&view, "x");
	assert_int_equal(strlen(view.filter), TOP_FILTER_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_the_growth_by_the_agents_clock),
		cmocka_unit_test(what_is_limited_is_dropped_and_what_is_audited_passes),
		cmocka_unit_test(an_agent_that_began_anew_gives_no_rates),
		cmocka_unit_test(a_total_that_went_back_is_no_negative_rate),
		cmocka_unit_test(a_pair_that_is_not_told_any_more_is_forgotten),
		cmocka_unit_test(what_found_no_row_of_its_own_is_a_row),
		cmocka_unit_test(pairs_are_sorted_by_the_key_then_by_packets_and_name),
		cmocka_unit_test(the_filter_finds_either_end_in_any_case),
		cmocka_unit_test(a_rate_takes_five_columns_at_most),
		cmocka_unit_test(a_sparkline_is_as_tall_as_its_largest_and_ends_with_now),
		cmocka_unit_test(history_is_bounded),
		cmocka_unit_test(a_long_name_loses_its_middle),
		cmocka_unit_test(keys_sort_filter_pause_and_quit),
		cmocka_unit_test(scrolling_stops_at_both_ends),
		cmocka_unit_test(a_filter_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
