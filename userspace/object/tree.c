/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"

#define TAG_PREFIX "tag:yaml.org,2002:"

struct anchor {
	const char *name;
	const struct node *node;
	UT_hash_handle hh;
};

/* One event, with what every kind of node has. */
struct item {
	struct fy_token *token; /* NULL for a value that is not written */
	struct fy_token *anchor;
	struct fy_token *tag;
	int line; /* from 0, in what the parser was given */
	int column;
};

static void *chunk_alloc(size_t size)
{
	return xrealloc(NULL, size, 1);
}

#define obstack_chunk_alloc chunk_alloc
#define obstack_chunk_free  free

void tree_init(struct tree *tree, struct report *report)
{
	*tree = (struct tree){ .report = report };
	obstack_init(&tree->memory);
}

void tree_free(struct tree *tree)
{
	HASH_CLEAR(hh, tree->anchors);
	obstack_free(&tree->memory, NULL);
}

void tree_clear(struct tree *tree)
{
	int first_line = tree->first_line;
	struct report *report = tree->report;

	tree_free(tree);
	tree_init(tree, report);
	tree->first_line = first_line;
}

static int fail(struct tree *tree, const struct item *item, const char *why)
{
	report_error(tree->report, tree->first_line + item->line + 1, item->column + 1, "%s", why);
	return -EINVAL;
}

static const char *copy_text(struct tree *tree, struct fy_token *token, size_t *ret_length)
{
	const char *text = token ? fy_token_get_text(token, ret_length) : NULL;

	if (!text)
		*ret_length = 0;
	return obstack_copy0(&tree->memory, text ?: "", *ret_length);
}

static struct open_collection *innermost(struct tree *tree)
{
	return tree->depth ? &tree->open[tree->depth - 1] : NULL;
}

/* Where the event is; a value that is not written is where its key or its collection is. */
static void locate(struct tree *tree, struct item *item, struct fy_token *token)
{
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	const struct open_collection *parent = innermost(tree);
	const struct node *near = !parent ? NULL : parent->key ?: parent->node;

	item->token = token;
	if (mark) {
		item->line = mark->line;
		item->column = mark->column;
	} else if (near) {
		item->line = near->line - 1 - tree->first_line;
		item->column = near->column - 1;
	}
}

static int new_node(struct tree *tree, const struct item *item, enum node_type type, struct node **ret)
{
	struct node *node;

	if (++tree->n_nodes > DOCUMENT_NODES_MAX)
		return fail(tree, item, "the document is too large");
	node = obstack_alloc(&tree->memory, sizeof(*node));
	*node = (struct node){
		.type = type,
		.line = tree->first_line + item->line + 1,
		.column = item->column + 1,
		.weight = 1,
	};
	*ret = node;
	return 0;
}

/* Puts a node where the document is now: as key, as value, as item or as root. */
static int place(struct tree *tree, const struct item *item, struct node *node)
{
	struct open_collection *parent = innermost(tree);

	if (!parent) {
		tree->root = node;
		return 0;
	}
	if (parent->node->type == NODE_MAPPING && !parent->key) {
		if (node->type != NODE_SCALAR)
			return fail(tree, item, "a key must be a string");
		if (strcmp(node->text, "<<") == 0)
			return fail(tree, item, "merge keys (<<) are not supported: write the fields out");
		parent->key = node;
		return 0;
	}
	node->key = parent->key;
	parent->key = NULL;
	if (parent->last)
		parent->last->next = node;
	else
		parent->node->first = node;
	parent->last = node;
	parent->node->n++;
	return 0;
}

/* name: NULL when there is none. */
static void add_anchor(struct tree *tree, const char *name, const struct node *node)
{
	struct anchor *anchor;

	if (!name)
		return;
	HASH_FIND_STR(tree->anchors, name, anchor);
	if (!anchor) {
		anchor = obstack_alloc(&tree->memory, sizeof(*anchor));
		*anchor = (struct anchor){ .name = name };
		HASH_ADD_KEYPTR(hh, tree->anchors, name, strlen(name), anchor);
	}
	anchor->node = node;
}

/* Of the tags only those of YAML itself mean something, and only "a string, whatever it looks like" changes anything.
 */
