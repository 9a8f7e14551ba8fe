/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of the maps that the BPF programs and the agent share. A
 * change of any of them changes WEIR_MAPS_ABI, which is for people: an agent
 * that finds pinned maps compares layouts itself, and carries entries over
 * field by field, by name. So a field whose meaning changes gets another name,
 * and what an index or an enumerator stands for never changes.
 *
 * Addresses and ports are in network byte order, everything else in host order.
 */
#ifndef WEIR_MAPS_H
#define WEIR_MAPS_H

#include <linux/types.h>

#define WEIR_MAPS_ABI 5u

/* Slots of the array of images. */
enum weir_slot {
	WEIR_SLOT_ENFORCED = 0,
	WEIR_SLOT_SHADOW = 1,
	WEIR_SLOTS,
};

/*
 * What a flow entry is in, seen by its opener; for TCP by the names of RFC
 * 9293, which SCTP (RFC 9260) borrows for its own handshake and shutdown.
 */
enum weir_flow_state {
	WEIR_FLOW_SYN_SENT,
	WEIR_FLOW_SYN_RECEIVED,
	WEIR_FLOW_ESTABLISHED,
	WEIR_FLOW_FIN_WAIT,   /* the opener has closed its side */
	WEIR_FLOW_CLOSE_WAIT, /* the other end has */
	WEIR_FLOW_TIME_WAIT,  /* both have */
	WEIR_FLOW_CLOSED,     /* by a reset that its receiver believes */
	WEIR_FLOW_UNANSWERED, /* UDP: one end only has sent */
	WEIR_FLOW_ANSWERED,   /* UDP: both have */
	WEIR_FLOW_ECHO,	      /* ICMP */
	WEIR_FLOW_OTHER,
	WEIR_FLOW_STATES = 16,
};

/*
 * Where the agent speaks to running programs. It first writes whatever it
 * changes (image slot, addresses, endpoints) and then adds one to generation; a
 * packet reads generation before anything else. A flow entry that carries
 * another generation than the running one is decided again.
 */
struct weir_control {
	__u32 generation;
	__u32 watch;			  /* WEIR_WATCH_*: what is told of packets, beside being counted */
	__u32 event_budget;		  /* of each decision, limit, or reason without either: event records a tick */
	__u32 timeouts[WEIR_FLOW_STATES]; /* of a flow without packets, in ticks */
	__u32 fragment_timeout;		  /* ticks */
	__u32 shield_until;		  /* tick: nobody is shielded longer; packets write it */
	__u32 shield_time;		  /* ticks that the flood shield stays up without a reason */
	__u64 shield_cost;		  /* GCRA: of a denied packet, in limit ticks; 0: no shield */
	__u64 shield_burst;		  /* limit ticks */
	__u64 answer_cost;		  /* GCRA: of an answer to a rejected packet, in limit ticks */
	__u64 answer_burst;		  /* limit ticks */
	__u32 recount; /* of slots of open connections: the number of the one that runs, or is to run */
	__u32 reserved_too;
};

#define WEIR_WATCH_DENIED  0x01u /* events: of connections that are denied, withdrawn or audited */
#define WEIR_WATCH_OPENED  0x02u /* events: of connections that are admitted */
#define WEIR_WATCH_CAPTURE 0x04u /* packets are captured */

/*
 * endpoints: ifindex (__u32) -> who is behind the interface. No entry: closed.
 * An address of zeros is none.
 */
struct weir_endpoint {
	__u32 identity;
	__u32 flags; /* WEIR_ENDPOINT_* */
	__u8 mac[6];
	__u8 pad[2];
	__be32 ipv4;
	__u8 ipv6[16];
	__u32 reserved;
	__u64 answered; /* GCRA state of the answers to its rejected packets */
};

#define WEIR_ENDPOINT_CHECK_MAC	     0x01u /* what leaves carries mac */
#define WEIR_ENDPOINT_CHECK_ADDRESS  0x02u /* what leaves carries one of its own addresses */
#define WEIR_ENDPOINT_MORE_ADDRESSES 0x04u /* has others, which the address maps know */

