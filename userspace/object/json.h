/* SPDX-License-Identifier: BSD-2-Clause */
/* An object's document as JSON. */
#ifndef WEIR_OBJECT_JSON_H
#define WEIR_OBJECT_JSON_H

#include "object/node.h"

/*
 * One line, members sorted by name, so that equal documents give equal text.
 * object is a mapping; the items of a typed list get their kind and apiVersion
 * here. The caller frees.
 */
char *json_format(const struct node *object, const char *kind, const char *api_version);

#endif
