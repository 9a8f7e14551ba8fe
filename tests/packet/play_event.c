// SPDX-License-Identifier: BSD-2-Clause
/* Nothing was told before the packet: so it is told of if it was denied, or opened a connection, and not otherwise. */
#include "packet/play.h"

static bool is_denied(const struct outcome *outcome)
{
	return outcome->verdict == WEIR_VERDICT_DROP || outcome->verdict == WEIR_VERDICT_REJECT;
}

/* What XDP passes, and what belongs to an admitted connection, is not told; nor is what opens none. */
static bool is_told(const struct outcome *outcome, unsigned entered)
{
	return is_denied(outcome) || entered;
}

static bool may_be_told(const struct outcome *outcome)
{
	return outcome->reason != WEIR_REASON_NONE && outcome->reason != WEIR_REASON_FLOW;
}

static bool fits_kind(const struct outcome *outcome, uint8_t kind)
{
	if (is_denied(outcome))
		return kind == WEIR_EVENT_DENIED || kind == WEIR_EVENT_WITHDRAWN;
	return kind == (outcome->reason == WEIR_REASON_AUDIT ? WEIR_EVENT_AUDITED : WEIR_EVENT_OPENED);
}

/* Its interface has its number only where it is known whose packet it is. */
int play_check_event(struct play *play, const struct outcome *outcome, uint32_t bytes, unsigned entered)
{
	const bool xdp = outcome->program == LAB_XDP || outcome->program == LAB_UPLINK;
	struct weir_event event;
	const int n = lab_events(play->lab, &event, 1);

	if (!lab_watched(play->lab))
		return n ? play_fail(play, "%d events", n) : 0;
	if (n > 1 || n < is_told(outcome, entered) || (n == 1 && !is_told(outcome, entered) && !may_be_told(outcome)))
		return play_fail(play, "%d events", n);
	if (n == 0)
		return 0;
	if (!fits_kind(outcome, event.kind))
		return play_fail(play, "an event of kind %u", event.kind);
	if (event.verdict != (outcome->unanswered ? WEIR_VERDICT_REJECT : outcome->verdict) ||
	    event.reason != outcome->reason)
		return play_fail(play, "an event of verdict %u, reason %u", event.verdict, event.reason);
	if (event.direction != outcome->direction || event.ifindex != LAB_IFINDEX || event.xdp != xdp)
		return play_fail(play, "an event of direction %u, interface %u, XDP %u", event.direction, event.ifindex,
				 event.xdp);
	if (event.counter != (outcome->by ?: WEIR_COUNTER_NONE) || event.length != bytes || event.repeats)
		return play_fail(play, "an event of decision %u, %u bytes, %u repeats", event.counter, event.length,
				 event.repeats);
	if (!event.bucket !=
	    (outcome->reason != WEIR_REASON_LIMIT && (outcome->reason != WEIR_REASON_AUDIT || outcome->by != BY_WATCH)))
		return play_fail(play, "an event of bucket %u, reason %u", event.bucket, event.reason);
	return 0;
}