/* addresses4, addresses6: address -> whose it is. No entry: WEIR_IDENTITY_WORLD. */
struct weir_address {
	__u32 identity;
	__u32 ifindex; /* of the endpoint that has it; 0: not on this node */
};

struct weir_address6_key {
	__u8 addr[16];
};

/*
 * Flow tables, for each family: one entry per connection and endpoint, keyed
 * from the endpoint's side, so that both directions find the same entry. For
 * ICMP echo both ports are the identifier; other protocols without ports have
 * zeros.
 *
 *   openings     TCP and SCTP until the handshake is complete
 *   connections  TCP and SCTP from then on, so that no flood of openings
 *                reaches them
 *   exchanges    everything else
 */
enum weir_flow_table {
	WEIR_OPENINGS,
	WEIR_CONNECTIONS,
	WEIR_EXCHANGES,
	WEIR_FLOW_TABLES,
};

struct weir_flow4_key {
	__be32 local;
	__be32 remote;
	__be16 local_port;
	__be16 remote_port;
	__u32 ifindex;
	__u8 protocol;
	__u8 pad[3];
};

struct weir_flow6_key {
	__u8 local[16];
	__u8 remote[16];
	__be16 local_port;
	__be16 remote_port;
	__u32 ifindex;
	__u8 protocol;
	__u8 pad[3];
};

struct weir_counter {
	__u64 packets;
	__u64 bytes;
};

/* What one end of a connection has been seen to send. */
struct weir_flow_end {
	__u32 next; /* TCP: the sequence number after its last byte; SCTP: its initiate tag */
	__u32 ack;  /* TCP: what it has acknowledged last */
};

#define WEIR_FLOW_HELD 2

/* Of a flow and direction. With what is carried out of them into weir_flow_high, packets and bytes are of 48 bits. */
struct weir_flow_low {
	__u32 packets;
	__u32 bytes;
};

struct weir_flow_high {
	__u16 packets;
	__u16 bytes;
};

/*
 * A tick here is a quarter of a second, more or less: datapath_tick_ns() knows.
 *
 * What every packet of an established connection looks at comes first, and is as
 * much as lies, with the IPv4 key that is compared before it, in two cache lines
 * of the kernel's entry.
 */
struct weir_flow {
	__u32 generation; /* under which the decision was made */
	__u32 account;	  /* row where its packets are counted; WEIR_ACCOUNT_NONE */
	__u8 opener;	  /* enum weir_direction of the packet that opened it */
	__u8 state;	  /* enum weir_flow_state */
	__u8 flags;	  /* WEIR_FLOW_* */
	__u8 reason;	  /* of the packets that belong to it: FLOW, AUDIT or, with WEIR_FLOW_REVOKED, of the denial */
	__u32 seen;	  /* tick of its last packet */
	__u8 mac[6];	  /* that packets from the endpoint carry, with WEIR_FLOW_CHECK_MAC */
	__u8 heard;	  /* WEIR_HEARD*: of what each end has been seen to send */
	__u8 pad;
	struct weir_flow_end ends[2]; /* by enum weir_direction: the endpoint's own is WEIR_EGRESS */
	struct weir_flow_low low[2];  /* by direction; of packets that meet on two CPUs, one may go uncounted */

	__u32 revision;		       /* of the image that decision is an offset in */
	__u32 decision;		       /* offset of the record in that image */
	__u32 opened;		       /* tick of its first packet */
	__u32 source;		       /* identity of the opener */
	__u32 held[WEIR_FLOW_HELD];    /* slots of limits on open connections that it holds: WEIR_HELD_*; 0: none */
	struct weir_flow_high high[2]; /* by direction */
};

static inline struct weir_counter weir_flow_count(const struct weir_flow *flow, __u32 direction)
{
	return (struct weir_counter){
		.packets = (__u64)flow->high[direction].packets << 32 | flow->low[direction].packets,
		.bytes = (__u64)flow->high[direction].bytes << 32 | flow->low[direction].bytes,
	};
}

