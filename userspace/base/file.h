/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole files: read at once, and replaced whole or not at all. */
#ifndef WEIR_BASE_FILE_H
#define WEIR_BASE_FILE_H

#include <stddef.h>

/*
 * Reads all of path ("-": standard input) into a NUL-terminated string that the
 * caller frees. 0 or -errno; -EFBIG beyond limit.
 */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length);

/*
 * Writes a temporary file beside path, syncs it, renames it over path and syncs
 * the directory. 0 or -errno; on failure path is as it was. The file keeps its
 * mode; a new one is its owner's only.
 */
int file_replace(const char *path, const char *text, size_t length);
/* The same, and a new file has this mode. */
int file_replace_mode(const char *path, const char *text, size_t length, unsigned mode);
/*
 * The same, of a file that nobody else writes: the temporary one always has the
 * same name, so whoever is killed again and again leaves one of them, and not many.
 */
int file_replace_alone(const char *path, const char *text, size_t length);

/* mkdir -p. 0 or -errno. */
int make_directories(const char *path, unsigned mode);

#endif
