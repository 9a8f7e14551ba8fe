// SPDX-License-Identifier: BSD-2-Clause
/*
 * weir demo: checks that it can run, gives the story a place of its own, and
 * sees to it that nothing is left of it, whatever ends it.
 *
 * The story and all that it starts live in new network and mount namespaces.
 * Interfaces, routes, pinned programs (on a bpffs of their own) and files (on
 * a tmpfs of their own) end with the last process in there, and those processes
 * end with this one: each is told by the kernel when its parent dies.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "cli/command.h"
#include "cli/demo.h"

#define STORY_SECONDS 60

static int check_rights(void)
{
	if (geteuid() != 0)
		return say_failed(
			"demo: not root: it makes network namespaces and loads BPF programs (run it with sudo)");
	libbpf_set_print(NULL);
	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, NULL) != 1)
		return say_failed("demo: no BPF: a tc program can't be loaded (needs a kernel with BPF, and CAP_BPF)");
	return EXIT_DONE;
}

/* Private mounts over paths that exist everywhere: what the story writes is seen, and kept, by nobody else. */
static int isolate(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		return say_failed("demo: no network namespaces: %s (needs CAP_SYS_ADMIN)", strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("weir-demo", "/run", "tmpfs", 0, "mode=0755"))
		return say_failed("demo: can't mount a private /run: %s", strerror(errno));
	if (mount("weir-demo", "/sys/fs/bpf", "bpf", 0, "mode=0700"))
		return say_failed("demo: no bpffs: can't mount one at /sys/fs/bpf: %s", strerror(errno));
	return EXIT_DONE;
}

static void tell_story(const struct invocation *invocation, pid_t parent)
{
	int code;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(EXIT_FAILED);
	code = isolate() ?: demo_story(invocation);
	fflush(stdout);
	_exit(code);
}

/* Until the story ends, a signal comes or time is up. The signal that ended it, 0 for none. */
static int supervise(pid_t story, const sigset_t *signals, int *ret_status)
{
	struct timespec left = { .tv_sec = STORY_SECONDS };
	int number;

	for (;;) {
		number = sigtimedwait(signals, NULL, &left);
		if (number < 0 && errno == EINTR)
			continue;
		if (number == SIGCHLD && waitpid(story, ret_status, WNOHANG) != story)
			continue;
		if (number == SIGCHLD)
			return WIFSIGNALED(*ret_status) ? WTERMSIG(*ret_status) : 0;
		kill(story, SIGKILL);
		waitpid(story, ret_status, 0);
		return number < 0 ? SIGALRM : number;
	}
}

/* The agent was the story's child: orphaned, it is ours, and it has its SIGKILL already. */
static void reap_orphans(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
}

int command_demo(const struct invocation *invocation)
{
	sigset_t signals, before;
	pid_t story, self = getpid();
	int number, status, code = check_rights();

	if (code)
		return code;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &before);
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	setvbuf(stdout, NULL, _IOLBF, 0); /* told as it happens, also into a pipe */
	story = fork();
	if (story < 0)
		return say_failed("demo: can't start a process: %s", strerror(errno));
	if (story == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		tell_story(invocation, self);
	}
	number = supervise(story, &signals, &status);
	reap_orphans();
	if (number == SIGALRM)
		return say_failed("demo: not done after %d s (nothing is left of it)", STORY_SECONDS);
	if (number)
		return say_failed("demo: ended by %s (nothing is left of it)", strsignal(number));
	if (WEXITSTATUS(status) == EXIT_DONE)
		puts("\ndemo: done, and nothing of it is left on this machine");
	return WEXITSTATUS(status);
}
