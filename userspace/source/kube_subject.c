// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_subject.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/utf8.h"

#define FNV_OFFSET 0xcbf29ce484222325ull
#define FNV_PRIME  0x100000001b3ull

void kube_subject_free(struct kube_subject *subject)
{
	free(subject->namespace);
	free(subject->name);
	free(subject->uid);
	*subject = (struct kube_subject){};
}

char *kube_subject_path(const struct kube_subject *subject)
{
	const struct kind_info *info = kind_info(subject->kind);

	return xasprintf("/apis/%s%s%s/%s/%s", info->api_version, subject->namespace ? "/namespaces/" : "",
			 subject->namespace ?: "", info->plural, subject->name);
}

/* The end of the text counts, so that "a", "bc" and "ab", "c" differ. */
uint64_t kube_hash(uint64_t hash, const char *text)
{
	hash = hash ?: FNV_OFFSET;
	do {
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	} while (*text++);
	return hash;
}

/* FNV leaves what came last in the low bits; places are compared by the high ones. */
static uint64_t place_of(const struct kube_subject *subject, const char *node)
{
	uint64_t hash = kube_hash(kube_hash(0, subject->uid), node);

	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

size_t kube_subject_rank(const struct kube_subject *subject, const char *node, const char *const *nodes, size_t n)
{
	const uint64_t own = place_of(subject, node);
	size_t rank = 0;

	for (size_t i = 0; i < n; i++)
		rank += place_of(subject, nodes[i]) < own;
	return rank;
}

json_t *kube_text(const char *text, size_t max)
{
	const size_t length = strnlen(text, max);

	return json_stringn(text, utf8_span(text, length));
}
