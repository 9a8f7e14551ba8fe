/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offline decisions: the same walk over the compiled image that the kernel
 * makes, for both sides of a connection.
 */
#ifndef WEIR_POLICY_EVAL_H
#define WEIR_POLICY_EVAL_H

#include "policy/compile.h"

/* One side of a probe: a pod, or an address that may be a pod's. */
struct eval_end {
	const struct object *pod; /* borrowed; NULL for an address that is nobody's */
	struct addr addr;
	bool has_addr; /* a pod without an address has none */
};

/*
 * "NAMESPACE/POD" or an address. -EINVAL: neither; -ENOENT: no such pod; the
 * error says so. When the other end's family is known, pass it so that a
 * dual-stack pod answers with its address of that family; else NULL.
 */
int eval_end_parse(const struct world *world, const char *text, const enum weir_family *family, struct eval_end *ret,
		   struct error *error);

/* Both ends as text. */
struct eval_names {
	const char *from, *to;
};
/*
 * eval_end_parse() of both, in one family where they have addresses: an address,
 * or a pod that has only one, decides for the other end. -EINVAL when there is none.
 */
int eval_ends_parse(const struct world *world, const struct eval_names *names, struct eval_end *ret_from,
		    struct eval_end *ret_to, struct error *error);

/* "TCP", "UDP", "SCTP", "ICMP" (any case) or a protocol number, to a number. -EINVAL when unknown. */
int eval_protocol_parse(const char *text, uint8_t *ret);

struct eval_result {
	bool allowed;
	bool denied_by[WEIR_DIRECTIONS];
	bool audited[WEIR_DIRECTIONS]; /* it is not denied there, but an audited policy would */
	/* Who decided in each direction; NULL where that side is not a pod. Borrowed from the compiled policy. */
	const struct decision_info *decision[WEIR_DIRECTIONS];
};

/* A new connection from -> to. port: host order, ignored for protocols without ports. */
void eval(const struct compiled *compiled, const struct eval_end *from, const struct eval_end *to, uint8_t protocol,
	  uint16_t port, struct eval_result *ret);

/* Who may answer for a service. */
struct eval_backend {
	struct eval_end end;
	uint16_t port;
};
typedef VEC(struct eval_backend) eval_backends;

/*
 * The ready backends of the service that has this address and port, appended;
 * none for what is no service. eval() to a service's address says what egress
 * makes of it; the ingress is each backend's own.
 */
void eval_service(const struct world *world, const struct eval_end *to, uint8_t protocol, uint16_t port,
		  eval_backends *ret);

#endif
