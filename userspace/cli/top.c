// SPDX-License-Identifier: BSD-2-Clause
/* weir top: the busiest and most-denied pairs of services, live or once. */
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/top_live.h"
#include "cli/top_text.h"

#define INTERVAL_MAX 60

/* Two readings, so that there are rates. */
static int measure(const struct invocation *invocation, unsigned seconds, struct top_model *model)
{
	struct timespec left = { .tv_sec = seconds };
	struct error error = { 0 };

	for (int reading = 0; reading < 2; reading++) {
		json_auto_t *answer = NULL;

		if (client_get(invocation->socket, PAIRS_PATH, &answer, &error))
			return say_error(&error);
		top_model_take(model, answer);
		while (reading == 0 && nanosleep(&left, &left) < 0 && errno == EINTR)
			;
	}
	return EXIT_DONE;
}

static json_t *rates_json(const struct top_rates *rates)
{
	json_t *json = json_object();

	for (enum top_key key = 0; key < TOP_KEYS; key++)
		json_object_set_new(json, top_keys[key].field, json_real(rates->of[key]));
	return json;
}

static void print_json(const struct invocation *invocation, const struct top_model *model, const top_list *list)
{
	json_auto_t *answer =
		json_pack("{s:f, s:o, s:[]}", "seconds", model->seconds, "total", rates_json(&model->sum), "items");

	vec_for_each (pair, list) {
		json_auto_t *rates = rates_json(&(*pair)->now);
		json_t *item = json_pack("{s:s, s:s}", "source", (*pair)->source, "destination", (*pair)->destination);

		json_object_update(item, rates);
		json_array_append_new(json_object_get(answer, "items"), item);
	}
	output_json(invocation->format, answer, stdout);
}

static void print_table(const struct invocation *invocation, const top_list *list)
{
	static const struct column columns[] = {
		{ "SOURCE", COLUMN_WRAPS },
		{ "DESTINATION", COLUMN_WRAPS },
		{ "PKT/S", COLUMN_RIGHT },
		{ "BYTE/S", COLUMN_RIGHT },
		{ "CONN/S", COLUMN_RIGHT },
		{ "DROP/S", COLUMN_RIGHT },
		{ 0 },
	};
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, invocation);
	char text[TOP_RATE_MAX];

	vec_for_each (pair, list) {
		struct libscols_line *row = table_row(table);

		table_cell(row, 0, (*pair)->source, NULL);
		table_cell(row, 1, (*pair)->destination, NULL);
		for (enum top_key key = 0; key < TOP_KEYS; key++) {
			const double rate = (*pair)->now.of[key];

			table_cell(row, 2 + key, top_rate(rate, text), key == TOP_DROPS && rate > 0 ? "red" : NULL);
		}
	}
	table_print(table);
}

static int top_once(const struct invocation *invocation, const struct top_wish *wish)
{
	struct top_model model _cleanup_(top_model_free) = { 0 };
	top_list list = { 0 };
	int code = measure(invocation, wish->interval, &model);

	if (code)
		return code;
	top_model_list(&model, wish->key, wish->filter, &list);
	if (invocation->format == OUTPUT_JSON || invocation->format == OUTPUT_YAML)
		print_json(invocation, &model, &list);
	else if (list.n)
		print_table(invocation, &list);
	else
		fprintf(stderr, "no pairs%s%s\n", *wish->filter ? " with this in a name: " : "", wish->filter);
	vec_free(&list);
	return EXIT_DONE;
}

int command_top(const struct invocation *invocation)
{
	const char *sort = option_value(invocation, "sort", top_keys[TOP_PACKETS].name);
	struct top_wish wish = { .key = top_key_by_name(sort),
				 .filter = option_value(invocation, "filter", ""),
				 .interval = 1 };

	if (wish.key == TOP_KEYS)
		return wrong_usage(invocation, "--sort %s: not packets, bytes, connections or drops", sort);
	if (option_number(invocation, "interval", 1, INTERVAL_MAX, &wish.interval))
		return EXIT_USAGE;
	if (option_given(invocation, "once"))
		return top_once(invocation, &wish);
	if (invocation->format_given)
		return wrong_usage(invocation, "-o is for --once");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return wrong_usage(invocation, "this is no terminal (use --once)");
	return top_live(invocation, &wish);
}
