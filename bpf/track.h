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

#include "hold.h"
#include "transport.h"

/* More than a receiver lets a sender be ahead, much less than the sequence space. */
#define TCP_WINDOW_MAX (1u << 24)

static __always_inline bool has_heard(const struct weir_flow *flow, __u8 what, __u32 end)
{
	return flow->heard & what << end;
}

/* What a packet has done to its flow, that concerns more than the entry. */
enum turn {
	TURN_COMPLETES = 1, /* the opening is complete, and the entry may be promoted */
	TURN_SETTLES = 2,   /* it is over, or goes on after all, and holds slots */
};

/*
 * Out of the openings. A copy that was taken for a change at this moment is
 * decided again, as its generation says. A live entry in the way is this one,
 * which another packet promotes at the same time.
 */
static __always_inline void promote(struct weir_flow *flow, const union flow_key *key, enum weir_family family)
{
	struct weir_flow *last = look_up_flow(WEIR_CONNECTIONS, family, key);
	struct weir_flow *to = flow;
	struct opener opener;
	__u32 first, second;

	if (last && !flow_has_expired(last, clock_ticks()))
		return;
	if (last && holds_any(last)) {
		fill_opener_of(last, key, family, &opener);
		drop_both(last, &opener);
	}
	if (flow->state == WEIR_FLOW_SYN_RECEIVED)
		flow->state = WEIR_FLOW_ESTABLISHED;
	first = flow->held[0] ? __sync_lock_test_and_set(&flow->held[0], 0) : 0;
	second = flow->held[1] ? __sync_lock_test_and_set(&flow->held[1], 0) : 0;
	fill_opener_of(flow, key, family, &opener);
	if (enter_flow(WEIR_CONNECTIONS, family, key, flow, last)) {
		leave_flow(WEIR_OPENINGS, family, key);
		to = first ? look_up_flow(WEIR_CONNECTIONS, family, key) : NULL;
	}
	carry_slot(first, to ? &to->held[0] : NULL, &opener);
	carry_slot(second, to ? &to->held[1] : NULL, &opener);
}

__subprogram int promote_flow(struct weir_flow *flow, const union flow_key *key, int family)
{
	if (family == WEIR_IPV4)
		promote(flow, key, WEIR_IPV4);
	else
		promote(flow, key, WEIR_IPV6);
	return 0;
}

