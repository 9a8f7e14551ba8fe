// SPDX-License-Identifier: BSD-2-Clause
/* The flow tables of weir/maps.h: who is in which, and for how long. */
#include <netinet/in.h>
#include <string.h>

#include "fuzz/model_packet.h"
#include "fuzz/model_state.h"

static void tally(struct model *m, enum weir_tally which, const struct flow_name *name)
{
	m->seen.tallies[which + name->table * WEIR_FAMILIES + name->family]++;
}

struct observed_flow *model_entry(struct model *m, const struct flow_name *name, enum weir_flow_table table)
{
	struct flow_name in = *name;

	in.table = table;
	for (unsigned i = 0; i < m->seen.n_flows; i++) {
		if (!memcmp(&m->seen.flows[i].name, &in, sizeof(in)))
			return &m->seen.flows[i];
	}
	return NULL;
}

bool model_has_expired(const struct model *m, const struct weir_flow *flow)
{
	return (int32_t)(m->now - flow->seen) > (int32_t)m->control.timeouts[flow->state];
}

static struct observed_flow *live(struct model *m, const struct flow_name *name, enum weir_flow_table table)
{
	struct observed_flow *of = model_entry(m, name, table);

	return of && !model_has_expired(m, &of->flow) ? of : NULL;
}

static void leave(struct model *m, struct observed_flow *of)
{
	tally(m, WEIR_TALLY_LEFT, &of->name);
	*of = m->seen.flows[--m->seen.n_flows];
}

/* One of the same name, expired or over, makes room: nobody enters then, and nobody leaves. */
static void enter(struct model *m, const struct flow_name *name, enum weir_flow_table table,
		  const struct weir_flow *flow)
{
	struct observed_flow *of = model_entry(m, name, table);

	if (!of) {
		of = &m->seen.flows[m->seen.n_flows++];
		of->name = *name;
		of->name.table = table;
		tally(m, WEIR_TALLY_ENTERED, &of->name);
	}
	of->flow = *flow;
}

/* A reset opens nothing, nor does what has no header of its own. */
bool model_is_kept(const struct packet *p)
{
	return !p->later && !(p->ports == WEIR_PORTS_TCP && p->flags & BIT_RST) &&
	       !(p->ports == WEIR_PORTS_SCTP && p->type == CHUNK_ABORT);
}

static bool is_stream(enum weir_port_protocol ports)
{
	return ports == WEIR_PORTS_TCP || ports == WEIR_PORTS_SCTP;
}

/* From the pod's side. */
void model_name_flow(const struct packet *p, struct flow_name *ret)
{
	const bool out = p->direction == WEIR_EGRESS;

	*ret = (struct flow_name){
		.ifindex = setting_ifindex(p->pod),
		.local_port = out ? p->source_port : p->destination_port,
		.remote_port = out ? p->destination_port : p->source_port,
		.family = p->family,
		.protocol = p->protocol,
	};
	memcpy(ret->local, out ? p->source : p->destination, sizeof(ret->local));
	memcpy(ret->remote, out ? p->destination : p->source, sizeof(ret->remote));
}

struct observed_flow *model_find_any_flow(struct model *m, enum weir_port_protocol ports, const struct flow_name *name)
{
	struct observed_flow *of;

	if (!is_stream(ports))
		return live(m, name, WEIR_EXCHANGES);
	of = live(m, name, WEIR_CONNECTIONS);
	return of ?: live(m, name, WEIR_OPENINGS);
}

/* An opening belongs to an entry only if it is the one that made it, once more: any other is a new connection. */
struct observed_flow *model_find_flow(struct model *m, const struct packet *p, const struct flow_name *name)
{
	struct observed_flow *of;

	if (!p->opening)
		return model_find_any_flow(m, p->ports, name);
	of = live(m, name, WEIR_OPENINGS);
	return of && model_is_repeated_opening(p, &of->flow) ? of : NULL;
}

void model_track(struct model *m, const struct packet *p, struct observed_flow *of)
{
	const bool opening = of->name.table == WEIR_OPENINGS;

	of->flow.seen = m->now;
	of->flow.low[p->direction].packets++;
	of->flow.low[p->direction].bytes += p->length;
	if (!model_next_state(p, &of->flow, opening) || !opening)
		return;
	if (of->flow.state == WEIR_FLOW_SYN_RECEIVED)
		of->flow.state = WEIR_FLOW_ESTABLISHED;
	enter(m, &of->name, WEIR_CONNECTIONS, &of->flow);
	leave(m, of);
}

/* What is over makes room for the same addresses and ports again. */
static bool is_over(const struct model *m, const struct weir_flow *flow)
{
	return flow->state == WEIR_FLOW_TIME_WAIT || flow->state == WEIR_FLOW_CLOSED ||
	       flow->flags & WEIR_FLOW_REVOKED || model_has_expired(m, flow);
}

static uint8_t first_state(const struct packet *p)
{
	if (is_stream(p->ports))
		return p->opening ? WEIR_FLOW_SYN_SENT : WEIR_FLOW_ESTABLISHED;
	if (p->ports == WEIR_PORTS_UDP)
		return WEIR_FLOW_UNANSWERED;
	return model_is_icmp(p->family, p->protocol) ? WEIR_FLOW_ECHO : WEIR_FLOW_OTHER;
}

void model_open_flow(struct model *m, const struct packet *p, const struct flow_name *name,
		     const struct weir_flow *decided)
{
	struct observed_flow *last = model_entry(m, name, WEIR_CONNECTIONS);
	struct weir_flow flow = *decided;

	if (p->opening && last && is_over(m, &last->flow))
		leave(m, last);
	flow.state = first_state(p);
	flow.seen = flow.opened = m->now;
	flow.low[p->direction] = (struct weir_flow_low){ 1, p->length };
	model_hear_first(p, &flow);
	enter(m, name, is_stream(p->ports) ? WEIR_OPENINGS : WEIR_EXCHANGES, &flow);
}

void model_sweep(struct model *m, enum weir_flow_table table, enum weir_family family)
{
	for (unsigned i = 0; i < m->seen.n_flows;) {
		struct observed_flow *of = &m->seen.flows[i];

		if (of->name.table == table && of->name.family == family && model_has_expired(m, &of->flow))
			leave(m, of);
		else
			i++;
	}
}
