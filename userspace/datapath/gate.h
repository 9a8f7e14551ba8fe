/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own way of closing containers' interfaces (veth, netkit) that are
 * not there yet: nobody has to react to anything, so there is no race to lose.
 *
 * A table of nf_tables with two chains, of what comes in by an interface and of
 * what goes out by one, which the kernel binds to every interface in the
 * moment that it registers it, before it can be up. Both drop what is a
 * container's interface's and in no set of those that may pass. It stands while
 * an interface is expected, as every packet of the node's pays for it, and
 * survives whoever made it: newcomers stay closed then.
 *
 * Interfaces are told apart by number and name together: either alone comes
 * back, and a number at once, as one that is free is kept by what moves here
 * from another namespace.
 */
#ifndef WEIR_DATAPATH_GATE_H
#define WEIR_DATAPATH_GATE_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/links.h"

struct gate;

/*
 * bpffs: of the instance, each has a gate of its own. -EOPNOTSUPP when this
 * kernel has none (before 6.17 chains can't be bound to what doesn't exist yet).
 */
int gate_open(const char *bpffs, struct gate **ret, struct error *error);
/* A gate that is shut stays so. */
void gate_close(struct gate *gate);
DEFINE_CLEANUP(struct gate, gate_close);

/* Whether it is shut; after gate_open() it is where an earlier agent has left it so. */
bool gate_is_shut(const struct gate *gate);
/* From its return on nothing passes by a container's interface that isn't among those; in the place of one that is
 * shut already, without a moment in between. */
int gate_shut(struct gate *gate, const link_infos *passed, struct error *error);
/* One more that may pass, or one less; nothing when no gate is shut. */
int gate_pass(struct gate *gate, const struct link_info *link);
void gate_forget(struct gate *gate, uint32_t ifindex, const char *name);
/* Whether one may pass by a gate that was found shut. */
bool gate_passes(struct gate *gate, const struct link_info *link);
/* All may pass; the table is gone. */
int gate_lift(struct gate *gate);

/* Takes away what an agent left that runs no more. Nothing is no failure. */
int gate_remove(const char *bpffs);

#endif
