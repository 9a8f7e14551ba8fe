// SPDX-License-Identifier: BSD-2-Clause
/*
 * A conversation with an API server that says anything: the parts of the input
 * are its answers, each "STATUS BODY" and fed in pieces of changing sizes. The
 * first part names the kind that is asked for. What comes of it in the end must
 * not depend on where the pieces were cut.
 */
#include "fuzz/targets/input.h"
#include "source/kube_reflector.h"

#define WATCH_SECONDS 300

static void feed(struct kube_reflector *reflector, const char *answer, size_t length, size_t piece)
{
	char *body;
	const long status = strtol(answer, &body, 10) % 600;
	size_t n, left = length - (size_t)(body - answer);
	int r = 0;

	free(kube_reflector_ask(reflector, WATCH_SECONDS));
	if (status)
		kube_reflector_answered(reflector, status);
	for (size_t i = 1; status && left && r == 0; i++, body += n, left -= n) {
		n = piece ? 1 + (i * piece) % 61 : left;
		n = n < left ? n : left;
		r = kube_reflector_feed(reflector, status, body, n);
	}
	kube_reflector_end(reflector, status, status ? NULL : "connection refused");
}

static void look(struct kube_reflector *reflector)
{
	struct objects_delta delta = {};
	struct objects old = {};

	kube_mirror_take(&reflector->mirror, &delta, &old);
	vec_free(&delta.gone);
	vec_free(&delta.come);
	objects_free(&old);
}

static void converse(const struct input *input, size_t piece, struct kube_reflector *ret)
{
	kube_reflector_init(ret, kind_by_name(input->parts[0]) % KIND_MAX);
	for (size_t i = 1; i < input->n; i++) {
		feed(ret, input->parts[i], input->lengths[i], piece);
		look(ret);
	}
}

static void check_same(const struct kube_reflector *a, const struct kube_reflector *b)
{
	const bool same = HASH_COUNT(a->mirror.entries) == HASH_COUNT(b->mirror.entries) && a->phase == b->phase &&
			  strcmp(a->from ?: "", b->from ?: "") == 0 && a->synced == b->synced;

	if (!same) {
		fprintf(stderr, "pieces make a difference: %u and %u objects, from \"%s\" and \"%s\"\n",
			HASH_COUNT(a->mirror.entries), HASH_COUNT(b->mirror.entries), a->from ?: "", b->from ?: "");
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct kube_reflector whole, cut;
	struct input input;

	input_split(bytes, size, &input);
	input_word(&input, 0);
	converse(&input, 0, &whole);
	converse(&input, size | 1, &cut);
	check_same(&whole, &cut);
	kube_reflector_free(&whole);
	kube_reflector_free(&cut);
	input_free(&input);
	return 0;
}
