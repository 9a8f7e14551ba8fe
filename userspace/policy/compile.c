// SPDX-License-Identifier: BSD-2-Clause
/* The compiler as a table of contents: each step's file tells the rest. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/compile.h"
#include "policy/result.h"
#include "policy/rows.h"
#include "policy/select.h"
#include "policy/services.h"
#include "policy/supported.h"

#define IMAGE_WORDS_MIN 4096u

struct compilation {
	struct ruleset rules;
	struct identities identities;
	struct regions regions;
	struct port_classes ports;
	struct subjects subjects;
	struct peers peers;
	struct decisions decisions;
	struct writer writer;
};

static void compilation_free(struct compilation *c)
{
	writer_free(&c->writer);
	decisions_free(&c->decisions);
	peers_free(&c->peers);
	subjects_free(&c->subjects);
	port_classes_free(&c->ports);
	regions_free(&c->regions);
	identities_free(&c->identities);
	ruleset_free(&c->rules);
}

static int build_rows(struct compilation *c, struct error *error)
{
	return rows_build(&(struct rows){ .rules = &c->rules,
					  .subjects = &c->subjects,
					  .peers = &c->peers,
					  .ports = &c->ports,
					  .decisions = &c->decisions,
					  .writer = &c->writer },
			  error);
}

/* One entry per number up to the highest in use; a number that nobody has any more is the world's. */
static void write_identities(struct compilation *c)
{
	const struct weir_image_identity world = { .peer = { c->peers.world, c->peers.world } };
	const struct weir_image_identity node = { .peer = { c->peers.node, c->peers.node } };
	struct weir_image_identity *table;
	uint32_t n = WEIR_IDENTITY_FIRST, at;

	vec_for_each (identity, &c->identities.list) {
		if (identity->number >= n)
			n = identity->number + 1;
	}
	at = writer_reserve(&c->writer, (size_t)n * WEIR_IDENTITY_WORDS);
	if (c->writer.full)
		return;
	table = (struct weir_image_identity *)(c->writer.words + at);
	for (uint32_t i = 0; i < n; i++)
		table[i] = i == WEIR_IDENTITY_NODE ? node : world;
	vec_for_each (identity, &c->identities.list)
		table[identity->number] = (struct weir_image_identity){
			.subject = identity->subject,
			.peer = { identity->peer[WEIR_IPV4], identity->peer[WEIR_IPV6] },
		};
	writer_header(&c->writer)->identities = at;
	writer_header(&c->writer)->n_identities = n;
}

static void write_header(struct compilation *c, struct compiled *compiled)
{
	struct weir_image_header *header = writer_header(&c->writer);

	header->magic = WEIR_IMAGE_MAGIC;
	header->abi = WEIR_IMAGE_ABI;
	header->n_words = compiled->n_words = c->writer.n;
	header->revision = compiled->revision;
	header->n_subjects = compiled->n_subjects = (uint32_t)c->subjects.classes.n;
	header->n_peer_classes = compiled->n_peer_classes = (uint32_t)c->peers.classes.n;
	header->n_port_classes = compiled->n_port_classes = port_classes_count(&c->ports);
	header->n_regions = compiled->n_regions = regions_count(&c->regions);
}

static int too_big(uint32_t max_words, struct error *error)
{
	return error_set(error, -E2BIG, "policy: the compiled image is larger than %u words (raise its capacity)",
			 max_words);
}

/* Gives the words away at the capacity that the walk masks by. */
static int take_words(struct compilation *c, uint32_t max_words, struct compiled *compiled, struct error *error)
{
	uint32_t capacity = IMAGE_WORDS_MIN;

	while (!c->writer.full && capacity < c->writer.n)
		capacity <<= 1;
	if (c->writer.full || capacity > c->writer.max)
		return too_big(max_words, error);
	compiled->mask = capacity - 1;
	compiled->words = xrealloc(TAKE_PTR(c->writer.words), capacity, sizeof(*compiled->words));
	return 0;
}

static int finish(struct compilation *c, uint32_t max_words, struct compiled *compiled, struct error *error)
{
	write_identities(c);
	decisions_write(&c->decisions, &c->writer, compiled);
	write_header(c, compiled);
	return take_words(c, max_words, compiled, error);
}

int compile(const struct world *world, struct numberings *numberings, uint32_t revision, uint32_t max_words,
	    struct compiled **ret, struct error *error)
{
	_cleanup_(compiled_freep) struct compiled *compiled = new0(struct compiled);
	_cleanup_(compilation_free) struct compilation c = {};
	struct weir_image image;
	int r;

	r = check_supported(world, error) ?: identities_build(&c.identities, world, numberings->identities, error);
	if (r < 0)
		return r;
	ruleset_build(&c.rules, world);
	select_identities(&c.rules, &c.identities);

	writer_open(&c.writer, max_words);
	regions_build(&c.regions, &c.rules, &c.writer);
	port_classes_build(&c.ports, &c.rules, &c.writer);
	if (c.writer.full) /* the next steps walk what is written */
		return too_big(max_words, error);
	image = writer_image(&c.writer);
	identities_locate(&c.identities, world, &image);
	subjects_build(&c.subjects, &c.rules, &c.identities);
	peers_build(&c.peers, &c.rules, &c.regions, &c.identities, &c.writer);
	services_place(&c.peers, &c.identities, world, port_classes_count(&c.ports), &c.writer);
	peers_index(&c.peers, &c.rules, &c.regions);

	c.decisions = (struct decisions){ .rules = &c.rules, .numberings = numberings };
	compiled->revision = revision;
	r = build_rows(&c, error) ?: finish(&c, max_words, compiled, error);
	if (r < 0)
		return r;
	result_addresses(compiled, world, &c.identities);
	result_identities(compiled, &c.identities);
	*ret = TAKE_PTR(compiled);
	return 0;
}
