// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/setting.h"

#include <string.h>

#include "fuzz/sequence.h"

#define POD_IDENTITY  16u
#define PEER_IDENTITY 20u
#define POD_SUBJECT   1u

enum port_class {
	PORTS_OTHERS = WEIR_PORT_CLASS_NONE,
	PORTS_HTTP,
	PORTS_RANGE,
	PORTS_ZERO,
};

static const uint8_t pods4[SETTING_PODS][4] = { { 10, 0, 0, 1 }, { 10, 0, 0, 2 } };
static const uint8_t pods6[SETTING_PODS][16] = { { 0xfd, [15] = 1 }, { 0xfd, [15] = 2 } };
static const uint8_t more4[SETTING_PODS][4] = { { 10, 0, 0, 11 }, { 10, 0, 0, 12 } };
static const uint8_t more6[SETTING_PODS][16] = { { 0xfd, [15] = 11 }, { 0xfd, [15] = 12 } };
static const uint8_t macs[SETTING_PODS][6] = { { 2, 0, 0, 0, 0, 2 }, { 2, 0, 0, 0, 0, 3 } };
static const uint8_t region4[] = { 192, 0, 2 };
static const uint8_t region6[] = { 0x20, 0x01, 0x0d, 0xb8 };
static const uint8_t nobody4[4] = { 203, 0, 113, 9 };
static const uint8_t nobody6[16] = { 0x20, 0x02, [15] = 9 };

const uint8_t *setting_pod(unsigned pod, enum weir_family family)
{
	return family == WEIR_IPV4 ? pods4[pod] : pods6[pod];
}

const uint8_t *setting_more(unsigned pod, enum weir_family family)
{
	return family == WEIR_IPV4 ? more4[pod] : more6[pod];
}

const uint8_t *setting_mac(unsigned pod)
{
	return macs[pod];
}

uint32_t setting_ifindex(unsigned pod)
{
	return pod == 0 ? SETTING_IFINDEX : SETTING_IFINDEX_2;
}

const uint8_t *setting_peer(enum setting_peer peer, enum weir_family family)
{
	static uint8_t peers4[SETTING_PEERS][4], peers6[SETTING_PEERS][16];

	if (peer == PEER_POD)
		return setting_pod(1, family);
	if (peer == PEER_NOBODY)
		return family == WEIR_IPV4 ? nobody4 : nobody6;
	memcpy(peers4[peer], (uint8_t[4]){ 10, 0, 1, peer + 1 }, 4);
	memcpy(peers6[peer], (uint8_t[16]){ 0xfd, 1, [15] = peer + 1 }, 16);
	if (peer == PEER_REGION) {
		memcpy(peers4[peer], region4, sizeof(region4));
		memcpy(peers6[peer], region6, sizeof(region6));
	}
	return family == WEIR_IPV4 ? peers4[peer] : peers6[peer];
}

static uint32_t identity_of(enum setting_peer peer)
{
	return peer == PEER_NODE ? WEIR_IDENTITY_NODE : PEER_IDENTITY + peer;
}

bool setting_address(unsigned index, struct setting_address *ret)
{
	const unsigned i = index / WEIR_FAMILIES;

	*ret = (struct setting_address){ .family = index % WEIR_FAMILIES };
	if (i < PEER_REGION) {
		ret->addr = setting_peer(i, ret->family);
		ret->whose.identity = identity_of(i);
	} else if (i < PEER_REGION + 2 * SETTING_PODS) {
		const unsigned pod = (i - PEER_REGION) % SETTING_PODS;

		ret->addr =
			i < PEER_REGION + SETTING_PODS ? setting_pod(pod, ret->family) : setting_more(pod, ret->family);
		ret->whose = (struct weir_address){ POD_IDENTITY + pod, setting_ifindex(pod) };
	} else if (i < PEER_REGION + 2 * SETTING_PODS + SETTING_PEERS - PEER_CAPPED) {
		const enum setting_peer peer = PEER_CAPPED + i - (PEER_REGION + 2 * SETTING_PODS);

		ret->addr = setting_peer(peer, ret->family);
		ret->whose.identity = identity_of(peer);
	} else {
		return false;
	}
	return true;
}

