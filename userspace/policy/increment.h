/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pods that come and go without a compilation: an image says what it says of
 * identities and regions, so a pod of an identity that it knows, at addresses
 * in regions that it knows the identity in, is in it already. What changes is
 * whose the pod's addresses are.
 */
#ifndef WEIR_POLICY_INCREMENT_H
#define WEIR_POLICY_INCREMENT_H

#include "policy/compile.h"

/* More at once are compiled. */
#define INCREMENT_MAX 64u

/*
 * Whether compiling with the changed objects would give the same image but for
 * its revision. Pods that the compiled policy borrows must all still be there,
 * those that are gone included. May say no to rare changes that would do.
 */
bool increment_possible(const struct compiled *compiled, const struct numberings *numberings,
			const struct objects_delta *delta);
/* Makes the compiled policy's lists of pods and addresses those of the changed objects, which must be possible. */
void increment_apply(struct compiled *compiled, const struct numberings *numberings, const struct objects_delta *delta);
/* The pod of the same namespace and name that the compiled policy has; NULL: none. */
const struct object *increment_namesake(const struct compiled *compiled, const struct object *pod);
/* The identity of a pod that the image knows; -ENOENT when it doesn't. */
int increment_identity(const struct compiled *compiled, const struct numberings *numberings, const struct object *pod,
		       uint32_t *ret);

#endif
