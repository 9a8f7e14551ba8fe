/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/policy_limit.h"

#include <errno.h>
#include <stdlib.h>

#include "object/policy.h"
#include "object/quantity.h"

#define MILLI 1000u

static const char *const unit_names[] = {
	[LIMIT_PACKETS] = "packetsPerSecond",
	[LIMIT_BYTES] = "bytesPerSecond",
	[LIMIT_CONNECTIONS] = "connectionsPerSecond",
	[LIMIT_MAX_CONNECTIONS] = "maxConnections",
};

/* A positive quantity; reports and answers false when it is none. */
static bool read_quantity(const struct field *field, uint64_t *ret_milli)
{
	const struct node *node = field->node;
	uint64_t milli;
	int r;

	if (node->type != NODE_SCALAR || node->scalar == SCALAR_BOOL) {
		field_error(field, "must be a quantity such as 100, 10k or 5Mi");
		return false;
	}
	r = quantity_parse(node->text, &milli);
	if (r == -EINVAL)
		field_error(field, QUOTE " must be a quantity such as 100, 10k or 5Mi", QUOTED(node->text));
	else if (r == -ERANGE)
		field_error(field, QUOTE " must be above 0 and below 18P", QUOTED(node->text));
	else if (milli == 0)
		field_error(field, "must be above 0");
	else
		*ret_milli = milli;
	return r == 0 && milli > 0;
}

/* Of things that are counted one by one. */
static bool read_whole(const struct field *field, uint64_t *ret)
{
	uint64_t milli;

	if (!read_quantity(field, &milli))
		return false;
	if (milli % MILLI != 0) {
		field_error(field, "must be a whole number");
		return false;
	}
	*ret = milli / MILLI;
	return true;
}

static void read_rate(const struct field *field, void *target)
{
	read_quantity(field, &((struct policy_limit *)target)->rate_milli);
}

static void read_cap(const struct field *field, void *target)
{
	uint64_t cap;

	if (read_whole(field, &cap))
		((struct policy_limit *)target)->rate_milli = cap * MILLI;
}

static void read_burst(const struct field *field, void *target)
{
	read_whole(field, &((struct policy_limit *)target)->burst);
}

static void read_per(const struct field *field, void *target)
{
	static const char *const names[] = {
		[LIMIT_PER_RULE] = "Rule",
		[LIMIT_PER_IDENTITY] = "Identity",
		[LIMIT_PER_ADDRESS] = "Address",
	};
	int scope = field_word(field, names, ARRAY_SIZE(names));

	if (scope >= 0)
		((struct policy_limit *)target)->scope = (enum limit_scope)scope;
}

static void read_on_exceed(const struct field *field, void *target)
{
	static const char *const names[] = {
		[LIMIT_DROPS] = "Drop",
		[LIMIT_MARKS] = "Mark",
		[LIMIT_PACES] = "Pace",
	};
	int on_exceed = field_word(field, names, ARRAY_SIZE(names));

	if (on_exceed >= 0)
		((struct policy_limit *)target)->on_exceed = (enum limit_on_exceed)on_exceed;
}

static const struct member limit_members[] = {
	{ "packetsPerSecond", read_rate }, { "bytesPerSecond", read_rate }, { "connectionsPerSecond", read_rate },
	{ "maxConnections", read_cap },	   { "burst", read_burst },	    { "per", read_per },
	{ "onExceed", read_on_exceed },
};

/* Which of the four it is; reports when it is not exactly one. */
static bool find_unit(const struct field *field, struct policy_limit *limit)
{
	struct field member, other;
	unsigned n = 0;

	for (unsigned unit = 0; unit < ARRAY_SIZE(unit_names); unit++) {
		if (!field_member(field, unit_names[unit], &member))
			continue;
		limit->unit = (enum limit_unit)unit;
		if (n++ > 0)
			other = member;
	}
	if (n == 0)
		field_error(field, "must have exactly one of packetsPerSecond, bytesPerSecond, connectionsPerSecond "
				   "and maxConnections");
	else if (n > 1)
		field_key_error(&other, "must stand alone: only one of packetsPerSecond, bytesPerSecond, "
					"connectionsPerSecond and maxConnections in one limit");
	return n == 1;
}

/* A mark is on a packet, and a queue delays the bytes that leave. */
static void check_on_exceed(const struct field *field, const struct policy_limit *limit)
{
	const bool counts_packets = limit->unit == LIMIT_PACKETS || limit->unit == LIMIT_BYTES;
	struct field on_exceed;

	if (!field_member(field, "onExceed", &on_exceed))
		return;
	if (limit->on_exceed == LIMIT_MARKS && !counts_packets)
		field_error(&on_exceed, "Mark goes with packetsPerSecond and bytesPerSecond, not with %s",
			    unit_names[limit->unit]);
	else if (limit->on_exceed == LIMIT_PACES && limit->unit != LIMIT_BYTES)
		field_error(&on_exceed, "Pace goes with bytesPerSecond, not with %s", unit_names[limit->unit]);
}

static void read_limit(const struct field *field, void *target)
{
	struct policy_rule *rule = target;
	struct policy_limit *limit = vec_push(&rule->limits, (struct policy_limit){});
	struct field burst;

	if (!field_read_members(field, limit_members, ARRAY_SIZE(limit_members), MEMBERS_STRICT, limit))
		return;
	if (find_unit(field, limit))
		check_on_exceed(field, limit);
	if (field_member(field, "burst", &burst)) {
		if (limit->unit == LIMIT_MAX_CONNECTIONS)
			field_key_error(&burst, "must be absent with maxConnections, which is no rate");
	} else {
		limit->burst = limit->rate_milli / MILLI / 10 ?: 1;
	}
}

static void read_ingress_limit(const struct field *field, void *target)
{
	const struct policy_rule *rule = target;
	struct field on_exceed;

	read_limit(field, target);
	if (rule->limits.items[rule->limits.n - 1].on_exceed == LIMIT_PACES &&
	    field_member(field, "onExceed", &on_exceed))
		field_error(&on_exceed, "Pace goes with egress rules: what enters a pod has left its queue");
}

void read_ingress_limits(const struct field *field, void *target)
{
	field_read_items(field, read_ingress_limit, target);
}

void read_egress_limits(const struct field *field, void *target)
{
	field_read_items(field, read_limit, target);
}
