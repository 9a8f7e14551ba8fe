/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A YAML or JSON document as a tree that knows where everything was written.
 * Aliases are followed already: an alias is a node with a position of its own
 * that shares what it stands for.
 */
#ifndef WEIR_OBJECT_NODE_H
#define WEIR_OBJECT_NODE_H

#include <stdbool.h>
#include <stddef.h>

enum node_type { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

/* What YAML 1.2's core schema makes of a scalar. */
enum scalar_type { SCALAR_STRING, SCALAR_NULL, SCALAR_BOOL, SCALAR_INTEGER, SCALAR_FLOAT };

struct node {
	enum node_type type;
	enum scalar_type scalar;
	int line; /* from 1 */
	int column;
	const char *text;	  /* of a scalar, NUL-terminated; a NUL inside it never gets here */
	const struct node *key;	  /* of a mapping's value */
	const struct node *first; /* of a mapping's values or a sequence's items */
	const struct node *next;  /* sibling */
	size_t n;		  /* children */
	size_t weight;		  /* nodes of the tree below and including this one, aliases expanded */
	unsigned height;	  /* levels of collections, 0 for a scalar */
};

/* The type of a scalar that was written without quotes or tag. */
enum scalar_type scalar_type_of(const char *text);

static inline bool node_is_null(const struct node *node)
{
	return node->type == NODE_SCALAR && node->scalar == SCALAR_NULL;
}

#endif
