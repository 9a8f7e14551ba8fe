/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/field.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

static bool is_plain_name(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
	}
	return *name;
}

static void print_name(FILE *out, const char *name, bool first)
{
	if (is_plain_name(name))
		fprintf(out, "%s%s", first ? "" : ".", name);
	else
		fprintf(out, "[" QUOTE "]", QUOTED(name));
}

/* The way to field, and whether it is the document itself. */
static bool print_path(FILE *out, const struct field *field)
{
	bool first;

	if (!field->parent)
		return true;
	first = print_path(out, field->parent);
	if (field->node->key)
		print_name(out, field->node->key->text, first);
	else
		fprintf(out, "[%zu]", field->index);
	return false;
}

static char *path_to(const struct field *field, const char *member)
{
	_cleanup_fclose_ FILE *out = NULL;
	char *path = NULL;
	size_t length;
	bool first;

	out = open_memstream(&path, &length);
	if (!out)
		return xstrdup(member);
	first = print_path(out, field);
	if (member)
		print_name(out, member, first);
	fclose(TAKE_PTR(out));
	return path;
}

char *field_path(const struct field *field)
{
	return path_to(field, NULL);
}

__attribute__((format(printf, 4, 0))) static void say(const struct field *field, enum diag_level level,
						      const struct node *where, const char *format, va_list args)
{
	_cleanup_free_ char *path = NULL;

	if (!report_full(field->report))
		path = field_path(field);
	report_add(field->report, level, where->line, where->column, path ?: "", format, args);
}

void field_error(const struct field *field, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(field, DIAG_ERROR, field->node, format, args);
	va_end(args);
}

void field_warning(const struct field *field, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(field, DIAG_WARNING, field->node, format, args);
	va_end(args);
}

void field_key_error(const struct field *field, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(field, DIAG_ERROR, field->node->key ?: field->node, format, args);
	va_end(args);
}

void field_missing(const struct field *mapping, const char *name, const char *format, ...)
{
	_cleanup_free_ char *path = path_to(mapping, name);
	va_list args;

	va_start(args, format);
	report_add(mapping->report, DIAG_ERROR, mapping->node->line, mapping->node->column, path, format, args);
	va_end(args);
}

bool field_member(const struct field *mapping, const char *name, struct field *ret)
{
	if (mapping->node->type != NODE_MAPPING)
		return false;
	for (const struct node *value = mapping->node->first; value; value = value->next) {
		if (strcmp(value->key->text, name) == 0 && !node_is_null(value)) {
			*ret = (struct field){ .report = mapping->report, .parent = mapping, .node = value };
			return true;
		}
	}
	return false;
}

static const char *type_name(const struct node *node)
{
	static const char *const scalars[] = {
		[SCALAR_STRING] = "a string",  [SCALAR_NULL] = "null",	    [SCALAR_BOOL] = "a boolean",
		[SCALAR_INTEGER] = "a number", [SCALAR_FLOAT] = "a number",
	};

	switch (node->type) {
	case NODE_MAPPING:
		return "a mapping";
	case NODE_SEQUENCE:
		return "a list";
	case NODE_SCALAR:
		break;
	}
	return scalars[node->scalar];
}

bool field_is_mapping(const struct field *field)
{
	if (field->node->type == NODE_MAPPING)
		return true;
	field_error(field, "must be a mapping, not %s", type_name(field->node));
	return false;
}

bool field_is_sequence(const struct field *field)
{
	if (field->node->type == NODE_SEQUENCE)
		return true;
	field_error(field, "must be a list, not %s", type_name(field->node));
	return false;
}

const char *field_string(const struct field *field)
{
	const struct node *node = field->node;

	if (node->type == NODE_SCALAR && node->scalar == SCALAR_STRING)
		return node->text;
	if (node->type == NODE_SCALAR && node->scalar != SCALAR_NULL)
		field_error(field, "must be a string, not %s: write it in quotes", type_name(node));
	else
		field_error(field, "must be a string, not %s", type_name(node));
	return NULL;
}

bool field_bool(const struct field *field, bool *ret)
{
	const struct node *node = field->node;

	if (node->type != NODE_SCALAR || node->scalar != SCALAR_BOOL) {
		field_error(field, "must be true or false, not %s", type_name(node));
		return false;
	}
	*ret = tolower((unsigned char)node->text[0]) == 't';
	return true;
}

/* YAML 1.1 takes a leading zero for octal, 1.2 for nothing: what is meant can't be known. */
static bool is_ambiguous(const char *text)
{
	text += *text == '-' || *text == '+';
	return text[0] == '0' && isdigit((unsigned char)text[1]);
}

bool field_integer(const struct field *field, int64_t smallest, int64_t largest, int64_t *ret)
{
	const struct node *node = field->node;
	const char *text = node->text;
	bool octal;
	long long value;

	if (node->type != NODE_SCALAR || node->scalar != SCALAR_INTEGER) {
		field_error(field, "must be a whole number, not %s",
			    node->type == NODE_SCALAR && node->scalar == SCALAR_FLOAT ? "a fraction" : type_name(node));
		return false;
	}
	if (is_ambiguous(text)) {
		field_error(field, "must be a number without leading zeros");
		return false;
	}
	octal = text[0] == '0' && text[1] == 'o';
	errno = 0;
	value = strtoll(octal ? text + 2 : text, NULL, octal ? 8 : text[0] == '0' && text[1] == 'x' ? 16 : 10);
	if (errno || value < smallest || value > largest) {
		field_error(field, "must be from %lld to %lld, not %.32s", (long long)smallest, (long long)largest,
			    text);
		return false;
	}
	*ret = value;
	return true;
}

int field_word(const struct field *field, const char *const *words, size_t n)
{
	const char *text = field_string(field);
	char known[256] = "";

	if (!text)
		return -1;
	for (size_t i = 0; i < n; i++) {
		size_t used = strlen(known);

		if (strcmp(text, words[i]) == 0)
			return (int)i;
		snprintf(known + used, sizeof(known) - used, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
	}
	field_error(field, QUOTE " must be %s", QUOTED(text), known);
	return -1;
}

char *field_checked(const struct field *field, const char *(*check)(const char *text))
{
	const char *text = field_string(field);
	const char *complaint = text ? check(text) : NULL;

	if (complaint)
		field_error(field, QUOTE " %s", QUOTED(text), complaint);
	return complaint ? NULL : xstrdup(text);
}
