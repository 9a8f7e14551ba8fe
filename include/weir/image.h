/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The policy image: the whole compiled policy as one flat block of 32-bit
 * words, and the walk that finds a decision in it. The BPF programs, `weir
 * eval` and the tests all run this very walk.
 *
 * The classifier is recursive flow classification (Gupta & McKeown, SIGCOMM
 * 1999): identity, address and port are each mapped to a small class, and the
 * classes index a table. The number of reads is fixed, whatever the number of
 * rules, pods or ports.
 *
 * Every offset is in words from the start of the image. All words are in host
 * byte order. Addresses and ports that go in are in network and host order
 * respectively, as said at each function.
 *
 * A "vec" is how every long table is stored: a run of chunk offsets, each of a
 * chunk of 64 words. Equal chunks are stored once, which is what keeps tables
 * of mostly-default cells small.
 *
 * Reads are masked by the image's capacity (a power of two), never checked: a
 * malformed image can give a wrong answer but can't be read outside, and the
 * agent verifies an image before it is put in force.
 */
#ifndef WEIR_IMAGE_H
#define WEIR_IMAGE_H

#include <linux/types.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define WEIR_IMAGE_MAGIC 0x72696577u /* "weir" */
#define WEIR_IMAGE_ABI	 1u
/* The verifier lets a program reach less than 2^29 bytes into a map's value. */
#define WEIR_IMAGE_WORDS_MAX (1u << 27)

/* The policy's word, seen from the endpoint: into the pod, or out of it. */
enum weir_direction {
	WEIR_INGRESS = 0,
	WEIR_EGRESS = 1,
	WEIR_DIRECTIONS,
};

enum weir_family {
	WEIR_IPV4 = 0,
	WEIR_IPV6 = 1,
	WEIR_FAMILIES,
};

/* Protocols whose ports policy can name; the index of header.ports[]. */
enum weir_port_protocol {
	WEIR_PORTS_TCP = 0,
	WEIR_PORTS_UDP = 1,
	WEIR_PORTS_SCTP = 2,
	WEIR_PORT_PROTOCOLS,
	WEIR_PORTS_NONE = WEIR_PORT_PROTOCOLS, /* no ports: another protocol, or a later fragment */
};

/* Port class of everything that has no ports: only rules without ports match. */
#define WEIR_PORT_CLASS_NONE 0u

/* Identities below WEIR_IDENTITY_FIRST have a fixed meaning. */
enum weir_identity {
	WEIR_IDENTITY_WORLD = 0, /* an address that belongs to nobody we know */
	WEIR_IDENTITY_NODE = 1,	 /* an address of this node */
	WEIR_IDENTITY_FIRST = 16,
};

/* The first four words are the same in every ABI. */
struct weir_image_header {
	__u32 magic;
	__u32 abi;
	__u32 n_words;	    /* in use, header included */
	__u32 revision;	    /* of the policy; grows by one a swap */
	__u32 identities;   /* offset of struct weir_image_identity[n_identities] */
	__u32 n_identities; /* identities beyond count as WEIR_IDENTITY_WORLD */
	__u32 rows;	    /* offset of one word per (subject class, direction): a vec over peer classes */
	__u32 n_subjects;
	__u32 ports[WEIR_PORT_PROTOCOLS]; /* vec over 0..65535: port class */
	__u32 tries[WEIR_FAMILIES];	  /* a trie word, see WEIR_TRIE_LEAF */
	__u32 n_peer_classes;
	__u32 n_port_classes;
	__u32 n_regions;
	__u32 n_decisions;
	__u32 decisions; /* offset of the decision records, for readers that list them */
	__u32 reserved[2];
};

/*
 * What an identity is to policy. As a peer its class can depend on which CIDR
 * region its address is in; then the word has WEIR_PEER_BY_REGION set and the
 * rest is the offset of one class word per region.
 */
struct weir_image_identity {
	__u32 subject;		   /* subject class */
	__u32 peer[WEIR_FAMILIES]; /* peer class, or by region */
	__u32 reserved;
};

#define WEIR_PEER_BY_REGION 0x80000000u

/*
 * A trie node is 256 words, one per value of the next address byte. A word is
 * the offset of the next node, or a leaf: a region number with the top bit set.
 */
#define WEIR_TRIE_LEAF	     0x80000000u
#define WEIR_TRIE_NODE_WORDS 256u

#define WEIR_CHUNK_SHIFT 6u
#define WEIR_CHUNK_WORDS (1u << WEIR_CHUNK_SHIFT)

