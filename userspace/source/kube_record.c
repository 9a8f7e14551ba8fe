// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool same(const struct kube_record *a, const struct kube_record *b)
{
	if (!a->uid || !b->uid)
		return !a->uid && !b->uid;
	return strcmp(a->uid, b->uid) == 0 && a->generation == b->generation &&
	       (a->status == b->status || json_equal(a->status, b->status));
}

bool kube_record_replace(struct kube_record *record, struct kube_record *fresh)
{
	const bool changed = !same(record, fresh);

	kube_record_free(record);
	*record = *fresh;
	*fresh = (struct kube_record){};
	return changed;
}

void kube_record_read(const char *text, struct kube_record *ret)
{
	json_auto_t *json = json_loads(text, 0, NULL);
	const json_t *metadata = json_object_get(json, "metadata");

	*ret = (struct kube_record){
		.uid = xstrdup(json_string_value(json_object_get(metadata, "uid"))),
		.generation = json_integer_value(json_object_get(metadata, "generation")),
		.status = json_incref(json_object_get(json, "status")),
	};
}

void kube_record_free(struct kube_record *record)
{
	free(record->uid);
	json_decref(record->status);
	*record = (struct kube_record){};
}
