// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "cni/install.h"
#include "cni/plugin.h"

int main(int argc, char **argv)
{
	const struct cni_environment environment = {
		.command = getenv("CNI_COMMAND"),
		.container = getenv("CNI_CONTAINERID"),
		.netns = getenv("CNI_NETNS"),
		.ifname = getenv("CNI_IFNAME"),
		.args = getenv("CNI_ARGS"),
	};

	/* Runtimes give no arguments. */
	return argc > 1 || !environment.command ? install_main(argc, argv) : plugin_run(&environment);
}
