// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"

int main(int argc, char **argv)
{
	return cli_run(argc, argv);
}
