// SPDX-License-Identifier: BSD-2-Clause
#include "agent/flow_stream.h"

#include <netinet/in.h>
#include <string.h>

#include "agent/api.h"
#include "base/mem.h"
#include "observe/names.h"
#include "policy/workload.h"

/* Entries that are looked at before the loop may do something else. */
#define ENTRIES_AT_A_TIME 4096
#define NS_PER_SECOND	  1e9

enum phase { BEGIN, SCAN, SHOW, END, DONE };

struct flow_stream {
	struct agent *agent;
	struct flow_filter filter;
	struct datapath_flows *flows;
	struct flow_top top;
	size_t shown;
	enum phase phase;
	char *piece; /* what is to be sent */
	size_t length, sent;
};

/* --- one flow ---------------------------------------------------------------- */

static json_t *protocol_json(uint8_t protocol)
{
	_cleanup_free_ char *text = NULL;

	if (ports_of_protocol(protocol) != WEIR_PORTS_NONE)
		return json_string(ports_name(ports_of_protocol(protocol)));
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return json_string("ICMP");
	text = xasprintf("%u", protocol);
	return json_string(text);
}

/* Of the pod at an end: "NAMESPACE/POD", and its workload. NULL: not known. */
struct end_names {
	char *pod, *workload;
};

static void end_names_free(struct end_names *names)
{
	free(names->pod);
	free(names->workload);
}

/* The endpoint's are known by its interface; the other one's by its address alone. */
static void name_end(const struct agent *agent, const struct datapath_flow *flow, const struct addr *addr,
		     struct end_names *ret)
{
	const struct port *port = endpoints_port(&agent->endpoints, flow->ifindex);
	const struct address_owner *owner;

	if (addr == &flow->local) {
		if (port && port->endpoint)
			ret->pod = xasprintf("%s/%s", port->endpoint->namespace, port->endpoint->pod);
		if (ret->pod && port->has_identity)
			ret->workload = xstrdup(workload_of(agent->state.numbers.identities, port->entry.identity));
		return;
	}
	owner = agent->compiled && !agent->stale ? compiled_owner(agent->compiled, addr) : NULL;
	if (!owner || !owner->pod)
		return;
	ret->pod = xasprintf("%s/%s", owner->pod->namespace, owner->pod->name);
	ret->workload = workload_name(owner->pod);
}

static json_t *end_json(const struct agent *agent, const struct datapath_flow *flow, const struct addr *addr,
			uint16_t port)
{
	_cleanup_(end_names_free) struct end_names names = {};
	char text[ADDR_TEXT_MAX];

	name_end(agent, flow, addr, &names);
	return json_pack("{s:o, s:o, s:s, s:o}", "pod", api_text(names.pod), "workload", api_text(names.workload),
			 "address", addr_format(addr, text), "port", port ? json_integer(port) : json_null());
}

static json_t *counter_json(const struct weir_counter *counter)
{
	return json_pack("{s:I, s:I}", "packets", (json_int_t)counter->packets, "bytes", (json_int_t)counter->bytes);
}

/* Known only of the image that this agent has compiled. */
static json_t *rules_json(const struct agent *agent, const struct weir_flow *flow)
{
	const struct compiled *compiled = agent->compiled;
	const struct decision_info *decision = NULL;
	json_t *list = json_array();

	if (compiled && compiled->revision == flow->revision)
		decision = compiled_decision(compiled, flow->decision);
	for (size_t i = 0; decision && i < decision->rules.n; i++) {
		_cleanup_free_ char *text = rule_ref_format(&decision->rules.items[i], true);

		json_array_append_new(list, api_text(text));
	}
	return list;
}

