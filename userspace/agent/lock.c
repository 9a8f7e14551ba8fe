// SPDX-License-Identifier: BSD-2-Clause
#include "agent/lock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

#define PID_TEXT_MAX 16

static int refuse(int fd, const char *what, const char *path, struct error *error)
{
	char pid[PID_TEXT_MAX] = "";
	int r = errno;

	if (r != EWOULDBLOCK)
		return error_set(error, -r, "agent didn't start: %s directory %s can't be locked: %s", what, path,
				 strerror(r));
	if (pread(fd, pid, sizeof(pid) - 1, 0) < 0)
		pid[0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return error_set(
		error, -EBUSY,
		"agent didn't start: another agent%s%s uses the %s directory %s (stop it, or give this one its own "
		"--run-dir, --state-dir and --bpffs)",
		*pid ? ", pid " : "", pid, what, path);
}

/* Locks path, which is the directory or a file in it. */
static int take(const char *what, const char *directory, const char *path, struct error *error)
{
	const int flags = path == directory ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT;
	_cleanup_close_ int fd = open(path, flags | O_CLOEXEC, 0640);

	if (fd < 0)
		return error_set(error, -errno, "agent didn't start: %s directory %s can't be used: %s", what,
				 directory, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return refuse(fd, what, directory, error);
	return TAKE_FD(fd);
}

static int make(const char *what, const char *path, unsigned mode, struct error *error)
{
	int r = make_directories(path, mode);

	if (r < 0)
		return error_set(error, r, "agent didn't start: %s directory %s can't be made: %s", what, path,
				 strerror(-r));
	return 0;
}

/* Only for people: the lock is the file being locked, whatever it says. */
static void write_pid(int fd)
{
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%d\n", getpid());
}

int locks_take(const struct agent_config *config, struct locks *locks, struct error *error)
{
	_cleanup_free_ char *run = xasprintf("%s/weir.lock", config->run_dir);
	int r;

	r = make("run", config->run_dir, 0755, error) ?: make("state", config->state_dir, 0700, error);
	if (r < 0)
		return r;
	locks->fds[LOCK_RUN] = r = take("run", config->run_dir, run, error);
	if (r < 0)
		return r;
	locks->fds[LOCK_STATE] = r = take("state", config->state_dir, config->state_dir, error);
	if (r < 0)
		return r;
	/* Where there is no bpffs the datapath says so, in better words. */
	if (make_directories(config->bpffs, 0700) == 0) {
		locks->fds[LOCK_BPFFS] = r = take("bpffs", config->bpffs, config->bpffs, error);
		if (r < 0)
			return r;
	}
	write_pid(locks->fds[LOCK_RUN]);
	return 0;
}

void locks_release(struct locks *locks)
{
	for (int i = 0; i < LOCKS; i++) {
		if (locks->fds[i] >= 0)
			close(locks->fds[i]);
		locks->fds[i] = -1;
	}
}
