/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sealed file: one header line with format, version, number of lines and the
 * CRC-32 of the rest, then that many lines. It is replaced whole or not at all,
 * and one that is cut short or changed is recognised. Everything that the agent
 * keeps is in files of this kind, and nobody else writes them.
 */
#ifndef WEIR_SOURCE_SEALED_H
#define WEIR_SOURCE_SEALED_H

#include <stddef.h>

#include "base/error.h"

/* body: n lines, each ended by a newline. -errno of the write; then path is as it was. */
int sealed_write(const char *path, const char *format, const char *body, size_t n, struct error *error);

/*
 * *ret_body: the lines, NUL-terminated; the caller frees. -ENOENT when there is
 * no such file, -EBADMSG when it is not whole, of another format or version, or
 * can't be read at all, which another try wouldn't change; the error says which.
 */
int sealed_read(const char *path, const char *format, char **ret_body, struct error *error);

/*
 * Renames what is at path, whatever it is, to path.bad, in the place of the one
 * before. error says what is wrong with it; where it is now is added.
 */
void sealed_put_aside(const char *path, struct error *error);

#endif
