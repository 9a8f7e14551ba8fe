/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expectations of policies: kind PolicyTest of weir.dev/v1alpha1, which `weir
 * test` runs. It is no object that anybody enforces, so no manifest holds it.
 */
#ifndef WEIR_OBJECT_POLICY_TEST_H
#define WEIR_OBJECT_POLICY_TEST_H

#include <stdint.h>

#include "base/vec.h"
#include "object/diag.h"

struct policy_case {
	char *name;
	char *from, *to; /* NAMESPACE/POD or an address, not looked at yet */
	char *protocol;	 /* "TCP" when none is given */
	uint16_t port;	 /* 0: none */
	bool allow;	 /* expect */
	int line, column;
	size_t index; /* in spec.cases */
};

struct policy_test {
	char *name;
	char *file;
	VEC(char *) policies; /* paths as written, relative to the file */
	VEC(struct policy_case) cases;
};

struct policy_tests {
	VEC(struct policy_test) list;
};

/* Appends the tests of one text; like manifest_parse(). -EINVAL: something is wrong, and in diags; nothing is appended.
 */
int policy_test_parse(const char *file, const char *text, size_t length, struct policy_tests *tests,
		      struct diags *diags);
/* Of a file, or "-". */
int policy_test_read(const char *path, struct policy_tests *tests, struct diags *diags);
void policy_tests_free(struct policy_tests *tests); /* what it holds */

#endif