void setting_endpoint(uint8_t argument, struct weir_endpoint *ret)
{
	const unsigned pod = argument & ENDPOINT_SECOND ? 1 : 0;

	*ret = (struct weir_endpoint){ .identity = POD_IDENTITY + pod };
	ret->flags |= argument & ENDPOINT_CHECK_MAC ? WEIR_ENDPOINT_CHECK_MAC : 0;
	ret->flags |= argument & ENDPOINT_CHECK_ADDRESS ? WEIR_ENDPOINT_CHECK_ADDRESS : 0;
	ret->flags |= argument & ENDPOINT_MORE ? WEIR_ENDPOINT_MORE_ADDRESSES : 0;
	memcpy(ret->mac, macs[pod], sizeof(ret->mac));
	if (!(argument & ENDPOINT_NO_IPV4))
		memcpy(&ret->ipv4, pods4[pod], sizeof(ret->ipv4));
	if (!(argument & ENDPOINT_NO_IPV6))
		memcpy(ret->ipv6, pods6[pod], sizeof(ret->ipv6));
}

#define HOUR_TICKS (3600ull * 1000 * 1000 * 1000 * WEIR_TICKS_PER_NS)

void setting_control(bool quiet, struct weir_control *ret)
{
	static const uint32_t timeouts[WEIR_FLOW_STATES] = {
		[WEIR_FLOW_SYN_SENT] = 20,  [WEIR_FLOW_SYN_RECEIVED] = 30, [WEIR_FLOW_ESTABLISHED] = 200,
		[WEIR_FLOW_FIN_WAIT] = 100, [WEIR_FLOW_CLOSE_WAIT] = 110,  [WEIR_FLOW_TIME_WAIT] = 60,
		[WEIR_FLOW_CLOSED] = 10,    [WEIR_FLOW_UNANSWERED] = 50,   [WEIR_FLOW_ANSWERED] = 90,
		[WEIR_FLOW_ECHO] = 15,	    [WEIR_FLOW_OTHER] = 70,
	};

	*ret = (struct weir_control){
		.watch = quiet ? 0 : WEIR_WATCH_DENIED | WEIR_WATCH_OPENED,
		.event_budget = UINT32_MAX,
		.fragment_timeout = 25,
		.answer_cost = HOUR_TICKS,
		.answer_burst = SETTING_ANSWERS * HOUR_TICKS,
	};
	memcpy(ret->timeouts, timeouts, sizeof(ret->timeouts));
}

/* --- policies --- */

enum saying {
	SAYS_NOTHING,
	SAYS_ALLOW,
	SAYS_DENY,
	SAYS_AUDIT,
	SAYS_REJECT,
	SAYS_NODE,
	SAYS_OPEN,
	SAYS_LIMIT,
	SAYS_METER,
	SAYS_AUDIT_LIMIT,
	SAYS_LOST,
	SAYS_CAP,
	SAYS_CAPS,
	SAYINGS,
};

static const struct weir_image_decision records[SAYINGS] = {
	[SAYS_NOTHING] = { WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DEFAULT, 0, 0, 1 },
	[SAYS_ALLOW] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 0, 0, 2 },
	[SAYS_DENY] = { WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DENY, 0, 0, 3 },
	[SAYS_AUDIT] = { WEIR_VERDICT_DROP, WEIR_REASON_ADMIN_DENY, 0, WEIR_DECISION_AUDIT, 4 },
	[SAYS_REJECT] = { WEIR_VERDICT_REJECT, WEIR_REASON_POLICY_DENY, 0, WEIR_DECISION_REJECT, 5 },
	[SAYS_NODE] = { WEIR_VERDICT_PASS, WEIR_REASON_NODE, 0, 0, 6 },
	[SAYS_OPEN] = { WEIR_VERDICT_PASS, WEIR_REASON_NO_POLICY, 0, 0, 7 },
	[SAYS_LIMIT] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 1, 0, 8 },
	[SAYS_METER] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 3, 0, 9 },
	[SAYS_AUDIT_LIMIT] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 2, 0, 10 },
	[SAYS_LOST] = { WEIR_VERDICT_PASS, WEIR_REASON_ADMIN_ALLOW, 1, 0, 11 },
	[SAYS_CAP] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 1, 0, 12 },
	[SAYS_CAPS] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 3, 0, 13 },
};

