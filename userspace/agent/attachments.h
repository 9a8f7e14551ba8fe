/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attachments that the CNI plugin told of and has not taken back, in a file
 * of the state directory. One whose interface is gone, or that is from before
 * the node started, is none any more.
 */
#ifndef WEIR_AGENT_ATTACHMENTS_H
#define WEIR_AGENT_ATTACHMENTS_H

#include "agent/attachment.h"
#include "datapath/links.h"
#include "object/object.h"

#define ATTACHMENTS_MAX 8192u

struct attachments {
	char *path;
	char *boot;		     /* of the kernel that the interfaces are of */
	VEC(struct attachment) list; /* oldest first */
	bool stale;		     /* the interface of one of them has gone */
	char *failure;		     /* why the file is not what the list is, or NULL */
};

/*
 * A file that is damaged is no failure: it is put aside, there are none, and
 * error says why ("" when there simply is no file). One that can't be read just now is.
 */
int attachments_open(const char *state_dir, struct attachments *ret, struct error *error);
void attachments_free(struct attachments *attachments);			    /* what it holds */
int attachments_save(struct attachments *attachments, struct error *error); /* failure says it too */

const struct attachment *attachments_find(const struct attachments *attachments, const char *container,
					  const char *ifname);
/* The newest sandbox's of this pod, and of its interfaces the first; NULL: none. */
const struct attachment *attachments_of(const struct attachments *attachments, const struct object *pod);
/* Takes the attachment over, in the place of one of the same container and ifname. -ENOSPC: there are too many. */
int attachments_put(struct attachments *attachments, struct attachment *attachment);
/* Takes it out of the list; it is the caller's. It must be one of the list. */
struct attachment attachments_take(struct attachments *attachments, const struct attachment *attachment);
void attachments_link_gone(struct attachments *attachments, uint32_t ifindex);
/* Whether the interface is still there. */
bool attachment_is_there(const struct attachment *attachment, const struct links *links);

#endif
