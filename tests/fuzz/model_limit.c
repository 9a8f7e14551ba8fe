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

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Under another burst as much is left as was, if the bucket can hold it. */
static void change_burst(struct model *m, uint32_t bucket, uint64_t burst)
{
	const uint64_t before = m->bursts[bucket];

	m->bursts[bucket] = burst;
	if (m->used[bucket] && before != burst)
		m->charged[bucket] = burst - least(before - least(m->charged[bucket], before), burst);
}

/* No unit comes back while a sequence runs, nor does the wait for one end. False: over it. */
static bool take(struct model *m, const struct weir_image_limit *limit, uint64_t units)
{
	const uint32_t bucket = limit->bucket;

	if (bucket >= SETTING_BUCKETS)
		return false;
	if (!units)
		return true;
	change_burst(m, bucket, burst_of(limit));
	if (m->charged[bucket] + units > burst_of(limit))
		return false;
	m->charged[bucket] += units;
	m->used[bucket] = true;
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
	m->seen.charged[limit->bucket].dropped_packets++;
	m->seen.charged[limit->bucket].dropped_bytes += p->length;
	if (limit->flags & (WEIR_LIMIT_PER_IDENTITY | WEIR_LIMIT_PER_ADDRESS))
		return;
	m->seen.buckets[limit->bucket].dropped_packets++;
	m->seen.buckets[limit->bucket].dropped_bytes += p->length;
}

static void give_back(struct model *m, const struct packet *p, struct question *asked,
		      const struct weir_image_limit *limit)
{
	if (limit->unit == WEIR_LIMIT_OPEN)
		asked->held[0] = asked->held[1] = 0;
	else
		m->charged[limit->bucket] -= units_of(limit, p, !asked->of && !p->later);
}

/* charged: bits, of the limits that were. One in audit mode that had not as much was not. */
static void refund(struct model *m, const struct packet *p, struct question *asked, uint32_t decision, unsigned charged)
{
	const struct weir_image image = model_image(m);

	for (unsigned i = 0; i < WEIR_DECISION_LIMITS; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, decision, i);

		if (charged & 1u << i)
			give_back(m, p, asked, &limit);
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

static bool has_caps(const struct weir_image *image, uint32_t decision)
{
	for (unsigned i = 0; i < weir_image_decision_at(image, decision).n_limits; i++) {
		if (weir_image_limit_at(image, decision, i).unit == WEIR_LIMIT_OPEN)
			return true;
	}
	return false;
}

bool model_is_metered(const struct model *m, uint32_t decision)
{
	const struct weir_image image = model_image(m);

	for (unsigned i = 0; i < weir_image_decision_at(&image, decision).n_limits; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, decision, i);

		if (limit.unit == WEIR_LIMIT_PACKETS || limit.unit == WEIR_LIMIT_BYTES)
			return true;
	}
	return false;
}

/* False: over it. */
static bool charge_one(struct model *m, const struct packet *p, struct question *asked,
		       const struct weir_image_limit *limit, bool *ret_marks)
{
	const bool opens = !asked->of && !p->later;
	const uint64_t units = limit->unit == WEIR_LIMIT_OPEN ? opens && model_is_kept(p) : units_of(limit, p, opens);

	if (limit->unit == WEIR_LIMIT_OPEN ? !model_take_slot(m, p, asked, limit) : !take(m, limit, units))
		return false;
	*ret_marks = wants_a_mark(m, limit, units);
	if (units)
		count_passed(m, limit, p);
	return true;
}

enum weir_reason model_charge(struct model *m, const struct packet *p, struct question *asked, uint32_t decision,
			      struct judgement *ret)
{
	const struct weir_image image = model_image(m);
	const unsigned n = weir_image_decision_at(&image, decision).n_limits;
	enum weir_reason reason = WEIR_REASON_NONE;
	bool marks[WEIR_DECISION_LIMITS] = {};
	unsigned charged = 0;

	if (!asked->of && has_caps(&image, decision))
		model_free_expired(m, p, asked);
	for (unsigned i = 0; i < n; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, decision, i);

		if (charge_one(m, p, asked, &limit, &marks[i])) {
			charged |= 1u << i;
			continue;
		}
		count_dropped(m, &limit, p);
		reason = WEIR_REASON_AUDIT;
		if (limit.flags & WEIR_LIMIT_AUDIT)
			continue;
		refund(m, p, asked, decision, charged);
		return WEIR_REASON_LIMIT;
	}
	for (unsigned i = 0; i < n && may_be_marked(p); i++) {
		if (!marks[i])
			continue;
		m->seen.charged[weir_image_limit_at(&image, decision, i).bucket].marked_packets++;
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
