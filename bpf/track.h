/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a flow's entry knows beside its decision: when it was last used, how
 * much went either way, and for TCP and SCTP how far the connection has come.
 *
 * Nothing here changes a verdict. It says how long an entry is kept, and a
 * connection leaves the table of openings only when its opener has proved, by
 * the other end's sequence number or cookie, that it is where it says it is.
 *
 * A reset or a close is believed only inside what its receiver can expect (RFC
 * 9293 section 3.10.7.4, RFC 5961), so that one from outside doesn't end the
 * entry of a connection that goes on.
 */
#ifndef WEIR_BPF_TRACK_H
#define WEIR_BPF_TRACK_H

#include "clock.h"
#include "tables.h"
#include "transport.h"

/* More than a receiver lets a sender be ahead, much less than the sequence space. */
#define TCP_WINDOW_MAX (1u << 24)

static __always_inline bool has_heard(const struct weir_flow *flow, __u8 what, __u32 end)
{
	return flow->heard & what << end;
}

/* Out of the openings. A copy that was taken for a change at this moment is decided again, as its generation says. */
static __always_inline void promote(struct weir_flow *flow, const union flow_key *key, enum weir_family family)
{
	const bool expired = look_up_flow(WEIR_CONNECTIONS, family, key);

	if (flow->state == WEIR_FLOW_SYN_RECEIVED)
		flow->state = WEIR_FLOW_ESTABLISHED;
	if (enter_flow(WEIR_CONNECTIONS, family, key, flow, expired))
		leave_flow(WEIR_OPENINGS, family, key);
}

static __noinline int promote_flow(struct weir_flow *flow, const union flow_key *key, int family)
{
	if (family == WEIR_IPV4)
		promote(flow, key, WEIR_IPV4);
	else
		promote(flow, key, WEIR_IPV6);
	return 0;
}

/* Of a connection whose handshake is over: by who has closed. */
static __always_inline __u8 open_state(const struct weir_flow *flow)
{
	const bool opener = has_heard(flow, WEIR_HEARD_CLOSE, flow->opener & 1);

	if (has_heard(flow, WEIR_HEARD_CLOSE, ~flow->opener & 1))
		return opener ? WEIR_FLOW_TIME_WAIT : WEIR_FLOW_CLOSE_WAIT;
	return opener ? WEIR_FLOW_FIN_WAIT : WEIR_FLOW_ESTABLISHED;
}

static __always_inline void close_end(struct weir_flow *flow, __u32 end)
{
	flow->heard |= WEIR_HEARD_CLOSE << end;
	flow->state = open_state(flow);
}

/* --- TCP --- */

static __always_inline bool is_believed_reset(const struct packet *pkt, const struct weir_flow *flow)
{
	const __u32 own = own_end(pkt), other = other_end(pkt);
	const struct weir_flow_end *ends = flow->ends;

	/* A refusal acknowledges the SYN that it refuses. */
	if (flow->state == WEIR_FLOW_SYN_SENT)
		return own != flow->opener && pkt->f->flags & TCP_ACK && pkt->f->ack == ends[other].next;
	return has_heard(flow, WEIR_HEARD, own) && has_heard(flow, WEIR_HEARD_ACK, other) &&
	       pkt->f->seq - ends[other].ack <= ends[own].next - ends[other].ack;
}

static __always_inline bool is_outside_window(const struct packet *pkt, const struct weir_flow *flow, __u32 next)
{
	const __u32 other = other_end(pkt);

	if (has_heard(flow, WEIR_HEARD_ACK, other) && next - flow->ends[other].ack > TCP_WINDOW_MAX)
		return true;
	return has_heard(flow, WEIR_HEARD, other) && pkt->f->flags & TCP_ACK &&
	       (__s32)(pkt->f->ack - flow->ends[other].next) > 0;
}

