/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events of the cluster about an object, as requests. Their names follow from
 * what they say, so that of several nodes which say the same the first has said
 * it for all of them.
 */
#ifndef WEIR_SOURCE_KUBE_EVENT_H
#define WEIR_SOURCE_KUBE_EVENT_H

#include "source/kube_subject.h"
#include "source/kube_writer.h"

enum kube_event_version {
	KUBE_EVENTS_UNKNOWN, /* ask by kube_event_discover() */
	KUBE_EVENTS_V1,	     /* events.k8s.io/v1 */
	KUBE_EVENTS_CORE,    /* v1, before Kubernetes 1.19 */
};

struct kube_event {
	const struct kube_subject *subject;
	bool is_good;
	const char *note; /* what is said of it */
	const char *node;
	uint64_t now;	/* ns since 1970 */
	unsigned count; /* of occurrences, from 1 */
};

/* Whether the server has the newer version: KUBE_WRITTEN or KUBE_MISSING. */
void kube_event_discover(struct kube_write *ret);
/* The first, or, with a count of more than one, that it has been so again. */
void kube_event_write(const struct kube_event *event, enum kube_event_version version, struct kube_write *ret);

#endif
