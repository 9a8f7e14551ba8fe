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

/* Those who stay are ended by these signals only, and not before what they came for is done. */
static void hold_ends(sigset_t *ret_ends)
{
	sigemptyset(ret_ends);
	sigaddset(ret_ends, SIGTERM);
	sigaddset(ret_ends, SIGINT);
	sigprocmask(SIG_BLOCK, ret_ends, NULL);
}

int command_detach(const struct invocation *invocation)
{
	const char *bpffs = option_value(invocation, "bpffs", WEIR_BPFFS_DEFAULT);
	const bool stays = option_given(invocation, "stay");
	_cleanup_close_ int lock = -1;
	struct error error = { 0 };
	unsigned interfaces;
	sigset_t ends;
	int number;

	if (stays)
		hold_ends(&ends);
	if (lock_out_agent(bpffs, &lock))
		return say_failed("detach: the agent of %s is running (stop it first)", bpffs);
	if (datapath_remove(bpffs, &interfaces, &error)) {
		error_prefix(&error, "detach");
		return say_error(&error);
	}
	printf("%u interface%s freed; nothing of weir is left under %s\n", interfaces, interfaces == 1 ? "" : "s",
	       bpffs);
	fflush(stdout);
	if (stays)
		sigwait(&ends, &number);
	return EXIT_DONE;
}
