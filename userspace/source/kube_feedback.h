/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells the cluster what became of its policies: Events of those that are
 * refused, and of those that are good again; and the status of weir's own kinds
 * (kube_status.h). It compares what there is to tell with what has been told, so
 * whatever happens in between (the server is away, a node's agent restarts) it
 * catches up, and tells nothing that has become untrue.
 *
 * Nothing of it touches what is enforced. What the server forbids is left for a
 * while and said in the problems.
 */
#ifndef WEIR_SOURCE_KUBE_FEEDBACK_H
#define WEIR_SOURCE_KUBE_FEEDBACK_H

#include "source/kube_news.h"
#include "source/kube_writer.h"

struct kube_feedback_setup {
	const struct kube_config *config; /* borrowed */
	const char *node;
	/* Of each kind, in order; borrowed. */
	const struct kube_mirror *(*mirror)(void *data, enum object_kind kind);
	void *data;
};

struct kube_feedback;

int kube_feedback_open(const struct kube_feedback_setup *setup, uv_loop_t *loop, struct transfers *transfers,
		       struct kube_feedback **ret, struct error *error);
void kube_feedback_close(struct kube_feedback *feedback); /* NULL is fine */

/* After each change of what is in force, and of what the mirrors hold, which records_changed says. */
void kube_feedback_tell(struct kube_feedback *feedback, const struct kube_verdict *verdict, bool records_changed);

size_t kube_feedback_waiting(const struct kube_feedback *feedback); /* objects with something to tell */
const struct kube_write_counts *kube_feedback_counts(const struct kube_feedback *feedback);
/* What can't be written now, one line each. */
void kube_feedback_problems(const struct kube_feedback *feedback, void (*each)(void *data, const char *text),
			    void *data);

#endif
