/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of docs/api.md. Each answers one route; data is the struct agent. */
#ifndef WEIR_AGENT_API_H
#define WEIR_AGENT_API_H

#include "agent/core.h"

void api_status(void *data, const struct http_request *request, struct http_reply *reply);
void api_endpoints(void *data, const struct http_request *request, struct http_reply *reply);
void api_identities(void *data, const struct http_request *request, struct http_reply *reply);
void api_policies(void *data, const struct http_request *request, struct http_reply *reply);
void api_services(void *data, const struct http_request *request, struct http_reply *reply);
void api_flows(void *data, const struct http_request *request, struct http_reply *reply);
void api_limits(void *data, const struct http_request *request, struct http_reply *reply);
void api_pairs(void *data, const struct http_request *request, struct http_reply *reply);
void api_events(void *data, const struct http_request *request, struct http_reply *reply);
void api_capture(void *data, const struct http_request *request, struct http_reply *reply);
void api_explain(void *data, const struct http_request *request, struct http_reply *reply);
void api_attach(void *data, const struct http_request *request, struct http_reply *reply);
void api_detach(void *data, const struct http_request *request, struct http_reply *reply);
void api_attachments(void *data, const struct http_request *request, struct http_reply *reply);
void api_expect(void *data, const struct http_request *request, struct http_reply *reply);
void api_keep_attachments(void *data, const struct http_request *request, struct http_reply *reply);
void api_put_objects(void *data, const struct http_request *request, struct http_reply *reply);
void api_delete_objects(void *data, const struct http_request *request, struct http_reply *reply);
void api_diff(void *data, const struct http_request *request, struct http_reply *reply);
void api_settle(void *data, const struct http_request *request, struct http_reply *reply);
void api_metrics(void *data, const struct http_request *request, struct http_reply *reply);
void api_health(void *data, const struct http_request *request, struct http_reply *reply);
void api_ready(void *data, const struct http_request *request, struct http_reply *reply);

/* The routes of the control socket, and those of the metrics address. */
extern const struct http_route api_socket_routes[], api_metrics_routes[];
extern const size_t api_socket_n_routes, api_metrics_n_routes;

/*
 * Reads the manifests of a body. -EINVAL: the reply says what is wrong with
 * them. diags holds the warnings else.
 */
int api_manifests(const struct http_request *request, struct http_reply *reply, struct objects *objects,
		  struct diags *diags);

/* Shared by several calls. */
json_t *api_text(const char *text);				/* a JSON string of any bytes; null for NULL */
json_t *api_time(time_t time);					/* "2026-01-02T03:04:05Z"; null for 0 */
json_t *api_notes(const struct notes *notes);			/* an array of strings */
json_t *api_degraded(const struct agent *agent);		/* why, one line each; empty when all is well */
void api_world(const struct agent *agent, struct world *world); /* of the sources as last read */
json_t *api_items(json_t *list);				/* {"items": list}; takes the list */
json_t *api_limit(const struct agent *agent, const struct limit_info *info);
json_t *api_bite(const struct watched_limit *watched); /* since when it drops, and how many; null: it doesn't */
const char *api_hook_name(enum datapath_hook hook);
const char *api_xdp_name(enum datapath_xdp xdp);
json_t *api_checks(const struct port *port); /* what of "mac" and "address" a packet that leaves must have right */
const char *api_port_state(const struct port *port); /* NULL: "missing" */

#endif
