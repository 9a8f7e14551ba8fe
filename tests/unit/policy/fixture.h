/* SPDX-License-Identifier: BSD-2-Clause */
/* Manifests as text -> a compiled policy, for the tests of this room. */
#ifndef WEIR_TESTS_POLICY_FIXTURE_H
#define WEIR_TESTS_POLICY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "object/manifest.h"
#include "policy/eval.h"

#define IMAGE_WORDS (1u << 22)

struct fixture {
	struct objects objects;
	struct diags diags;
	struct world world;
	struct numberings numberings;
	struct compiled *compiled;
};

/* node_addr: one address of this node, or NULL. */
static inline void fixture_read(struct fixture *f, const char *yaml, const char *node_addr)
{
	struct addr addr;

	*f = (struct fixture){};
	numberings_init(&f->numberings);
	if (manifest_parse("test.yaml", yaml, strlen(yaml), 0, &f->objects, &f->diags) < 0) {
		diags_print(&f->diags, stderr);
		fail_msg("the test's manifest is wrong");
	}
	if (node_addr) {
		assert_int_equal(addr_parse(node_addr, &addr), 0);
		vec_push(&f->world.node_addrs, addr);
	}
	world_add(&f->world, &f->objects, &f->diags);
	world_finish(&f->world, &f->diags);
}

static inline void fixture_compile(struct fixture *f, uint32_t revision)
{
	struct error error = {};

	if (compile(&f->world, &f->numberings, revision, IMAGE_WORDS, &f->compiled, &error) < 0)
		fail_msg("compile: %s", error.text);
}

static inline void fixture_load(struct fixture *f, const char *yaml)
{
	fixture_read(f, yaml, NULL);
	fixture_compile(f, 1);
}

static inline void fixture_free(struct fixture *f)
{
	compiled_free(TAKE_PTR(f->compiled));
	numberings_free(&f->numberings);
	world_free(&f->world);
	objects_free(&f->objects);
	diags_free(&f->diags);
}

/* Both ends as text, the way `weir eval` reads them. */
static inline void fixture_eval(const struct fixture *f, const char *from, const char *to, uint8_t protocol,
				uint16_t port, struct eval_result *ret)
{
	struct eval_end a, b;
	struct error error = {};

	if (eval_end_parse(&f->world, from, NULL, &a, &error) < 0)
		fail_msg("%s", error.text);
	if (eval_end_parse(&f->world, to, a.has_addr ? &a.addr.family : NULL, &b, &error) < 0)
		fail_msg("%s", error.text);
	eval(f->compiled, &a, &b, protocol, port, ret);
}

#endif
