/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "object/names.h"
#include "object/policy_parts.h"

static void read_match_labels(const struct field *field, void *target)
{
	struct selector *selector = target;

	if (!field_is_mapping(field))
		return;
	for (const struct node *node = field->node->first; node; node = node->next) {
		struct field label = { .report = field->report, .parent = field, .node = node };
		const char *key = node->key->text, *complaint = name_check_label_key(key);
		struct selector_requirement requirement = {}; /* In */
		char *value = field_checked(&label, name_check_label_value);

		if (complaint)
			field_key_error(&label, "the key " QUOTE " %s", QUOTED(key), complaint);
		requirement.key = xstrdup(key);
		if (value)
			vec_push(&requirement.values, value);
		vec_push(&selector->requirements, requirement);
	}
}

static void read_key(const struct field *field, void *target)
{
	((struct selector_requirement *)target)->key = field_checked(field, name_check_label_key);
}

static void read_operator(const struct field *field, void *target)
{
	static const char *const names[] = {
		[SELECTOR_IN] = "In",
		[SELECTOR_NOT_IN] = "NotIn",
		[SELECTOR_EXISTS] = "Exists",
		[SELECTOR_DOES_NOT_EXIST] = "DoesNotExist",
	};
	enum selector_operator *ret = &((struct selector_requirement *)target)->operator;
	int word = field_word(field, names, ARRAY_SIZE(names));

	if (word >= 0)
		*ret = (enum selector_operator)word;
}

static void read_value(const struct field *field, void *target)
{
	struct selector_requirement *requirement = target;
	char *value = field_checked(field, name_check_label_value);

	if (value)
		vec_push(&requirement->values, value);
}

static void read_values(const struct field *field, void *target)
{
	field_read_items(field, read_value, target);
}

static const struct member expression_members[] = {
	{ "key", read_key },
	{ "operator", read_operator },
	{ "values", read_values },
};

static void check_values(const struct field *field, const struct selector_requirement *requirement)
{
	enum selector_operator word = requirement->operator;
	bool wants_values = word == SELECTOR_IN || word == SELECTOR_NOT_IN;
	struct field values;
	bool has_values =
		field_member(field, "values", &values) && (values.node->type != NODE_SEQUENCE || values.node->n > 0);

	if (wants_values && !has_values)
		field_missing(field, "values", "must name at least one value with the operators In and NotIn");
	else if (!wants_values && has_values)
		field_error(&values, "must be absent with the operators Exists and DoesNotExist");
}

static void read_expression(const struct field *field, void *target)
{
	struct selector *selector = target;
	struct selector_requirement requirement = {};
	struct field key, word;

	if (!field_read_members(field, expression_members, ARRAY_SIZE(expression_members), MEMBERS_STRICT,
				&requirement))
		return;
	if (!field_member(field, "key", &key))
		field_missing(field, "key", "is missing");
	if (field_member(field, "operator", &word))
		check_values(field, &requirement);
	else
		field_missing(field, "operator", "is missing: In, NotIn, Exists or DoesNotExist");
	if (!requirement.key)
		requirement.key = xstrdup("");
	vec_push(&selector->requirements, requirement);
}

static void read_expressions(const struct field *field, void *target)
{
	field_read_items(field, read_expression, target);
}

static const struct member selector_members[] = {
	{ "matchLabels", read_match_labels },
	{ "matchExpressions", read_expressions },
};

void read_selector(const struct field *field, void *target)
{
	field_read_members(field, selector_members, ARRAY_SIZE(selector_members), MEMBERS_STRICT, target);
	selector_sort(target);
}
