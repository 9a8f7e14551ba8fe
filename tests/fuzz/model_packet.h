/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the model hand to one another. */
#ifndef WEIR_TESTS_FUZZ_MODEL_PACKET_H
#define WEIR_TESTS_FUZZ_MODEL_PACKET_H

#include "fuzz/model.h"

enum tcp_bits {
	BIT_FIN = 0x01,
	BIT_SYN = 0x02,
	BIT_RST = 0x04,
	BIT_ACK = 0x10,
};

/* RFC 9260 section 3.2 */
enum sctp_chunks {
	CHUNK_INIT = 1,
	CHUNK_INIT_ACK = 2,
	CHUNK_ABORT = 6,
	CHUNK_SHUTDOWN = 7,
	CHUNK_COOKIE_ECHO = 10,
	CHUNK_SHUTDOWN_COMPLETE = 14,
};

/* A packet, as its headers have it. Numbers in host order; IPv4 addresses in the last four bytes. */
struct packet {
	const uint8_t *bytes;
	uint32_t length;
	enum weir_direction direction;
	unsigned pod;
	bool hairpin;

	uint16_t eth_proto; /* behind the tags */
	uint32_t network;   /* offset of the IP header, or of ARP */
	bool located;	    /* the IP header is sound: source and destination are known */
	enum weir_family family;
	uint8_t source[16], destination[16];
	uint8_t hop_limit;
	uint8_t protocol;
	bool direct;  /* IPv6: no extension headers */
	uint32_t end; /* what follows is padding */

	bool fragment, later; /* one of several; not the first of them */
	bool last;
	bool orphan;	      /* later, and nobody remembers the first */
	uint32_t fragment_id; /* as it stands in the packet */
	uint32_t from, to;    /* the part that it brings, in units of eight bytes */

	uint32_t transport; /* offset of the transport header */
	uint32_t payload;   /* TCP: bytes behind the header */
	enum weir_port_protocol ports;
	uint16_t source_port, destination_port; /* echo: both are the identifier */
	bool opening;				/* asks for a new connection */
	uint8_t flags;				/* TCP's; of SCTP's first chunk */
	uint8_t type;				/* ICMP's; of SCTP's first chunk */
	uint32_t seq, ack;			/* TCP */
	uint32_t initiate_tag, tag;		/* SCTP; as they stand in the packet */

	bool plain; /* of a shape that XDP looks into */
};

/* What policy is asked about. */
struct question {
	struct flow_name name;
	enum weir_port_protocol ports;
	enum weir_direction opener;
	struct observed_flow *of;      /* the entry that it belongs to, or NULL */
	bool quoted;		       /* the packet is an error about it */
	uint32_t held[WEIR_FLOW_HELD]; /* slots that it was given */
};

uint16_t model_u16(const uint8_t *at);
uint32_t model_u32(const uint8_t *at);

/* --- model_parse.c, model_transport.c: what kind of packet it is; NONE, or what is wrong with it --- */
enum weir_reason model_parse(struct packet *p);
enum weir_reason model_parse_transport(struct packet *p);
bool model_is_icmp(enum weir_family family, uint8_t protocol);
bool model_is_echo(enum weir_family family, uint8_t type);
enum weir_port_protocol model_ports_of(uint8_t protocol);

/* --- model_flow.c: the flow tables, and the state of each connection --- */
void model_name_flow(const struct packet *p, struct flow_name *ret);
struct observed_flow *model_find_flow(struct model *m, const struct packet *p, const struct flow_name *name);
/* Of another connection's packet: whatever table it is in. */
struct observed_flow *model_find_any_flow(struct model *m, enum weir_port_protocol ports, const struct flow_name *name);
void model_track(struct model *m, const struct packet *p, struct observed_flow *of);
/* flow: what is known of the decision. */
void model_open_flow(struct model *m, const struct packet *p, const struct flow_name *name,
		     const struct weir_flow *decided);
void model_sweep(struct model *m, enum weir_flow_table table, enum weir_family family);

/* An entry is made for it, where none answers for it. */
bool model_is_kept(const struct packet *p);
struct observed_flow *model_entry(struct model *m, const struct flow_name *name, enum weir_flow_table table);
bool model_has_expired(const struct model *m, const struct weir_flow *flow);

/* --- model.c --- */
struct weir_image model_image(const struct model *m);
uint32_t model_opener_identity(const struct model *m, const struct packet *p, const struct question *asked);

/* --- model_limit.c --- */
/* All or none of a decision's limits are charged. NONE, LIMIT or AUDIT. */
enum weir_reason model_charge(struct model *m, const struct packet *p, struct question *asked, uint32_t decision,
			      struct judgement *ret);
/* frame: the packet's bytes, which get the mark. */
void model_mark(const struct packet *p, uint8_t *frame);
/* It has limits that packets of an open connection come to. */
bool model_is_metered(const struct model *m, uint32_t decision);

/* --- model_slot.c: limits on open connections --- */
/* False: there is no slot. What it is given is noted in asked. */
bool model_take_slot(struct model *m, const struct packet *p, struct question *asked,
		     const struct weir_image_limit *limit);
/* Expired entries of the name hold nothing from now on. */
void model_free_expired(struct model *m, const struct packet *p, const struct question *asked);
/* Of an entry whose decision is made again. */
void model_hold_again(struct model *m, const struct packet *p, const struct question *asked, uint32_t decision);
/* A connection that is over holds no slots, and any other does. */
void model_settle(struct model *m);
/* --- model_account.c --- */
/* Where packets are counted of a connection about which that was decided. name: from the pod's side. */
uint32_t model_account(struct model *m, const struct packet *p, const struct flow_name *name,
		       enum weir_direction opener, const struct weir_image_decision *decision);
/* Where those are counted of them that are over a limit. */
uint32_t model_account_limited(struct model *m, uint32_t account);
/* Counts what became of a packet, and says in the judgement which decision's counter that is. */
void model_count(struct model *m, struct judgement *judgement, enum weir_direction direction, uint32_t bytes);

/* --- model_fragment.c --- */
/* Of a later fragment: it takes ports and protocol from its first one. NONE, or what is wrong. */
enum weir_reason model_follow_first(struct model *m, struct packet *p);
/* Of a first one: NONE, or FRAGMENT_OVERLAP for one that was here just now. */
enum weir_reason model_check_first(struct model *m, const struct packet *p);
void model_remember_first(struct model *m, const struct packet *p);

/* --- model_source.c: who speaks --- */
bool model_is_own(const struct model *m, const struct packet *p, enum weir_family family, const uint8_t *addr);
bool model_carries_mac(const struct packet *p, const uint8_t *mac);
/* The source of what a pod sends: NONE, or what is wrong. */
enum weir_reason model_check_mac(const struct model *m, const struct packet *p);
enum weir_reason model_check_source(const struct model *m, const struct packet *p);
uint32_t model_identity(enum weir_family family, const uint8_t *addr, uint32_t *ret_ifindex);
enum weir_reason model_judge_arp(const struct model *m, const struct packet *p);
bool model_is_neighbour(const struct packet *p);
enum weir_reason model_judge_neighbour(const struct model *m, const struct packet *p);

/* --- model_quote.c --- */
/* The flow of the packet that an ICMP error quotes, when the error may speak of it. */
struct observed_flow *model_quoted_flow(struct model *m, const struct packet *p, enum weir_port_protocol *ret_ports);

/* --- model_answer.c --- */
void model_answer(struct model *m, const struct packet *p, struct judgement *ret);

#endif
