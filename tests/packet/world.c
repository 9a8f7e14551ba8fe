// SPDX-License-Identifier: BSD-2-Clause
#include "packet/world.h"

#include <string.h>

#define POD_SUBJECT	 1
#define POD_IDENTITY	 16
#define PORT_CLASS_HTTP	 1
#define PORT_CLASS_RANGE 2

static const uint8_t pod4[4] = { 10, 0, 0, 1 };
static const uint8_t pod6[16] = { 0xfd, [15] = 1 };
static const uint8_t region4[] = { 192, 0, 2 };
static const uint8_t region6[] = { 0x20, 0x01, 0x0d, 0xb8 };

const uint8_t *world_pod_addr(enum weir_family family)
{
	return family == WEIR_IPV4 ? pod4 : pod6;
}

const uint8_t *world_peer(enum world_peer peer, enum weir_family family)
{
	static uint8_t peers4[WORLD_PEERS][4], peers6[WORLD_PEERS][16];

	memcpy(peers4[peer], (uint8_t[4]){ 10, 0, 1, peer }, 4);
	memcpy(peers6[peer], (uint8_t[16]){ 0xfd, 1, [15] = peer }, 16);
	if (peer == PEER_ALLOWED_REGION) {
		memcpy(peers4[peer], region4, sizeof(region4));
		memcpy(peers6[peer], region6, sizeof(region6));
	}
	return family == WEIR_IPV4 ? peers4[peer] : peers6[peer];
}

static uint32_t identity_of(enum world_peer peer)
{
	return peer == PEER_NODE ? WEIR_IDENTITY_NODE : POD_IDENTITY + 1 + peer;
}

/* Peer class 0 is for the unknown. */
static uint32_t class_of(enum world_peer peer)
{
	return peer == PEER_UNKNOWN ? 0 : 1 + peer;
}

static struct weir_image_limit limit(enum world_bucket bucket, enum weir_limit_unit unit, uint64_t ns, uint64_t burst)
{
	uint64_t ticks = ns * WEIR_TICKS_PER_NS, tolerance = ticks * burst;

	return (struct weir_image_limit){
		.bucket = bucket,
		.unit = unit,
		.mult = { (uint32_t)ticks, ticks >> 32 },
		.burst = { (uint32_t)tolerance, tolerance >> 32 },
	};
}

static const struct weir_image_decision records[] = {
	[BY_DEFAULT] = { WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DEFAULT, 0, 0, BY_DEFAULT },
	[BY_ALLOW] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 0, 0, BY_ALLOW },
	[BY_OPEN] = { WEIR_VERDICT_PASS, WEIR_REASON_NO_POLICY, 0, 0, BY_OPEN },
	[BY_NODE] = { WEIR_VERDICT_PASS, WEIR_REASON_NODE, 0, 0, BY_NODE },
	[BY_DENY] = { WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DENY, 0, 0, BY_DENY },
	[BY_AUDIT] = { WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DENY, 0, WEIR_DECISION_AUDIT, BY_AUDIT },
	[BY_REJECT] = { WEIR_VERDICT_REJECT, WEIR_REASON_POLICY_DENY, 0, WEIR_DECISION_REJECT, BY_REJECT },
	[BY_LIMIT] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 1, 0, BY_LIMIT },
	[BY_METER] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 3, 0, BY_METER },
	[BY_BULK] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 1, 0, BY_BULK },
	[BY_LOST] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 1, 0, BY_LOST },
	[BY_FAST] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 1, 0, BY_FAST },
	[BY_WATCH] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 1, 0, BY_WATCH },
	[BY_REGION] = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, 0, 0, BY_REGION },
	[BY_WITHDRAWAL] = { WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DENY, 0, 0, BY_WITHDRAWAL },
};

static const struct {
	enum world_peer peer;
	uint8_t directions;
	uint8_t port_classes;
	enum world_decision decision;
} rules[] = {
	{ PEER_FRIEND, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_ALLOW },
	{ PEER_WEB, TINY_BOTH_WAYS, 1 << PORT_CLASS_HTTP | 1 << PORT_CLASS_RANGE, BY_ALLOW },
	{ PEER_CALLEE, 1 << WEIR_EGRESS, TINY_ALL_PORTS, BY_ALLOW },
	{ PEER_CALLER, 1 << WEIR_INGRESS, TINY_ALL_PORTS, BY_ALLOW },
	{ PEER_OPEN, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_OPEN },
	{ PEER_NODE, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_NODE },
	{ PEER_ENEMY, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_DENY },
	{ PEER_AUDITED, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_AUDIT },
	{ PEER_REJECTED, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_REJECT },
	{ PEER_LIMITED, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_LIMIT },
	{ PEER_METERED, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_METER },
	{ PEER_BULK, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_BULK },
	{ PEER_LOST, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_LOST },
	{ PEER_FAST, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_FAST },
	{ PEER_WATCHED, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_WATCH },
	{ PEER_ALLOWED_REGION, TINY_BOTH_WAYS, TINY_ALL_PORTS, BY_REGION },
};

static void add_peers(struct tiny_image *image)
{
	const uint32_t world_by_region[TINY_REGIONS] = { class_of(PEER_UNKNOWN), class_of(PEER_ALLOWED_REGION) };

	tiny_image_identity(image, POD_IDENTITY, POD_SUBJECT, 0);
	for (enum world_peer peer = 0; peer < WORLD_PEERS; peer++)
		tiny_image_identity(image, identity_of(peer), 0, class_of(peer));
	tiny_image_by_region(image, WEIR_IDENTITY_WORLD, world_by_region);
	tiny_image_region(image, WEIR_IPV4, region4, sizeof(region4));
	tiny_image_region(image, WEIR_IPV6, region6, sizeof(region6));
	tiny_image_ports(image, 80, 80, PORT_CLASS_HTTP);
	tiny_image_ports(image, 8000, 8100, PORT_CLASS_RANGE);
}

