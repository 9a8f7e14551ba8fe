// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int fault_at(const char *step)
{
	const char *asked = getenv(FAULT_VARIABLE);
	const size_t n = strlen(step);

	if (!asked || strncmp(asked, step, n) != 0 || (asked[n] && asked[n] != ':'))
		return 0;
	if (strcmp(asked + n, ":kill") == 0)
		raise(SIGKILL);
	if (strcmp(asked + n, ":stop") != 0)
		return -EIO;
	raise(SIGSTOP);
	return 0;
}
