// SPDX-License-Identifier: BSD-2-Clause
#include "cli/demo_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/vec.h"
#include "cli/command.h"

#define LOG_SIZE_MAX (1u << 20)
#define STOP_MS	     5000

static void become(const char *const arguments[], const char *log, pid_t parent)
{
	VEC(const char *) argv = { 0 };
	int fd;

	vec_push(&argv, "weir");
	for (; *arguments; arguments++)
		vec_push(&argv, *arguments);
	vec_push(&argv, NULL);
	/* Checked again after asking: the parent may have died before. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(EXIT_FAILED);
	if (log) {
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
			_exit(EXIT_FAILED);
	}
	execv("/proc/self/exe", (char *const *)argv.items);
	_exit(EXIT_FAILED);
}

pid_t demo_spawn(const char *const arguments[], const char *log)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		become(arguments, log, parent);
	return pid < 0 ? -errno : pid;
}

static int exit_code(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

int demo_run(const char *const arguments[])
{
	pid_t pid;

	printf("$ weir");
	for (const char *const *argument = arguments; *argument; argument++)
		printf(" %s", *argument);
	putchar('\n');
	pid = demo_spawn(arguments, NULL);
	return pid < 0 ? pid : exit_code(pid);
}

/* The last line that the agent wrote. */
static int last_words(const char *log, struct error *error)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	char *line;

	if (file_read(log, LOG_SIZE_MAX, &text, &length) || !length)
		return error_set(error, -ECHILD, "the agent ended and left no word why");
	while (length && text[length - 1] == '\n')
		text[--length] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	if (!strncmp(line, "weir: ", 6))
		line += 6;
	return error_set(error, -ECHILD, "the agent ended: %s", line);
}

int demo_await_agent(pid_t agent, const char *log, struct error *error)
{
	static const char *const wait[] = { "wait", "--settled", "--timeout", "10", NULL };
	pid_t waiter = demo_spawn(wait, "/dev/null"), ended;
	int status;

	if (waiter < 0)
		return error_set(error, waiter, "can't start a process: %s", strerror(-waiter));
	ended = waitpid(-1, &status, 0);
	if (ended == agent) {
		kill(waiter, SIGKILL);
		waitpid(waiter, NULL, 0);
		return last_words(log, error);
	}
	if (ended != waiter || !WIFEXITED(status) || WEXITSTATUS(status))
		return error_set(error, -ETIMEDOUT, "the agent does not get ready");
	return 0;
}

void demo_stop(pid_t pid)
{
	struct pollfd ended = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

	kill(pid, SIGTERM);
	if (ended.fd < 0 || poll(&ended, 1, STOP_MS) != 1)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	closep(&ended.fd);
}
