/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An event as people see it, whoever made it: of a packet (the kernel told of
 * it) or of the agent itself. The same record is kept as history, streamed by
 * GET /v1/events, printed by `weir observe`, logged and sent by OTLP, under the
 * same names of its fields (docs/events.md).
 *
 * All text is interned; what was not said is NULL or zero.
 */
#ifndef WEIR_OBSERVE_EVENT_H
#define WEIR_OBSERVE_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/log.h"
#include "policy/compile.h"
#include "weir/image.h"
#include "weir/reason.h"

/* E(symbol, name, severity, what it means) Those of packets come first. */
#define EVENT_TYPES(E)                                                                                              \
	E(DENIED, "denied", WARNING, "a packet was dropped or rejected")                                            \
	E(OPENED, "opened", INFO, "a connection was admitted")                                                      \
	E(AUDITED, "audited", WARNING, "a packet passed that an audited policy or limit would drop")                \
	E(WITHDRAWN, "withdrawn", WARNING, "a connection that was admitted is no more")                             \
	E(AGENT_STARTED, "agent-started", INFO, "the agent enforces")                                               \
	E(AGENT_STOPPING, "agent-stopping", INFO, "the agent ends; enforcement goes on")                            \
	E(POLICY_APPLIED, "policy-applied", INFO, "a policy revision is in force")                                  \
	E(POLICY_REFUSED, "policy-refused", WARNING, "a policy can't be put in force; the old one stays")           \
	E(OBJECTS_CHANGED, "objects-changed", INFO, "somebody changed the store by the control socket")             \
	E(CAPTURE_BEGAN, "capture-began", INFO, "somebody captures packets by the control socket")                  \
	E(ENDPOINT_ATTACHED, "endpoint-attached", INFO, "an interface is enforced as a pod")                        \
	E(ENDPOINT_REMOVED, "endpoint-removed", INFO, "an interface is no pod's any more, or gone")                 \
	E(SOURCE_LOST, "source-lost", WARNING, "a source of objects is not in order; what it last said stays")      \
	E(SOURCE_REGAINED, "source-regained", INFO, "a source of objects is in order again")                        \
	E(LIMIT_BEGAN, "limit-began", WARNING, "a limit drops, marks or delays packets")                            \
	E(LIMIT_CALMED, "limit-calmed", INFO, "a limit is kept to again")                                           \
	E(SHIELD_UP, "shield-up", WARNING, "so much of somebody's traffic is denied that it is dropped at uplinks") \
	E(SHIELD_DOWN, "shield-down", INFO, "the flood shield is down again")                                       \
	E(MAP_NEARLY_FULL, "map-nearly-full", WARNING, "a table of the kernel's is 80 % full")                      \
	E(MAP_FULL, "map-full", WARNING, "a table of the kernel's is full")                                         \
	E(MAP_CALMED, "map-calmed", INFO, "a table of the kernel's has room again")                                 \
	E(SPOOFING, "spoofing", WARNING, "a pod sends with an address that is not its own")                         \
	E(PORT_SCAN, "port-scan", WARNING, "one source is denied on many ports or addresses")                       \
	E(SYN_FLOOD, "syn-flood", WARNING, "there are more half-open connections than clients leave")               \
	E(HOOK_LOST, "hook-lost", WARNING, "somebody has taken a program of weir's off an interface")               \
	E(HOOK_RESTORED, "hook-restored", INFO, "it is there again")                                                \
	E(HOOK_PRECEDED, "hook-preceded", WARNING, "somebody's program runs before weir's on an interface")         \
	E(HOOK_CLEARED, "hook-cleared", INFO, "none runs before it any more")                                       \
	E(EVENTS_LOST, "events-lost", WARNING, "there were more events than could be told")

enum event_type {
	EVENT_NONE,
#define EVENT_TYPE_ENUM(symbol, name, severity, doc) EVENT_##symbol,
	EVENT_TYPES(EVENT_TYPE_ENUM)
#undef EVENT_TYPE_ENUM
		EVENT_TYPES_END,
};

/* One end of a connection. */
struct event_end {
	struct addr address;
	bool has_address, has_port;
	uint16_t port;
	uint32_t identity;
	const char *namespace, *pod; /* who has the address; of a node or service there is no pod */
	const char *workload;	     /* what the pod is one of: its Deployment, or what its labels call it */
	const char *labels;	     /* event_labels() */
};

/* A policy, or one rule of it, that decided. */
struct event_policy {
	const char *kind, *namespace, *policy, *rule;
};

struct event {
	uint64_t time;	   /* ns since 1970; 0: when it is added */
	uint64_t sequence; /* given when it is added: the order of events */
	uint8_t type;	   /* enum event_type */
	uint8_t verdict;   /* enum weir_verdict */
	uint8_t reason;	   /* enum weir_reason */
	uint8_t direction; /* enum weir_direction, of a packet, by its endpoint */
	uint8_t protocol;  /* IP's */
	uint8_t flags;	   /* TCP's */
	uint8_t icmp_type;
	uint16_t eth_proto; /* host order; 0 counts as IP */
	uint32_t bytes;	    /* of the packet */
	uint32_t repeats;   /* packets like it since the last record of its connection */
	uint32_t revision;
	uint16_t n_policies;
	struct event_policy *policies;	  /* owned */
	const char *namespace, *endpoint; /* whose interface it is; endpoint is the pod's name */
	const char *interface;
	struct event_end source, destination; /* source sent the packet */
	const char *limit;		      /* "100 packetsPerSecond" */
	const char *subject;		      /* of the agent's: the table, source or interface that it is about */
	const char *message;		      /* of the agent's: one line. Of packets it is made when asked for */
	uint64_t count;			      /* of the agent's: how many: lost records, ports, half-open connections */
};

const char *event_type_name(enum event_type type); /* "denied"; "?" for none */
const char *event_type_doc(enum event_type type);
bool event_type_by_name(const char *name, enum event_type *ret);
enum log_level event_severity(enum event_type type);

static inline bool event_is_packet(const struct event *event)
{
	return event->type >= EVENT_DENIED && event->type <= EVENT_WITHDRAWN;
}

/* One that the agent makes; the caller fills in what fits and hands it to the agent's events_add(). */
struct event event_make(enum event_type type, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A policy or rule that decided, after those that are there. */
void event_add_policy(struct event *event, const struct rule_ref *rule);
/* "app=db,tier=data": interned; the caller gives it back, or leaves it in an event. */
const char *event_labels(const struct labels *labels);
void event_copy(struct event *to, const struct event *from);
void event_free(struct event *event); /* what it holds */

/* One line of what happened; the caller frees. */
char *event_message(const struct event *event);
/* Those of packets have every field of docs/events.md, null where it does not apply; the agent's have what they say. */
json_t *event_json(const struct event *event);

/* The words of its fields, for tables and filters; they may be written into text. */
#define EVENT_WORD_MAX 32
const char *event_protocol(const struct event *event, char text[static EVENT_WORD_MAX]); /* "TCP", "ARP", "47" */
const char *event_flags(const struct event *event, char text[static EVENT_WORD_MAX]);	 /* "SYN,ACK"; NULL: none */

#endif
