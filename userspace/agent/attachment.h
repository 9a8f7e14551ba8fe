/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the CNI plugin says of one interface of one container: which interface
 * of the node is its other end, and which pod it is for. The same JSON in
 * POST /v1/attachments, in GET, and on disk.
 */
#ifndef WEIR_AGENT_ATTACHMENT_H
#define WEIR_AGENT_ATTACHMENT_H

#include <jansson.h>
#include <net/if.h>

#include "base/addr.h"
#include "base/error.h"

struct attachment {
	char *container; /* the sandbox, as the runtime calls it */
	char *ifname;	 /* in the container */
	char *network;	 /* name of the CNI configuration */
	char *namespace;
	char *pod;
	char *uid; /* of the pod, or NULL */
	uint32_t ifindex;
	char interface[IF_NAMESIZE]; /* on the node */
	addr_list addrs;
};

void attachment_free(struct attachment *attachment); /* what it holds */
/* -EINVAL with the member that is wrong and why. Unknown members are left alone. */
int attachment_read(const json_t *json, struct attachment *ret, struct error *error);
json_t *attachment_json(const struct attachment *attachment);

#endif
