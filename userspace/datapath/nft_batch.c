// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/nft_batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <stdbool.h>
#include <stdlib.h>

/* The largest of them has the elements of a set, each less than 64 bytes. */
#define MESSAGE_MAX (64u << 10)
#define ANSWERS_MAX 4096

/* The answers to one batch. */
struct answers {
	uint32_t last; /* sequence number of the message whose answer is the last one */
	int result;
	bool done;
};

void nft_put_u32(struct nl_msg *message, int attribute, uint32_t value)
{
	nla_put_u32(message, attribute, htonl(value));
}

static void end_message(struct nft_batch *batch)
{
	const struct nlmsghdr *header;

	if (!batch->message)
		return;
	header = nlmsg_hdr(batch->message);
	for (uint32_t i = 0; i < NLMSG_ALIGN(header->nlmsg_len); i++)
		vec_push(&batch->bytes, ((const uint8_t *)header)[i]);
	nlmsg_free(batch->message);
	batch->message = NULL;
}

static struct nl_msg *begin_message(struct nft_batch *batch, int type, int flags, const struct nfgenmsg *general)
{
	end_message(batch);
	batch->message = nlmsg_alloc_size(MESSAGE_MAX);
	if (!batch->message ||
	    !nlmsg_put(batch->message, NL_AUTO_PORT, batch->sequence++, type, sizeof(*general), NLM_F_REQUEST | flags))
		abort();
	memcpy(nlmsg_data(nlmsg_hdr(batch->message)), general, sizeof(*general));
	return batch->message;
}

static void bound(struct nft_batch *batch, int type)
{
	const struct nfgenmsg general = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	begin_message(batch, type, 0, &general);
}

void nft_batch_begin(struct nft_batch *batch)
{
	*batch = (struct nft_batch){ .sequence = 1 };
	bound(batch, NFNL_MSG_BATCH_BEGIN);
}

struct nl_msg *nft_batch_message(struct nft_batch *batch, int type, int flags)
{
	const struct nfgenmsg general = { .nfgen_family = NFPROTO_NETDEV, .version = NFNETLINK_V0 };

	return begin_message(batch, (NFNL_SUBSYS_NFTABLES << 8) | type, flags, &general);
}

void nft_batch_free(struct nft_batch *batch)
{
	nlmsg_free(batch->message);
	vec_free(&batch->bytes);
	*batch = (struct nft_batch){};
}

/* What is refused is told in the order of the batch, and the last message is answered in any case. */
static int on_answer(struct answers *answers, uint32_t sequence, int error)
{
	if (answers->result == 0)
		answers->result = error;
	answers->done = sequence == answers->last || sequence == 0;
	return answers->done ? NL_STOP : NL_OK;
}

static int on_error(struct sockaddr_nl *address, struct nlmsgerr *error, void *data)
{
	return on_answer(data, error->msg.nlmsg_seq, error->error);
}

static int on_ack(struct nl_msg *message, void *data)
{
	return on_answer(data, nlmsg_hdr(message)->nlmsg_seq, 0);
}

static int any_sequence(struct nl_msg *message, void *data)
{
	return NL_OK;
}

static int wait_for_answers(struct nl_sock *sock, struct answers *answers)
{
	struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);
	int r = callbacks ? 0 : -NLE_NOMEM;

	if (r < 0)
		return -ENOMEM;
	nl_cb_err(callbacks, NL_CB_CUSTOM, on_error, answers);
	nl_cb_set(callbacks, NL_CB_ACK, NL_CB_CUSTOM, on_ack, answers);
	nl_cb_set(callbacks, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, any_sequence, NULL);
	for (int i = 0; i < ANSWERS_MAX && r >= 0 && !answers->done; i++)
		r = nl_recvmsgs(sock, callbacks);
	nl_cb_put(callbacks);
	return answers->done ? answers->result : -EIO;
}

int nft_batch_send(struct nft_batch *batch, struct nl_sock *sock)
{
	struct answers answers = { .last = batch->sequence - 1 };

	nlmsg_hdr(batch->message)->nlmsg_flags |= NLM_F_ACK;
	bound(batch, NFNL_MSG_BATCH_END);
	end_message(batch);
	/* What of its own libnl would count, a batch has counted itself; the kernel is the only one who listens. */
	if (nl_sendto(sock, batch->bytes.items, batch->bytes.n) < 0)
		return -EIO;
	return wait_for_answers(sock, &answers);
}