static int check_tag(struct tree *tree, const struct item *item, bool *ret_is_string)
{
	static const char *const known[] = { "null", "bool", "int", "float", "seq", "map" };
	const char *tag;
	size_t length;

	*ret_is_string = false;
	if (!item->tag)
		return 0;
	tag = copy_text(tree, item->tag, &length);
	if (strcmp(tag, "!") == 0 || strcmp(tag, TAG_PREFIX "str") == 0) {
		*ret_is_string = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strncmp(tag, TAG_PREFIX, strlen(TAG_PREFIX)) == 0 &&
		    strcmp(tag + strlen(TAG_PREFIX), known[i]) == 0)
			return 0;
	}
	return fail(tree, item, "YAML tags are not supported");
}

static int add_scalar(struct tree *tree, struct item *item)
{
	enum fy_scalar_style style = item->token ? fy_token_scalar_style(item->token) : FYSS_PLAIN;
	bool is_string;
	struct node *node;
	size_t length;
	int r;

	/* The mark of a quoted scalar is behind its quote. */
	item->column -= style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
	r = check_tag(tree, item, &is_string) ?: new_node(tree, item, NODE_SCALAR, &node);
	if (r)
		return r;
	node->text = copy_text(tree, item->token, &length);
	if (strlen(node->text) != length)
		return fail(tree, item, "the text holds a NUL character");
	node->scalar = is_string || style != FYSS_PLAIN ? SCALAR_STRING : scalar_type_of(node->text);
	if (item->anchor)
		add_anchor(tree, copy_text(tree, item->anchor, &length), node);
	return place(tree, item, node);
}

static int add_alias(struct tree *tree, struct item *item)
{
	const struct anchor *anchor;
	struct node *node, at;
	size_t length;
	int r;

	item->column--; /* the mark is behind the asterisk */
	HASH_FIND_STR(tree->anchors, copy_text(tree, item->token, &length), anchor);
	if (!anchor)
		return fail(tree, item, "the alias refers to no anchor that ends before it");
	if (tree->depth + anchor->node->height > DOCUMENT_DEPTH_MAX)
		return fail(tree, item, "the document is too deep");
	tree->n_aliased += anchor->node->weight;
	if (tree->n_aliased > DOCUMENT_ALIASED_MAX)
		return fail(tree, item, "the document's aliases stand for too much");
	r = new_node(tree, item, anchor->node->type, &node);
	if (r < 0)
		return r;
	at = *node;
	*node = *anchor->node;
	node->line = at.line;
	node->column = at.column;
	node->key = NULL;
	node->next = NULL;
	return place(tree, item, node);
}

static int open_collection(struct tree *tree, const struct item *item, enum node_type type)
{
	struct node *node;
	bool is_string;
	size_t length;
	int r;

	if (tree->depth == DOCUMENT_DEPTH_MAX)
		return fail(tree, item, "the document is too deep");
	r = check_tag(tree, item, &is_string) ?: new_node(tree, item, type, &node) ?: place(tree, item, node);
	if (r)
		return r;
	tree->open[tree->depth++] = (struct open_collection){
		.node = node,
		.anchor = item->anchor ? copy_text(tree, item->anchor, &length) : NULL,
	};
	return 0;
}

static void close_collection(struct tree *tree)
{
	const struct open_collection *closed = &tree->open[--tree->depth];
	struct node *node = closed->node;

	for (const struct node *child = node->first; child; child = child->next) {
		node->weight += child->weight + (child->key ? child->key->weight : 0);
		if (node->height < child->height)
			node->height = child->height;
	}
	node->height++;
	add_anchor(tree, closed->anchor, node);
}

static int take(struct tree *tree, const struct fy_event *event, struct item *item)
{
	switch (event->type) {
	case FYET_SCALAR:
		locate(tree, item, event->scalar.value);
		item->anchor = event->scalar.anchor;
		item->tag = event->scalar.tag;
		return add_scalar(tree, item);
	case FYET_ALIAS:
		locate(tree, item, event->alias.anchor);
		return add_alias(tree, item);
	case FYET_MAPPING_START:
		locate(tree, item, event->mapping_start.mapping_start);
		item->anchor = event->mapping_start.anchor;
		item->tag = event->mapping_start.tag;
		return open_collection(tree, item, NODE_MAPPING);
	case FYET_SEQUENCE_START:
		locate(tree, item, event->sequence_start.sequence_start);
		item->anchor = event->sequence_start.anchor;
		item->tag = event->sequence_start.tag;
		return open_collection(tree, item, NODE_SEQUENCE);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		close_collection(tree);
		return 0;
	default:
		return 0;
	}
}

int tree_event(struct tree *tree, const struct fy_event *event, int *ret_line)
{
	struct item item = {};
	int r;

	r = take(tree, event, &item);
	if (r < 0)
		*ret_line = item.line;
	return r;
}
