// SPDX-License-Identifier: BSD-2-Clause
#include "policy/verify_limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* --- what the objects come to --- */

#define TICKS_A_SECOND (1000000000ull * WEIR_TICKS_PER_NS)
#define FULL_FRAME     1514u	  /* the least burst of a limit in bytes */
#define LARGEST_PACKET (1u << 20) /* in units: a cost must not overflow */
#define SHIFT_MAX      63u

static enum weir_limit_unit unit_of(const struct policy_limit *limit)
{
	switch (limit->unit) {
	case LIMIT_BYTES:
		return WEIR_LIMIT_BYTES;
	case LIMIT_CONNECTIONS:
		return WEIR_LIMIT_CONNECTIONS;
	case LIMIT_MAX_CONNECTIONS:
		return WEIR_LIMIT_OPEN;
	default:
		return WEIR_LIMIT_PACKETS;
	}
}

/* A denial of a connection can be answered, that of a packet of one is not. */
static unsigned flags_of(const struct naive_limit *naive)
{
	const struct policy_limit *limit = naive->limit;
	const struct policy *policy = &naive->by->policy->policy;
	const bool opens = limit->unit == LIMIT_CONNECTIONS || limit->unit == LIMIT_MAX_CONNECTIONS;
	unsigned flags = 0;

	if (policy->mode == POLICY_AUDIT)
		flags |= WEIR_LIMIT_AUDIT;
	else if (opens && policy->on_deny == POLICY_REJECT)
		flags |= WEIR_LIMIT_REJECT;
	if (limit->scope != LIMIT_PER_RULE)
		flags |= limit->scope == LIMIT_PER_IDENTITY ? WEIR_LIMIT_PER_IDENTITY : WEIR_LIMIT_PER_ADDRESS;
	if (limit->on_exceed != LIMIT_DROPS)
		flags |= limit->on_exceed == LIMIT_MARKS ? WEIR_LIMIT_MARK : WEIR_LIMIT_PACE;
	return flags;
}

/* What a unit costs, to the nearest fraction of a tick that the shift allows. */
static unsigned __int128 cost_of(const struct policy_limit *limit, unsigned shift)
{
	const unsigned __int128 ticks = (unsigned __int128)(TICKS_A_SECOND * 1000) << shift;

	return (ticks + limit->rate_milli / 2) / limit->rate_milli;
}

static uint64_t burst_of(const struct policy_limit *limit)
{
	return limit->unit == LIMIT_BYTES && limit->burst < FULL_FRAME ? FULL_FRAME : limit->burst ?: 1;
}

/* --- the two side by side --- */

static uint64_t join(const uint32_t words[2])
{
	return (uint64_t)words[1] << 32 | words[0];
}

static char *differs(const char *what, uint64_t image, uint64_t objects)
{
	return xasprintf("%s: image says %" PRIu64 ", objects say %" PRIu64, what, image, objects);
}

static char *rate_difference(const struct weir_image_limit *image, const struct policy_limit *limit)
{
	const uint64_t mult = join(image->mult), burst = join(image->burst);
	uint64_t ticks;

	if (image->shift > SHIFT_MAX || mult > UINT64_MAX / LARGEST_PACKET)
		return xasprintf("rate: image says %" PRIu64 " >> %u, which overflows", mult, image->shift);
	if (mult != cost_of(limit, image->shift))
		return xasprintf("rate: image says %" PRIu64 " >> %u ticks a unit, objects say %" PRIu64, mult,
				 image->shift, (uint64_t)cost_of(limit, image->shift));
	ticks = (uint64_t)((unsigned __int128)burst_of(limit) * mult >> image->shift);
	return burst == ticks ? NULL : differs("burst", burst, ticks);
}

static char *difference(const struct weir_image_limit *image, const struct naive_limit *naive)
{
	if (image->unit != unit_of(naive->limit))
		return differs("unit", image->unit, unit_of(naive->limit));
	if (image->flags != flags_of(naive))
		return differs("flags", image->flags, flags_of(naive));
	if (image->unit != WEIR_LIMIT_OPEN)
		return rate_difference(image, naive->limit);
	return join(image->burst) == naive->limit->rate_milli / 1000
		       ? NULL
		       : differs("connections", join(image->burst), naive->limit->rate_milli / 1000);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_of(const struct limit_info *info, const struct naive_limit *naive)
{
	const struct object *policy = naive->by->policy;
	_cleanup_free_ char *index = xasprintf("%zu", naive->by->index);

	return info->index == naive->index && info->rule.kind == policy->kind &&
	       same_text(info->rule.namespace, policy->namespace) && same_text(info->rule.policy, policy->name) &&
	       same_text(info->rule.rule, naive->by->rule->name ?: index);
}

static const struct naive_limit *find(const struct naive_answer *answer, const struct limit_info *info)
{
	vec_for_each (limit, &answer->limits)
		if (is_of(info, limit))
			return limit;
	return NULL;
}

static char *one_difference(const struct compiled *compiled, const struct weir_image_limit *image,
			    const struct naive_answer *answer, enum weir_direction direction)
{
	const struct limit_info *info = compiled_limit(compiled, image->bucket);
	const struct naive_limit *naive = info && info->direction == direction ? find(answer, info) : NULL;
	_cleanup_free_ char *name = NULL, *text = NULL;

	if (!naive)
		return xasprintf("image says limit with bucket %u, objects say no such limit", image->bucket);
	text = difference(image, naive);
	if (!text)
		return NULL;
	name = rule_ref_format(&info->rule, true);
	return xasprintf("limits[%u] of %s, %s", info->index, name, text);
}

char *limits_difference(const struct compiled *compiled, uint32_t cell, enum weir_direction direction,
			const struct naive_answer *answer)
{
	const struct weir_image image = compiled_image(compiled);
	const uint32_t n = weir_image_decision_at(&image, cell).n_limits;
	char *text = NULL;

	for (uint32_t i = 0; !text && i < n && i < WEIR_DECISION_LIMITS; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, cell, i);

		text = one_difference(compiled, &limit, answer, direction);
		for (uint32_t k = 0; !text && k < i; k++) {
			if (weir_image_limit_at(&image, cell, k).bucket == limit.bucket)
				text = xasprintf("image says bucket %u twice", limit.bucket);
		}
	}
	return text;
}