static __always_inline void advance_tcp(const struct packet *pkt, struct weir_flow *flow, __u32 next)
{
	const __u32 own = own_end(pkt);
	const __u8 heard = flow->heard | (WEIR_HEARD | (pkt->f->flags & TCP_ACK ? WEIR_HEARD_ACK : 0)) << own;

	if (!has_heard(flow, WEIR_HEARD, own) || (__s32)(next - flow->ends[own].next) > 0)
		flow->ends[own].next = next;
	if (pkt->f->flags & TCP_ACK)
		flow->ends[own].ack = pkt->f->ack;
	if (heard != flow->heard)
		flow->heard = heard;
}

/* What of a packet can change the state of its flow. */
struct tcp_turn {
	__u32 end;   /* that sent it */
	__u32 flags; /* TCP's */
	__u32 ack;
	bool opening; /* the flow is in the openings */
};

/*
 * The third packet of a handshake, or the first answer on a connection that was
 * taken up in its middle. Only who has been answered knows the number that the
 * third packet acknowledges.
 */
static __always_inline bool completes_tcp_opening(const struct tcp_turn *turn, const struct weir_flow *flow)
{
	if (!turn->opening || flow->state == WEIR_FLOW_SYN_SENT)
		return false;
	if (flow->state == WEIR_FLOW_SYN_RECEIVED)
		return turn->end == flow->opener && turn->flags & TCP_ACK &&
		       turn->ack == flow->ends[(turn->end ^ 1) & 1].next;
	return turn->end != flow->opener;
}

/* Whoever still talks has not believed the reset. Of an opening that is no proof: it is as far as it was. */
static __always_inline __u8 state_before_reset(const struct tcp_turn *turn, const struct weir_flow *flow)
{
	if (!turn->opening)
		return open_state(flow);
	return has_heard(flow, WEIR_HEARD, ~flow->opener & 1) ? WEIR_FLOW_SYN_RECEIVED : WEIR_FLOW_SYN_SENT;
}

/* True when the opening is complete. Not inlined: segments of an open connection shall not carry its weight. */
static __noinline int turn_tcp(struct weir_flow *flow, __u32 end, __u32 flags, __u32 ack, __u32 opening)
{
	const struct tcp_turn turn = { .end = end & 1, .flags = flags, .ack = ack, .opening = opening };
	bool completes;

	if (flow->state == WEIR_FLOW_CLOSED)
		flow->state = state_before_reset(&turn, flow);
	completes = completes_tcp_opening(&turn, flow);
	if (flags & TCP_FIN && (completes || flow->state >= WEIR_FLOW_ESTABLISHED))
		close_end(flow, turn.end);
	else if (flags & TCP_SYN && flow->state == WEIR_FLOW_SYN_SENT && turn.end != flow->opener)
		flow->state = WEIR_FLOW_SYN_RECEIVED;
	return completes;
}

static __always_inline __u32 tcp_next(const struct packet *pkt)
{
	return pkt->f->seq + (pkt->f->end - pkt->f->offset) + !!(pkt->f->flags & TCP_SYN) + !!(pkt->f->flags & TCP_FIN);
}

/* What an opening leaves in the entry of its end. */
static __always_inline __u32 opening_next(const struct packet *pkt)
{
	return pkt->f->ports == WEIR_PORTS_TCP ? tcp_next(pkt) : pkt->f->seq;
}

/* True when this packet completes the opening. */
static __always_inline bool track_tcp(const struct packet *pkt, struct weir_flow *flow)
{
	const __u32 next = tcp_next(pkt);
	const bool opening = unlikely(pkt->f->table == WEIR_OPENINGS);

	if (unlikely(pkt->f->flags & TCP_RST)) {
		if (is_believed_reset(pkt, flow))
			flow->state = WEIR_FLOW_CLOSED;
		return false;
	}
	if (unlikely(is_outside_window(pkt, flow, next)))
		return false;
	advance_tcp(pkt, flow, next);
	if (likely(!(pkt->f->flags & (TCP_SYN | TCP_FIN)) && !opening && flow->state != WEIR_FLOW_CLOSED))
		return false;
	return turn_tcp(flow, own_end(pkt), pkt->f->flags, pkt->f->ack, opening);
}

/* --- SCTP: a packet carries the tag that its receiver has announced (RFC 9260 section 8.5) --- */

