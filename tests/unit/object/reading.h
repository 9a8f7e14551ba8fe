/* SPDX-License-Identifier: BSD-2-Clause */
/* A text and what was read of it. */
#ifndef WEIR_TESTS_READING_H
#define WEIR_TESTS_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "object/manifest.h"

struct read_text {
	int result;
	struct objects objects;
	struct diags diags;
};

static inline void read_bytes(struct read_text *ret, const char *text, size_t length, unsigned flags)
{
	*ret = (struct read_text){};
	ret->result = manifest_parse("t", text, length, flags, &ret->objects, &ret->diags);
	assert_int_equal(ret->result == 0, ret->diags.n_errors == 0);
	if (ret->result < 0)
		assert_int_equal(ret->objects.list.n, 0);
}

static inline void read_text(struct read_text *ret, const char *text)
{
	read_bytes(ret, text, strlen(text), MANIFEST_KEEP_JSON);
}

/* What must be right, without a word. */
static inline void read_good(struct read_text *ret, const char *text)
{
	read_text(ret, text);
	if (ret->diags.list.n > 0)
		fail_msg("%s", diag_format(&ret->diags.list.items[0]));
}

static inline void read_free(struct read_text *read)
{
	objects_free(&read->objects);
	diags_free(&read->diags);
}

#endif
