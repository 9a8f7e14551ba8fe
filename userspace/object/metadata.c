/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/interned.h"
#include "base/mem.h"
#include "object/kinds.h"
#include "object/names.h"

static void read_name(const struct field *field, void *target)
{
	struct object *object = target;

	object->name = field_checked(field, object->kind == KIND_NAMESPACE ? name_check_label : name_check_subdomain);
}

static void read_namespace_name(const struct field *field, void *target)
{
	struct object *object = target;

	_cleanup_free_ char *name = NULL;

	if (!kind_info(object->kind)->namespaced) {
		field_key_error(field, "a %s belongs to no namespace", kind_info(object->kind)->kind);
		return;
	}
	name = field_checked(field, name_check_label);
	object->namespace = interned(name);
}

static void check_key(const struct field *field)
{
	const char *key = field->node->key->text;
	const char *complaint = name_check_label_key(key);

	if (complaint)
		field_key_error(field, "the key " QUOTE " %s", QUOTED(key), complaint);
}

static void read_labels(const struct field *field, void *target)
{
	struct object *object = target;

	if (!field_is_mapping(field))
		return;
	for (const struct node *node = field->node->first; node; node = node->next) {
		struct field label = { .report = field->report, .parent = field, .node = node };
		_cleanup_free_ char *value = field_checked(&label, name_check_label_value);

		check_key(&label);
		if (value)
			labels_set(&object->labels, node->key->text, value);
	}
}

static void check_annotations(const struct field *field, void *target)
{
	if (!field_is_mapping(field))
		return;
	for (const struct node *node = field->node->first; node; node = node->next) {
		struct field annotation = { .report = field->report, .parent = field, .node = node };

		check_key(&annotation);
		(void)field_string(&annotation);
	}
}

static void read_version(const struct field *field, void *target)
{
	struct object *object = target;

	object->version = xstrdup(field_string(field));
}

static void read_uid(const struct field *field, void *target)
{
	struct object *object = target;

	if ((kind_info(object->kind)->is_policy || object->kind == KIND_POD) && field->node->type == NODE_SCALAR)
		object->uid = xstrdup(field->node->text);
}

static void read_generation(const struct field *field, void *target)
{
	struct object *object = target;

	if (kind_info(object->kind)->is_policy)
		field_integer(field, 0, INT64_MAX, &object->generation);
}

/* What else Kubernetes' ObjectMeta has, and the API server fills in. */
static const struct member metadata_members[] = {
	{ "name", read_name },
	{ "namespace", read_namespace_name },
	{ "labels", read_labels },
	{ "annotations", check_annotations },
	{ "generateName", field_ignore },
	{ "selfLink", field_ignore },
	{ "uid", read_uid },
	{ "resourceVersion", read_version },
	{ "generation", read_generation },
	{ "creationTimestamp", field_ignore },
	{ "deletionTimestamp", field_ignore },
	{ "deletionGracePeriodSeconds", field_ignore },
	{ "ownerReferences", field_ignore },
	{ "finalizers", field_ignore },
	{ "managedFields", field_ignore },
};

void metadata_read(const struct field *document, struct object *object)
{
	const struct kind_info *info = kind_info(object->kind);
	struct field metadata, name;

	if (!field_member(document, "metadata", &metadata)) {
		field_missing(document, "metadata", "is missing: a %s needs a name", info->kind);
		return;
	}
	if (!field_read_members(&metadata, metadata_members, ARRAY_SIZE(metadata_members),
				info->is_policy ? MEMBERS_STRICT : 0, object))
		return;
	if (!field_member(&metadata, "name", &name))
		field_missing(&metadata, "name", "is missing: a %s needs a name", info->kind);
	if (info->namespaced && !object->namespace)
		object->namespace = interned("default");
}