/*
 * held: bucket + 1, and which of its openers' buckets, as the limit has them. It
 * counts there for as long as neither WEIR_HELD_OVER nor WEIR_HELD_FREED is set.
 */
#define WEIR_HELD_BUCKET       0x000fffffu
#define WEIR_HELD_OVER	       0x00100000u /* was let through beyond a cap that only says so */
#define WEIR_HELD_FREED	       0x00200000u /* given back at the connection's end; taken again if it goes on */
#define WEIR_HELD_RECOUNT      0x1f000000u /* the number of the recount that has seen it */
#define WEIR_HELD_PER_IDENTITY 0x40000000u
#define WEIR_HELD_PER_ADDRESS  0x80000000u

#define WEIR_FLOW_LIMITED   0x01u /* the decision has limits: fetch the image */
#define WEIR_FLOW_REVOKED   0x02u /* was admitted, is no more: drop both directions */
#define WEIR_FLOW_CHECK_MAC 0x04u
#define WEIR_FLOW_REJECTED  0x08u /* with REVOKED: answered, not dropped silently */

/* heard: shifted left by the direction of the end that sent it */
#define WEIR_HEARD	 0x01u /* ends[] of this direction holds something */
#define WEIR_HEARD_CLOSE 0x04u /* TCP FIN, SCTP SHUTDOWN */
#define WEIR_HEARD_ACK	 0x10u /* ends[].ack holds something */

/* fragments: what the first fragment of a packet has told of the others. */
struct weir_fragment_key {
	__u8 source[16]; /* IPv4 in the last four bytes */
	__u8 destination[16];
	__u32 id; /* as in the packet */
	__u32 ifindex;
	__u8 family;	/* enum weir_family */
	__u8 direction; /* enum weir_direction */
	__u8 protocol;	/* IPv4; in IPv6 it is not part of what belongs together: 0 */
	__u8 pad;
};

/* Offsets are in units of eight bytes. What has come is [0, head) and [tail, tail_end). */
struct weir_fragment {
	__be16 source_port; /* echo: both the identifier */
	__be16 dest_port;
	__u8 protocol;
	__u8 pad[3];
	__u32 seen; /* tick */
	__u16 head;
	__u16 tail; /* zero: nothing has come beyond head */
	__u16 tail_end;
	__u16 total; /* zero: the last one has not come yet */
};

/* shields: a remote address, or the address of an endpoint -> how much of its traffic is denied. */
struct weir_shield_key {
	__u8 addr[16]; /* IPv4 in the last four bytes */
	__u32 family;  /* enum weir_family */
};

struct weir_shield {
	__u64 tat;   /* GCRA of denied packets */
	__u32 until; /* tick; 0: never up yet */
	__u32 reserved;
};

/* tallies: what happened beside verdicts, per CPU (__u64). */
enum weir_tally {
	WEIR_TALLY_ENTERED = 0, /* + table * WEIR_FAMILIES + family: new entries of a flow table */
	WEIR_TALLY_LEFT = 6,	/* the same: entries that a packet or the sweep took out */
	WEIR_TALLY_NOT_ENTERED = 12,
	WEIR_TALLY_ANSWERED = 13,   /* rejected packets that were answered */
	WEIR_TALLY_UNANSWERED = 14, /* too many, or of a kind that has no answer */
	WEIR_TALLY_FRAGMENTED = 15, /* first fragments remembered */
	WEIR_TALLY_SOURCES = 16,    /* new entries of the sources map */
	WEIR_TALLY_TOLD = 20,	    /* event records that were written */
	WEIR_TALLY_HELD_BACK = 21,  /* that were not, as there were enough of the same decision */
	WEIR_TALLY_LOST = 22,	    /* and for want of room */
	WEIR_TALLIES = 24,
};

/*
 * What the program weir_sweep is given and gives back: expired entries are taken
 * out, the others counted, and with them, where that is asked for, the slots that
 * they hold. WEIR_SWEEP_SLOTS in place of a table ends a recount.
 */
