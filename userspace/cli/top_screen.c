// SPDX-License-Identifier: BSD-2-Clause
#include "cli/top_screen.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/mem.h"
#include "cli/output.h"
#include "cli/top_text.h"

#define HEAD_ROWS  3 /* two of the node, one of titles */
#define FOOT_ROWS  1
#define NAME_MIN   12
#define SPARK_MIN  8
#define RATE_WIDTH 7 /* of a column, with the blank before it */
#define ESCAPE_MS  25

enum paint { PLAIN, GOOD, BAD, TITLE, GRAPH };

struct top_screen {
	SCREEN *terminal;
	bool color, utf8;
};

/* Where the columns of pairs begin, for the width that there is. */
struct layout {
	int width;
	int source, destination; /* widths */
	int rates;		 /* where they begin */
	int spark, spark_width;
};

int top_screen_open(bool color, struct top_screen **ret, struct error *error)
{
	struct top_screen *screen = new0(struct top_screen);
	const char *name = getenv("TERM");

	setlocale(LC_CTYPE, "");
	screen->terminal = newterm(NULL, stdout, stdin);
	if (!screen->terminal) {
		free(screen);
		return error_set(error, -ENOTTY,
				 "top: nothing is known of the terminal \"%s\" (set TERM, or use --once)", name ?: "");
	}
	screen->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	screen->color = color && has_colors() && start_color() == OK && use_default_colors() == OK;
	if (screen->color) {
		init_pair(GOOD, COLOR_GREEN, -1);
		init_pair(BAD, COLOR_RED, -1);
		init_pair(TITLE, COLOR_CYAN, -1);
		init_pair(GRAPH, COLOR_BLUE, -1);
	}
	cbreak();
	noecho();
	curs_set(0);
	set_escdelay(ESCAPE_MS);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	*ret = screen;
	return 0;
}

void top_screen_close(struct top_screen *screen)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen->terminal);
	free(screen);
}

void top_screen_resized(struct top_screen *screen)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
}

int top_screen_key(struct top_screen *screen)
{
	const int key = getch();

	return key == ERR ? -1 : key;
}

static attr_t paint(const struct top_screen *screen, enum paint paint)
{
	const attr_t bold = paint == BAD || paint == TITLE ? A_BOLD : 0;

	return screen->color ? COLOR_PAIR(paint) | bold : bold;
}

/* At a place, of a colour, and cut where the line ends. */
static void put(const struct top_screen *screen, int y, int x, enum paint color, const char *text)
{
	if (x < 0 || x >= COLS || y >= LINES)
		return;
	attrset(paint(screen, color));
	mvaddnstr(y, x, text, -1);
	attrset(0);
}

/* At the end of the line that is being written, if there is room. */
static void put_right(const struct top_screen *screen, enum paint color, const char *text)
{
	const int y = getcury(stdscr), x = COLS - (int)strlen(text);

	if (getcurx(stdscr) <= x)
		put(screen, y, x, color, text);
}

static struct layout lay_out(const struct top_view *view)
{
	struct layout layout = { .width = COLS };
	int longest = NAME_MIN, names;

	vec_for_each (pair, &view->list) {
		const int source = (int)strlen((*pair)->source), destination = (int)strlen((*pair)->destination);

		longest = source > longest ? source : longest;
		longest = destination > longest ? destination : longest;
	}
	names = (COLS - TOP_KEYS * RATE_WIDTH - SPARK_MIN - 2) / 2;
	names = names < NAME_MIN ? NAME_MIN : names > longest + 1 ? longest + 1 : names;
	layout.source = layout.destination = names - 1;
	layout.rates = 2 * names - 1;
	layout.spark = layout.rates + TOP_KEYS * RATE_WIDTH + 2;
	layout.spark_width = COLS - layout.spark;
	if (layout.spark_width > TOP_HISTORY)
		layout.spark_width = TOP_HISTORY;
	return layout;
}

