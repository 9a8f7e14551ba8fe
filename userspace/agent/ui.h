/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The service map: one page for browsers and the data that it shows, read-only,
 * at an address of its own. Off unless asked for.
 */
#ifndef WEIR_AGENT_UI_H
#define WEIR_AGENT_UI_H

#include "agent/core.h"

/* Serves it where the configuration says so. The enforcer does its work without it, so what fails is only said. */
void ui_open(struct agent *agent, uv_loop_t *loop);

/*
 * Whether a request's Host header can be one for this page: an address or
 * "localhost", with or without a port. Any other name may be a stranger's that
 * was made to lead here (DNS rebinding), and his page would read this one.
 */
bool ui_host_is_ours(const char *host);

/* Whether only this machine reaches "ADDR:PORT". */
bool ui_is_loopback(const char *address);

#endif