static __always_inline int turn_of(bool completes, bool was_over, const struct weir_flow *flow)
{
	return (completes ? TURN_COMPLETES : 0) | (is_over(flow) != was_over && holds_any(flow) ? TURN_SETTLES : 0);
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

/* Returns enum turn. */
static __always_inline int take_tcp_turn(struct weir_flow *flow, const struct tcp_turn *turn)
{
	const bool was_over = is_over(flow);
	bool completes;

	if (flow->state == WEIR_FLOW_CLOSED)
		flow->state = state_before_reset(turn, flow);
	completes = completes_tcp_opening(turn, flow);
	if (turn->flags & TCP_FIN && (completes || flow->state >= WEIR_FLOW_ESTABLISHED))
		close_end(flow, turn->end);
	else if (turn->flags & TCP_SYN && flow->state == WEIR_FLOW_SYN_SENT && turn->end != flow->opener)
		flow->state = WEIR_FLOW_SYN_RECEIVED;
	return turn_of(completes, was_over, flow);
}

/* Not inlined: segments of an open connection shall not carry its weight. */
__subprogram int turn_tcp(struct weir_flow *flow, __u32 end, __u32 flags, __u32 ack, __u32 opening)
{
	const struct tcp_turn turn = { .end = end & 1, .flags = flags, .ack = ack, .opening = opening };

	return take_tcp_turn(flow, &turn);
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

static __always_inline int close_flow(struct weir_flow *flow)
{
	const bool was_over = is_over(flow);

	flow->state = WEIR_FLOW_CLOSED;
	return turn_of(false, was_over, flow);
}

static __always_inline int track_tcp(const struct packet *pkt, struct weir_flow *flow)
{
	const __u32 next = tcp_next(pkt);
	const bool opening = unlikely(pkt->f->table == WEIR_OPENINGS);

	if (unlikely(pkt->f->flags & TCP_RST))
		return is_believed_reset(pkt, flow) ? close_flow(flow) : 0;
	if (unlikely(is_outside_window(pkt, flow, next)))
		return 0;
	advance_tcp(pkt, flow, next);
	if (likely(!(pkt->f->flags & (TCP_SYN | TCP_FIN)) && !opening && flow->state != WEIR_FLOW_CLOSED))
		return 0;
	if (pkt->deep) {
		const struct tcp_turn turn = {
			.end = own_end(pkt), .flags = pkt->f->flags, .ack = pkt->f->ack, .opening = opening
		};

		return take_tcp_turn(flow, &turn);
	}
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

static __always_inline bool completes_sctp_opening(const struct packet *pkt, const struct weir_flow *flow, bool right)
{
	const bool opener = pkt->direction == flow->opener;

	if (pkt->f->table != WEIR_OPENINGS)
		return false;
	return flow->state == WEIR_FLOW_SYN_RECEIVED ? pkt->f->type == SCTP_COOKIE_ECHO && right && opener
						     : flow->state == WEIR_FLOW_ESTABLISHED && !opener;
}

static __always_inline int track_sctp(const struct packet *pkt, struct weir_flow *flow)
{
	const bool right = has_right_tag(pkt, flow), was_over = is_over(flow);

	switch (pkt->f->type) {
	case SCTP_INIT_ACK:
		if (right && pkt->direction != flow->opener && flow->state == WEIR_FLOW_SYN_SENT) {
			hear_tag(pkt, flow);
			flow->state = WEIR_FLOW_SYN_RECEIVED;
		}
		return 0;
	case SCTP_ABORT:
	case SCTP_SHUTDOWN_COMPLETE:
		return right || has_reflected_tag(pkt, flow) ? close_flow(flow) : 0;
	case SCTP_SHUTDOWN:
		if (right)
			close_end(flow, own_end(pkt));
		return turn_of(false, was_over, flow);
	}
	return completes_sctp_opening(pkt, flow, right) ? TURN_COMPLETES : 0;
}

/* --- all --- */

static __always_inline void count_in(struct weir_flow *flow, __u32 end, __u32 length)
{
	struct weir_flow_low *low = &flow->low[end];
	const __u32 packets = low->packets + 1, bytes = low->bytes + length;

	low->packets = packets;
	low->bytes = bytes;
	if (unlikely(!packets))
		flow->high[end].packets++;
	if (unlikely(bytes < length))
		flow->high[end].bytes++;
}

/* Returns enum turn. */
static __always_inline int track(const struct packet *pkt, struct weir_flow *flow)
{
	if (flow->seen != pkt->f->now)
		flow->seen = pkt->f->now;
	count_in(flow, own_end(pkt), pkt->f->length);
	if (unlikely(pkt->f->fragment))
		return 0;
	if (pkt->f->ports == WEIR_PORTS_TCP)
		return track_tcp(pkt, flow);
	if (pkt->f->ports == WEIR_PORTS_SCTP)
		return track_sctp(pkt, flow);
	if (flow->state == WEIR_FLOW_UNANSWERED && pkt->direction != flow->opener)
		flow->state = WEIR_FLOW_ANSWERED;
	return 0;
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
	flow->low[own_end(pkt)].packets = 1;
	flow->low[own_end(pkt)].bytes = pkt->f->length;
	if (pkt->f->fragment)
		return;
	if (pkt->f->ports == WEIR_PORTS_TCP)
		advance_tcp(pkt, flow, tcp_next(pkt));
	else if (pkt->f->ports == WEIR_PORTS_SCTP && pkt->f->opening)
		hear_tag(pkt, flow);
}

#endif
