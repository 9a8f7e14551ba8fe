/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture: packets come from the programs, and go out as pcapng, each with a
 * comment, until there are as many as were asked for or the time is over. One
 * at a time. Who reads too slowly loses packets, which are counted; the agent
 * waits for nobody.
 */
#ifndef WEIR_AGENT_CAPTURE_H
#define WEIR_AGENT_CAPTURE_H

#include "agent/core.h"
#include "datapath/capture.h"

struct capture_request {
	struct datapath_capture_filter filter;
	struct addr host; /* that filter refers to */
	uint64_t bytes;	  /* of the file, not more than these */
	uint32_t seconds;
	int client; /* whose socket it is that must stay open */
};

/* -EBUSY: one is running. */
int capture_open(struct agent *agent, const struct capture_request *request, struct http_stream *ret,
		 struct error *error);
/* Ends the file as it should end; what is not sent yet still is. NULL: nothing. */
void capture_finish(struct capture *capture);

#endif
