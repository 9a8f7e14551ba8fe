/* SPDX-License-Identifier: BSD-2-Clause */
/* libfyaml's events -> one document's tree, within bounds. */
#ifndef WEIR_OBJECT_TREE_H
#define WEIR_OBJECT_TREE_H

#include <libfyaml.h>
#include <obstack.h>

#include "object/documents.h"

struct open_collection {
	struct node *node;
	struct node *last;
	const struct node *key; /* of a mapping, awaiting its value */
	const char *anchor;	/* its name is known to aliases only once it is whole: nothing holds itself */
};

struct tree {
	struct report *report; /* borrowed */
	int first_line;	       /* of what the parser was given, from 0 */
	struct obstack memory; /* every node and text */
	struct node *root;
	struct open_collection open[DOCUMENT_DEPTH_MAX];
	unsigned depth;
	size_t n_nodes;
	size_t n_aliased;
	struct anchor *anchors; /* hash by name */
};

void tree_init(struct tree *tree, struct report *report);
void tree_clear(struct tree *tree); /* for the next document */
void tree_free(struct tree *tree);  /* what it holds */

/*
 * Takes one event of a document. -EINVAL when the document can't be used,
 * *ret_line (from 0, in what the parser was given) saying where; reported.
 */
int tree_event(struct tree *tree, const struct fy_event *event, int *ret_line);

#endif
