/* SPDX-License-Identifier: BSD-2-Clause */
/* What made a pod: the name that people know it by, as its own ends in what was drawn by lot. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "object/kinds.h"

#define HASH_LABEL "pod-template-hash"

struct owner {
	char *kind;
	char *name;
	bool controls;
};

/* A wrong one is no reason to refuse a pod: then it goes by its own name. */
static char *text_of(const struct field *field)
{
	return field->node->type == NODE_SCALAR ? xstrdup(field->node->text) : NULL;
}

static void read_kind(const struct field *field, void *target)
{
	((struct owner *)target)->kind = text_of(field);
}

static void read_name(const struct field *field, void *target)
{
	((struct owner *)target)->name = text_of(field);
}

static void read_controller(const struct field *field, void *target)
{
	((struct owner *)target)->controls = field->node->type == NODE_SCALAR && !strcmp(field->node->text, "true");
}

static const struct member members[] = {
	{ "kind", read_kind },
	{ "name", read_name },
	{ "controller", read_controller },
};

static void cut_suffix(char *name, const char *suffix)
{
	const size_t length = strlen(name), tail = suffix ? strlen(suffix) + 1 : 0;

	if (tail && tail < length && name[length - tail] == '-' && strcmp(name + length - tail + 1, suffix) == 0)
		name[length - tail] = '\0';
}

/* A CronJob's Jobs end in the minute that they are for. */
static void cut_number(char *name)
{
	char *dash = strrchr(name, '-');

	if (dash && dash > name && strlen(dash + 1) >= 8 && strspn(dash + 1, "0123456789") == strlen(dash + 1))
		*dash = '\0';
}

static void take(struct object *object, struct owner *owner)
{
	if (owner->controls && owner->kind && owner->name && *owner->name && !object->pod.owner) {
		object->pod.owner = TAKE_PTR(owner->name);
		if (strcmp(owner->kind, "ReplicaSet") == 0)
			cut_suffix(object->pod.owner, labels_get(&object->labels, HASH_LABEL));
		else if (strcmp(owner->kind, "Job") == 0)
			cut_number(object->pod.owner);
	}
	free(owner->kind);
	free(owner->name);
}

void owner_read(const struct field *metadata, struct object *pod)
{
	struct field references;

	if (!field_member(metadata, "ownerReferences", &references) || references.node->type != NODE_SEQUENCE)
		return;
	for (const struct node *item = references.node->first; item; item = item->next) {
		struct field field = { .report = metadata->report, .parent = &references, .node = item };
		struct owner owner = {};

		if (item->type == NODE_MAPPING)
			field_read_members(&field, members, ARRAY_SIZE(members), 0, &owner);
		take(pod, &owner);
	}
}
