/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Containers whose interface is about to be made. The first plugin of a list
 * says so before there is one, and the kernel keeps newcomers shut
 * (datapath/gate.h) until each has its programs, or is nobody's. Where the
 * kernel can't, newcomers are closed when rtnetlink tells of them.
 */
#ifndef WEIR_AGENT_GATEKEEPER_H
#define WEIR_AGENT_GATEKEEPER_H

#include <jansson.h>

#include "agent/endpoints.h"
#include "datapath/gate.h"

#define EXPECTED_MAX 8192u

struct expected {
	char *container, *ifname;
	uint64_t until_ms; /* it is given up: its plugins have failed, and nobody has said so */
};

struct gatekeeper {
	struct endpoints *endpoints;
	struct gate *gate; /* NULL: this kernel has none */
	char *failure;	   /* why, or what went wrong with it last; NULL: nothing */
	VEC(struct expected) list;
	bool undecided; /* something that came is kept shut for longer than one look at it */
};

/* A gate that an earlier agent left shut stays so for a while; what is behind it gets its programs. */
void gatekeeper_open(struct gatekeeper *keeper, struct endpoints *endpoints);
/* The gate stays as it is. */
void gatekeeper_free(struct gatekeeper *keeper);

/* From its return on newcomers are shut, for at most this container's time. -ENOSPC: there are too many. */
int gatekeeper_expect(struct gatekeeper *keeper, const char *container, const char *ifname, uint64_t seconds,
		      struct error *error);
/* It has its interface, and that its programs; or it will get none. */
void gatekeeper_arrived(struct gatekeeper *keeper, const char *container, const char *ifname);

/* After the endpoints have been told. */
void gatekeeper_link_changed(struct gatekeeper *keeper, const struct link_info *link);
void gatekeeper_link_gone(struct gatekeeper *keeper, uint32_t ifindex, const char *name);
/* From time to time. */
void gatekeeper_watch(struct gatekeeper *keeper);

/* Who closes newcomers, and whether the gate is shut. */
json_t *gatekeeper_json(const struct gatekeeper *keeper);

#endif
