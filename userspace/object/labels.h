/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels and label selectors, as Kubernetes defines them. */
#ifndef WEIR_OBJECT_LABELS_H
#define WEIR_OBJECT_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"

/* Many pods have the same ones. */
struct label {
	const char *key; /* interned, as the value is */
	const char *value;
};

/* Sorted by key, keys distinct. */
struct labels {
	VEC(struct label) list;
};

const char *labels_get(const struct labels *labels, const char *key);	    /* NULL when absent */
void labels_set(struct labels *labels, const char *key, const char *value); /* keeps the order */
void labels_copy(struct labels *to, const struct labels *from);
bool labels_equal(const struct labels *a, const struct labels *b);
void labels_free(struct labels *labels);

enum selector_operator { SELECTOR_IN, SELECTOR_NOT_IN, SELECTOR_EXISTS, SELECTOR_DOES_NOT_EXIST };

struct selector_requirement {
	char *key;
	enum selector_operator operator;
	VEC(char *) values; /* sorted */
};

/* All requirements must hold; none at all matches everything. matchLabels become In with one value. */
struct selector {
	VEC(struct selector_requirement) requirements; /* sorted by key, operator, values */
};

bool selector_matches(const struct selector *selector, const struct labels *labels);
void selector_sort(struct selector *selector); /* to be called once after filling */
char *
selector_format(const struct selector *selector); /* "app in (a,b),!x"; "" for everything; canonical; caller frees */
void selector_free(struct selector *selector);

#endif