static json_t *flow_json(const struct agent *agent, const struct datapath_flow *flow)
{
	const struct port *port = endpoints_port(&agent->endpoints, flow->ifindex);
	const enum weir_direction opener = flow->is.opener == WEIR_EGRESS ? WEIR_EGRESS : WEIR_INGRESS;
	const struct weir_counter *sent = &flow->counts[opener];
	const struct weir_counter *answered = &flow->counts[WEIR_DIRECTIONS - 1 - opener];
	const struct flow_ends ends = flow_ends(flow);

	return json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:o, s:f, s:f, s:b, s:I, s:o}", "from",
		end_json(agent, flow, ends.from, ends.from_port), "to", end_json(agent, flow, ends.to, ends.to_port),
		"protocol", protocol_json(flow->protocol), "state", flow_state_name(flow->is.state), "interface",
		api_text(port ? port->name : NULL), "direction", direction_text(opener), "verdict",
		flow->is.flags & WEIR_FLOW_REVOKED ? "deny" : "allow", "table", flow_table_name(flow->table), "reason",
		api_text(reason_name(flow->is.reason)), "packets", (json_int_t)(sent->packets + answered->packets),
		"bytes", (json_int_t)(sent->bytes + answered->bytes), "sent", counter_json(sent), "answered",
		counter_json(answered), "idleSeconds", (double)flow->idle_ns / NS_PER_SECOND, "ageSeconds",
		(double)flow->age_ns / NS_PER_SECOND, "current", flow->current, "revision",
		(json_int_t)flow->is.revision, "rules", rules_json(agent, &flow->is));
}

/* --- the text ---------------------------------------------------------------- */

static void set_piece(struct flow_stream *stream, char *piece)
{
	free(stream->piece);
	stream->piece = piece;
	stream->length = strlen(piece);
	stream->sent = 0;
}

/* One line each, so that a reader need not hold all of it either. */
static void show(struct flow_stream *stream, const struct datapath_flow *flow)
{
	json_t *json = flow_json(stream->agent, flow);
	_cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	set_piece(stream, xasprintf("%s%s", stream->shown++ ? ",\n" : "", text ?: "null"));
}

/* Looks at the next entries. 1: so many that it is somebody else's turn; then there is a piece, of white space. */
static int scan(struct flow_stream *stream)
{
	struct datapath_flow flow;
	int r;

	for (int i = 0; i < ENTRIES_AT_A_TIME; i++) {
		r = datapath_flows_next(stream->flows, &flow);
		if (r < 0)
			return r;
		if (r == 0) {
			flow_top_finish(&stream->top);
			stream->phase = SHOW;
			return 0;
		}
		if (!flow_filter_matches(&stream->filter, &stream->agent->endpoints, &flow))
			continue;
		if (!stream->top.limit) {
			show(stream, &flow);
			return 0;
		}
		flow_top_add(&stream->top, &flow);
	}
	set_piece(stream, xstrdup("\n"));
	return 1;
}

/* 0: perhaps there is one, perhaps the phase is another; 1: as scan(). */
static int next_piece(struct flow_stream *stream)
{
	switch (stream->phase) {
	case BEGIN:
		set_piece(stream, xstrdup("{\"items\":[\n"));
		stream->phase = SCAN;
		return 0;
	case SCAN:
		return scan(stream);
	case SHOW:
		if (stream->shown < stream->top.flows.n)
			show(stream, &stream->top.flows.items[stream->shown]);
		else
			stream->phase = END;
		return 0;
	case END:
		set_piece(stream, xasprintf("],\"more\":%zu}\n", (size_t)stream->top.n - stream->top.flows.n));
		stream->phase = DONE;
		return 0;
	case DONE:
		break;
	}
	return 0;
}

static size_t take(struct flow_stream *stream, char *buffer, size_t size)
{
	const size_t left = stream->length - stream->sent, n = left < size ? left : size;

	if (n)
		memcpy(buffer, stream->piece + stream->sent, n);
	stream->sent += n;
	return n;
}

static ssize_t read_pieces(void *data, char *buffer, size_t size)
{
	struct flow_stream *stream = data;
	size_t n = take(stream, buffer, size);
	int r = 0;

	while (r == 0 && n < size && stream->phase != DONE) {
		r = next_piece(stream);
		if (r < 0)
			return r;
		n += take(stream, buffer + n, size - n);
	}
	return (ssize_t)n;
}

static void free_stream(void *data)
{
	struct flow_stream *stream = data;

	flow_filter_free(&stream->filter);
	datapath_flows_close(stream->flows);
	vec_free(&stream->top.flows);
	free(stream->piece);
	free(stream);
}

int flow_stream_open(struct agent *agent, struct flow_filter *filter, uint32_t limit, struct http_stream *ret)
{
	struct flow_stream *stream = new0(struct flow_stream);
	int r = datapath_flows_open(agent->datapath, &stream->flows);

	if (r < 0) {
		free(stream);
		return r;
	}
	stream->agent = agent;
	stream->filter = *filter;
	stream->top.limit = limit;
	*filter = (struct flow_filter){};
	*ret = (struct http_stream){ .read = read_pieces, .free = free_stream, .data = stream };
	return 0;
}
