/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long work in a thread of its own, so that whoever calls can mind one
 * descriptor, and the time, meanwhile: an interface that appears while a policy is compiled is
 * closed at once, and not when the compiler is done.
 *
 * Nothing is locked, because nothing is shared. The caller doesn't go on before
 * the work is done, so all that its `data` leads to is the work's: the world, what
 * it borrows, and the numberings, for compiling and verifying, which touch
 * neither kernel nor agent; programs that nobody uses yet, for
 * datapath_reserve(). What the caller does meanwhile, `ready`, must leave these
 * alone. The work blocks every signal.
 */
#ifndef WEIR_AGENT_ASIDE_H
#define WEIR_AGENT_ASIDE_H

struct aside_watch {
	int fd;
	int every_ms;
	void (*ready)(void *data); /* fd is readable, or was not for that long; called by the caller's thread */
	void *data;
};

/* What work(data) gives back. Where no thread can be had it is done at once, and the descriptor waits. */
int aside_run(const struct aside_watch *watch, int (*work)(void *data), void *data);

#endif
