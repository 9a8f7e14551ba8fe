/* SPDX-License-Identifier: BSD-2-Clause */
/* The little world of the packet tests: one pod, and one peer for each thing that policy can say. */
#ifndef WEIR_TESTS_PACKET_WORLD_H
#define WEIR_TESTS_PACKET_WORLD_H

#include "packet/lab.h"

enum world_peer {
	PEER_FRIEND,	     /* allowed, whatever the port */
	PEER_WEB,	     /* allowed on port 80 and on 8000..8100 */
	PEER_CALLEE,	     /* the pod may open connections to it */
	PEER_CALLER,	     /* it may open connections to the pod */
	PEER_OPEN,	     /* no policy isolates the pod from it */
	PEER_NODE,	     /* the node itself */
	PEER_STRANGER,	     /* no rule allows it */
	PEER_ENEMY,	     /* a rule denies it */
	PEER_AUDITED,	     /* a rule would deny it */
	PEER_REJECTED,	     /* a rule denies it and asks for an answer */
	PEER_LIMITED,	     /* allowed at WORLD_BURST packets, and one more an hour */
	PEER_METERED,	     /* the same, and WORLD_BURST_BYTES, and WORLD_CONNECTIONS */
	PEER_BULK,	     /* allowed at WORLD_BULK packets, and one more every ten minutes */
	PEER_LOST,	     /* allowed at a rate whose bucket is outside the map */
	PEER_FAST,	     /* allowed at a rate that no test reaches */
	PEER_WATCHED,	     /* the same as PEER_LIMITED, but what is over it only counts */
	PEER_UNKNOWN,	     /* an address that is nobody's */
	PEER_ALLOWED_REGION, /* nobody's too, but in a range that is allowed */
	WORLD_PEERS,
};

/* Decision counters. */
enum world_decision {
	BY_NONE,
	BY_DEFAULT,
	BY_ALLOW,
	BY_OPEN,
	BY_NODE,
	BY_DENY,
	BY_AUDIT,
	BY_REJECT,
	BY_LIMIT,
	BY_METER,
	BY_BULK,
	BY_LOST,
	BY_FAST,
	BY_WATCH,
	BY_REGION,
	BY_WITHDRAWAL,
};

/* Buckets. */
enum world_bucket {
	BUCKET_LIMITED,
	BUCKET_METERED_PACKETS,
	BUCKET_METERED_BYTES,
	BUCKET_METERED_CONNECTIONS,
	BUCKET_BULK,
	BUCKET_FAST,
	BUCKET_WATCHED,
	BUCKET_LOST = LAB_BUCKETS,
};

#define WORLD_BURST	  5u
#define WORLD_BURST_BYTES 1000u
#define WORLD_CONNECTIONS 2u
#define WORLD_BULK	  100000u
#define WORLD_TOKEN_NS	  (3600ull * 1000 * 1000 * 1000) /* what one packet costs */

enum world_policy {
	POLICY_STANDARD,
	POLICY_WITHDRAWN, /* denies everything to everybody */
	POLICY_UNLIMITED, /* standard, without limits */
	POLICY_REVERSED,  /* standard, with the directions of every rule exchanged */
	POLICY_REJECTING, /* rejects everything */
};

const uint8_t *world_pod_addr(enum weir_family family);
const uint8_t *world_peer(enum world_peer peer, enum weir_family family);

/* Fills endpoint, addresses and policy; no flows, empty buckets. */
int world_reset(struct lab *lab);
/* Somebody is behind the interface. */
int world_endpoint(struct lab *lab);
int world_endpoint_as(struct lab *lab, uint32_t flags); /* WEIR_ENDPOINT_* */
/* It has a second address of each family: 10.0.0.2 and fd00::2. */
int world_second_addresses(struct lab *lab);
int world_policy(struct lab *lab, enum world_policy policy);
/* Instead of it: everybody may talk to the pod, and it to everybody, within this limit. */
int world_limit(struct lab *lab, const struct weir_image_limit *limit);

#endif
