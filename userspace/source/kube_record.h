/* SPDX-License-Identifier: BSD-2-Clause */
/* What the API server says of a policy beside the policy itself, whether that can be read or not. */
#ifndef WEIR_SOURCE_KUBE_RECORD_H
#define WEIR_SOURCE_KUBE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct kube_record {
	char *uid; /* NULL: nothing is known */
	int64_t generation;
	json_t *status; /* or NULL */
};

/* Takes over. False when the record says the same as before. */
bool kube_record_replace(struct kube_record *record, struct kube_record *fresh);
void kube_record_read(const char *text, struct kube_record *ret); /* of an object's JSON */
void kube_record_free(struct kube_record *record);		  /* what it holds */

#endif
