/* SPDX-License-Identifier: BSD-2-Clause */
/* Events as OpenTelemetry has logs: the JSON of an ExportLogsServiceRequest. */
#ifndef WEIR_OBSERVE_OTLP_JSON_H
#define WEIR_OBSERVE_OTLP_JSON_H

#include "observe/event.h"

struct otlp_resource {
	const char *version; /* of weir */
	const char *host, *node;
};

/* A request without records; the caller gives it back. */
json_t *otlp_request(const struct otlp_resource *resource);
/* One more record. observed: when it is sent, ns since 1970. */
void otlp_add(json_t *request, const struct event *event, uint64_t observed);
size_t otlp_n_records(const json_t *request);

#endif
