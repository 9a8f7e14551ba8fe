// SPDX-License-Identifier: BSD-2-Clause
#include "packet/tiny_image.h"

#include <assert.h>
#include <string.h>

#define PORT_CHUNKS (65536u / WEIR_CHUNK_WORDS)

static struct weir_image_header *header(struct tiny_image *image)
{
	return (struct weir_image_header *)image->words;
}

static uint32_t take(struct tiny_image *image, uint32_t words)
{
	uint32_t at = image->used;

	image->used += words;
	assert(image->used <= TINY_WORDS);
	header(image)->n_words = image->used;
	return at;
}

/* A vec that fits in one chunk. */
static uint32_t take_vec(struct tiny_image *image, uint32_t fill)
{
	uint32_t vec = take(image, 1), chunk = take(image, WEIR_CHUNK_WORDS);

	image->words[vec] = chunk;
	for (uint32_t i = 0; i < WEIR_CHUNK_WORDS; i++)
		image->words[chunk + i] = fill;
	return vec;
}

static uint32_t *vec_word(struct tiny_image *image, uint32_t vec, uint32_t index)
{
	return &image->words[image->words[vec] + index];
}

static uint32_t take_ports(struct tiny_image *image)
{
	uint32_t vec = take(image, PORT_CHUNKS), chunk = take(image, WEIR_CHUNK_WORDS);

	for (uint32_t i = 0; i < PORT_CHUNKS; i++)
		image->words[vec + i] = chunk;
	return vec;
}

void tiny_image_start(struct tiny_image *image, uint32_t revision, const struct weir_image_decision *fallback)
{
	struct weir_image_header *head = header(image);
	uint32_t decision;

	memset(image, 0, sizeof(*image));
	take(image, WEIR_HEADER_WORDS);
	decision = tiny_image_decision(image, fallback, NULL);
	head->magic = WEIR_IMAGE_MAGIC;
	head->abi = WEIR_IMAGE_ABI;
	head->revision = revision;
	head->n_identities = TINY_IDENTITIES;
	head->identities = take(image, TINY_IDENTITIES * WEIR_IDENTITY_WORDS);
	head->n_subjects = TINY_SUBJECTS;
	head->n_peer_classes = TINY_PEERS;
	head->n_port_classes = TINY_PORT_CLASSES;
	head->n_regions = TINY_REGIONS;
	for (unsigned i = 0; i < WEIR_PORT_PROTOCOLS; i++)
		head->ports[i] = take_ports(image);
	for (unsigned i = 0; i < WEIR_FAMILIES; i++)
		head->tries[i] = WEIR_TRIE_LEAF;
	head->rows = take(image, TINY_SUBJECTS * WEIR_DIRECTIONS);
	for (uint32_t row = 0; row < TINY_SUBJECTS * WEIR_DIRECTIONS; row++) {
		uint32_t vec = take_vec(image, 0);

		image->words[head->rows + row] = vec;
		for (uint32_t peer = 0; peer < TINY_PEERS; peer++)
			*vec_word(image, vec, peer) = take_vec(image, decision);
	}
}

uint32_t tiny_image_decision(struct tiny_image *image, const struct weir_image_decision *decision,
			     const struct weir_image_limit *limits)
{
	uint32_t at = take(image, WEIR_DECISION_WORDS + decision->n_limits * WEIR_LIMIT_WORDS);

	struct weir_image_decision record = *decision;

	if (limits)
		record.flags |= weir_image_limit_flags(limits, decision->n_limits);
	memcpy(&image->words[at], &record, sizeof(record));
	if (limits)
		memcpy(&image->words[at + WEIR_DECISION_WORDS], limits, decision->n_limits * sizeof(*limits));
	return at;
}

void tiny_image_rule(struct tiny_image *image, const struct tiny_rule *rule, uint32_t decision)
{
	for (uint32_t direction = 0; direction < WEIR_DIRECTIONS; direction++) {
		uint32_t row = image->words[header(image)->rows + rule->subject * WEIR_DIRECTIONS + direction];
		uint32_t ports = *vec_word(image, row, rule->peer);

		for (uint32_t port = 0; port < TINY_PORT_CLASSES; port++) {
			if (rule->directions & 1u << direction && rule->port_classes & 1u << port)
				*vec_word(image, ports, port) = decision;
		}
	}
}

static struct weir_image_identity *identity_at(struct tiny_image *image, uint32_t identity)
{
	return (struct weir_image_identity *)&image->words[weir_image_identity_at(
		&(struct weir_image){ .words = image->words, .mask = TINY_WORDS - 1 }, identity)];
}

void tiny_image_identity(struct tiny_image *image, uint32_t identity, uint32_t subject, uint32_t peer)
{
	*identity_at(image, identity) = (struct weir_image_identity){ .subject = subject, .peer = { peer, peer } };
}

void tiny_image_by_region(struct tiny_image *image, uint32_t identity, const uint32_t by_region[TINY_REGIONS])
{
	uint32_t at = take(image, TINY_REGIONS);

	memcpy(&image->words[at], by_region, TINY_REGIONS * sizeof(*by_region));
	tiny_image_identity(image, identity, 0, at | WEIR_PEER_BY_REGION);
}

void tiny_image_region(struct tiny_image *image, enum weir_family family, const uint8_t *prefix, unsigned bytes)
{
	uint32_t *word = &header(image)->tries[family];

	for (unsigned i = 0; i < bytes; i++) {
		uint32_t node = take(image, WEIR_TRIE_NODE_WORDS);

		for (uint32_t j = 0; j < WEIR_TRIE_NODE_WORDS; j++)
			image->words[node + j] = WEIR_TRIE_LEAF;
		*word = node;
		word = &image->words[node + prefix[i]];
	}
	*word = WEIR_TRIE_LEAF | 1;
}

void tiny_image_ports(struct tiny_image *image, uint16_t first, uint16_t last, uint32_t port_class)
{
	for (unsigned protocol = 0; protocol < WEIR_PORT_PROTOCOLS; protocol++) {
		uint32_t *chunks = &image->words[header(image)->ports[protocol]], shared = chunks[PORT_CHUNKS - 1];

		for (uint32_t port = first; port <= last; port++) {
			uint32_t *chunk = &chunks[port >> WEIR_CHUNK_SHIFT];

			if (*chunk == shared)
				*chunk = take(image, WEIR_CHUNK_WORDS);
			image->words[*chunk + port % WEIR_CHUNK_WORDS] = port_class;
		}
	}
}
