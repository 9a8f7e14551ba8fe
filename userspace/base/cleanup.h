/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ownership by scope: a local declared with _cleanup_(f) is released when it
 * goes out of scope; ownership leaves only through TAKE_PTR or TAKE_FD. Every
 * destructor accepts NULL and half-built objects.
 */
#ifndef WEIR_BASE_CLEANUP_H
#define WEIR_BASE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE_PTR(p)                         \
	({                                  \
		__typeof__(p) _taken = (p); \
		(p) = NULL;                 \
		_taken;                     \
	})

#define TAKE_FD(fd)                \
	({                         \
		int _taken = (fd); \
		(fd) = -1;         \
		_taken;            \
	})

/* Defines name##p(), which calls name() on the pointee, for use in _cleanup_(). */
#define DEFINE_CLEANUP(type, name)           \
	static inline void name##p(type **p) \
	{                                    \
		name(*p);                    \
	}                                    \
	struct weir_cleanup_##name##_needs_semicolon

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_	 _cleanup_(freep)
#define _cleanup_close_	 _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

#endif
