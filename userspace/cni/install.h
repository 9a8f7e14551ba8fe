/* SPDX-License-Identifier: BSD-2-Clause */
/* `weir-cni install` and `weir-cni uninstall`: the program into a node's directory of plugins, and into its list. */
#ifndef WEIR_CNI_INSTALL_H
#define WEIR_CNI_INSTALL_H

#include "base/error.h"

struct install_options {
	const char *bin_dir, *conf_dir;
	const char *socket;    /* NULL: the default */
	unsigned wait_seconds; /* for a list to appear */
};

/* *ret_said: what was done, for a reader; the caller frees. */
int install(const struct install_options *options, char **ret_said, struct error *error);
int uninstall(const struct install_options *options, char **ret_said, struct error *error);

/* The program when no runtime calls it; returns the exit code. */
int install_main(int argc, char **argv);

#endif
