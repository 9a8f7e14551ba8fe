/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. The image while it is being written: blocks of words at
 * offsets that never change, each distinct block once. When the image is full,
 * writing goes on without effect and `full` says so: one check at the end
 * serves for all.
 */
#ifndef WEIR_POLICY_WRITER_H
#define WEIR_POLICY_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "weir/image.h"

struct block;

/*
 * The decision records come last, when all decisions are known. Until then
 * columns hold decision numbers, which writer_place_decisions() turns into
 * offsets; their chunks are therefore never shared with other ones.
 */
enum words_kind { WORDS_FINAL, WORDS_DECISIONS, WORDS_KINDS };

struct writer {
	uint32_t *words; /* max words, zeroed: pages that aren't written cost nothing */
	uint32_t n, max;
	bool full;
	struct block *blocks[WORDS_KINDS];
	VEC(uint32_t) decision_chunks; /* offsets */
};

void writer_open(struct writer *writer, uint32_t max_words); /* reserves the header */
void writer_free(struct writer *writer);		     /* what it holds */

uint32_t writer_reserve(struct writer *writer, size_t n); /* zeroed words of their own */
uint32_t writer_put(struct writer *writer, const uint32_t *words, size_t n);
/* values as a vec (weir/image.h). What a partial last chunk lacks is filled with its last value. */
uint32_t writer_vec(struct writer *writer, enum words_kind kind, const uint32_t *values, size_t n);

/* at: offset of each decision's record, by number. */
void writer_place_decisions(struct writer *writer, const uint32_t *at);

static inline struct weir_image_header *writer_header(struct writer *writer)
{
	return (struct weir_image_header *)writer->words;
}

/* What has been written so far, to be walked; not when full. */
static inline struct weir_image writer_image(const struct writer *writer)
{
	return (struct weir_image){ .words = writer->words, .mask = UINT32_MAX };
}

#endif
