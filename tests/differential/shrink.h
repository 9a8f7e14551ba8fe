/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a failing case small (delta debugging along the documents' tree): takes
 * out one document, item or member after the other, as long as it still fails.
 * What is no valid manifest without the part doesn't fail in the same way, so
 * the case stays one that could be applied.
 */
#ifndef WEIR_TESTS_SHRINK_H
#define WEIR_TESTS_SHRINK_H

#include <jansson.h>
#include <libfyaml.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "object/manifest.h"

#define SHRINK_TRIES_MAX 20000u

struct shrink {
	json_t *documents; /* array */
	/* Whether these manifests still fail in the way that is looked for. */
	bool (*fails)(const char *manifests, const void *data);
	const void *data;
	unsigned tries;
};

static inline char *shrink_text(const json_t *documents)
{
	char *text = NULL;
	size_t size, i;
	json_t *document;
	FILE *out = open_memstream(&text, &size);

	json_array_foreach (documents, i, document) {
		json_dumpf(document, out, JSON_COMPACT);
		fputs("\n---\n", out);
	}
	fclose(out);
	return text;
}

static inline bool shrink_fails(struct shrink *shrink)
{
	char *text = shrink_text(shrink->documents);
	const bool fails = shrink->tries++ < SHRINK_TRIES_MAX && shrink->fails(text, shrink->data);

	free(text);
	return fails;
}

static inline bool shrink_array(struct shrink *shrink, json_t *array)
{
	bool smaller = false;

	for (size_t i = json_array_size(array); i-- > 0;) {
		json_t *item = json_incref(json_array_get(array, i));

		json_array_remove(array, i);
		if (shrink_fails(shrink))
			smaller = true;
		else
			json_array_insert(array, i, item);
		json_decref(item);
	}
	return smaller;
}

/* A member that is put back goes to the end, so each is taken from a copy. */
static inline bool shrink_object(struct shrink *shrink, json_t *object)
{
	json_t *copy = json_copy(object), *value;
	bool smaller = false;
	const char *key;

	json_object_foreach (copy, key, value) {
		json_object_del(object, key);
		if (shrink_fails(shrink))
			smaller = true;
		else
			json_object_set(object, key, value);
	}
	json_decref(copy);
	return smaller;
}

/* The large parts first, then what is in those that stay. */
static inline bool shrink_value(struct shrink *shrink, json_t *value)
{
	bool smaller = false;
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_array(value)) {
		smaller = shrink_array(shrink, value);
		json_array_foreach (value, i, child)
			smaller |= shrink_value(shrink, child);
	} else if (json_is_object(value)) {
		smaller = shrink_object(shrink, value);
		json_object_foreach (value, key, child)
			smaller |= shrink_value(shrink, child);
	}
	return smaller;
}

static inline char *shrink_yaml(const json_t *documents)
{
	char *text = NULL, *json, *yaml;
	size_t size, i;
	json_t *document;
	FILE *out = open_memstream(&text, &size);

	json_array_foreach (documents, i, document) {
		struct fy_document *parsed;

		json = json_dumps(document, JSON_COMPACT);
		parsed = fy_document_build_from_string(NULL, json, FY_NT);
		yaml = parsed ? fy_emit_document_to_string(parsed, FYECF_MODE_BLOCK | FYECF_WIDTH_INF) : NULL;
		fprintf(out, "---\n%s", yaml ?: json);
		free(yaml);
		free(json);
		fy_document_destroy(parsed);
	}
	fclose(out);
	return text;
}

/* The smallest found, as YAML; the caller frees. ret_documents: how many, or NULL. */
static inline char *shrink(const char *manifests, bool (*fails)(const char *manifests, const void *data),
			   const void *data, size_t *ret_documents)
{
	struct shrink shrink = { .documents = json_array(), .fails = fails, .data = data };
	struct objects objects = {};
	struct diags diags = {};
	char *yaml;

	if (manifest_parse("case", manifests, strlen(manifests), MANIFEST_KEEP_JSON, &objects, &diags) < 0)
		abort();
	vec_for_each (object, &objects.list)
		json_array_append_new(shrink.documents, json_loads((*object)->json, 0, NULL));
	while (shrink_value(&shrink, shrink.documents))
		;
	yaml = shrink_yaml(shrink.documents);
	if (ret_documents)
		*ret_documents = json_array_size(shrink.documents);
	json_decref(shrink.documents);
	objects_free(&objects);
	diags_free(&diags);
	return yaml;
}

#endif