struct weir_sweep {
	__u32 table;   /* enum weir_flow_table */
	__u32 family;  /* enum weir_family */
	__u32 now;     /* tick */
	__u32 present; /* entries that stay */
	__u32 removed;
	__u32 recount;	 /* 0: none is under way */
	__u32 held;	 /* words of held that are in use */
	__u32 corrected; /* WEIR_SWEEP_SLOTS: slots that nothing held, or that were not counted */
};

#define WEIR_SWEEP_SLOTS WEIR_FLOW_TABLES

/* reasons (index reason * WEIR_DIRECTIONS + direction): struct weir_counter, per CPU. */

/*
 * accounts: struct weir_account, per CPU. Each packet that policy has decided is
 * counted in one row, so that what is known of decisions and what is known of
 * pairs are sums of the same rows, and can't disagree.
 *
 *   [0, pairs)          of the decision and the pair that this entry of pairs has
 *   pairs + counter     of weir_image_decision.counter, where pairs had no room
 *   pairs + counters    over a limit, where pairs had no room
 */
struct weir_account {
	__u64 packets;
	__u64 bytes;
	__u64 connections; /* of the packets: those that opened one */
};

/* The decision counter that takes what could get no number of its own. */
#define WEIR_COUNTER_OVERFLOW 0u
/* Dropped or passed without a decision. */
#define WEIR_COUNTER_NONE 0xffffffffu
#define WEIR_ACCOUNT_NONE 0xffffffffu

/*
 * pairs: an open-addressed table of who opens connections to whom, by decision.
 * Packets look for their tag in WEIR_PAIR_PROBES entries from weir_pair_hash()
 * on, and claim the first that is free by one compare-and-swap: a tag is all
 * that there is to say, so no entry is ever half written. The same tag may have
 * several entries, after others were freed.
 */
struct weir_pair {
	__u64 tag;    /* 0: free */
	__u32 series; /* the agent's own: which series the row counts for */
	__u32 reserved;
};

#define WEIR_PAIRS_MAX	 (1u << 24)
#define WEIR_PAIR_PROBES 4u
/* Of each of the numbers in a tag: counter, source, destination. */
#define WEIR_PAIR_BITS 20u
#define WEIR_PAIR_MAX  ((1u << WEIR_PAIR_BITS) - 1)
/* In place of the counter: over a limit. */
#define WEIR_PAIR_LIMITED WEIR_PAIR_MAX
#define WEIR_PAIR_USED	  (1ull << 63)
/* Passes on to another endpoint of this node, where it is counted for the pair. */
#define WEIR_PAIR_ONWARD (1ull << 62)
/* Not to be found any more, and not free yet. */
#define WEIR_PAIR_RETIRED (1ull << 61)

static inline __u64 weir_pair_tag(__u32 counter, __u32 source, __u32 destination)
{
	return WEIR_PAIR_USED | (__u64)counter << 2 * WEIR_PAIR_BITS | (__u64)source << WEIR_PAIR_BITS | destination;
}

static inline __u32 weir_pair_counter(__u64 tag)
{
	return tag >> 2 * WEIR_PAIR_BITS & WEIR_PAIR_MAX;
}

static inline __u32 weir_pair_source(__u64 tag)
{
	return tag >> WEIR_PAIR_BITS & WEIR_PAIR_MAX;
}

static inline __u32 weir_pair_destination(__u64 tag)
{
	return tag & WEIR_PAIR_MAX;
}

/* Multiplicative hashing (Knuth, TAOCP 3, 6.4): the upper half of the product depends on all bits of the tag. */
static inline __u32 weir_pair_hash(__u64 tag)
{
	return tag * 0x9e3779b97f4a7c15ull >> 32;
}

