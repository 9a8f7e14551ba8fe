/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A typed reader over a document's tree. A field is a node and the way to it,
 * so that whatever is wrong is said with line, column and path. Every reader
 * reports what it doesn't like and goes on: all faults are found in one go.
 */
#ifndef WEIR_OBJECT_FIELD_H
#define WEIR_OBJECT_FIELD_H

#include <stdint.h>
#include <string.h>

#include "object/node.h"
#include "object/report.h"

struct field {
	struct report *report;
	const struct field *parent; /* NULL: the document */
	const struct node *node;
	size_t index; /* in a sequence */
};

/* At the value. */
void field_error(const struct field *field, const char *format, ...) __attribute__((format(printf, 2, 3)));
void field_warning(const struct field *field, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* At the value's key. */
void field_key_error(const struct field *field, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* About a member that a mapping has not. */
void field_missing(const struct field *mapping, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
char *field_path(const struct field *field); /* "spec.ingress[0].from"; the caller frees */

/* A member of a mapping that is there and not null. */
bool field_member(const struct field *mapping, const char *name, struct field *ret);

/* Each of these reports another type and then answers false or NULL. */
bool field_is_mapping(const struct field *field);
bool field_is_sequence(const struct field *field);
const char *field_string(const struct field *field);
bool field_bool(const struct field *field, bool *ret);
bool field_integer(const struct field *field, int64_t smallest, int64_t largest, int64_t *ret);

/* One row for each member that a mapping can have. */
struct member {
	const char *name;
	void (*read)(const struct field *field, void *target);
};

enum members_flags {
	MEMBERS_STRICT = 1, /* a member without a row is an error; else it is ignored */
};

/* Reads every member that is not null, in the order written. False when field is no mapping. */
bool field_read_members(const struct field *field, const struct member *members, size_t n, unsigned flags,
			void *target);
/* Calls read for each item; false when field is no sequence. */
bool field_read_items(const struct field *field, void (*read)(const struct field *item, void *target), void *target);
/* The reader of a member that may be there and is not looked at. */
void field_ignore(const struct field *field, void *target);

/* One of a list of words, case and all: its index, or -1 when it is another (which is reported). */
int field_word(const struct field *field, const char *const *words, size_t n);
/* A copy of a string that check finds nothing to say against, else NULL. The caller frees. */
char *field_checked(const struct field *field, const char *(*check)(const char *text));

/* Reports keys that a mapping has twice, in the whole tree. */
void field_check_duplicates(const struct field *field);

/* A text quoted in a message, cut where it is long. */
#define QUOTE	     "\"%.64s%s\""
#define QUOTED(text) (text), strnlen((text), 65) > 64 ? "..." : ""

#endif
