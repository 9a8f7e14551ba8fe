/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines that hold now (broken files, missing interfaces), each logged once when it begins to. */
#ifndef WEIR_AGENT_NOTES_H
#define WEIR_AGENT_NOTES_H

#include <stddef.h>

#include "base/log.h"
#include "base/vec.h"

struct notes {
	VEC(char *) list;
};

void notes_add(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
void notes_free(struct notes *notes); /* what it holds; leaves it empty */

/* fresh becomes current and is left empty. Logs the lines that were not there before and says how many they are. */
size_t notes_replace(struct notes *current, struct notes *fresh, enum log_level level);

#endif
