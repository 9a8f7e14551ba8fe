// SPDX-License-Identifier: BSD-2-Clause
/*
 * Why a connection is let through or not. Sides whose endpoint is on this node
 * are judged by the loaded program itself; others, which their own node judges,
 * are evaluated from the image of this one and labelled so.
 */
#include <netinet/in.h>
#include <string.h>

#include "agent/api.h"
#include "base/mem.h"
#include "observe/names.h"
#include "policy/nearest.h"
#include "policy/words.h"

struct asked {
	const struct agent *agent;
	struct world world;
	struct eval_end from, to;
	const char *protocol_text;
	uint8_t protocol;
	uint16_t port;
	eval_backends backends; /* of a service that is asked about */
};

/* One end's judgement. */
struct side {
	enum weir_direction direction;
	const struct eval_end *subject, *peer;
	const struct eval_end *to; /* what the packet is addressed to, and the port: the service's or its backend's */
	uint16_t port;
	const struct endpoint *endpoint;      /* on this node, its interface there; or NULL */
	const struct decision_info *decision; /* NULL: no record decided, or its names are not known */
	enum weir_verdict verdict;
	enum weir_reason reason;
	uint32_t revision;
};

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static int read_port(const char *text, uint16_t *ret)
{
	unsigned long port;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return -EINVAL;
	port = strtoul(text, &end, 10);
	if (*end || port < 1 || port > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

/* The protocol's number in the family that the ends speak. */
static uint8_t in_family(uint8_t protocol, enum weir_family family)
{
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	return protocol;
}

static int read_question(struct asked *asked, const struct http_request *request, struct error *error)
{
	const struct eval_names names = { http_query(request, "from"), http_query(request, "to") };
	int r;

	if (!names.from || !names.to)
		return error_set(error, -EINVAL, "from and to are needed");
	asked->protocol_text = http_query(request, "protocol") ?: "TCP";
	if (eval_protocol_parse(asked->protocol_text, &asked->protocol) < 0)
		return error_set(error, -EINVAL, "protocol: must be TCP, UDP, SCTP, ICMP or a number up to 255");
	if (has_ports(asked->protocol) && read_port(http_query(request, "port"), &asked->port) < 0)
		return error_set(error, -EINVAL, "port: must be a number from 1 to 65535");
	r = eval_ends_parse(&asked->world, &names, &asked->from, &asked->to, error);
	if (r < 0)
		return r;
	if (!asked->from.has_addr || !asked->to.has_addr)
		return error_set(error, -EINVAL, "%s has no address yet", asked->from.has_addr ? names.to : names.from);
	asked->protocol = in_family(asked->protocol, asked->to.addr.family);
	eval_service(&asked->world, &asked->to, asked->protocol, asked->port, &asked->backends);
	return 0;
}

static const struct endpoint *find_endpoint(const struct agent *agent, const struct object *pod)
{
	vec_for_each (endpoint, &agent->endpoints.list) {
		if (!strcmp(endpoint->pod, pod->name) && !strcmp(endpoint->namespace, pod->namespace))
			return endpoint->ifindex ? endpoint : NULL;
	}
	return NULL;
}

static int ask_kernel(const struct asked *asked, struct side *side)
{
	const struct compiled *compiled = asked->agent->compiled;
	const struct datapath_question question = {
		.ifindex = side->endpoint->ifindex,
		.direction = side->direction,
		.from = asked->from.addr,
		.to = side->to->addr,
		.protocol = asked->protocol,
		.port = side->port,
	};
	struct datapath_answer answer;
	int r = datapath_explain(asked->agent->datapath, &question, &answer);

	if (r < 0)
		return r;
	side->verdict = answer.verdict;
	side->reason = answer.reason;
	side->revision = answer.revision;
	if (answer.revision && compiled && compiled->revision == answer.revision)
		side->decision = compiled_decision(compiled, answer.decision);
	/* The program says that it was audited, the decision what would have been. */
	if (answer.reason == WEIR_REASON_AUDIT && side->decision)
		side->reason = side->decision->reason;
	return 0;
}

static void evaluate(const struct asked *asked, struct side *side)
{
	const struct compiled *compiled = asked->agent->compiled;
	struct eval_result result;

	if (!compiled)
		return;
	eval(compiled, &asked->from, side->to, asked->protocol, side->port, &result);
	side->decision = result.decision[side->direction];
	side->revision = compiled->revision;
	side->verdict = result.denied_by[side->direction] ? WEIR_VERDICT_DROP : WEIR_VERDICT_PASS;
	side->reason = side->decision ? side->decision->reason : WEIR_REASON_NONE;
}

static bool denies(const struct side *side)
{
	return side->verdict != WEIR_VERDICT_PASS;
}

static json_t *rules_json(const struct side *side)
{
	json_t *list = json_array();

	for (size_t i = 0; side->decision && i < side->decision->rules.n; i++) {
		const struct rule_ref *rule = &side->decision->rules.items[i];

		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "kind", kind_info(rule->kind)->kind,
						      "namespace", api_text(rule->namespace), "policy",
						      api_text(rule->policy), "rule", api_text(rule->rule)));
	}
	return list;
}

