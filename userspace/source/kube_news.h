/* SPDX-License-Identifier: BSD-2-Clause */
/* How it is with a policy: from what the server has of it, and what the agent says of all of them. */
#ifndef WEIR_SOURCE_KUBE_NEWS_H
#define WEIR_SOURCE_KUBE_NEWS_H

#include "source/kube_mirror.h"
#include "source/kube_tale.h"

/* What the agent says of everything that it has read. */
struct kube_verdict {
	bool in_force;	     /* all of it, in this revision */
	uint32_t revision;   /* in force */
	const char *failure; /* why not all of it is; it names the policies that are to blame. NULL: not known yet */
	/* The source whose object of the same name is in force instead, or NULL. */
	const char *(*other_source)(void *data, const struct object *object);
	void *data;
};

/* What it borrows lives as long as the entry, the verdict and *ret_scratch, which the caller frees. */
struct kube_news kube_news_of(const struct kube_tale *tale, const struct kube_entry *entry,
			      const struct kube_verdict *verdict, char **ret_scratch);

#endif
