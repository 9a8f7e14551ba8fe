// SPDX-License-Identifier: BSD-2-Clause
/*
 * A manifest's way through the rooms: text -> objects -> world -> image, the
 * image verified against the objects. Beyond not crashing: each object's JSON,
 * which the store keeps, is read back as that object; and what compiles says
 * what the objects say.
 */
#include <errno.h>

#include "fuzz/targets/input.h"
#include "object/manifest.h"
#include "policy/verify.h"

#define IMAGE_WORDS (1u << 20)
#define CELLS_MAX   20000u /* of one image: a few hundredths of a second */

static void check_kept(const struct object *object)
{
	struct objects again = {};
	struct diags diags = {};

	if (manifest_parse("kept", object->json, strlen(object->json), MANIFEST_KEEP_JSON, &again, &diags) < 0) {
		diags_print(&diags, stderr);
		fprintf(stderr, "can't be read back: %s\n", object->json);
		abort();
	}
	if (again.list.n != 1 || strcmp(again.list.items[0]->json, object->json) != 0 ||
	    object_compare(&again.list.items[0], &object) != 0) {
		fprintf(stderr, "is another when it is read back: %s\n", object->json);
		abort();
	}
	objects_free(&again);
	diags_free(&diags);
}

static void check_image(const struct world *world, const struct compiled *compiled)
{
	const uint64_t cells =
		(uint64_t)compiled->n_subjects * WEIR_DIRECTIONS * compiled->n_peer_classes * compiled->n_port_classes;
	const struct verify_options options = { .seed = 1 };
	struct verification verification;
	struct error error = {};

	if (cells > CELLS_MAX || verify(world, compiled, &options, &verification, &error) >= 0)
		return;
	fprintf(stderr, "%s\n", error.text);
	abort();
}

static void compile_all(const struct objects *objects, struct diags *diags)
{
	const struct addr node = { .family = WEIR_IPV4, .bytes = { 192, 0, 2, 1 } };
	struct compiled *compiled = NULL;
	struct numberings numberings;
	struct world world = {};
	struct error error = {};

	numberings_init(&numberings);
	vec_push(&world.node_addrs, node);
	world_add(&world, objects, diags);
	world_finish(&world, diags);
	if (compile(&world, &numberings, 1, IMAGE_WORDS, &compiled, &error) == 0)
		check_image(&world, compiled);
	compiled_free(compiled);
	world_free(&world);
	numberings_free(&numberings);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct objects objects = {};
	struct diags diags = {};

	if (manifest_parse("input", (const char *)bytes, size, MANIFEST_KEEP_JSON, &objects, &diags) == 0) {
		vec_for_each (object, &objects.list)
			check_kept(*object);
		compile_all(&objects, &diags);
	}
	vec_for_each (diag, &diags.list)
		free(diag_format(diag));
	diags_free(&diags);
	objects_free(&objects);
	return 0;
}
