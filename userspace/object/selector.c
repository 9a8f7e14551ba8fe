/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "object/labels.h"

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_value(const struct selector_requirement *requirement, const char *value)
{
	return bsearch(&value, requirement->values.items, requirement->values.n, sizeof(char *), compare_text);
}

static bool requirement_holds(const struct selector_requirement *requirement, const struct labels *labels)
{
	const char *value = labels_get(labels, requirement->key);

	switch (requirement->operator) {
	case SELECTOR_IN:
		return value && has_value(requirement, value);
	case SELECTOR_NOT_IN:
		return !value || !has_value(requirement, value);
	case SELECTOR_EXISTS:
		return value;
	case SELECTOR_DOES_NOT_EXIST:
		return !value;
	}
	return false;
}

bool selector_matches(const struct selector *selector, const struct labels *labels)
{
	vec_for_each (requirement, &selector->requirements) {
		if (!requirement_holds(requirement, labels))
			return false;
	}
	return true;
}

static int compare_requirements(const void *a, const void *b)
{
	const struct selector_requirement *x = a, *y = b;
	int x_operator = (int)x->operator, y_operator =(int) y->operator;
	int r = strcmp(x->key, y->key) ?: x_operator - y_operator;

	for (size_t i = 0; r == 0 && i < x->values.n && i < y->values.n; i++)
		r = strcmp(x->values.items[i], y->values.items[i]);
	if (r == 0)
		r = (x->values.n > y->values.n) - (x->values.n < y->values.n);
	return r;
}

static void requirement_free(struct selector_requirement *requirement)
{
	vec_for_each (value, &requirement->values)
		free(*value);
	vec_free(&requirement->values);
	free(requirement->key);
}

static void sort_values(struct selector_requirement *requirement)
{
	size_t kept = 0;

	if (requirement->values.n < 2)
		return;
	qsort(requirement->values.items, requirement->values.n, sizeof(char *), compare_text);
	vec_for_each (value, &requirement->values) {
		if (kept > 0 && strcmp(requirement->values.items[kept - 1], *value) == 0)
			free(*value);
		else
			requirement->values.items[kept++] = *value;
	}
	requirement->values.n = kept;
}

void selector_sort(struct selector *selector)
{
	size_t kept = 0;

	vec_for_each (requirement, &selector->requirements)
		sort_values(requirement);
	if (selector->requirements.n < 2)
		return;
	qsort(selector->requirements.items, selector->requirements.n, sizeof(struct selector_requirement),
	      compare_requirements);
	vec_for_each (requirement, &selector->requirements) {
		if (kept > 0 && compare_requirements(&selector->requirements.items[kept - 1], requirement) == 0)
			requirement_free(requirement);
		else
			selector->requirements.items[kept++] = *requirement;
	}
	selector->requirements.n = kept;
}

static void print_requirement(FILE *out, const struct selector_requirement *requirement)
{
	const char *comma = "";

	switch (requirement->operator) {
	case SELECTOR_EXISTS:
		fputs(requirement->key, out);
		return;
	case SELECTOR_DOES_NOT_EXIST:
		fprintf(out, "!%s", requirement->key);
		return;
	case SELECTOR_IN:
		fprintf(out, "%s in (", requirement->key);
		break;
	case SELECTOR_NOT_IN:
		fprintf(out, "%s notin (", requirement->key);
		break;
	}
	vec_for_each (value, &requirement->values) {
		fprintf(out, "%s%s", comma, *value);
		comma = ",";
	}
	fputc(')', out);
}

char *selector_format(const struct selector *selector)
{
	_cleanup_fclose_ FILE *out = NULL;
	const char *comma = "";
	char *text = NULL;
	size_t length;

	out = open_memstream(&text, &length);
	if (!out)
		return xstrdup("");
	vec_for_each (requirement, &selector->requirements) {
		fputs(comma, out);
		print_requirement(out, requirement);
		comma = ",";
	}
	fclose(TAKE_PTR(out));
	return text;
}

void selector_free(struct selector *selector)
{
	vec_for_each (requirement, &selector->requirements)
		requirement_free(requirement);
	vec_free(&selector->requirements);
}
