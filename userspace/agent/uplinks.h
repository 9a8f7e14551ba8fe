/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interfaces by which the node is reached, where XDP drops what tc would
 * drop later. Nothing depends on them: one that can't be attached is said, and
 * tried again.
 */
#ifndef WEIR_AGENT_UPLINKS_H
#define WEIR_AGENT_UPLINKS_H

#include "agent/endpoints.h"

#define UPLINK_AUTO "auto" /* whatever the default routes go by */

struct uplink {
	char *name;
	uint32_t ifindex; /* 0: it isn't there */
	bool attached;	  /* by this agent, so with its programs */
	struct datapath_uplink is;
	char *failure; /* why it could not be attached, or NULL */
	struct hook_health hooks;
};

struct uplinks {
	const struct agent_config *config;
	struct datapath *datapath;
	struct links *links;
	const struct endpoints *endpoints;
	VEC(struct uplink) list; /* wanted now */
	struct notes problems;
};

/* Attaches what is wanted, now that it is there, and takes off what is wanted no more. */
void uplinks_sync(struct uplinks *uplinks);
void uplinks_free(struct uplinks *uplinks); /* what it holds; what is attached stays */
/* True when the configuration names the interface. */
bool uplinks_named(const struct agent_config *config, const char *name);

#endif
