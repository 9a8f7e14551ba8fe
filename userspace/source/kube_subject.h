/* SPDX-License-Identifier: BSD-2-Clause */
/* The object that something is told of, and who tells. */
#ifndef WEIR_SOURCE_KUBE_SUBJECT_H
#define WEIR_SOURCE_KUBE_SUBJECT_H

#include <jansson.h>
#include <stddef.h>

#include "object/object.h"

struct kube_subject {
	enum object_kind kind;
	char *namespace; /* NULL: of the cluster */
	char *name, *uid;
	int64_t generation;
};

void kube_subject_free(struct kube_subject *subject); /* what it holds */

/* "/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME"; the caller frees. */
char *kube_subject_path(const struct kube_subject *subject);
/*
 * In which order nodes tell: how many of them come before this one. The order
 * is another one for each object, and the same on all nodes.
 */
size_t kube_subject_rank(const struct kube_subject *subject, const char *node, const char *const *nodes, size_t n);

/* FNV-1a, going on from hash; 0 begins. */
uint64_t kube_hash(uint64_t hash, const char *text);
/* As much of text as has not more than max bytes and is UTF-8. */
json_t *kube_text(const char *text, size_t max);

#endif
