// SPDX-License-Identifier: BSD-2-Clause
/* weir detach: takes the whole enforcement of one stopped agent out of the kernel. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>

#include "cli/command.h"
#include "datapath/datapath.h"

/*
 * An agent holds a lock on its bpffs directory for as long as it runs. Holding
 * it meanwhile keeps one from starting. -EBUSY when one is running; a directory
 * that can't be opened is datapath_remove()'s to judge.
 */
static int lock_out_agent(const char *bpffs, int *ret_fd)
{
	_cleanup_close_ int fd = open(bpffs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return -EBUSY;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The first process of a container is ended by no signal that it doesn't wait for. */
static void wait_for_end(void)
{
	sigset_t ends;
	int number;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	sigwait(&ends, &number);
}

int command_detach(const struct invocation *invocation)
{
	const char *bpffs = option_value(invocation, "bpffs", WEIR_BPFFS_DEFAULT);
	_cleanup_close_ int lock = -1;
	struct error error = { 0 };
	unsigned interfaces;

	if (lock_out_agent(bpffs, &lock))
		return say_failed("detach: the agent of %s is running (stop it first)", bpffs);
	if (datapath_remove(bpffs, &interfaces, &error)) {
		error_prefix(&error, "detach");
		return say_error(&error);
	}
	printf("%u interface%s freed; nothing of weir is left under %s\n", interfaces, interfaces == 1 ? "" : "s",
	       bpffs);
	fflush(stdout);
	if (option_given(invocation, "stay"))
		wait_for_end();
	return EXIT_DONE;
}
