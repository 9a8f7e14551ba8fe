// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cni/install.h"
#include "version.h"

#define EXIT_USAGE	 2
#define WAIT_SECONDS_MAX 3600ul

static const char usage[] =
	"usage: weir-cni install [--bin-dir DIR] [--conf-dir DIR] [--socket PATH] [--wait SECONDS]\n"
	"       weir-cni uninstall [--bin-dir DIR] [--conf-dir DIR]\n"
	"       weir-cni --version\n"
	"\n"
	"install copies this program to DIR (/opt/cni/bin) and makes it the first and the last\n"
	"plugin of the first network configuration in the other DIR (/etc/cni/net.d), for which it\n"
	"waits as long as it is told to. uninstall takes back both. A container runtime\n"
	"runs weir-cni without arguments, by CNI_COMMAND in its environment.\n";

static const struct option options[] = {
	{ "bin-dir", required_argument, NULL, 'b' },
	{ "conf-dir", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, 's' },
	{ "wait", required_argument, NULL, 'w' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{},
};

static int wrong_usage(const char *what)
{
	fprintf(stderr, "weir-cni: %s (weir-cni --help)\n", what);
	return EXIT_USAGE;
}

static int read_seconds(const char *text, unsigned *ret)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || number > WAIT_SECONDS_MAX)
		return -EINVAL;
	*ret = (unsigned)number;
	return 0;
}

static int run(const char *command, const struct install_options *to)
{
	int (*act)(const struct install_options *, char **, struct error *) = strcmp(command, "install") == 0 ? install
									      : strcmp(command, "uninstall") == 0
										      ? uninstall
										      : NULL;
	_cleanup_free_ char *said = NULL;
	struct error error = {};

	if (!act)
		return wrong_usage("the command is neither install nor uninstall");
	if (to->socket && *to->socket != '/')
		return wrong_usage("--socket must be an absolute path");
	if (act(to, &said, &error) < 0) {
		fprintf(stderr, "weir-cni: %s failed: %s\n", command, error.text);
		return EXIT_FAILURE;
	}
	printf("%s: %s\n", command, said);
	return EXIT_SUCCESS;
}

int install_main(int argc, char **argv)
{
	struct install_options to = { .bin_dir = "/opt/cni/bin", .conf_dir = "/etc/cni/net.d" };
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (option) {
		case 'b':
			to.bin_dir = optarg;
			break;
		case 'c':
			to.conf_dir = optarg;
			break;
		case 's':
			to.socket = optarg;
			break;
		case 'w':
			if (read_seconds(optarg, &to.wait_seconds) < 0)
				return wrong_usage("--wait must be 0 to 3600");
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'v':
			puts("weir-cni " WEIR_VERSION);
			return EXIT_SUCCESS;
		default:
			return EXIT_USAGE;
		}
	}
	return optind + 1 == argc ? run(argv[optind], &to) : wrong_usage("there is one command");
}
