/* SPDX-License-Identifier: BSD-2-Clause */
/* One question to the kernel's rtnetlink and all of its answer, as libnl's objects. */
#ifndef WEIR_DATAPATH_NETLINK_ASK_H
#define WEIR_DATAPATH_NETLINK_ASK_H

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/cleanup.h"

DEFINE_CLEANUP(struct nl_msg, nlmsg_free);

/* An object is the caller's only with a reference of its own. -EIO, or -ENOENT: there is no such thing. */
int netlink_ask(struct nl_sock *sock, struct nl_msg *question, void (*answer)(struct nl_object *object, void *data),
		void *data);

#endif
