// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/netlink_ask.h"

#include <errno.h>

DEFINE_CLEANUP(struct nl_cb, nl_cb_put);

struct asked {
	void (*answer)(struct nl_object *object, void *data);
	void *data;
};

static int on_message(struct nl_msg *message, void *data)
{
	const struct asked *asked = data;

	nl_msg_parse(message, asked->answer, asked->data);
	return NL_OK;
}

int netlink_ask(struct nl_sock *sock, struct nl_msg *question, void (*answer)(struct nl_object *object, void *data),
		void *data)
{
	_cleanup_(nl_cb_putp) struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);
	struct asked asked = { answer, data };

	if (!callbacks)
		return -ENOMEM;
	nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, on_message, &asked);
	if (nl_send_auto(sock, question) < 0)
		return -EIO;
	/* A refusal is all of the answer; else an acknowledgement follows it, unless a list has its own end. */
	if (nl_recvmsgs(sock, callbacks) < 0)
		return -ENOENT;
	if (!(nlmsg_hdr(question)->nlmsg_flags & NLM_F_DUMP))
		nl_wait_for_ack(sock);
	return 0;
}