static json_t *limits_json(const struct asked *asked, const struct side *side)
{
	const struct compiled *compiled = asked->agent->compiled;
	struct weir_image_decision record;
	json_t *list = json_array();
	struct weir_image image;

	if (!side->decision || denies(side))
		return list;
	image = compiled_image(compiled);
	record = weir_image_decision_at(&image, side->decision->at);
	for (uint32_t i = 0; i < record.n_limits && i < WEIR_DECISION_LIMITS; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, side->decision->at, i);
		const struct limit_info *info = compiled_limit(compiled, limit.bucket);

		if (info)
			json_array_append_new(list, api_limit(asked->agent, info));
	}
	return list;
}

/* Of a service that is denied on the way out, the backend that is to blame. */
static const struct eval_backend *find_denied(const struct asked *asked)
{
	vec_for_each (backend, &asked->backends) {
		struct eval_result result;

		eval(asked->agent->compiled, &asked->from, &backend->end, asked->protocol, backend->port, &result);
		if (result.denied_by[WEIR_EGRESS])
			return backend;
	}
	return NULL;
}

static bool denied_by_tier(const struct side *side)
{
	return (side->reason == WEIR_REASON_ADMIN_DENY || side->reason == WEIR_REASON_BASELINE_DENY) &&
	       side->decision && side->decision->rules.n == 1;
}

static json_t *nearest_json(const struct asked *asked, const struct side *side)
{
	const struct eval_backend *backend =
		asked->agent->compiled && side->direction == WEIR_EGRESS ? find_denied(asked) : NULL;
	const struct nearest_question question = {
		.pod = side->subject->pod,
		.direction = side->direction,
		.peer = backend ? &backend->end : side->peer,
		.protocol = asked->protocol,
		.port = backend ? backend->port : side->port,
		.audited = !denies(side),
		.denied_by = denied_by_tier(side) ? &side->decision->rules.items[0] : NULL,
	};
	_cleanup_free_ char *text = NULL;
	struct nearest nearest;

	if ((side->reason != WEIR_REASON_POLICY_DEFAULT && !question.denied_by) ||
	    !nearest_find(&asked->world, &question, &nearest))
		return json_null();
	text = nearest_format(&asked->world, &question, &nearest);
	return api_text(text);
}

/* Why the loaded program could not be asked about this side, or what it could not say; NULL: nothing. */
static char *side_note(const struct asked *asked, const struct side *side)
{
	const struct object *pod = side->subject->pod;

	if (side->endpoint)
		return side->revision && !side->decision
			       ? xstrdup("the policy in force is an earlier agent's, so its rules have no names here")
			       : NULL;
	if (pod->pod.node && strcmp(pod->pod.node, asked->agent->config->node))
		return xasprintf("runs on node %s, which judges it; this is what this node's policy says",
				 pod->pod.node);
	if (pod->pod.interface)
		return xasprintf("interface %s isn't there; this is what the policy says", pod->pod.interface);
	if (pod_is_local(pod, asked->agent->config->node))
		return xstrdup("its interface isn't found (weir status says why), so no packet of it is judged; this "
			       "is what the policy says");
	return xstrdup("names no interface, so no packet of it is judged; this is what the policy says");
}

