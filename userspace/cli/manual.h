/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manual pages' sources (mdoc) have lines like "@commands@" where they would
 * repeat the table of commands; here the table is put in their place. A part of
 * the build, not of the program.
 *
 *   @commands@      each command with its options
 *   @options@       options of every command
 *   @options NAME@  options of one command
 *   @exit@          exit codes
 *   @reasons@       why packets pass and don't
 */
#ifndef WEIR_CLI_MANUAL_H
#define WEIR_CLI_MANUAL_H

#include <stdio.h>

/* 0, or -EINVAL when a line asks for what there is not: *ret_line is its number. */
int manual_write(FILE *in, FILE *out, unsigned *ret_line);

#endif
