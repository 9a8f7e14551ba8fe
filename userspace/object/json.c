/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What a double holds of any decimal number without changing it. */
#define REAL_DIGITS 15

static json_t *number(const char *text, enum scalar_type type)
{
	bool octal = text[0] == '0' && text[1] == 'o';
	bool hexadecimal = text[0] == '0' && text[1] == 'x';
	double real;

	if (type == SCALAR_INTEGER) {
		long long integer;

		errno = 0;
		integer = strtoll(octal ? text + 2 : text, NULL, octal ? 8 : hexadecimal ? 16 : 10);
		if (errno == 0)
			return json_integer(integer);
	}
	real = strpbrk(text, "nN") ? NAN : strtod(text, NULL);
	return isfinite(real) ? json_real(real) : NULL; /* .inf and .nan are no JSON */
}

static json_t *scalar(const struct node *node)
{
	json_t *value = NULL;

	switch (node->scalar) {
	case SCALAR_NULL:
		return json_null();
	case SCALAR_BOOL:
		return json_boolean(strchr("tT", node->text[0]));
	case SCALAR_INTEGER:
	case SCALAR_FLOAT:
		value = number(node->text, node->scalar);
		break;
	case SCALAR_STRING:
		break;
	}
	return value ?: json_string(node->text);
}

static json_t *value_of(const struct node *node)
{
	json_t *value;

	if (node->type == NODE_SCALAR)
		return scalar(node);
	value = node->type == NODE_SEQUENCE ? json_array() : json_object();
	for (const struct node *child = node->first; child; child = child->next) {
		if (node->type == NODE_SEQUENCE)
			json_array_append_new(value, value_of(child));
		else
			json_object_set_new(value, child->key->text, value_of(child));
	}
	return value;
}

char *json_format(const struct node *object, const char *kind, const char *api_version)
{
	json_t *value = value_of(object);
	char *text;

	json_object_set_new(value, "kind", json_string(kind));
	json_object_set_new(value, "apiVersion", json_string(api_version));
	text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(REAL_DIGITS));
	json_decref(value);
	return text ?: xstrdup("{}");
}
