// SPDX-License-Identifier: BSD-2-Clause
#include "agent/corrupt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "policy/eval.h"
#include "policy/words.h"

struct cell {
	uint32_t subject, peer, port;
	enum weir_direction direction;
	bool has_bit; /* else all of it */
	unsigned limit, bit;
};

#define LIMIT_BITS (sizeof(struct weir_image_limit) * 8)

static bool find_cell(const struct world *world, const struct compiled *compiled, const char *text, struct cell *ret)
{
	const struct weir_image image = compiled_image(compiled);
	char subject_name[256], direction[16], peer_name[256], protocol_name[16];
	struct eval_end subject, peer;
	const struct address_owner *owner;
	uint32_t identity;
	unsigned limit = 0, bit = 0;
	uint8_t protocol;
	uint16_t port;
	int n = sscanf(text, "%255s %15s %255s %15[^/]/%hu limit %u bit %u", subject_name, direction, peer_name,
		       protocol_name, &port, &limit, &bit);

	if ((n != 5 && n != 7) || bit >= LIMIT_BITS)
		return false;
	if (eval_end_parse(world, subject_name, NULL, &subject, NULL) < 0 ||
	    eval_end_parse(world, peer_name, NULL, &peer, NULL) < 0 || !subject.pod || !peer.has_addr ||
	    eval_protocol_parse(protocol_name, &protocol) < 0 ||
	    compiled_pod_identity(compiled, subject.pod, &identity) < 0)
		return false;
	owner = compiled_owner(compiled, &peer.addr);
	*ret = (struct cell){
		.subject = weir_image_subject_class(&image, identity),
		.peer = weir_image_peer_class(&image, owner ? owner->identity : (uint32_t)WEIR_IDENTITY_WORLD,
					      peer.addr.family, peer.addr.bytes),
		.port = weir_image_port_class(&image, ports_of_protocol(protocol), port),
		.direction = strcmp(direction, "egress") == 0 ? WEIR_EGRESS : WEIR_INGRESS,
		.has_bit = n == 7,
		.limit = limit,
		.bit = bit,
	};
	return true;
}

/* Equal tables are stored once: puts a copy of n words in the place of the one that the word at `link` refers to. */
static uint32_t own(struct compiled *compiled, uint32_t link, uint32_t n)
{
	const uint32_t at = compiled->n_words, capacity = compiled->mask + 1;

	if (n > capacity - at) {
		compiled->words = xrealloc(compiled->words, capacity * 2, sizeof(*compiled->words));
		memset(compiled->words + capacity, 0, capacity * sizeof(*compiled->words));
		compiled->mask = capacity * 2 - 1;
		return own(compiled, link, n);
	}
	memcpy(compiled->words + at, compiled->words + compiled->words[link], n * sizeof(*compiled->words));
	compiled->words[link] = at;
	compiled->n_words += n;
	return at;
}

/* The word that holds an element of the vec that the word at `link` refers to, both made the cell's own. */
static uint32_t own_element(struct compiled *compiled, uint32_t link, uint32_t size, uint32_t index)
{
	const uint32_t n_chunks = (size + WEIR_CHUNK_WORDS - 1) / WEIR_CHUNK_WORDS;
	const uint32_t vec = own(compiled, link, n_chunks);
	const uint32_t chunk = own(compiled, vec + (index >> WEIR_CHUNK_SHIFT), WEIR_CHUNK_WORDS);

	return chunk + (index & (WEIR_CHUNK_WORDS - 1));
}

static void oppose(struct weir_image_decision *decision)
{
	decision->reason =
		decision->verdict == WEIR_VERDICT_PASS ? WEIR_REASON_POLICY_DEFAULT : WEIR_REASON_POLICY_ALLOW;
	decision->verdict = (uint8_t)reason_verdict(decision->reason);
	decision->n_limits = 0;
}

/* False: the cell has no such limit. */
static bool flip(struct compiled *compiled, const struct cell *cell)
{
	const struct weir_image image = compiled_image(compiled);
	const uint32_t rows = weir_image_header_word(&image, rows);
	uint32_t link = rows + cell->subject * WEIR_DIRECTIONS + cell->direction, at;
	struct weir_image_decision decision;

	link = own_element(compiled, link, compiled->n_peer_classes, cell->peer);
	link = own_element(compiled, link, compiled->n_port_classes, cell->port);
	memcpy(&decision, compiled->words + compiled->words[link], sizeof(decision));
	if (cell->has_bit && cell->limit >= decision.n_limits)
		return false;
	at = own(compiled, link, WEIR_DECISION_WORDS + decision.n_limits * WEIR_LIMIT_WORDS);
	if (cell->has_bit) {
		at += WEIR_DECISION_WORDS + cell->limit * WEIR_LIMIT_WORDS;
		compiled->words[at + cell->bit / 32] ^= 1u << cell->bit % 32;
	} else {
		oppose(&decision);
		memcpy(compiled->words + at, &decision, sizeof(decision));
	}
	((struct weir_image_header *)compiled->words)->n_words = compiled->n_words;
	return true;
}

bool corrupt_cell(const struct world *world, struct compiled *compiled, const char *text)
{
	struct cell cell;

	return find_cell(world, compiled, text, &cell) && flip(compiled, &cell);
}

void corrupt_as_asked(const struct world *world, struct compiled *compiled)
{
	const char *cell = getenv(CORRUPT_VARIABLE);

	if (cell && corrupt_cell(world, compiled, cell))
		log_warning("test: the compiled image is made wrong for %s", cell);
}
