/* SPDX-License-Identifier: BSD-2-Clause */
/* `weir top` until somebody quits it: the agent is asked aside, so keys are answered at once. */
#ifndef WEIR_CLI_TOP_LIVE_H
#define WEIR_CLI_TOP_LIVE_H

#include "cli/command.h"
#include "cli/top_model.h"

#define PAIRS_PATH "/v1/pairs"

struct top_wish {
	enum top_key key;
	const char *filter;
	unsigned interval; /* seconds */
};

/* The program's exit code; what went wrong is said, on a terminal that is as it was. */
int top_live(const struct invocation *invocation, const struct top_wish *wish);

#endif