static json_t *side_json(const struct asked *asked, const struct side *side)
{
	const struct object *pod = side->subject->pod;
	_cleanup_free_ char *note = side_note(asked, side);
	_cleanup_free_ char *name = xasprintf("%s/%s", pod->namespace, pod->name);
	const bool audited = !denies(side) && reason_verdict(side->reason) == WEIR_VERDICT_DROP;
	const bool answered = denies(side) && side->decision && side->decision->flags & WEIR_DECISION_REJECT;

	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:I, s:s, s:o, s:b, s:b, s:I, s:o, s:o, s:o, s:o}", "direction",
			 direction_text(side->direction), "pod", api_text(name), "port",
			 has_ports(asked->protocol) ? json_integer(side->port) : json_null(), "judgedBy",
			 side->endpoint ? "kernel" : "image", "interface",
			 api_text(side->endpoint ? side->endpoint->interface : NULL), "ifindex",
			 (json_int_t)(side->endpoint ? side->endpoint->ifindex : 0), "verdict",
			 denies(side) ? "deny" : "allow", "reason", api_text(reason_name(side->reason)), "audited",
			 audited, "answered", answered, "revision", (json_int_t)side->revision, "rules",
			 rules_json(side), "limits", limits_json(asked, side), "nearest", nearest_json(asked, side),
			 "note", api_text(note));
}

static json_t *end_json(const struct eval_end *end)
{
	_cleanup_free_ char *name = end->pod ? xasprintf("%s/%s", end->pod->namespace, end->pod->name) : NULL;
	char text[ADDR_TEXT_MAX];

	return json_pack("{s:o, s:s}", "pod", api_text(name), "address", addr_format(&end->addr, text));
}

/* Only a pod with a network of its own is judged. */
static bool is_judged(const struct eval_end *end)
{
	return end->pod && !end->pod->pod.host_network;
}

static int judge_side(const struct asked *asked, struct side *side, json_t *sides, bool *allowed, struct error *error)
{
	int r = 0;

	/* A pod always reaches itself, also as a service's backend. */
	if (!is_judged(side->subject) || side->subject->pod == side->peer->pod)
		return 0;
	side->endpoint = find_endpoint(asked->agent, side->subject->pod);
	if (side->endpoint)
		r = ask_kernel(asked, side);
	else
		evaluate(asked, side);
	if (r < 0)
		return error_set(error, r, "the loaded program can't be asked: %s", strerror(-r));
	*allowed &= !denies(side);
	json_array_append_new(sides, side_json(asked, side));
	return 0;
}

/* Egress first, as a packet meets it; of a service each of its backends may be met. */
static int judge(const struct asked *asked, json_t *sides, bool *ret_allowed, struct error *error)
{
	struct side egress = { .direction = WEIR_EGRESS,
			       .subject = &asked->from,
			       .peer = &asked->to,
			       .to = &asked->to,
			       .port = asked->port };
	const struct eval_backend itself = { .end = asked->to, .port = asked->port };
	const struct eval_backend *ends = asked->backends.n ? asked->backends.items : &itself;
	bool allowed = true;
	int r = judge_side(asked, &egress, sides, &allowed, error);

	for (size_t i = 0; r == 0 && i < (asked->backends.n ?: 1); i++) {
		struct side ingress = { .direction = WEIR_INGRESS,
					.subject = &ends[i].end,
					.peer = &asked->from,
					.to = &ends[i].end,
					.port = ends[i].port };

		r = judge_side(asked, &ingress, sides, &allowed, error);
	}
	if (r == 0)
		*ret_allowed = allowed;
	return r;
}

static void answer(const struct asked *asked, struct http_reply *reply)
{
	const bool self = is_judged(&asked->from) && asked->from.pod == asked->to.pod;
	json_t *sides = json_array(), *note = json_null();
	struct error error = {};
	bool allowed = true;

	if (!self && judge(asked, sides, &allowed, &error) < 0) {
		json_decref(sides);
		http_fail(reply, HTTP_INTERNAL_ERROR, "%s", error.text);
		return;
	}
	if (self)
		note = json_string("a pod always reaches itself: that never leaves it");
	else if (!json_array_size(sides))
		note = json_string("neither end is a pod with a network of its own: nothing judges it");
	reply->json = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "from", end_json(&asked->from), "to",
				end_json(&asked->to), "protocol", api_text(asked->protocol_text), "port",
				has_ports(asked->protocol) ? json_integer(asked->port) : json_null(), "verdict",
				allowed ? "allow" : "deny", "sides", sides, "note", note);
}

void api_explain(void *data, const struct http_request *request, struct http_reply *reply)
{
	struct asked asked = { .agent = data };
	struct error error = {};
	int r;

	api_world(asked.agent, &asked.world);
	r = read_question(&asked, request, &error);
	if (r < 0)
		http_fail(reply, r == -ENOENT ? HTTP_NOT_FOUND : HTTP_BAD_REQUEST, "explain: %s", error.text);
	else
		answer(&asked, reply);
	vec_free(&asked.backends);
	world_free(&asked.world);
}
