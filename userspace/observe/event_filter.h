/* SPDX-License-Identifier: BSD-2-Clause */
/* Which events are asked for: what was said of one must all be true of it. */
#ifndef WEIR_OBSERVE_EVENT_FILTER_H
#define WEIR_OBSERVE_EVENT_FILTER_H

#include "base/error.h"
#include "observe/event.h"

/* One end by its address, or by the name of its pod or workload. */
struct event_peer {
	bool asked, by_net;
	struct cidr net;
	char *namespace; /* NULL: any */
	char *name;
};

struct event_filter {
	uint64_t since; /* ns since 1970 */
	uint32_t types; /* bit enum event_type; 0: any */
	uint64_t reasons;
	uint32_t verdicts;
	char *namespace; /* of an end, the endpoint or a policy that decided; NULL: any */
	struct event_peer pod, from, to;
	struct labels labels; /* an end has all of them */
	uint16_t port;	      /* of an end; 0: any */
	bool by_protocol;
	uint8_t protocol;
};

/* What a filter is made of, as text; NULL: not said. Types, reasons, verdicts and labels may be several, by commas. */
struct event_filter_words {
	const char *since; /* RFC 3339, or how long ago: 5m */
	const char *type, *verdict, *reason;
	const char *namespace, *pod; /* pod: NAMESPACE/POD */
	const char *from, *to;	     /* NAMESPACE/NAME or NAME of a pod or workload, an address or a CIDR */
	const char *label;	     /* app=db */
	const char *port, *protocol;
};

/* -EINVAL with the parameter and why in error. now: ns since 1970. */
int event_filter_parse(const struct event_filter_words *words, uint64_t now, struct event_filter *ret,
		       struct error *error);
bool event_filter_matches(const struct event_filter *filter, const struct event *event);
void event_filter_free(struct event_filter *filter); /* what it holds */

#endif
