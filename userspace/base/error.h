/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a library function says when it fails: a negative errno as its result,
 * and, where the cause needs words, a text in a struct error that the caller
 * owns. Libraries never print; programs print an error once, as
 * "weir: what failed: why (what to do)".
 */
#ifndef WEIR_BASE_ERROR_H
#define WEIR_BASE_ERROR_H

struct error {
	int code;	/* negative errno */
	char text[512]; /* "what failed: why (what to do)", no newline; "" when nothing was said */
};

/* Fills error (which may be NULL) and returns code, so that callers can `return error_set(...)`. */
int error_set(struct error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before what error says already. Returns error->code. */
int error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
