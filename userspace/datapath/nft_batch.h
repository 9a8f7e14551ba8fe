/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch of nf_tables' messages of the family netdev: the kernel does all of it or nothing. */
#ifndef WEIR_DATAPATH_NFT_BATCH_H
#define WEIR_DATAPATH_NFT_BATCH_H

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/vec.h"

struct nft_batch {
	VEC(uint8_t) bytes;
	struct nl_msg *message; /* that is being written */
	uint32_t sequence;
};

void nft_batch_begin(struct nft_batch *batch);
void nft_batch_free(struct nft_batch *batch); /* what it holds */

/* Begins a message, type as NFT_MSG_ and flags as NLM_F_; it ends where the next one begins. */
struct nl_msg *nft_batch_message(struct nft_batch *batch, int type, int flags);
/* Sends it by a socket of NETLINK_NETFILTER and waits for the answer: 0, or the first refusal. */
int nft_batch_send(struct nft_batch *batch, struct nl_sock *sock);

/* A number in network order, as nf_tables wants its own. */
void nft_put_u32(struct nl_msg *message, int attribute, uint32_t value);

#endif
