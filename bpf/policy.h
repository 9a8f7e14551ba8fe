/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What policy says: the walk of weir/image.h, from the endpoint's and the peer's identity to one decision. */
#ifndef WEIR_BPF_POLICY_H
#define WEIR_BPF_POLICY_H

#include "endpoint.h"

/* The packet's only look at the slot: whatever is swapped in later, it is judged by this image alone. */
static __always_inline enum weir_verdict find_image(struct packet *pkt)
{
	const __u32 first = WEIR_SLOT_ENFORCED; /* of the slots, and of the image: one word of the stack for both */
	void *inner = bpf_map_lookup_elem(&images, &first);

	pkt->image.words = inner ? bpf_map_lookup_elem(inner, &first) : NULL;
	if (!pkt->image.words)
		return refuse(pkt, WEIR_REASON_NO_IMAGE, WEIR_VERDICT_DROP);
	pkt->image.mask = weir_image_mask;
	return WEIR_VERDICT_NONE;
}

static __always_inline const __u8 *remote_address(const struct packet *pkt, enum weir_family family)
{
	return family == WEIR_IPV4 ? (const __u8 *)&pkt->key->v4.remote : pkt->key->v6.remote;
}

static __always_inline const struct weir_address *find_peer(const struct packet *pkt, enum weir_family family)
{
	return family == WEIR_IPV4 ? bpf_map_lookup_elem(&addresses4, &pkt->key->v4.remote)
				   : bpf_map_lookup_elem(&addresses6, pkt->key->v6.remote);
}

/* The port that policy names is the one that was connected to: the peer's on the way out, the endpoint's on the way in.
 */
static __always_inline __u16 connection_port(const struct packet *pkt, enum weir_family family)
{
	__be16 remote = family == WEIR_IPV4 ? pkt->key->v4.remote_port : pkt->key->v6.remote_port;
	__be16 local = family == WEIR_IPV4 ? pkt->key->v4.local_port : pkt->key->v6.local_port;

	return bpf_ntohs(pkt->f->opener == WEIR_EGRESS ? remote : local);
}

/* What another endpoint of this node will see is counted for the pair there, not twice. */
static __always_inline void find_account(struct packet *pkt, bool onward)
{
	const bool in = pkt->f->opener == WEIR_INGRESS;
	const __u32 source = in ? pkt->f->peer : pkt->f->identity, destination = in ? pkt->f->identity : pkt->f->peer;

	if (pkt->hook == PACKET_PEEK)
		return;
	pkt->f->account = decision_row(pkt->f->counter, source, destination, !in && onward ? WEIR_PAIR_ONWARD : 0);
}

static __always_inline enum weir_verdict match_policy(struct packet *pkt, enum weir_family family)
{
	const struct weir_image *image = &pkt->image;
	const struct weir_address *address = find_peer(pkt, family);
	const bool on_node = address && address->ifindex;
	__u32 subject = weir_image_subject_class(image, pkt->f->identity);
	__u32 peer_id = address ? address->identity : WEIR_IDENTITY_WORLD;
	__u32 peer = weir_image_peer_class(image, peer_id, family, remote_address(pkt, family));
	__u32 port = weir_image_port_class(image, pkt->f->ports, connection_port(pkt, family));
	__u32 at = weir_image_cell(image, subject, pkt->f->opener, peer, port);
	struct weir_image_decision decision = weir_image_decision_at(image, at);

	pkt->f->peer = peer_id;
	pkt->f->revision = weir_image_header_word(image, revision);
	pkt->f->decision = at;
	pkt->f->limited = decision.n_limits;
	pkt->f->decision_flags = decision.flags;
	pkt->f->counter = decision.counter;
	pkt->f->reason = decision.reason;
	find_account(pkt, on_node && decision.verdict == WEIR_VERDICT_PASS);
	if (decision.verdict == WEIR_VERDICT_PASS)
		return WEIR_VERDICT_NONE;
	if (decision.flags & WEIR_DECISION_AUDIT) {
		pkt->f->audited = true;
		pkt->f->reason = WEIR_REASON_AUDIT;
		return WEIR_VERDICT_NONE;
	}
	return refuse(pkt, decision.reason,
		      decision.flags & WEIR_DECISION_REJECT ? WEIR_VERDICT_REJECT : WEIR_VERDICT_DROP);
}

#endif
