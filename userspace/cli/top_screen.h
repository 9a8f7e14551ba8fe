/* SPDX-License-Identifier: BSD-2-Clause */
/* `weir top` on a terminal, by ncurses. One screen a program. */
#ifndef WEIR_CLI_TOP_SCREEN_H
#define WEIR_CLI_TOP_SCREEN_H

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/top_view.h"

struct top_screen;

/* Takes the terminal over until it is closed. */
int top_screen_open(bool color, struct top_screen **ret, struct error *error);
void top_screen_close(struct top_screen *screen); /* the terminal is as it was */
DEFINE_CLEANUP(struct top_screen, top_screen_close);

void top_screen_resized(struct top_screen *screen);			/* asks the terminal how large it is */
void top_screen_draw(struct top_screen *screen, struct top_view *view); /* sets view->rows, makes its list */
int top_screen_key(struct top_screen *screen);				/* that was pressed; -1: none */

#endif
