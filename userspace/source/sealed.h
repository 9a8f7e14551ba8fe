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
 * The same of the file or, where that is gone or damaged, of its copy, PATH.copy.
 * Then 0 with an error that says what was found: what is damaged is put aside,
 * and the file is there again. -ENOENT when there is neither, -EBADMSG when
 * neither can be used; then they stay where they are.
 */
int sealed_read_either(const char *path, const char *format, char **ret_body, struct error *error);
/*
 * Makes the copy what the file is. A copy is for a file that is damaged later, so
 * nothing need wait for it: it is for a moment after the write.
 */
int sealed_back_up(const char *path, struct error *error);

/*
 * Renames what is at path, whatever it is, to path.bad, in the place of the one
 * before. error says what is wrong with it; where it is now is added.
 */
void sealed_put_aside(const char *path, struct error *error);

#endif