/* The limits of a decision; as many as its record says. */
static const struct weir_image_limit *limits_of(enum world_decision decision)
{
	static struct weir_image_limit limits[3];

	switch (decision) {
	case BY_LIMIT:
		limits[0] = limit(BUCKET_LIMITED, WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS, WORLD_BURST);
		break;
	case BY_METER:
		limits[0] = limit(BUCKET_METERED_PACKETS, WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS, WORLD_BURST);
		limits[1] = limit(BUCKET_METERED_BYTES, WEIR_LIMIT_BYTES, WORLD_TOKEN_NS / 1000, WORLD_BURST_BYTES);
		limits[2] =
			limit(BUCKET_METERED_CONNECTIONS, WEIR_LIMIT_CONNECTIONS, WORLD_TOKEN_NS, WORLD_CONNECTIONS);
		break;
	case BY_LOST:
		limits[0] = limit(BUCKET_LOST, WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS, WORLD_BURST);
		break;
	case BY_BULK:
		limits[0] = limit(BUCKET_BULK, WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS / 6, WORLD_BULK);
		break;
	case BY_WATCH:
		limits[0] = limit(BUCKET_WATCHED, WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS, WORLD_BURST);
		limits[0].flags = WEIR_LIMIT_AUDIT;
		break;
	default:
		limits[0] = (struct weir_image_limit){ .bucket = BUCKET_FAST, .mult = { 1 }, .burst = { 1000 } };
	}
	return limits;
}

static void add_rules(struct tiny_image *image, enum world_policy policy)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct weir_image_decision record = records[rules[i].decision];
		struct tiny_rule rule = { POD_SUBJECT, class_of(rules[i].peer), rules[i].directions,
					  rules[i].port_classes };

		if (policy == POLICY_REVERSED && rule.directions != TINY_BOTH_WAYS)
			rule.directions ^= TINY_BOTH_WAYS;
		if (policy == POLICY_UNLIMITED)
			record.n_limits = 0;
		tiny_image_rule(image, &rule, tiny_image_decision(image, &record, limits_of(rules[i].decision)));
	}
}

static enum world_decision fallback_of(enum world_policy policy)
{
	if (policy == POLICY_WITHDRAWN)
		return BY_WITHDRAWAL;
	return policy == POLICY_REJECTING ? BY_REJECT : BY_DEFAULT;
}

static uint32_t revision;

int world_policy(struct lab *lab, enum world_policy policy)
{
	static struct tiny_image image;

	tiny_image_start(&image, ++revision, &records[fallback_of(policy)]);
	add_peers(&image);
	if (fallback_of(policy) == BY_DEFAULT)
		add_rules(&image, policy);
	return lab_swap(lab, &image);
}

int world_limit(struct lab *lab, const struct weir_image_limit *limit)
{
	static const struct tiny_rule everybody = { POD_SUBJECT, 0, TINY_BOTH_WAYS, TINY_ALL_PORTS };
	struct weir_image_decision allowed = records[BY_ALLOW];
	static struct tiny_image image;

	allowed.n_limits = 1;
	tiny_image_start(&image, ++revision, &records[BY_DEFAULT]);
	tiny_image_identity(&image, POD_IDENTITY, POD_SUBJECT, 0);
	tiny_image_rule(&image, &everybody, tiny_image_decision(&image, &allowed, limit));
	return lab_swap(lab, &image);
}

int world_endpoint_as(struct lab *lab, uint32_t flags)
{
	struct weir_endpoint endpoint = {
		.identity = POD_IDENTITY,
		.flags = flags,
		.mac = FRAME_SOURCE_MAC,
	};

	memcpy(&endpoint.ipv4, pod4, sizeof(pod4));
	memcpy(endpoint.ipv6, pod6, sizeof(pod6));
	return lab_set_endpoint(lab, &endpoint);
}

int world_endpoint(struct lab *lab)
{
	return world_endpoint_as(lab, WEIR_ENDPOINT_CHECK_MAC | WEIR_ENDPOINT_CHECK_ADDRESS);
}

static const struct weir_address pod = { .identity = POD_IDENTITY, .ifindex = LAB_IFINDEX };

int world_second_addresses(struct lab *lab)
{
	static const uint8_t second4[4] = { 10, 0, 0, 2 }, second6[16] = { 0xfd, [15] = 2 };
	const uint32_t checks = WEIR_ENDPOINT_CHECK_MAC | WEIR_ENDPOINT_CHECK_ADDRESS;

	return lab_set_address(lab, WEIR_IPV4, second4, &pod) ?:
	       lab_set_address(lab, WEIR_IPV6, second6, &pod) ?:
	       world_endpoint_as(lab, checks | WEIR_ENDPOINT_MORE_ADDRESSES);
}

int world_reset(struct lab *lab)
{
	int r = lab_reset(lab) ?: world_endpoint(lab) ?: world_policy(lab, POLICY_STANDARD);

	for (enum world_peer peer = 0; peer < PEER_UNKNOWN && r == 0; peer++) {
		const struct weir_address address = { .identity = identity_of(peer) };

		r = lab_set_address(lab, WEIR_IPV4, world_peer(peer, WEIR_IPV4), &address)
			    ?: lab_set_address(lab, WEIR_IPV6, world_peer(peer, WEIR_IPV6), &address);
	}
	return r ?: lab_set_address(lab, WEIR_IPV4, pod4, &pod) ?: lab_set_address(lab, WEIR_IPV6, pod6, &pod);
}