/* What one cell of the compiled policy says. */
struct weir_image_decision {
	__u8 verdict;  /* enum weir_verdict */
	__u8 reason;   /* enum weir_reason */
	__u8 n_limits; /* struct weir_image_limit records that follow, at most WEIR_DECISION_LIMITS */
	__u8 flags;    /* WEIR_DECISION_* */
	__u32 counter; /* index in the per-decision counters; the same decision keeps it across images */
};

#define WEIR_DECISION_LIMITS 4u
#define WEIR_DECISION_AUDIT  0x01u /* what would be dropped passes, and is counted so */
#define WEIR_DECISION_REJECT 0x02u /* answer instead of dropping silently */
#define WEIR_DECISION_CAPPED 0x04u /* one of its limits, at least, is WEIR_LIMIT_OPEN */
#define WEIR_DECISION_OPENS  0x08u /* it has limits, and all are of connections: only openings come to them */

/*
 * One token bucket's parameters, kept as GCRA (ITU-T I.371): cost of n units in
 * ticks is (n * mult) >> shift. A tick is 1/64 ns, so that a 64-bit arrival
 * time lasts nine years and a rate of 10 million/s is exact to 0.02 %.
 */
struct weir_image_limit {
	__u32 bucket; /* index in the buckets map; the same limit keeps it across images */
	__u8 unit;    /* enum weir_limit_unit */
	__u8 shift;
	__u16 flags;	/* WEIR_LIMIT_* */
	__u32 mult[2];	/* low word, high word */
	__u32 burst[2]; /* tolerance in ticks; low word, high word */
};

#define WEIR_TICKS_PER_NS 64u
/*
 * No packet counts for more units; times mult they fit in 64 bits. The largest
 * that a kernel makes is 512 KiB, which may be cut into segments of a few bytes,
 * each with headers of its own.
 */
#define WEIR_LIMIT_UNITS_MAX (1u << 20)
#define WEIR_LIMIT_BYTES_MAX (1u << 24)
/* flags */
#define WEIR_LIMIT_AUDIT	0x01u /* over it passes, and is counted as what would be dropped */
#define WEIR_LIMIT_PER_IDENTITY 0x02u /* a bucket for the identity of each opener */
#define WEIR_LIMIT_PER_ADDRESS	0x04u /* a bucket for the address of each opener */
#define WEIR_LIMIT_REJECT	0x08u /* over it is answered, where it opens a connection */
#define WEIR_LIMIT_MARK		0x10u /* what can be marked (ECN) is, once half of the burst is used */
#define WEIR_LIMIT_PACE		0x20u /* what is over the burst leaves later, where it leaves the node by an fq qdisc */

/* What would have to wait longer to leave is dropped. */
#define WEIR_PACE_HORIZON_NS 2000000000ull

enum weir_limit_unit {
	WEIR_LIMIT_PACKETS = 0,
	WEIR_LIMIT_BYTES = 1,
	WEIR_LIMIT_CONNECTIONS = 2,
	WEIR_LIMIT_OPEN = 3, /* connections at a time: burst is how many, mult and shift mean nothing */
};

#define WEIR_CAPS_MAX	   2u	       /* limits WEIR_LIMIT_OPEN of one decision */
#define WEIR_CAP_SLOTS_MAX 0x0fffffffu /* and the highest of them */

/* What a decision's flags say of its limits. */
static __always_inline __u8 weir_image_limit_flags(const struct weir_image_limit *limits, __u32 n)
{
	__u8 flags = n ? WEIR_DECISION_OPENS : 0;

	for (__u32 i = 0; i < n; i++) {
		if (limits[i].unit == WEIR_LIMIT_OPEN)
			flags |= WEIR_DECISION_CAPPED;
		else if (limits[i].unit != WEIR_LIMIT_CONNECTIONS)
			flags &= ~WEIR_DECISION_OPENS;
	}
	return flags;
}

#define WEIR_HEADER_WORDS   (sizeof(struct weir_image_header) / sizeof(__u32))
#define WEIR_IDENTITY_WORDS (sizeof(struct weir_image_identity) / sizeof(__u32))
#define WEIR_DECISION_WORDS (sizeof(struct weir_image_decision) / sizeof(__u32))
#define WEIR_LIMIT_WORDS    (sizeof(struct weir_image_limit) / sizeof(__u32))

