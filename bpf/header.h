/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Access to the packet's bytes, the same for both kinds of context and for packets that are not linear. */
#ifndef WEIR_BPF_HEADER_H
#define WEIR_BPF_HEADER_H

#include "packet.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static __always_inline void *packet_data(const struct packet *pkt)
{
	return pkt->hook == PACKET_XDP ? (void *)(long)((struct xdp_md *)pkt->ctx)->data
				       : (void *)(long)((struct __sk_buff *)pkt->ctx)->data;
}

static __always_inline void *packet_data_end(const struct packet *pkt)
{
	return pkt->hook == PACKET_XDP ? (void *)(long)((struct xdp_md *)pkt->ctx)->data_end
				       : (void *)(long)((struct __sk_buff *)pkt->ctx)->data_end;
}

static __always_inline int packet_load(const struct packet *pkt, __u32 offset, void *to, __u32 size)
{
	return pkt->hook == PACKET_XDP ? bpf_xdp_load_bytes(pkt->ctx, offset, to, size)
				       : bpf_skb_load_bytes(pkt->ctx, offset, to, size);
}

/* No packet without options has a header that begins later; to the verifier the offset itself may be anything. */
#define IN_PLACE_MAX 255

/* NULL: not in the linear part, or not there at all, which a cold stage finds out. */
static __always_inline const void *header_in_place(struct packet *pkt, __u32 size)
{
	__u64 offset = pkt->f->offset;
	void *header = packet_data(pkt);

	barrier_var(offset); /* what is compared is what is added */
	if (likely(offset <= IN_PLACE_MAX)) {
		header += offset;
		if (likely(header + size <= packet_data_end(pkt)))
			return header;
	}
	pkt->odd = true;
	return NULL;
}

/*
 * The size bytes at pkt->f->offset; NULL when the packet is shorter. A cold
 * stage copies them, as its offset may be anything; copying, unlike pulling,
 * leaves the packet as it is (a pull unshares a cloned head).
 */
static __always_inline const void *packet_header(struct packet *pkt, __u32 size)
{
	if (!pkt->cold)
		return header_in_place(pkt, size);
	return packet_load(pkt, pkt->f->offset, pkt->scratch->bytes, size) ? NULL : pkt->scratch->bytes;
}

/* Beyond 64 KiB ("BIG TCP") a length field says zero; only a packet that is yet to be cut into segments can be so long.
 */
static __always_inline bool is_beyond_length_fields(__u32 length)
{
	return length > 0xffff;
}

/* A packet whose segmentation is left to the device stands for several on the wire. */
static __always_inline __u32 packet_segments(const struct packet *pkt)
{
	const struct __sk_buff *skb = pkt->ctx;

	if (pkt->hook != PACKET_TC || !skb->gso_size)
		return 1;
	/* A sender that is not trusted with the number leaves it to be counted here. */
	return skb->gso_segs ?: (pkt->f->length - pkt->f->offset + skb->gso_size - 1) / skb->gso_size ?: 1;
}

/* Bytes on the wire: every segment repeats the headers. */
static __always_inline __u32 packet_wire_bytes(const struct packet *pkt, __u32 segments)
{
	return pkt->f->length + (segments - 1) * pkt->f->offset;
}

static __always_inline bool same_ipv6(const __u8 *a, const __u8 *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;

	return x[3] == y[3] && x[2] == y[2] && x[1] == y[1] && x[0] == y[0];
}

static __always_inline bool is_unspecified_ipv6(const __u8 *addr)
{
	const __u32 *words = (const __u32 *)addr;

	return !(words[0] | words[1] | words[2] | words[3]);
}

#endif
