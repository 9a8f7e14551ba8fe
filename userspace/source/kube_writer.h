/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes to the API server, one at a time and not more often than kube_pace.h
 * says. It keeps nothing to be written: who has something asks when it is free,
 * so what has become untrue meanwhile is never written.
 */
#ifndef WEIR_SOURCE_KUBE_WRITER_H
#define WEIR_SOURCE_KUBE_WRITER_H

#include <jansson.h>

#include "base/transfers.h"
#include "source/kube_config.h"

/* What came of one. */
enum kube_result {
	KUBE_WRITTEN,
	KUBE_CONFLICT, /* it is there already, or is another one now */
	KUBE_MISSING,
	KUBE_FORBIDDEN,
	KUBE_REFUSED, /* for good */
	KUBE_RETRIED, /* no answer, or one that asks for patience */
	KUBE_RESULTS,
};

enum kube_written_kind { KUBE_EVENT, KUBE_STATUS, KUBE_WRITTEN_KINDS };

struct kube_write_counts {
	uint64_t n[KUBE_WRITTEN_KINDS][KUBE_RESULTS];
};

const char *kube_result_name(enum kube_result result);
const char *kube_written_kind_name(enum kube_written_kind kind);

/* One request. */
struct kube_write {
	enum kube_written_kind kind;
	const char *method; /* "GET" is one too */
	char *path;
	const char *content_type;
	json_t *body; /* or NULL */
};

void kube_write_free(struct kube_write *write); /* what it holds */

struct kube_writer;

/* config must live as long. */
int kube_writer_open(uv_loop_t *loop, struct transfers *transfers, const struct kube_config *config,
		     struct kube_writer **ret, struct error *error);
/* Breaks off what is on its way. Before the transfers are closed. NULL is fine. */
void kube_writer_close(struct kube_writer *writer);

/* ms until it is free; 0: now. UINT64_MAX: when done has been called. */
uint64_t kube_writer_wait(const struct kube_writer *writer);
/* Takes write over. done: message is what the server says against it, or why there is no answer; else "". */
void kube_writer_send(struct kube_writer *writer, struct kube_write *write,
		      void (*done)(void *data, enum kube_result result, const char *message), void *data);
const struct kube_write_counts *kube_writer_counts(const struct kube_writer *writer);

#endif
