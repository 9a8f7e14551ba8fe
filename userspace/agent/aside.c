// SPDX-License-Identifier: BSD-2-Clause
#include "agent/aside.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"

struct errand {
	int (*work)(void *data);
	void *data;
	int result;
	int done; /* eventfd */
};

static void *run(void *data)
{
	struct errand *errand = data;

	errand->result = errand->work(errand->data);
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

/* On an error of poll(), which none is known for, the join still waits. */
static void mind(const struct aside_watch *watch, const struct errand *errand)
{
	struct pollfd fds[] = { { .fd = errand->done, .events = POLLIN }, { .fd = watch->fd, .events = POLLIN } };

	while (!fds[0].revents) {
		int r = poll(fds, 2, watch->every_ms);

		if (r < 0 && errno != EINTR)
			return;
		if (r == 0 || (r > 0 && fds[1].revents))
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
