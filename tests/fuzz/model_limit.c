// SPDX-License-Identifier: BSD-2-Clause
/* The model's limits: what is over them, and what carries a congestion mark. */
#include "fuzz/model_packet.h"

#define ECT_MASK 3u
#define CE	 3u

static uint64_t burst_of(const struct weir_image_limit *limit)
{
	const uint64_t unit = (uint64_t)limit->mult[1] << 32 | limit->mult[0];

	return ((uint64_t)limit->burst[1] << 32 | limit->burst[0]) / unit;
}

static uint64_t units_of(const struct weir_image_limit *limit, const struct packet *p, bool opens)
{
	if (limit->unit == WEIR_LIMIT_CONNECTIONS)
		return opens;
	return limit->unit == WEIR_LIMIT_BYTES ? p->length : 1;
}

/* No unit comes back while a sequence runs, nor does the wait for one end. False: over it. */
static bool take(struct model *m, const struct weir_image_limit *limit, uint64_t units)
{
	if (limit->bucket >= SETTING_BUCKETS)
		return false;
	if (!units)
		return true;
	/* What was taken under a larger burst is forgiven. */
	if (m->charged[limit->bucket] > burst_of(limit)) {
		m->charged[limit->bucket] = burst_of(limit);
		return false;
	}
	if (m->charged[limit->bucket] + units > burst_of(limit))
		return false;
	m->charged[limit->bucket] += units;
	return true;
}

static void count_passed(struct model *m, const struct weir_image_limit *limit, const struct packet *p)
{
	m->seen.charged[limit->bucket].passed_packets++;
	m->seen.charged[limit->bucket].passed_bytes += p->length;
}

static void count_dropped(struct model *m, const struct weir_image_limit *limit, const struct packet *p)
{
	if (limit->bucket >= SETTING_BUCKETS)
		return;
	m->seen.buckets[limit->bucket].dropped_packets++;
	m->seen.buckets[limit->bucket].dropped_bytes += p->length;
	m->seen.charged[limit->bucket].dropped_packets++;
	m->seen.charged[limit->bucket].dropped_bytes += p->length;
}

static void refund(struct model *m, const struct packet *p, const struct model_charge *charge, unsigned n)
{
	const struct weir_image image = { .words = m->words, .mask = TINY_WORDS - 1 };

	for (unsigned i = 0; i < n; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, charge->decision, i);

		m->charged[limit.bucket] -= units_of(&limit, p, charge->opens);
	}
}

/* RFC 3168: the last two bits of the traffic class; neither none of them nor both. */
static bool may_be_marked(const struct packet *p)
{
	const unsigned ecn = p->bytes[p->network + 1] >> (p->family == WEIR_IPV4 ? 0 : 4) & ECT_MASK;

	return ecn && ecn != CE;
}

/*
 * Whether more than half of the burst was gone before these units, and more than
 * at the last mark. One unit is more than a 64th of every burst of the setting.
 */
static bool wants_a_mark(struct model *m, const struct weir_image_limit *limit, uint64_t units)
{
	const uint64_t used = m->charged[limit->bucket] - units, marked = m->marked[limit->bucket];

	if (!(limit->flags & WEIR_LIMIT_MARK))
		return false;
	if (used < marked)
		m->marked[limit->bucket] = used;
	if (2 * used <= burst_of(limit) || used <= marked)
		return false;
	m->marked[limit->bucket] = used;
	return true;
}

enum weir_reason model_charge(struct model *m, const struct packet *p, const struct model_charge *charge,
			      struct judgement *ret)
{
	const struct weir_image image = { .words = m->words, .mask = TINY_WORDS - 1 };
	const unsigned n = weir_image_decision_at(&image, charge->decision).n_limits;
	enum weir_reason reason = WEIR_REASON_NONE;
	bool marks[WEIR_DECISION_LIMITS] = {};

	for (unsigned i = 0; i < n; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, charge->decision, i);
		const uint64_t units = units_of(&limit, p, charge->opens);

		if (take(m, &limit, units)) {
			marks[i] = wants_a_mark(m, &limit, units);
			if (units)
				count_passed(m, &limit, p);
			continue;
		}
		count_dropped(m, &limit, p);
		reason = WEIR_REASON_AUDIT;
		if (limit.flags & WEIR_LIMIT_AUDIT)
			continue;
		refund(m, p, charge, i);
		return WEIR_REASON_LIMIT;
	}
	for (unsigned i = 0; i < n && may_be_marked(p); i++) {
		if (!marks[i])
			continue;
		m->seen.charged[weir_image_limit_at(&image, charge->decision, i).bucket].marked_packets++;
		ret->marked = true;
	}
	return reason;
}

void model_mark(const struct packet *p, uint8_t *frame)
{
	uint8_t *ip = frame + p->network;
	uint32_t sum;

	if (p->family != WEIR_IPV4) {
		ip[1] |= CE << 4;
		return;
	}
	/* RFC 1624, equation 3 */
	sum = (uint16_t)~model_u16(ip + 10) + (uint16_t)~model_u16(ip);
	ip[1] |= CE;
	sum += model_u16(ip);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip[10] = (uint8_t)(~sum >> 8);
	ip[11] = (uint8_t)~sum;
}
