// SPDX-License-Identifier: BSD-2-Clause
#include "observe/process.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"

#define PROC_TEXT_MAX (1u << 20)

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int count_fds(uint64_t *ret)
{
	_cleanup_(closedirp) DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	uint64_t n = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	*ret = n - 1; /* not the one that reads the directory */
	return 0;
}

/* Fields are numbered as in proc(5); the name in field 2 can hold anything, so count from its last parenthesis. */
static int read_stat(struct process_usage *usage, uint64_t *ret_start_ticks)
{
	_cleanup_free_ char *text = NULL;
	unsigned long long user, system, start, size, resident;
	const char *after;
	size_t length;
	int r = file_read("/proc/self/stat", PROC_TEXT_MAX, &text, &length);

	if (r < 0)
		return r;
	after = strrchr(text, ')');
	if (!after ||
	    sscanf(after + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %llu %llu %llu",
		   &user, &system, &start, &size, &resident) != 5)
		return -EBADMSG;
	usage->cpu_seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	usage->virtual_bytes = size;
	usage->resident_bytes = resident * (uint64_t)sysconf(_SC_PAGESIZE);
	*ret_start_ticks = start;
	return 0;
}

/* Ticks since boot to time of day. Taken once, as the two clocks drift and a process starts only once. */
static double since_epoch(uint64_t ticks)
{
	static double boot;
	struct timespec now, up;

	if (boot > 0)
		return boot + (double)ticks / (double)sysconf(_SC_CLK_TCK);
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	boot = (double)(now.tv_sec - up.tv_sec) + (double)(now.tv_nsec - up.tv_nsec) / 1e9;
	return boot + (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

int process_usage_read(struct process_usage *ret)
{
	struct process_usage usage = { 0 };
	struct rlimit limit;
	uint64_t start;
	int r = read_stat(&usage, &start);

	if (r < 0)
		return r;
	r = count_fds(&usage.open_fds);
	if (r < 0)
		return r;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	usage.max_fds = limit.rlim_cur;
	usage.start_time = since_epoch(start);
	*ret = usage;
	return 0;
}
