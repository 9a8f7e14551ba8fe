// SPDX-License-Identifier: BSD-2-Clause
/* Limits: what they allow, and that all of a decision's are charged or none. */
#include "fuzz/model_packet.h"

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

/* No unit comes back while a sequence runs. False: over it. */
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

static void give_back(struct model *m, const struct packet *p, struct question *asked,
		      const struct weir_image_limit *limit)
{
	if (limit->unit == WEIR_LIMIT_OPEN)
		asked->held[0] = asked->held[1] = 0;
	else
		m->charged[limit->bucket] -= units_of(limit, p, !asked->of && !p->later);
}

static bool charge_one(struct model *m, const struct packet *p, struct question *asked,
		       const struct weir_image_limit *limit)
{
	if (limit->unit == WEIR_LIMIT_OPEN)
		return model_take_slot(m, p, asked, limit);
	return take(m, limit, units_of(limit, p, !asked->of && !p->later));
}

static void count_over(struct model *m, const struct packet *p, const struct weir_image_limit *limit)
{
	if (limit->bucket >= SETTING_BUCKETS || limit->flags & (WEIR_LIMIT_PER_IDENTITY | WEIR_LIMIT_PER_ADDRESS))
		return;
	m->seen.buckets[limit->bucket].dropped_packets++;
	m->seen.buckets[limit->bucket].dropped_bytes += p->length;
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

enum weir_reason model_charge(struct model *m, const struct packet *p, struct question *asked, uint32_t decision)
{
	const struct weir_image image = model_image(m);
	const unsigned n = weir_image_decision_at(&image, decision).n_limits;
	enum weir_reason reason = WEIR_REASON_NONE;

	if (!asked->of && has_caps(&image, decision))
		model_free_expired(m, p, asked);
	for (unsigned i = 0; i < n; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, decision, i);

		if (charge_one(m, p, asked, &limit))
			continue;
		count_over(m, p, &limit);
		reason = WEIR_REASON_AUDIT;
		if (limit.flags & WEIR_LIMIT_AUDIT)
			continue;
		for (unsigned j = 0; j < i; j++) {
			const struct weir_image_limit before = weir_image_limit_at(&image, decision, j);

			give_back(m, p, asked, &before);
		}
		return WEIR_REASON_LIMIT;
	}
	return reason;
}
