// SPDX-License-Identifier: BSD-2-Clause
/*
 * The states of a connection, as someone on the way sees them: RFC 9293 section
 * 3.3.2, RFC 9260 section 4. What lies outside of what its receiver can take
 * changes nothing, as the receiver takes no notice of it (RFC 9293 section
 * 3.10.7.4, RFC 5961 for resets; RFC 9260 section 8.5 for tags).
 */
#include "fuzz/model_state.h"

/* No receiver lets a sender be further ahead than that. */
#define WINDOW (1 << 24)

static bool heard(const struct weir_flow *flow, uint8_t what, unsigned end)
{
	return flow->heard & (what << end);
}

/* Sequence numbers are compared modulo 2^32 (RFC 9293 section 3.4). */
static int32_t ahead(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* SYN and FIN count as a byte each. */
static uint32_t after(const struct packet *p)
{
	return p->seq + p->payload + (p->flags & BIT_SYN ? 1 : 0) + (p->flags & BIT_FIN ? 1 : 0);
}

bool model_is_repeated_opening(const struct packet *p, const struct weir_flow *flow)
{
	const uint32_t next = p->ports == WEIR_PORTS_TCP ? after(p) : p->initiate_tag;

	return flow->opener == p->direction && heard(flow, WEIR_HEARD, p->direction) &&
	       flow->ends[p->direction].next == next;
}

static void hear_tcp(const struct packet *p, struct weir_flow *flow)
{
	struct weir_flow_end *own = &flow->ends[p->direction];

	if (!heard(flow, WEIR_HEARD, p->direction) || ahead(after(p), own->next) > 0)
		own->next = after(p);
	flow->heard |= WEIR_HEARD << p->direction;
	if (!(p->flags & BIT_ACK))
		return;
	own->ack = p->ack;
	flow->heard |= WEIR_HEARD_ACK << p->direction;
}

static void hear_tag(const struct packet *p, struct weir_flow *flow)
{
	flow->ends[p->direction].next = p->initiate_tag;
	flow->heard |= WEIR_HEARD << p->direction;
}

/* A part of a packet has no length of its own to count by. */
void model_hear_first(const struct packet *p, struct weir_flow *flow)
{
	if (p->fragment)
		return;
	if (p->ports == WEIR_PORTS_TCP)
		hear_tcp(p, flow);
	else if (p->ports == WEIR_PORTS_SCTP && p->opening)
		hear_tag(p, flow);
}

/* Of a connection whose handshake is over: by who has closed. */
static uint8_t open_state(const struct weir_flow *flow)
{
	const bool opener = heard(flow, WEIR_HEARD_CLOSE, flow->opener);

	if (heard(flow, WEIR_HEARD_CLOSE, !flow->opener))
		return opener ? WEIR_FLOW_TIME_WAIT : WEIR_FLOW_CLOSE_WAIT;
	return opener ? WEIR_FLOW_FIN_WAIT : WEIR_FLOW_ESTABLISHED;
}

static void close_end(const struct packet *p, struct weir_flow *flow)
{
	flow->heard |= WEIR_HEARD_CLOSE << p->direction;
	flow->state = open_state(flow);
}

/* RFC 9293 section 3.10.7.3: a reset in answer to a SYN acknowledges it; section 3.10.7.4: any other is in the window.
 */
static bool believes_reset(const struct packet *p, const struct weir_flow *flow)
{
	const unsigned own = p->direction, other = !own;

	if (flow->state == WEIR_FLOW_SYN_SENT)
		return own != flow->opener && p->flags & BIT_ACK && heard(flow, WEIR_HEARD, other) &&
		       p->ack == flow->ends[other].next;
	return heard(flow, WEIR_HEARD, own) && heard(flow, WEIR_HEARD_ACK, other) &&
	       p->seq - flow->ends[other].ack <= flow->ends[own].next - flow->ends[other].ack;
}

static bool is_acceptable(const struct packet *p, const struct weir_flow *flow)
{
	const unsigned other = !p->direction;

	if (heard(flow, WEIR_HEARD_ACK, other) && after(p) - flow->ends[other].ack > WINDOW)
		return false;
	return !(p->flags & BIT_ACK && heard(flow, WEIR_HEARD, other) && ahead(p->ack, flow->ends[other].next) > 0);
}

/*
 * Whoever still talks has not believed the reset. A handshake is then where its
 * two ends' words leave it: not complete, as the opener has proved nothing.
 */
static uint8_t before_reset(const struct weir_flow *flow, bool opening)
{
	if (!opening)
		return open_state(flow);
	return heard(flow, WEIR_HEARD, !flow->opener) ? WEIR_FLOW_SYN_RECEIVED : WEIR_FLOW_SYN_SENT;
}

/* The handshake's third packet; or the first word of the other end, where a connection was taken up in its middle. */
static bool completes_tcp(const struct packet *p, const struct weir_flow *flow)
{
	const bool from_opener = p->direction == flow->opener;

	if (flow->state == WEIR_FLOW_SYN_SENT)
		return false;
	if (flow->state == WEIR_FLOW_SYN_RECEIVED)
		return from_opener && p->flags & BIT_ACK && p->ack == flow->ends[!p->direction].next;
	return !from_opener;
}

static bool is_handshake(const struct weir_flow *flow)
{
	return flow->state == WEIR_FLOW_SYN_SENT || flow->state == WEIR_FLOW_SYN_RECEIVED;
}

static bool next_tcp(const struct packet *p, struct weir_flow *flow, bool opening)
{
	bool complete;

	if (p->flags & BIT_RST) {
		if (believes_reset(p, flow))
			flow->state = WEIR_FLOW_CLOSED;
		return false;
	}
	if (!is_acceptable(p, flow))
		return false;
	hear_tcp(p, flow);
	if (flow->state == WEIR_FLOW_CLOSED)
		flow->state = before_reset(flow, opening);
	complete = opening && completes_tcp(p, flow);
	if (p->flags & BIT_FIN && (complete || !is_handshake(flow)))
		close_end(p, flow);
	if (p->flags & BIT_SYN && flow->state == WEIR_FLOW_SYN_SENT && p->direction != flow->opener)
		flow->state = WEIR_FLOW_SYN_RECEIVED;
	return complete;
}

static bool next_sctp(const struct packet *p, struct weir_flow *flow)
{
	const bool from_opener = p->direction == flow->opener;
	const bool right = heard(flow, WEIR_HEARD, !p->direction) && p->tag == flow->ends[!p->direction].next;
	const bool reflected =
		p->flags & 1 && heard(flow, WEIR_HEARD, p->direction) && p->tag == flow->ends[p->direction].next;

	switch (p->type) {
	case CHUNK_INIT_ACK:
		if (right && !from_opener && flow->state == WEIR_FLOW_SYN_SENT) {
			hear_tag(p, flow);
			flow->state = WEIR_FLOW_SYN_RECEIVED;
		}
		return false;
	case CHUNK_ABORT:
	case CHUNK_SHUTDOWN_COMPLETE:
		if (right || reflected)
			flow->state = WEIR_FLOW_CLOSED;
		return false;
	case CHUNK_SHUTDOWN:
		if (right)
			close_end(p, flow);
		return false;
	}
	if (flow->state == WEIR_FLOW_SYN_RECEIVED)
		return p->type == CHUNK_COOKIE_ECHO && right && from_opener;
	return flow->state == WEIR_FLOW_ESTABLISHED && !from_opener;
}

bool model_next_state(const struct packet *p, struct weir_flow *flow, bool opening)
{
	if (p->fragment)
		return false;
	if (p->ports == WEIR_PORTS_TCP)
		return next_tcp(p, flow, opening);
	if (p->ports == WEIR_PORTS_SCTP)
		return next_sctp(p, flow);
	if (flow->state == WEIR_FLOW_UNANSWERED && p->direction != flow->opener)
		flow->state = WEIR_FLOW_ANSWERED;
	return false;
}
