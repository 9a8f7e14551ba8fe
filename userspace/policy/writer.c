// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "policy/writer.h"

/* A block that was written. Its key is the words themselves, which never move. */
struct block {
	UT_hash_handle hh;
	uint32_t at;
};

void writer_open(struct writer *writer, uint32_t max_words)
{
	/* The header is always there to write to; beyond 2^30 an offset would meet the flag bits. */
	writer->max = max_words > 1u << 30 ? 1u << 30 : max_words;
	writer->words = xcalloc(writer->max > WEIR_HEADER_WORDS ? writer->max : WEIR_HEADER_WORDS, sizeof(uint32_t));
	writer_reserve(writer, WEIR_HEADER_WORDS);
}

void writer_free(struct writer *writer)
{
	for (int kind = 0; kind < WORDS_KINDS; kind++) {
		struct block *block, *next;

		HASH_ITER (hh, writer->blocks[kind], block, next) {
			HASH_DEL(writer->blocks[kind], block);
			free(block);
		}
	}
	vec_free(&writer->decision_chunks);
	free(TAKE_PTR(writer->words));
}

uint32_t writer_reserve(struct writer *writer, size_t n)
{
	const uint32_t at = writer->n;

	if (n > writer->max - writer->n) {
		writer->full = true;
		return 0;
	}
	writer->n += (uint32_t)n;
	return at;
}

static uint32_t put(struct writer *writer, enum words_kind kind, const uint32_t *words, size_t n)
{
	const size_t size = n * sizeof(*words);
	struct block *block = NULL;
	unsigned hash;
	uint32_t at;

	HASH_VALUE(words, size, hash);
	HASH_FIND_BYHASHVALUE(hh, writer->blocks[kind], words, size, hash, block);
	if (block)
		return block->at;
	at = writer_reserve(writer, n);
	if (writer->full)
		return 0;
	memcpy(writer->words + at, words, size);
	block = new0(struct block);
	block->at = at;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, writer->blocks[kind], writer->words + at, size, hash, block);
	if (kind == WORDS_DECISIONS)
		vec_push(&writer->decision_chunks, at);
	return at;
}

uint32_t writer_put(struct writer *writer, const uint32_t *words, size_t n)
{
	return put(writer, WORDS_FINAL, words, n);
}

uint32_t writer_vec(struct writer *writer, enum words_kind kind, const uint32_t *values, size_t n)
{
	const size_t n_chunks = (n + WEIR_CHUNK_WORDS - 1) / WEIR_CHUNK_WORDS;
	_cleanup_free_ uint32_t *chunks = xcalloc(n_chunks, sizeof(*chunks));
	uint32_t last[WEIR_CHUNK_WORDS];

	for (size_t i = 0; i < n_chunks; i++) {
		const uint32_t *chunk = values + i * WEIR_CHUNK_WORDS;
		const size_t rest = n - i * WEIR_CHUNK_WORDS;

		if (rest < WEIR_CHUNK_WORDS) {
			for (size_t k = 0; k < WEIR_CHUNK_WORDS; k++)
				last[k] = chunk[k < rest ? k : rest - 1];
			chunk = last;
		}
		chunks[i] = put(writer, kind, chunk, WEIR_CHUNK_WORDS);
	}
	return put(writer, WORDS_FINAL, chunks, n_chunks);
}

void writer_place_decisions(struct writer *writer, const uint32_t *at)
{
	vec_for_each (chunk, &writer->decision_chunks) {
		for (uint32_t i = 0; i < WEIR_CHUNK_WORDS; i++)
			writer->words[*chunk + i] = at[writer->words[*chunk + i]];
	}
}
