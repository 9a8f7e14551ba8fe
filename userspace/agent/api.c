// SPDX-License-Identifier: BSD-2-Clause
#include "agent/api.h"

#include <string.h>

#include "agent/attaching.h"
#include "agent/reconcile.h"
#include "base/age.h"
#include "base/mem.h"
#include "base/utf8.h"

const struct http_route api_socket_routes[] = {
	{ "GET", "/v1/status", api_status },
	{ "GET", "/v1/endpoints", api_endpoints },
	{ "GET", "/v1/identities", api_identities },
	{ "GET", "/v1/policies", api_policies },
	{ "GET", "/v1/services", api_services },
	{ "GET", "/v1/flows", api_flows },
	{ "GET", "/v1/limits", api_limits },
	{ "GET", "/v1/pairs", api_pairs },
	{ "GET", "/v1/events", api_events },
	{ "GET", "/v1/capture", api_capture },
	{ "GET", "/v1/explain", api_explain }, /* counts nothing, keeps nothing */
	{ "GET", "/v1/attachments", api_attachments },
	{ "POST", "/v1/attachments", api_attach },
	{ "DELETE", "/v1/attachments", api_detach },
	{ "POST", "/v1/attachments/expect", api_expect },
	{ "POST", "/v1/attachments/keep", api_keep_attachments },
	{ "PUT", "/v1/objects", api_put_objects },
	{ "DELETE", "/v1/objects", api_delete_objects },
	{ "POST", "/v1/diff", api_diff },
	{ "POST", "/v1/settle", api_settle },
	{ "GET", "/metrics", api_metrics },
	{ "GET", "/healthz", api_health },
	{ "GET", "/readyz", api_ready },
};
const size_t api_socket_n_routes = ARRAY_SIZE(api_socket_routes);

const struct http_route api_metrics_routes[] = {
	{ "GET", "/metrics", api_metrics },
	{ "GET", "/healthz", api_health },
	{ "GET", "/readyz", api_ready },
};
const size_t api_metrics_n_routes = ARRAY_SIZE(api_metrics_routes);

json_t *api_text(const char *text)
{
	_cleanup_free_ char *printable = NULL;

	if (!text)
		return json_null();
	if (utf8_span(text, strlen(text)) == strlen(text))
		return json_string(text);
	printable = xstrdup(text);
	utf8_printable(printable);
	return json_string(printable);
}

json_t *api_time(time_t time)
{
	char text[sizeof("2026-01-02T03:04:05Z")];
	struct tm utc;

	if (!time || !gmtime_r(&time, &utc) || !strftime(text, sizeof(text), "%FT%TZ", &utc))
		return json_null();
	return json_string(text);
}

json_t *api_notes(const struct notes *notes)
{
	json_t *list = json_array();

	vec_for_each (text, &notes->list)
		json_array_append_new(list, api_text(*text));
	return list;
}

static void append_notes(json_t *list, const struct notes *notes)
{
	vec_for_each (text, &notes->list)
		json_array_append_new(list, api_text(*text));
}

static const char *outcome_of(const struct sources *sources, const struct source *source, bool is_away)
{
	if (source_holds(sources, source))
		return "; nobody knows what it held, so what is in force stays as it is until it is mended";
	if (is_away || (source->kube && !kube_is_synced(source->kube)) ||
	    (source->directory && directory_unknown(source->directory)))
		return "";
	return "; its last good version stays in force";
}

/* What is wrong with a source, and what that means for what it holds. */
static void append_errors(json_t *list, const struct sources *sources, const struct source *source)
{
	const time_t away = source->kube ? kube_away_since(source->kube) : 0;
	_cleanup_free_ char *age = away ? age_text(time(NULL) - away) : NULL;

	if (away) {
		_cleanup_free_ char *whole =
			xasprintf("%s: away since %s, last state stays enforced", source->name, age);

		json_array_append_new(list, api_text(whole));
	}
	vec_for_each (text, &source->errors.list) {
		_cleanup_free_ char *whole = xasprintf("%s%s", *text, outcome_of(sources, source, away != 0));

		json_array_append_new(list, api_text(whole));
	}
}

static void append_conflicts(const struct agent *agent, json_t *list)
{
	struct notes problems = {};

	attaching_problems(agent, &problems);
	append_notes(list, &problems);
	notes_free(&problems);
}

json_t *api_degraded(const struct agent *agent)
{
	json_t *list = json_array();

	if (!agent->revision && agent->revision_before)
		json_array_append_new(list, json_string("the policy in force is another version's "
							"(the other reasons and the log say why)"));
	else if (!agent->revision)
		json_array_append_new(list, json_string("no policy is in force: every attached interface is closed "
							"(the other reasons and the log say why)"));
	append_notes(list, &agent->failures);
	vec_for_each (source, &agent->sources.list)
		append_errors(list, &agent->sources, source);
	append_notes(list, &agent->endpoints.problems);
	append_conflicts(agent, list);
	append_notes(list, &agent->uplinks.problems);
	append_notes(list, &agent->hooks.problems);
	append_notes(list, &agent->pacing.problems);
	return list;
}

void api_world(const struct agent *agent, struct world *world)
{
	struct diags diags = {};

	sources_world(&agent->sources, store_objects(agent->sources.store), world, &diags);
	diags_free(&diags);
}

const char *api_hook_name(enum datapath_hook hook)
{
	return hook == HOOK_TCX ? "tcx" : hook == HOOK_CLSACT ? "clsact" : "none";
}

const char *api_xdp_name(enum datapath_xdp xdp)
{
	return xdp == XDP_NATIVE ? "native" : xdp == XDP_GENERIC ? "generic" : "off";
}

const char *api_port_state(const struct port *port)
{
	if (!port || port->hook == HOOK_NONE || port->hooks.missing & HOOK_PARTS_TC)
		return "missing";
	return port->has_identity ? "enforced" : "closed";
}

void api_settle(void *data, const struct http_request *request, struct http_reply *reply)
{
	struct agent *agent = data;

	reconcile(agent, true);
	if (agent_settled(agent))
		reply->json = json_pack("{s:b, s:I}", "settled", 1, "revision", (json_int_t)agent->revision);
	else
		reply->json = json_pack("{s:b, s:o}", "settled", 0, "reasons", api_degraded(agent));
}

void api_health(void *data, const struct http_request *request, struct http_reply *reply)
{
	reply->text = xstrdup("ok\n");
	reply->content_type = "text/plain; charset=utf-8";
}

/*
 * Why a rollout shall stop here, or NULL. What an older agent has left in force
 * doesn't count: that this one can put the sources in force is the question. Nor
 * does what is wrong with one policy, for which its last good version stands.
 */
static char *unready(const struct agent *agent)
{
	vec_for_each (source, &agent->sources.list) {
		if (source->kube && !kube_is_synced(source->kube))
			return xstrdup(source->errors.list.n ? source->errors.list.items[0] : source->name);
	}
	if (agent->compiled)
		return NULL;
	return xstrdup(agent->failures.list.n ? agent->failures.list.items[0] : "no policy has been put in force yet");
}

void api_ready(void *data, const struct http_request *request, struct http_reply *reply)
{
	_cleanup_free_ char *why = unready(data);

	reply->status = why ? HTTP_UNAVAILABLE : HTTP_OK;
	reply->text = xasprintf("%s%s\n", why ? "not ready: " : "ok", why ?: "");
	reply->content_type = "text/plain; charset=utf-8";
}
