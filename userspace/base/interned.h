/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text that is kept once however many objects and records say it, counted by
 * its references. All of the process has one table, for all of its threads.
 */
#ifndef WEIR_BASE_INTERNED_H
#define WEIR_BASE_INTERNED_H

#include <stddef.h>

/* A reference to a copy of the text; NULL gives NULL. */
const char *interned(const char *text);
/* One more reference to what interned() gave. */
const char *interned_ref(const char *interned);
/* Gives a reference back; NULL is fine. */
void interned_unref(const char *interned);

size_t interned_count(void); /* different texts that are referred to */

#endif
