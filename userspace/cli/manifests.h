/* SPDX-License-Identifier: BSD-2-Clause */
/* The manifests that -f names: read, validated, and everything wrong with them told. */
#ifndef WEIR_CLI_MANIFESTS_H
#define WEIR_CLI_MANIFESTS_H

#include "cli/command.h"
#include "policy/compile.h"

/*
 * Reads all that -f names. An enum exit_code: when it is not EXIT_DONE, why is
 * printed already. flags: enum manifest_flags.
 */
int manifests_read(const struct invocation *invocation, unsigned flags, struct objects *ret_objects);

/* One text of all objects, which must have been read with MANIFEST_KEEP_JSON. */
char *manifests_join(const struct objects *objects);

/* A policy compiled without an agent. */
struct offline {
	struct objects objects;
	struct world world;
	struct numberings numberings;
	struct compiled *compiled;
};

/* Compiles objects, which it takes over. An enum exit_code, as above. */
int offline_of(struct objects *objects, struct offline *ret);
/* Both: manifests_read, then offline_of. */
int offline_compile(const struct invocation *invocation, struct offline *ret);
void offline_free(struct offline *offline); /* what it holds */

#endif
