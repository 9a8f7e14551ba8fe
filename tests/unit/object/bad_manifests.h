/* SPDX-License-Identifier: BSD-2-Clause */
/* Manifests that must be refused, and how each is told what is wrong with it. */
#ifndef WEIR_TESTS_BAD_MANIFESTS_H
#define WEIR_TESTS_BAD_MANIFESTS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "object/manifest.h"

#define EXPECTED_MAX 6

struct bad_manifest {
	const char *name;
	const char *text;
	/* What each error begins with behind the file's name, in order: "LINE:COLUMN: path: text". */
	const char *expected[EXPECTED_MAX];
};

/* What begins on line 5 is the spec. */
#define NETWORK_POLICY                       \
	"apiVersion: networking.k8s.io/v1\n" \
	"kind: NetworkPolicy\n"              \
	"metadata: {name: p}\n"              \
	"spec:\n"
#define TRAFFIC_POLICY                    \
	"apiVersion: weir.dev/v1alpha1\n" \
	"kind: TrafficPolicy\n"           \
	"metadata: {name: p}\n"           \
	"spec:\n"
#define POD                \
	"apiVersion: v1\n" \
	"kind: Pod\n"      \
	"metadata: {name: p}\n"

static inline void expect(const struct bad_manifest *bad, size_t at, const struct diag *diag)
{
	_cleanup_free_ char *line = diag_format(diag);

	if (at >= EXPECTED_MAX || !bad->expected[at])
		fail_msg("an error too many: %s", line);
	if (strncmp(line, "t:", 2) != 0 || strncmp(line + 2, bad->expected[at], strlen(bad->expected[at])) != 0)
		fail_msg("expected t:%s... but got %s", bad->expected[at], line);
}

static inline void test_bad_manifest(void **state)
{
	const struct bad_manifest *bad = *state;
	struct objects objects = {};
	struct diags diags = {};
	size_t n = 0;
	int r = manifest_parse("t", bad->text, strlen(bad->text), 0, &objects, &diags);

	assert_int_equal(r, -EINVAL);
	assert_int_equal(objects.list.n, 0);
	vec_for_each (diag, &diags.list) {
		if (diag->level == DIAG_ERROR)
			expect(bad, n++, diag);
	}
	if (n < EXPECTED_MAX && bad->expected[n])
		fail_msg("missing error: t:%s", bad->expected[n]);
	assert_int_equal(diags.n_errors, n);
	diags_free(&diags);
}

/* One test for each case; ret has room for n. */
static inline void bad_manifest_tests(const struct bad_manifest *cases, size_t n, struct CMUnitTest *ret)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct CMUnitTest){ cases[i].name, test_bad_manifest, NULL, NULL, (void *)&cases[i] };
}

#endif
