/* SPDX-License-Identifier: BSD-2-Clause */
/* What `weir top` shows at a moment, and what a key does to it. */
#ifndef WEIR_CLI_TOP_VIEW_H
#define WEIR_CLI_TOP_VIEW_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/top_model.h"

#define TOP_FILTER_MAX 48

struct top_view {
	const struct top_model *model;
	const json_t *status; /* as GET /v1/status last answered; NULL at first */
	top_list list;	      /* of the model's pairs, those shown, in their order */
	enum top_key key;
	char filter[TOP_FILTER_MAX]; /* "" shows all */
	char before[TOP_FILTER_MAX]; /* what Escape brings back */
	bool typing;		     /* the filter */
	bool paused;
	bool help;
	unsigned interval; /* seconds */
	unsigned rows;	   /* that fit the screen */
	size_t first;	   /* of the list, on the screen */
};

enum top_action { TOP_NOTHING, TOP_QUIT };

/* A key, as ncurses numbers it. */
enum top_action top_view_press(struct top_view *view, int key);
void top_view_list(struct top_view *view); /* makes the list anew: after a reading and after a key */
void top_view_free(struct top_view *view); /* what it holds */

#endif
