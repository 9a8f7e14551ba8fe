// SPDX-License-Identifier: BSD-2-Clause
#include "cli/top_view.h"

#include <curses.h>
#include <string.h>

#define ESCAPE 27
#define DELETE 127
#define CTRL_U ('U' & 0x1f)

void top_view_list(struct top_view *view)
{
	const size_t shown = view->rows ? view->rows : 1;
	size_t last;

	top_model_list(view->model, view->key, view->filter, &view->list);
	last = view->list.n > shown ? view->list.n - shown : 0;
	if (view->first > last)
		view->first = last;
}

void top_view_free(struct top_view *view)
{
	vec_free(&view->list);
}

static void type(struct top_view *view, int key)
{
	const size_t length = strlen(view->filter);

	switch (key) {
	case '\r':
	case '\n':
	case KEY_ENTER:
		view->typing = false;
		break;
	case ESCAPE:
		strcpy(view->filter, view->before);
		view->typing = false;
		break;
	case KEY_BACKSPACE:
	case DELETE:
	case '\b':
		if (length)
			view->filter[length - 1] = '\0';
		break;
	case CTRL_U:
		view->filter[0] = '\0';
		break;
	default:
		if (key > ' ' && key <= '~' && length + 1 < sizeof(view->filter)) {
			view->filter[length] = (char)key;
			view->filter[length + 1] = '\0';
		}
	}
}

/* As far as there is something to show; top_view_list() sees to the end. */
static void scroll_by(struct top_view *view, long rows)
{
	view->first = rows < 0 && view->first < (size_t)-rows ? 0 : view->first + (size_t)rows;
}

static void sort_by(struct top_view *view, int letter)
{
	for (enum top_key key = 0; key < TOP_KEYS; key++) {
		if (top_keys[key].letter == letter) {
			view->key = key;
			view->first = 0;
		}
	}
}

static enum top_action command(struct top_view *view, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
		return TOP_QUIT;
	case '?':
	case 'h':
		view->help = true;
		break;
	case ' ':
		view->paused = !view->paused;
		break;
	case '/':
		strcpy(view->before, view->filter);
		view->typing = true;
		break;
	case ESCAPE:
		view->filter[0] = '\0';
		break;
	case KEY_DOWN:
	case 'j':
		scroll_by(view, 1);
		break;
	case KEY_UP:
	case 'k':
		scroll_by(view, -1);
		break;
	case KEY_NPAGE:
		scroll_by(view, view->rows);
		break;
	case KEY_PPAGE:
		scroll_by(view, -(long)view->rows);
		break;
	case KEY_HOME:
		view->first = 0;
		break;
	case KEY_END:
		view->first = view->list.n;
		break;
	default:
		sort_by(view, key);
	}
	return TOP_NOTHING;
}

enum top_action top_view_press(struct top_view *view, int key)
{
	if (key == KEY_RESIZE)
		return TOP_NOTHING;
	if (view->help) {
		view->help = false; /* any key */
		return TOP_NOTHING;
	}
	if (view->typing) {
		type(view, key);
		return TOP_NOTHING;
	}
	return command(view, key);
}
