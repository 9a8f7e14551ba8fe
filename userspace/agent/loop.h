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

/* Somebody else has taken link events in: what follows from them is done before the loop sleeps. */
void loop_links_moved(struct agent_loop *loop);

#endif
