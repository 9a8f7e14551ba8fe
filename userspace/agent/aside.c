// SPDX-License-Identifier: BSD-2-Clause
#include "agent/aside.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"

#define LOOKS_AGAIN_MS 1000

struct errand {
	int (*work)(void *data);
	void *data;
	int result;
	int done; /* eventfd */
	atomic_bool is_done;
};

static void *run(void *data)
{
	struct errand *errand = data;

	errand->result = errand->work(errand->data);
	atomic_store(&errand->is_done, true);
	eventfd_write(errand->done, 1);
	return NULL;
}

/* A thread has the signal mask of who makes it: those that end or reload the agent are the loop's. */
static int begin(struct errand *errand, pthread_t *ret)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(ret, NULL, run, errand);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

/*
 * Nothing that a system call refuses holds it up for ever: a word that can't be given is looked for, and on an error of
 * poll(), which none is known for, the join still waits.
 */
static void mind(const struct aside_watch *watch, const struct errand *errand)
{
	const bool is_timed = watch->every_ms >= 0;
	struct pollfd fds[] = { { .fd = errand->done, .events = POLLIN }, { .fd = watch->fd, .events = POLLIN } };

	while (!fds[0].revents && !atomic_load(&errand->is_done)) {
		int r = poll(fds, 2, is_timed ? watch->every_ms : LOOKS_AGAIN_MS);

		if (r < 0 && errno != EINTR)
			return;
		if ((r == 0 && is_timed) || (r > 0 && fds[1].revents))
			watch->ready(watch->data);
	}
}

int aside_run(const struct aside_watch *watch, int (*work)(void *data), void *data)
{
	_cleanup_close_ int done = eventfd(0, EFD_CLOEXEC);
	struct errand errand = { .work = work, .data = data, .done = done };
	pthread_t thread;

	if (done < 0 || begin(&errand, &thread) < 0)
		return work(data);
	mind(watch, &errand);
	pthread_join(thread, NULL);
	return errand.result;
}