#define OUT (1u << WEIR_EGRESS)
#define IN  (1u << WEIR_INGRESS)

static const struct rule {
	enum setting_peer peer;
	uint8_t directions, port_classes;
	enum saying usually, otherwise;
} rules[] = {
	{ PEER_FRIEND, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_ALLOW, SAYS_ALLOW },
	{ PEER_WEB, TINY_BOTH_WAYS, 1 << PORTS_HTTP | 1 << PORTS_RANGE, SAYS_ALLOW, SAYS_REJECT },
	{ PEER_ZERO, TINY_BOTH_WAYS, 1 << PORTS_ZERO, SAYS_ALLOW, SAYS_AUDIT },
	{ PEER_PORTLESS, TINY_BOTH_WAYS, 1 << PORTS_OTHERS, SAYS_ALLOW, SAYS_LIMIT },
	{ PEER_CALLEE, OUT, TINY_ALL_PORTS, SAYS_ALLOW, SAYS_NOTHING },
	{ PEER_CALLEE, IN, TINY_ALL_PORTS, SAYS_NOTHING, SAYS_ALLOW },
	{ PEER_CALLER, IN, TINY_ALL_PORTS, SAYS_ALLOW, SAYS_NOTHING },
	{ PEER_CALLER, OUT, TINY_ALL_PORTS, SAYS_NOTHING, SAYS_ALLOW },
	{ PEER_ENEMY, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_DENY, SAYS_ALLOW },
	{ PEER_AUDITED, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_AUDIT, SAYS_DENY },
	{ PEER_REJECTED, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_REJECT, SAYS_ALLOW },
	{ PEER_LIMITED, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_LIMIT, SAYS_METER },
	{ PEER_METERED, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_METER, SAYS_ALLOW },
	{ PEER_AUDIT_LIMIT, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_AUDIT_LIMIT, SAYS_DENY },
	{ PEER_LOST, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_LOST, SAYS_OPEN },
	{ PEER_NODE, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_NODE, SAYS_NODE },
	{ PEER_OPEN, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_OPEN, SAYS_NOTHING },
	{ PEER_REGION, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_ALLOW, SAYS_REJECT },
	{ PEER_POD, OUT, TINY_ALL_PORTS, SAYS_ALLOW, SAYS_REJECT },
	{ PEER_POD, IN, 1 << PORTS_HTTP | 1 << PORTS_OTHERS, SAYS_ALLOW, SAYS_ALLOW },
	{ PEER_CAPPED, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_CAP, SAYS_CAPS },
	{ PEER_CAPS, TINY_BOTH_WAYS, TINY_ALL_PORTS, SAYS_CAPS, SAYS_CAP },
};

/* One unit an hour, so that none comes back while a sequence runs. */
static struct weir_image_limit limit(uint32_t bucket, enum weir_limit_unit unit, uint64_t burst)
{
	const uint64_t tolerance = HOUR_TICKS * burst;

	return (struct weir_image_limit){
		.bucket = bucket,
		.unit = unit,
		.mult = { (uint32_t)HOUR_TICKS, HOUR_TICKS >> 32 },
		.burst = { (uint32_t)tolerance, tolerance >> 32 },
	};
}

static struct weir_image_limit cap(uint32_t bucket, uint16_t flags, uint32_t slots)
{
	return (struct weir_image_limit){
		.bucket = bucket, .unit = WEIR_LIMIT_OPEN, .flags = flags, .burst = { slots }
	};
}