/* buckets: weir_image_limit.bucket -> state. One cache line, as two cores may share it. */
struct weir_bucket {
	__u64 tat; /* GCRA: theoretical arrival time of the next conforming unit, in ticks */
	__u64 dropped_packets;
	__u64 dropped_bytes;
	__u64 slots;	/* WEIR_LIMIT_OPEN: WEIR_SLOTS_* */
	__u64 marked;	/* WEIR_LIMIT_MARK: how far tat was ahead at the last mark, or less since */
	__u64 burst;	/* of the limit that tat belongs to; see struct weir_image_limit */
	__u64 price;	/* the same: mult, and shift in the topmost byte; 0: no packet has come yet */
	__s32 drift;	/* slots that the last recount has found counted, but not held */
	__u32 changing; /* a packet is fitting tat to a limit that has changed */
};

/*
 * slots: how many connections are open, and how many of them the recount of that
 * number has seen. One word, so that a recount can put one in the place of the
 * other while connections come and go. What is seen is in the highest bits: it
 * wraps without touching the others.
 */
#define WEIR_SLOTS_OPEN		 0x000000000fffffffull
#define WEIR_SLOTS_RECOUNT_SHIFT 28
#define WEIR_SLOTS_RECOUNT	 0x00000001f0000000ull
#define WEIR_SLOTS_SEEN_SHIFT	 33
#define WEIR_RECOUNTS		 32u /* recount numbers, in slots and in held */
#define WEIR_HELD_RECOUNT_SHIFT	 24

/*
 * sources: the buckets of limits per identity or address. Least recently used:
 * when it is full, the source that was quiet for longest begins anew, with its
 * burst.
 */
struct weir_source_key {
	__u32 bucket;
	__u32 identity;	  /* per identity; else 0 */
	__u8 address[16]; /* per address, IPv4 in the last four bytes; else zeros */
	__u32 family;	  /* enum weir_family, per address; else 0 */
};

/*
 * charged: weir_image_limit.bucket -> what came to a limit, from all its sources,
 * per CPU. Of a limit on connections that is the packets that open one.
 */
struct weir_charged {
	__u64 passed_packets;
	__u64 passed_bytes;
	__u64 dropped_packets; /* in audit mode: that passed all the same */
	__u64 dropped_bytes;
	__u64 marked_packets; /* of those that passed: that carry a congestion mark for it */
	__u64 paced_packets;  /* of those that passed: that had to wait */
};

_Static_assert(sizeof(struct weir_control) == 128, "control layout");
_Static_assert(sizeof(struct weir_endpoint) == 48, "endpoint layout");
_Static_assert(__builtin_offsetof(struct weir_endpoint, mac) % 8 == 0, "the MAC address is compared as one word");
_Static_assert(sizeof(struct weir_address) == 8, "address layout");
_Static_assert(sizeof(struct weir_flow4_key) == 20, "IPv4 flow key layout");
_Static_assert(sizeof(struct weir_flow6_key) == 44, "IPv6 flow key layout");
_Static_assert(sizeof(struct weir_flow) == 88, "flow layout");
_Static_assert(__builtin_offsetof(struct weir_flow, revision) == 56, "what a packet looks at is in two cache lines");
_Static_assert(__builtin_offsetof(struct weir_flow, mac) % 8 == 0, "the MAC address is compared as one word");
_Static_assert(sizeof(struct weir_fragment_key) == 44, "fragment key layout");
_Static_assert(sizeof(struct weir_fragment) == 20, "fragment layout");
_Static_assert(sizeof(struct weir_shield_key) == 20, "shield key layout");
_Static_assert(sizeof(struct weir_shield) == 16, "shield layout");
_Static_assert(sizeof(struct weir_sweep) == 32, "sweep layout");
_Static_assert(sizeof(struct weir_counter) == 16, "counter layout");
_Static_assert(sizeof(struct weir_account) == 24, "account layout");
_Static_assert(sizeof(struct weir_pair) == 16, "pair layout");
_Static_assert(sizeof(struct weir_bucket) == 64, "bucket layout");
_Static_assert(sizeof(struct weir_source_key) == 28, "source key layout");
_Static_assert(sizeof(struct weir_charged) == 48, "charged layout");

#endif
