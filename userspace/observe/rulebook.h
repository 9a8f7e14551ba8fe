/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which rules a decision counter or a bucket stands for. As long as its key has
 * a number (policy/numbering.h) it means the same, also when its rule is no
 * longer in the image: an event that was written under an earlier revision still
 * finds the names of its policies. When a number is given to another key, what
 * is learnt then takes the place of what was known.
 */
#ifndef WEIR_OBSERVE_RULEBOOK_H
#define WEIR_OBSERVE_RULEBOOK_H

#include "observe/event.h"
#include "policy/compile.h"

struct rulebook_page {
	VEC(struct event_policy) rules; /* interned */
	const char *limit;		/* of a bucket: "100 packetsPerSecond"; interned */
};
typedef VEC(struct rulebook_page) rulebook_pages;

struct rulebook {
	rulebook_pages counters, buckets; /* by number */
};

void rulebook_learn(struct rulebook *book, const struct compiled *compiled);
void rulebook_free(struct rulebook *book); /* what it holds */

/* Gives an event without policies those of the number, and the bucket's limit. Of a number not known: nothing. */
void rulebook_name_counter(const struct rulebook *book, uint32_t counter, struct event *event);
void rulebook_name_bucket(const struct rulebook *book, uint32_t bucket, struct event *event);

#endif
