// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What is asked of that step, "" for a failure; NULL: nothing. */
static const char *asked_of(const char *step)
{
	const size_t n = strlen(step);

	for (const char *at = getenv(FAULT_VARIABLE); at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, step, n) == 0 && (!at[n] || strchr(":,", at[n])))
			return at + n;
	}
	return NULL;
}

static bool is(const char *asked, const char *what)
{
	return strncmp(asked, what, strlen(what)) == 0;
}

int fault_at(const char *step)
{
	const char *asked = asked_of(step);

	if (!asked)
		return 0;
	if (is(asked, ":kill"))
		raise(SIGKILL);
	if (!is(asked, ":stop"))
		return -EIO;
	raise(SIGSTOP);
	return 0;
}