_Static_assert(sizeof(struct weir_image_header) == 80, "image header layout");
_Static_assert(sizeof(struct weir_image_identity) == 16, "image identity layout");
_Static_assert(sizeof(struct weir_image_decision) == 8, "image decision layout");
_Static_assert(sizeof(struct weir_image_limit) == 24, "image limit layout");

/* A view of an image. Borrowed; words has mask + 1 words. */
struct weir_image {
	const __u32 *words;
	__u32 mask;
};

static __always_inline __u32 weir_image_word(const struct weir_image *image, __u32 at)
{
	return image->words[at & image->mask];
}

/* One word of the header, by field name. */
#define weir_image_header_word(image, field) \
	weir_image_word(image, __builtin_offsetof(struct weir_image_header, field) / sizeof(__u32))

static __always_inline __u32 weir_image_vec(const struct weir_image *image, __u32 vec, __u32 index)
{
	__u32 chunk = weir_image_word(image, vec + (index >> WEIR_CHUNK_SHIFT));

	return weir_image_word(image, chunk + (index & (WEIR_CHUNK_WORDS - 1)));
}

/* The CIDR region of an address. addr: network order, 4 or 16 bytes. */
static __always_inline __u32 weir_image_region(const struct weir_image *image, enum weir_family family,
					       const __u8 *addr)
{
	__u32 word =
		weir_image_word(image, __builtin_offsetof(struct weir_image_header, tries) / sizeof(__u32) + family);
	const int bytes = family == WEIR_IPV4 ? 4 : 16;

#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		if (i == bytes || (word & WEIR_TRIE_LEAF))
			break;
		word = weir_image_word(image, word + addr[i]);
	}
	return word & ~WEIR_TRIE_LEAF;
}

static __always_inline __u32 weir_image_identity_at(const struct weir_image *image, __u32 identity)
{
	if (identity >= weir_image_header_word(image, n_identities))
		identity = WEIR_IDENTITY_WORLD;
	return weir_image_header_word(image, identities) + identity * WEIR_IDENTITY_WORDS;
}

static __always_inline __u32 weir_image_subject_class(const struct weir_image *image, __u32 identity)
{
	return weir_image_word(image, weir_image_identity_at(image, identity));
}

/* The class of a peer. addr: network order, 4 or 16 bytes. */
static __always_inline __u32 weir_image_peer_class(const struct weir_image *image, __u32 identity,
						   enum weir_family family, const __u8 *addr)
{
	__u32 word = weir_image_word(image, weir_image_identity_at(image, identity) + 1 + family);

	if (!(word & WEIR_PEER_BY_REGION))
		return word;
	word &= ~WEIR_PEER_BY_REGION;
	return weir_image_word(image, word + weir_image_region(image, family, addr));
}

/* port: host order. */
static __always_inline __u32 weir_image_port_class(const struct weir_image *image, enum weir_port_protocol protocol,
						   __u16 port)
{
	if (protocol >= WEIR_PORTS_NONE)
		return WEIR_PORT_CLASS_NONE;
	return weir_image_vec(
		image,
		weir_image_word(image, __builtin_offsetof(struct weir_image_header, ports) / sizeof(__u32) + protocol),
		port);
}

/* The offset of the decision record of a cell. */
static __always_inline __u32 weir_image_cell(const struct weir_image *image, __u32 subject,
					     enum weir_direction direction, __u32 peer, __u32 port)
{
	__u32 row = weir_image_word(image, weir_image_header_word(image, rows) + subject * WEIR_DIRECTIONS + direction);

	return weir_image_vec(image, weir_image_vec(image, row, peer), port);
}

static __always_inline struct weir_image_decision weir_image_decision_at(const struct weir_image *image, __u32 at)
{
	__u32 words[WEIR_DECISION_WORDS];
	struct weir_image_decision decision;

	for (__u32 i = 0; i < WEIR_DECISION_WORDS; i++)
		words[i] = weir_image_word(image, at + i);
	__builtin_memcpy(&decision, words, sizeof(decision));
	return decision;
}

/* One of the limits that follow a decision record. */
static __always_inline struct weir_image_limit weir_image_limit_at(const struct weir_image *image, __u32 decision,
								   __u32 index)
{
	__u32 at = decision + WEIR_DECISION_WORDS + index * WEIR_LIMIT_WORDS;
	__u32 words[WEIR_LIMIT_WORDS];
	struct weir_image_limit limit;

	for (__u32 i = 0; i < WEIR_LIMIT_WORDS; i++)
		words[i] = weir_image_word(image, at + i);
	__builtin_memcpy(&limit, words, sizeof(limit));
	return limit;
}

#endif
