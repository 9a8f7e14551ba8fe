/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of an attachment: the pod that it is of is enforced at its interface. */
#ifndef WEIR_AGENT_ATTACHING_H
#define WEIR_AGENT_ATTACHING_H

#include "agent/core.h"

/* Closes the interface at once, keeps the attachment, and enforces the pod where it is known. Takes it over. */
int attach(struct agent *agent, struct attachment *attachment, struct error *error);
/* Takes it back. */
void detach(struct agent *agent, const struct attachment *attachment);
/* Takes back those whose interface is gone. */
void attaching_check(struct agent *agent);

/* Why packets can't pass by policy yet, for a reader; NULL: they can. The caller frees. */
char *attaching_obstacle(const struct agent *agent, const struct attachment *attachment);
/* Pods that say another interface than the plugin does. */
void attaching_problems(const struct agent *agent, struct notes *problems);

#endif
