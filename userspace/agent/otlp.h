/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends events to a collector: OpenTelemetry logs, OTLP over HTTP with JSON.
 *
 * Its queue is the history: what is overwritten there before the collector
 * took it is dropped, and counted. One request is on its way at a time, on the
 * agent's loop by libcurl's multi interface, so a collector that hangs or is
 * away holds up nothing. Names are looked up by libcurl's own resolver beside
 * the loop; an address needs none.
 */
#ifndef WEIR_AGENT_OTLP_H
#define WEIR_AGENT_OTLP_H

#include "agent/event_log.h"
#include "base/error.h"
#include "base/vec.h"

struct otlp_config {
	char *endpoint;	     /* "http://collector:4318", to which /v1/logs is added; NULL: nothing is sent */
	VEC(char *) headers; /* "Name: value" */
	enum event_log_choice events;
};

void otlp_config_free(struct otlp_config *config); /* what it holds */

struct otlp_counts {
	uint64_t sent;	  /* that the collector took */
	uint64_t dropped; /* that it refused for good, or that were to be sent and overwritten before */
	uint64_t retries; /* requests that are or were to be repeated */
};

struct otlp;
struct events;
struct uv_loop_s;

/* All of it must live as long. */
struct otlp_setting {
	const struct otlp_config *config;
	const char *node; /* this node's name */
	struct events *events;
	struct otlp_counts *counts; /* is added to */
};

/* Counts what was overwritten up to now. NULL is fine. */
void otlp_count_dropped(struct otlp *otlp);
int otlp_start(struct uv_loop_s *loop, const struct otlp_setting *setting, struct otlp **ret, struct error *error);
/* Breaks off what is on its way; freed when the loop has closed its handles. NULL is fine. */
void otlp_stop(struct otlp *otlp);

/*
 * How long to wait before a request is repeated, ms: what the collector asks
 * for (Retry-After in seconds; 0: nothing), else twice as long each time with
 * as much of it left to chance as the random number says, up to a minute.
 */
uint64_t otlp_pause_ms(unsigned failures, uint64_t retry_after_s, uint32_t random);
/* Whether an HTTP status asks for the same request again, later. */
bool otlp_is_temporary(long status);

#endif
