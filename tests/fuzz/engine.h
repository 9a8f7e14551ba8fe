/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the model is compared with: the loaded programs (programs.c), or the
 * same source compiled for userspace (host.c).
 */
#ifndef WEIR_TESTS_FUZZ_ENGINE_H
#define WEIR_TESTS_FUZZ_ENGINE_H

#include <stdbool.h>

#include "fuzz/model.h"

enum engine_hook {
	ENGINE_TC,
	ENGINE_XDP,    /* of the first pod's interface */
	ENGINE_UPLINK, /* of an interface by which the node is reached */
};

struct engine_run {
	enum weir_verdict verdict; /* REJECT: answered */
	uint32_t length;	   /* of the frame as it is after */
	uint8_t frame[SEQUENCE_PACKET];
};

struct engine {
	const char *name;
	uint32_t now; /* tick; it stands still */
	/* Everything as the model has it after model_reset(). 0 or -errno, as all of these. */
	int (*reset)(const struct model *model);
	/* What the model has just been told. */
	int (*event)(const struct step *step, const struct model *model);
	/* False for frames that it can't be given; they are left out. */
	bool (*takes)(const struct step *step);
	/* How much of the packet tc's program may read in place. */
	uint32_t (*linear)(const struct step *step);
	int (*run)(const struct step *step, enum engine_hook hook, struct engine_run *ret);
	/* How many event records there were since the last call; then it is as if nothing had been told. */
	int (*told)(struct weir_event *ret);
	/* What is there since the last reset; flows and fragments are forgotten. */
	int (*observe)(struct observation *ret);
};

/* -EPERM or -EOPNOTSUPP where this process or kernel can't; *ret_why says why. In network namespaces of its own. */
int fuzzed_open(const struct engine **ret, const char **ret_why);
void fuzzed_close(void);
/* The same source in this process. */
const struct engine *host_engine(void);

#endif