static const struct weir_image_limit *limits_of(enum saying saying, enum setting_policy policy)
{
	static struct weir_image_limit limits[3];
	const unsigned less = policy == POLICY_TIGHT ? 2 : 1;

	switch (saying) {
	case SAYS_LIMIT:
		limits[0] = limit(1, WEIR_LIMIT_PACKETS, 6 / less);
		break;
	case SAYS_METER:
		limits[0] = limit(2, WEIR_LIMIT_PACKETS, 9 / less);
		limits[1] = limit(3, WEIR_LIMIT_BYTES, 1000 / less);
		limits[0].flags = WEIR_LIMIT_MARK;
		limits[1].flags = WEIR_LIMIT_PACE;
		limits[2] = limit(4, WEIR_LIMIT_CONNECTIONS, 2 / less);
		break;
	case SAYS_AUDIT_LIMIT:
		limits[0] = limit(5, WEIR_LIMIT_PACKETS, 4 / less);
		limits[0].flags = WEIR_LIMIT_AUDIT;
		limits[1] = limit(6, WEIR_LIMIT_PACKETS, 8 / less);
		limits[1].flags = WEIR_LIMIT_MARK;
		break;
	case SAYS_CAP:
		limits[0] = cap(7, 0, 3 / less);
		break;
	case SAYS_CAPS:
		limits[0] = cap(8, WEIR_LIMIT_PER_IDENTITY, 2);
		limits[1] = cap(9, WEIR_LIMIT_PER_ADDRESS | WEIR_LIMIT_AUDIT, 1);
		limits[2] = limit(10, WEIR_LIMIT_PACKETS, 30);
		if (less > 1) { /* in another order, and both are enforced */
			limits[1] = limits[0];
			limits[0] = cap(9, WEIR_LIMIT_PER_ADDRESS, 1);
		}
		break;
	default:
		limits[0] = limit(SETTING_BUCKETS, WEIR_LIMIT_PACKETS, 100);
	}
	return limits;
}

/* Peer class 0 is for the unknown. */
static uint32_t class_of(enum setting_peer peer)
{
	return peer == PEER_NOBODY ? 0 : 1 + peer;
}

static void add_peers(struct tiny_image *image)
{
	const uint32_t world_by_region[TINY_REGIONS] = { class_of(PEER_NOBODY), class_of(PEER_REGION) };

	for (unsigned pod = 0; pod < SETTING_PODS; pod++)
		tiny_image_identity(image, POD_IDENTITY + pod, POD_SUBJECT, class_of(PEER_POD));
	for (enum setting_peer peer = 0; peer < SETTING_PEERS; peer++) {
		if (peer < PEER_REGION || peer >= PEER_CAPPED)
			tiny_image_identity(image, identity_of(peer), 0, class_of(peer));
	}
	tiny_image_by_region(image, WEIR_IDENTITY_WORLD, world_by_region);
	tiny_image_region(image, WEIR_IPV4, region4, sizeof(region4));
	tiny_image_region(image, WEIR_IPV6, region6, sizeof(region6));
	tiny_image_ports(image, 0, 0, PORTS_ZERO);
	tiny_image_ports(image, 80, 80, PORTS_HTTP);
	tiny_image_ports(image, 8000, 8100, PORTS_RANGE);
}

static void add_rules(struct tiny_image *image, enum setting_policy policy)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const enum saying saying = policy == POLICY_OTHER ? rules[i].otherwise : rules[i].usually;
		const struct tiny_rule rule = { POD_SUBJECT, class_of(rules[i].peer), rules[i].directions,
						rules[i].port_classes };
		struct weir_image_decision record = records[saying];

		if (policy == POLICY_FREE)
			record.n_limits = 0;
		tiny_image_rule(image, &rule, tiny_image_decision(image, &record, limits_of(saying, policy)));
	}
}

const struct tiny_image *setting_image(enum setting_policy policy)
{
	static struct tiny_image images[SETTING_POLICIES];
	struct tiny_image *image = &images[policy];

	if (image->used)
		return image;
	tiny_image_start(image, 1,
			 &records[policy == POLICY_REJECTS  ? SAYS_REJECT
				  : policy == POLICY_CLOSED ? SAYS_DENY
							    : SAYS_NOTHING]);
	add_peers(image);
	if (policy != POLICY_CLOSED && policy != POLICY_REJECTS)
		add_rules(image, policy);
	return image;
}