static void draw_titles(const struct top_screen *screen, const struct top_view *view, const struct layout *layout)
{
	const int y = HEAD_ROWS - 1;

	attrset(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
	mvaddstr(y, 0, "SOURCE");
	mvaddstr(y, layout->source + 1, "DESTINATION");
	for (enum top_key key = 0; key < TOP_KEYS; key++) {
		const int x = layout->rates + (int)key * RATE_WIDTH;
		const bool chosen = key == view->key;

		attrset(A_REVERSE | (chosen ? A_BOLD | A_UNDERLINE : 0));
		mvprintw(y, x + RATE_WIDTH - (int)strlen(top_keys[key].title), "%s", top_keys[key].title);
	}
	attrset(A_REVERSE);
	if (layout->spark_width >= SPARK_MIN)
		mvprintw(y, layout->spark, "LAST %u s", (unsigned)layout->spark_width * view->interval);
	attrset(0);
}

static void draw_pair(const struct top_screen *screen, const struct top_view *view, const struct layout *layout,
		      size_t row)
{
	const struct top_pair *pair = view->list.items[view->first + row];
	_cleanup_free_ char *source = top_name(pair->source, (unsigned)layout->source);
	_cleanup_free_ char *destination = top_name(pair->destination, (unsigned)layout->destination);
	const int y = HEAD_ROWS + (int)row;
	char rate[TOP_RATE_MAX];

	put(screen, y, 0, PLAIN, source);
	put(screen, y, layout->source + 1, PLAIN, destination);
	for (enum top_key key = 0; key < TOP_KEYS; key++) {
		const bool bad = key == TOP_DROPS && pair->now.of[key] > 0;

		top_rate(pair->now.of[key], rate);
		put(screen, y, layout->rates + ((int)key + 1) * RATE_WIDTH - (int)strlen(rate), bad ? BAD : PLAIN,
		    rate);
	}
	if (layout->spark_width >= SPARK_MIN) {
		_cleanup_free_ char *spark = top_spark(pair, view->key, (unsigned)layout->spark_width, screen->utf8);

		put(screen, y, layout->spark, view->key == TOP_DROPS ? BAD : GRAPH, spark);
	}
}

static long long flows_of(const json_t *status)
{
	const json_t *flow;
	long long n = 0;
	size_t i;

	json_array_foreach (json_object_get(status, "flows"), i, flow)
		n += json_integer_value(json_object_get(flow, "flows"));
	return n;
}

/* The node: whether it enforces, and what. */
static void draw_node(const struct top_screen *screen, const struct top_view *view)
{
	const json_t *status = view->status;
	const bool degraded = json_array_size(json_object_get(status, "degraded")) > 0;
	const bool enforcing = json_is_true(json_object_get(status, "enforcing"));
	const size_t shielded = json_array_size(json_object_get(status, "shields"));
	const time_t now = time(NULL);
	char clock[sizeof(" 00:00:00")];
	struct tm local;

	put(screen, 0, 0, TITLE, "weir top ");
	addstr(json_string_value(json_object_get(status, "node")) ?: "");
	attrset(paint(screen, degraded || !enforcing ? BAD : GOOD));
	printw("  %s", !enforcing ? "NOT ENFORCING" : degraded ? "DEGRADED" : "enforcing");
	attrset(0);
	printw("  revision %lld  flows %s  ", (long long)json_integer_value(json_object_get(status, "revision")),
	       output_count((unsigned long long)flows_of(status)));
	attrset(paint(screen, shielded ? BAD : PLAIN));
	if (shielded)
		printw("shield up for %zu", shielded);
	else
		addstr("shield down");
	strftime(clock, sizeof(clock), " %H:%M:%S", localtime_r(&now, &local));
	put_right(screen, PLAIN, clock);
}

static void draw_sums(const struct top_screen *screen, const struct top_view *view)
{
	const struct top_rates *sum = &view->model->sum;
	const unsigned pairs = HASH_COUNT(view->model->pairs);
	char packets[TOP_RATE_MAX], bytes[TOP_RATE_MAX], connections[TOP_RATE_MAX], drops[TOP_RATE_MAX];
	_cleanup_free_ char *shown = view->paused    ? xstrdup(" PAUSED")
				     : *view->filter ? xasprintf(" %zu of %u pairs", view->list.n, pairs)
						     : xasprintf(" %u pairs by %s", pairs, top_keys[view->key].name);

	move(1, 0);
	printw("passed %s pkt/s %s byte/s %s conn/s, ", top_rate(sum->of[TOP_PACKETS], packets),
	       top_rate(sum->of[TOP_BYTES], bytes), top_rate(sum->of[TOP_CONNECTIONS], connections));
	attrset(paint(screen, sum->of[TOP_DROPS] > 0 ? BAD : PLAIN));
	printw("dropped %s/s", top_rate(sum->of[TOP_DROPS], drops));
	put_right(screen, view->paused ? BAD : PLAIN, shown);
}

static void draw_foot(const struct top_screen *screen, const struct top_view *view)
{
	const char *why = json_string_value(json_array_get(json_object_get(view->status, "degraded"), 0));
	const int y = LINES - 1;

	if (view->typing || *view->filter) {
		put(screen, y, 0, TITLE, "filter: ");
		addstr(view->filter);
		if (view->typing)
			addch('_');
		else
			put_right(screen, PLAIN, " (/ another, Escape for all)");
	} else if (why) {
		put(screen, y, 0, BAD, "degraded: ");
		addnstr(why, COLS > 10 ? COLS - 10 : 0);
	} else {
		put(screen, y, 0, TITLE, "? help  / filter  space pause  p b c d sort  q quit");
	}
}

static void draw_help(const struct top_screen *screen)
{
	static const char *const lines[] = {
		"Pairs of services, the busiest first: what passes and what is dropped between",
		"them a second, and at the right how that was lately, the newest at the right.",
		"Steps are decimal: 1.2k is 1,200. world and node stand for what is no service.",
		"",
		"  p b c d     sort by packets, bytes, new connections or dropped packets",
		"  /           show only pairs with this text in a name; Escape shows all",
		"  space       hold the picture; again to go on",
		"  arrows      scroll; also PgUp, PgDn, Home, End, j, k",
		"  q           quit",
		"",
		"Why something is dropped: weir observe --verdict drop, weir explain FROM TO:PORT",
		"",
		"Any key goes back.",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		put(screen, HEAD_ROWS + (int)i, 0, PLAIN, lines[i]);
}

static void draw_pairs(const struct top_screen *screen, const struct top_view *view)
{
	const struct layout layout = lay_out(view);

	draw_titles(screen, view, &layout);
	for (size_t row = 0; row < view->rows && view->first + row < view->list.n; row++)
		draw_pair(screen, view, &layout, row);
	if (!view->list.n)
		put(screen, HEAD_ROWS + 1, 2, PLAIN,
		    *view->filter		     ? "no pair has this in a name"
		    : HASH_COUNT(view->model->pairs) ? ""
						     : "nothing has been sent yet between services");
}

void top_screen_draw(struct top_screen *screen, struct top_view *view)
{
	view->rows = LINES > HEAD_ROWS + FOOT_ROWS ? (unsigned)(LINES - HEAD_ROWS - FOOT_ROWS) : 0;
	top_view_list(view);
	erase();
	draw_node(screen, view);
	draw_sums(screen, view);
	if (view->help)
		draw_help(screen);
	else
		draw_pairs(screen, view);
	draw_foot(screen, view);
	refresh();
}
