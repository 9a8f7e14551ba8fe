/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an API server sends, cut into pieces while it arrives, so that a list of
 * any length takes no more memory than its largest object:
 *
 *   a list     {"kind": "PodList", "metadata": {...}, "items": [{...}, {...}]}
 *   a watch    {"type": "ADDED", "object": {...}} {"type": ...} ...
 *
 * Of each top-level object the members of the names below are told, each with
 * its text as it stands there; "items" one item at a time. Whether the text is
 * right is for its reader to say: here only strings and brackets are followed.
 */
#ifndef WEIR_SOURCE_KUBE_FRAMES_H
#define WEIR_SOURCE_KUBE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"

enum kube_member {
	KUBE_METADATA,
	KUBE_ITEM,
	KUBE_TYPE,
	KUBE_OBJECT,
	KUBE_END, /* of the top-level object; without text */
};

struct kube_frames {
	/* text: NUL-terminated, valid during the call. An error ends the feeding. */
	int (*take)(void *data, enum kube_member member, const char *text, size_t length);
	void *data;
	size_t limit; /* of one member's text */

	unsigned depth; /* of open brackets */
	bool in_string, escaped;
	bool is_key;   /* the string is a key of the top level */
	bool in_value; /* behind the colon of a top-level member */
	char key[12];
	size_t key_length;
	bool captures;
	unsigned capture_depth;
	enum kube_member member;
	VEC(char) text;
};

/* 0, -EBADMSG when it is no JSON of that shape, -E2BIG beyond the limit, or what take returned. */
int kube_frames_feed(struct kube_frames *frames, const char *data, size_t n);
/* Whether all that was begun has ended. */
bool kube_frames_are_whole(const struct kube_frames *frames);
void kube_frames_free(struct kube_frames *frames); /* what it holds; ready for another stream */

#endif