static __always_inline bool has_right_tag(const struct packet *pkt, const struct weir_flow *flow)
{
	const __u32 other = other_end(pkt);

	return has_heard(flow, WEIR_HEARD, other) && pkt->f->ack == flow->ends[other].next;
}

/* Whoever has no association any more sends back the tag that it was sent. */
static __always_inline bool has_reflected_tag(const struct packet *pkt, const struct weir_flow *flow)
{
	return pkt->f->flags & SCTP_TAG_REFLECTED && has_heard(flow, WEIR_HEARD, own_end(pkt)) &&
	       pkt->f->ack == flow->ends[own_end(pkt)].next;
}

static __always_inline void hear_tag(const struct packet *pkt, struct weir_flow *flow)
{
	flow->ends[own_end(pkt)].next = pkt->f->seq;
	flow->heard |= WEIR_HEARD << own_end(pkt);
}

static __always_inline bool track_sctp(const struct packet *pkt, struct weir_flow *flow)
{
	const bool right = has_right_tag(pkt, flow), opener = pkt->direction == flow->opener;

	switch (pkt->f->type) {
	case SCTP_INIT_ACK:
		if (right && !opener && flow->state == WEIR_FLOW_SYN_SENT) {
			hear_tag(pkt, flow);
			flow->state = WEIR_FLOW_SYN_RECEIVED;
		}
		return false;
	case SCTP_ABORT:
	case SCTP_SHUTDOWN_COMPLETE:
		if (right || has_reflected_tag(pkt, flow))
			flow->state = WEIR_FLOW_CLOSED;
		return false;
	case SCTP_SHUTDOWN:
		if (right)
			close_end(flow, own_end(pkt));
		return false;
	}
	if (pkt->f->table != WEIR_OPENINGS)
		return false;
	return flow->state == WEIR_FLOW_SYN_RECEIVED ? pkt->f->type == SCTP_COOKIE_ECHO && right && opener
						     : flow->state == WEIR_FLOW_ESTABLISHED && !opener;
}

/* --- all --- */

/* True when this packet completes the opening, and the entry may be promoted. */
static __always_inline bool track(const struct packet *pkt, struct weir_flow *flow)
{
	struct weir_counter *count = &flow->counts[own_end(pkt)];

	if (flow->seen != pkt->f->now)
		flow->seen = pkt->f->now;
	count->packets++;
	count->bytes += pkt->f->length;
	if (unlikely(pkt->f->fragment))
		return false;
	if (pkt->f->ports == WEIR_PORTS_TCP)
		return track_tcp(pkt, flow);
	if (pkt->f->ports == WEIR_PORTS_SCTP)
		return track_sctp(pkt, flow);
	if (flow->state == WEIR_FLOW_UNANSWERED && pkt->direction != flow->opener)
		flow->state = WEIR_FLOW_ANSWERED;
	return false;
}

static __always_inline __u8 first_state(const struct packet *pkt, enum weir_family family)
{
	if (pkt->f->ports == WEIR_PORTS_TCP || pkt->f->ports == WEIR_PORTS_SCTP)
		return pkt->f->opening ? WEIR_FLOW_SYN_SENT : WEIR_FLOW_ESTABLISHED;
	if (pkt->f->ports == WEIR_PORTS_UDP)
		return WEIR_FLOW_UNANSWERED;
	return pkt->f->ip_proto == (family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ? WEIR_FLOW_ECHO
											 : WEIR_FLOW_OTHER;
}

/* What the first packet tells of an entry that is yet to be made. */
static __always_inline void begin_track(const struct packet *pkt, enum weir_family family, struct weir_flow *flow)
{
	flow->state = first_state(pkt, family);
	flow->seen = pkt->f->now;
	flow->opened = pkt->f->now;
	flow->counts[own_end(pkt)].packets = 1;
	flow->counts[own_end(pkt)].bytes = pkt->f->length;
	if (pkt->f->fragment)
		return;
	if (pkt->f->ports == WEIR_PORTS_TCP)
		advance_tcp(pkt, flow, tcp_next(pkt));
	else if (pkt->f->ports == WEIR_PORTS_SCTP && pkt->f->opening)
		hear_tag(pkt, flow);
}

#endif
