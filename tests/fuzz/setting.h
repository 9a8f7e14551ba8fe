/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where sequences happen: two pods, one peer for each thing that policy can say
 * of it, and several policies. The model and the programs are given the same.
 */
#ifndef WEIR_TESTS_FUZZ_SETTING_H
#define WEIR_TESTS_FUZZ_SETTING_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/tiny_image.h"
#include "weir/maps.h"
#include "weir/reason.h"

enum setting_policy {
	POLICY_USUAL,
	POLICY_OTHER,	/* directions and verdicts of many rules exchanged */
	POLICY_CLOSED,	/* denies everything */
	POLICY_REJECTS, /* rejects everything */
	POLICY_FREE,	/* the usual one without limits */
	POLICY_TIGHT,	/* the usual one with smaller bursts */
	SETTING_POLICIES,
};

enum setting_peer {
	PEER_FRIEND,
	PEER_WEB,	  /* ports 80 and 8000 to 8100 */
	PEER_ZERO,	  /* port 0 */
	PEER_PORTLESS,	  /* whatever has no port, or none of the above */
	PEER_CALLEE,	  /* out of the pod */
	PEER_CALLER,	  /* into the pod */
	PEER_ENEMY,	  /* denied */
	PEER_AUDITED,	  /* would be denied */
	PEER_REJECTED,	  /* denied with an answer */
	PEER_LIMITED,	  /* so many packets */
	PEER_METERED,	  /* so many packets, bytes and connections */
	PEER_AUDIT_LIMIT, /* more than so many packets would be denied */
	PEER_LOST,	  /* a limit whose bucket is nowhere */
	PEER_NODE,	  /* the node itself */
	PEER_OPEN,	  /* not isolated */
	PEER_STRANGER,	  /* no rule */
	PEER_REGION,	  /* nobody's address, of a range that is allowed */
	PEER_NOBODY,	  /* nobody's address */
	PEER_POD,	  /* the other pod */
	PEER_CAPPED,	  /* so many connections at a time */
	PEER_CAPS,	  /* so many for each identity, so many for each address would do, and so many packets */
	SETTING_PEERS,
};

#define SETTING_PODS	  2u
#define SETTING_IFINDEX	  1u  /* of the first pod: loopback, where programs run by default */
#define SETTING_IFINDEX_2 77u /* of the second */
#define SETTING_BUCKETS	  12u
#define SETTING_DECISIONS 64u
#define SETTING_PAIRS	  4096u /* far more than there are: no pair is ever without a row */

/* In network order: 4 or 16 bytes. */
const uint8_t *setting_pod(unsigned pod, enum weir_family family);
const uint8_t *setting_more(unsigned pod, enum weir_family family); /* its further address */
const uint8_t *setting_mac(unsigned pod);
const uint8_t *setting_peer(enum setting_peer peer, enum weir_family family);

struct setting_address {
	enum weir_family family;
	const uint8_t *addr;
	struct weir_address whose;
};
/* Every address that is somebody's, one by one; false when there are no more. */
bool setting_address(unsigned index, struct setting_address *ret);

/* As STEP_ENDPOINT's argument says. */
void setting_endpoint(uint8_t argument, struct weir_endpoint *ret);
uint32_t setting_ifindex(unsigned pod);

/* Times, and how often rejected packets are answered; no generation. */
void setting_control(bool quiet, struct weir_control *ret);
#define SETTING_ANSWERS 6u /* to each endpoint */

/* Built once; the revision is the caller's to write. */
const struct tiny_image *setting_image(enum setting_policy policy);

#endif
