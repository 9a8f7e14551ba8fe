/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * YAML or JSON text -> objects. A text can hold several documents, and a
 * document can be of kind List. All errors of a text are found in one go.
 * Unknown kinds are named in a warning and skipped; unknown fields are errors
 * in policy kinds and ignored in the others.
 */
#ifndef WEIR_OBJECT_MANIFEST_H
#define WEIR_OBJECT_MANIFEST_H

#include "object/object.h"

#define MANIFEST_SIZE_MAX (64u << 20)

enum manifest_flags {
	MANIFEST_KEEP_JSON = 1, /* fill object.json */
};

/*
 * Appends the objects of text that are right to objects and everything that is
 * wrong to diags. file is what messages call it. Returns 0, or -EINVAL when
 * there was an error (then nothing is appended to objects).
 */
int manifest_parse(const char *file, const char *text, size_t length, unsigned flags, struct objects *objects,
		   struct diags *diags);

/*
 * One object of an API list or watch, which may leave out kind and apiVersion:
 * they are those of kind. Returns 0 with the object, or -EINVAL.
 */
int manifest_parse_item(const char *file, enum object_kind kind, const char *text, size_t length, struct object **ret,
			struct diags *diags);

/*
 * Reads a file, a directory (its *.yaml, *.yml and *.json files, by name) or
 * "-". Like manifest_parse; an unreadable file is a diag too. A directory
 * without one such file is an error.
 */
int manifest_read(const char *path, unsigned flags, struct objects *objects, struct diags *diags);

/* True for a name that a directory source reads. Hidden files are not read. */
bool manifest_file_name(const char *name);

#endif
