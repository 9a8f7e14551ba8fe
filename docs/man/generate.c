// SPDX-License-Identifier: BSD-2-Clause
/* A manual page's source in, the page out; see userspace/cli/manual.h. */
#include <stdio.h>

#include "cli/manual.h"

int main(void)
{
	unsigned line;

	if (manual_write(stdin, stdout, &line) < 0) {
		fprintf(stderr, "manual: line %u: no such part\n", line);
		return 1;
	}
	return fflush(stdout) || ferror(stdin);
}
