// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/aside.h"
#include "base/cleanup.h"

#define PATIENCE_MS 5000

/* A descriptor that the work makes readable, and one that says that this was seen to. */
struct desk {
	int bell, heard;
	unsigned n_ready;
	pthread_t caller;
	bool elsewhere, interrupted;
};

static void open_desk(struct desk *desk)
{
	*desk = (struct desk){ .bell = eventfd(0, EFD_CLOEXEC), .heard = eventfd(0, EFD_CLOEXEC) };
	desk->caller = pthread_self();
	assert_true(desk->bell >= 0 && desk->heard >= 0);
}

static void close_desk(struct desk *desk)
{
	close(desk->bell);
	close(desk->heard);
}

/* In place of the C library's, which the agent would call. */
static bool refuses_words;

int eventfd_write(int fd, eventfd_t value)
{
	if (refuses_words) {
		errno = EPERM;
		return -1;
	}
	return write(fd, &value, sizeof(value)) == (ssize_t)sizeof(value) ? 0 : -1;
}

static void on_ready(void *data)
{
	struct desk *desk = data;
	eventfd_t value;

	assert_true(pthread_equal(pthread_self(), desk->caller));
	assert_int_equal(eventfd_read(desk->bell, &value), 0);
	desk->n_ready++;
	eventfd_write(desk->heard, 1);
}

/* It isn't done before it has been heard. */
static int ring(void *data)
{
	struct desk *desk = data;
	struct pollfd heard = { .fd = desk->heard, .events = POLLIN };

	desk->elsewhere = !pthread_equal(pthread_self(), desk->caller);
	eventfd_write(desk->bell, 1);
	return poll(&heard, 1, PATIENCE_MS) == 1 ? -E2BIG : -ETIMEDOUT;
}

static void the_descriptor_is_minded_while_the_work_is_done(void **state)
{
	struct desk desk;

	open_desk(&desk);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(aside_run(&(struct aside_watch){ desk.bell, -1, on_ready, &desk }, ring, &desk),
				 -E2BIG);
		assert_true(desk.elsewhere);
		assert_int_equal(desk.n_ready, i);
		eventfd_read(desk.heard, &(eventfd_t){ 0 });
	}
	close_desk(&desk);
}

static void on_time(void *data)
{
	struct desk *desk = data;

	if (++desk->n_ready == 2)
		eventfd_write(desk->heard, 1);
}

static int wait_to_be_heard(void *data)
{
	struct pollfd heard = { .fd = ((struct desk *)data)->heard, .events = POLLIN };

	return poll(&heard, 1, PATIENCE_MS) == 1 ? 0 : -ETIMEDOUT;
}

static void time_is_minded_too(void **state)
{
	struct desk desk;

	open_desk(&desk);
	assert_int_equal(aside_run(&(struct aside_watch){ desk.bell, 1, on_time, &desk }, wait_to_be_heard, &desk), 0);
	assert_true(desk.n_ready >= 2);
	close_desk(&desk);
}

static int look_at_mask(void *data)
{
	struct desk *desk = data;
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	desk->interrupted = !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGHUP);
	return 0;
}

static void signals_stay_the_callers(void **state)
{
	sigset_t blocked;
	struct desk desk;

	open_desk(&desk);
	assert_int_equal(aside_run(&(struct aside_watch){ desk.bell, -1, on_ready, &desk }, look_at_mask, &desk), 0);
	assert_false(desk.interrupted);
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	assert_false(sigismember(&blocked, SIGTERM));
	close_desk(&desk);
}

static int note_thread(void *data)
{
	struct desk *desk = data;

	desk->elsewhere = !pthread_equal(pthread_self(), desk->caller);
	return 7;
}

static void a_word_that_is_refused_holds_nobody_up(void **state)
{
	struct desk desk;
	int result;

	open_desk(&desk);
	refuses_words = true;
	alarm(PATIENCE_MS / 1000);
	result = aside_run(&(struct aside_watch){ desk.bell, -1, on_ready, &desk }, note_thread, &desk);
	alarm(0);
	refuses_words = false;
	assert_int_equal(result, 7);
	assert_true(desk.elsewhere);
	assert_int_equal(desk.n_ready, 0);
	close_desk(&desk);
}

static void without_a_thread_the_work_is_done_all_the_same(void **state)
{
	struct rlimit before, none;
	struct desk desk;
	int result;

	open_desk(&desk);
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ 0, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	result = aside_run(&(struct aside_watch){ desk.bell, -1, on_ready, &desk }, note_thread, &desk);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(result, 7);
	assert_false(desk.elsewhere);
	close_desk(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_descriptor_is_minded_while_the_work_is_done),
		cmocka_unit_test(time_is_minded_too),
		cmocka_unit_test(signals_stay_the_callers),
		cmocka_unit_test(a_word_that_is_refused_holds_nobody_up),
		cmocka_unit_test(without_a_thread_the_work_is_done_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
