/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text -> documents, one after the other. The text may be anything: what is no
 * text, no YAML, too deep or too large is reported and left out, and reading
 * goes on at the next "---".
 */
#ifndef WEIR_OBJECT_DOCUMENTS_H
#define WEIR_OBJECT_DOCUMENTS_H

#include "base/cleanup.h"
#include "object/node.h"
#include "object/report.h"

#define DOCUMENT_DEPTH_MAX   64
#define DOCUMENT_NODES_MAX   (8u << 20)
#define DOCUMENT_ALIASED_MAX 100000u /* nodes that aliases may stand for in one document */

struct documents;

/* Borrows report and text. */
struct documents *documents_open(struct report *report, const char *text, size_t length);
void documents_close(struct documents *documents);
DEFINE_CLEANUP(struct documents, documents_close);

/* The root of the next whole document, valid until the next call; NULL at the end. */
const struct node *documents_next(struct documents *documents);

#endif
