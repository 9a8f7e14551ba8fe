/* SPDX-License-Identifier: BSD-2-Clause */
/* What wakes the agent: sources, links, signals and timers. HTTP brings its own handles. */
#ifndef WEIR_AGENT_LOOP_H
#define WEIR_AGENT_LOOP_H

#include "agent/core.h"

int loop_open(struct agent *agent, struct agent_loop **ret, struct error *error);
uv_loop_t *loop_uv(struct agent_loop *loop);
/* Reconciles once, then serves until SIGTERM or SIGINT. */
void loop_run(struct agent_loop *loop);
/* Closes every handle, those of others included. */
void loop_close(struct agent_loop *loop);

/* For kube_open(); data is the agent. */
void loop_kube_changed(void *data);

/* For links_open(); data is the agent. */
void loop_link_changed(void *data, const struct link_info *link);
void loop_link_gone(void *data, uint32_t ifindex, const char *name);
void loop_addresses_changed(void *data);
void loop_filters_changed(void *data, uint32_t ifindex);

#endif
