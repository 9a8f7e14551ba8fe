/* SPDX-License-Identifier: BSD-2-Clause */
/* A directory of the target's own, in memory, that goes with the process. */
#ifndef WEIR_TESTS_FUZZ_SCRATCH_H
#define WEIR_TESTS_FUZZ_SCRATCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_path[] = "/dev/shm/weir-fuzz-XXXXXX";

static inline void scratch_remove(void)
{
	rmdir(scratch_path);
}

/* What is made in it is the target's to unlink. */
static inline const char *scratch_make(void)
{
	static bool is_there;

	if (!is_there && (!mkdtemp(scratch_path) || atexit(scratch_remove)))
		abort();
	is_there = true;
	return scratch_path;
}

#endif
