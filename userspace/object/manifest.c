/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/interned.h"
#include "base/mem.h"
#include "object/documents.h"
#include "object/json.h"
#include "object/kinds.h"

static void (*const kind_readers[KIND_MAX])(const struct field *document, struct object *object) = {
	[KIND_NAMESPACE] = namespace_read,
	[KIND_POD] = pod_read,
	[KIND_NETWORK_POLICY] = network_policy_read,
	[KIND_TRAFFIC_POLICY] = traffic_policy_read,
	[KIND_CLUSTER_TRAFFIC_POLICY] = cluster_traffic_policy_read,
	[KIND_ADMIN_NETWORK_POLICY] = admin_network_policy_read,
	[KIND_BASELINE_ADMIN_NETWORK_POLICY] = baseline_admin_network_policy_read,
	[KIND_CLUSTER_NETWORK_POLICY] = cluster_network_policy_read,
	[KIND_NODE] = cluster_node_read,
	[KIND_SERVICE] = service_read,
	[KIND_ENDPOINT_SLICE] = endpoint_slice_read,
};

struct reading {
	unsigned flags;
	struct report *report;
	struct objects *objects;
	/* Of the items of a typed list (PodList), which don't say it themselves. */
	const char *item_kind;
	const char *item_version;
};

static void read_document(const struct field *document, void *target);

/* Unlike kind_by_name(), by the very word. */
static enum object_kind exact_kind(const char *name, size_t length)
{
	for (enum object_kind kind = 0; kind < KIND_MAX; kind++) {
		if (strlen(kind_info(kind)->kind) == length && memcmp(kind_info(kind)->kind, name, length) == 0)
			return kind;
	}
	return KIND_MAX;
}

static bool check_version(const struct field *document, const char *kind, const char *version, const char *right)
{
	struct field field;

	if (strcmp(version, right) == 0)
		return true;
	if (field_member(document, "apiVersion", &field))
		field_error(&field, QUOTE " must be %s for kind %s", QUOTED(version), right, kind);
	return false;
}

static bool is_old_version(enum object_kind kind, const char *version)
{
	const char *old = kind_info(kind)->old_version;

	return old && strcmp(version, old) == 0;
}

static void read_object(const struct field *document, enum object_kind kind, struct reading *reading)
{
	_cleanup_(object_freep) struct object *object = new0(struct object);
	size_t errors = reading->report->n_errors;

	object->kind = kind;
	object->file = interned(reading->report->file);
	object->line = document->node->line;
	metadata_read(document, object);
	if (kind_readers[kind])
		kind_readers[kind](document, object);
	if (reading->report->n_errors > errors)
		return;
	if (reading->flags & MANIFEST_KEEP_JSON)
		object->json = json_format(document->node, kind_info(kind)->kind, kind_info(kind)->api_version);
	vec_push(&reading->objects->list, TAKE_PTR(object));
}

/* "List" and "PodList", with the items' kind and apiVersion for the latter. */
static void read_list(const struct field *document, const char *kind, const char *version, struct reading *reading)
{
	struct reading inside = *reading;
	size_t length = strlen(kind) - strlen("List");
	enum object_kind item = exact_kind(kind, length);
	struct field items;

	inside.item_kind = inside.item_version = NULL;
	if (item != KIND_MAX) {
		inside.item_kind = kind_info(item)->kind;
		inside.item_version = kind_info(item)->api_version;
	}
	if (check_version(document, kind, version, inside.item_version ?: "v1") &&
	    field_member(document, "items", &items))
		field_read_items(&items, read_document, &inside);
}

static bool is_list(const char *kind)
{
	size_t length = strlen(kind);

	if (length < 4 || strcmp(kind + length - 4, "List") != 0)
		return false;
	return length == 4 || exact_kind(kind, length - 4) != KIND_MAX;
}

static const char *identifying(const struct field *document, const char *name, const char *otherwise)
{
	struct field field;

	if (field_member(document, name, &field))
		return field_string(&field);
	if (!otherwise)
		field_missing(document, name, "is missing");
	return otherwise;
}

static void read_document(const struct field *document, void *target)
{
	struct reading *reading = target;
	const char *kind, *version;
	enum object_kind known;
	struct field kind_field = *document;

	if (!field_is_mapping(document))
		return;
	(void)field_member(document, "kind", &kind_field);
	kind = identifying(document, "kind", reading->item_kind);
	version = identifying(document, "apiVersion", reading->item_version);
	if (!kind || !version)
		return;
	known = exact_kind(kind, strlen(kind));
	if (is_list(kind))
		read_list(document, kind, version, reading);
	else if (known == KIND_MAX)
		field_warning(&kind_field, QUOTE " of apiVersion " QUOTE " is no kind that weir knows: skipped",
			      QUOTED(kind), QUOTED(version));
	else if (is_old_version(known, version) ||
		 check_version(document, kind, version, kind_info(known)->api_version))
		read_object(document, known, reading);
}

static void read_documents(struct reading *reading, const char *text, size_t length)
{
	_cleanup_(documents_closep) struct documents *documents = documents_open(reading->report, text, length);
	const struct node *root;

	while ((root = documents_next(documents)) && !report_full(reading->report)) {
		struct field document = { .report = reading->report, .node = root };

		if (node_is_null(root))
			continue;
		field_check_duplicates(&document);
		read_document(&document, reading);
	}
}

int manifest_parse(const char *file, const char *text, size_t length, unsigned flags, struct objects *objects,
		   struct diags *diags)
{
	struct report report = { .file = file, .diags = diags };
	struct objects found = {};
	struct reading reading = { .flags = flags, .report = &report, .objects = &found };

	if (length > MANIFEST_SIZE_MAX)
		report_error(&report, 0, 0, "larger than %u MiB", MANIFEST_SIZE_MAX >> 20);
	else
		read_documents(&reading, text, length);
	if (report.n_errors == 0) {
		vec_for_each (object, &found.list)
			vec_push(&objects->list, TAKE_PTR(*object));
	}
	objects_free(&found);
	return report.n_errors ? -EINVAL : 0;
}

int manifest_parse_item(const char *file, enum object_kind kind, const char *text, size_t length, struct object **ret,
			struct diags *diags)
{
	const struct kind_info *info = kind_info(kind);
	struct report report = { .file = file, .diags = diags };
	struct objects found = {};
	struct reading reading = {
		.report = &report, .objects = &found, .item_kind = info->kind, .item_version = info->api_version
	};
	int r = -EINVAL;

	read_documents(&reading, text, length);
	if (report.n_errors == 0 && found.list.n == 1 && found.list.items[0]->kind == kind) {
		*ret = TAKE_PTR(found.list.items[0]);
		r = 0;
	} else if (report.n_errors == 0) {
		report_error(&report, 1, 1, "this is no %s", info->kind);
	}
	objects_free(&found);
	return r;
}
