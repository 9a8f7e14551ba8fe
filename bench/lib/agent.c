// SPDX-License-Identifier: BSD-2-Clause
#include "lib/agent.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "lib/measure.h"

#define PODS_PER_FILE 1000u
#define PATIENCE_S    180

/* --- files -------------------------------------------------------------------------- */

/* Opens a file that gets its name when it is whole. */
static FILE *begin_file(const struct bench_agent *agent, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", agent->dir, name);

	return fopen(path, "we");
}

static int end_file(const struct bench_agent *agent, const char *name, FILE *out)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", agent->dir, name);
	_cleanup_free_ char *final = xasprintf("%s/%s", agent->source, name);

	if (fclose(out) != 0 || rename(path, final) < 0)
		return -errno;
	return 0;
}

int bench_agent_tell_text(const struct bench_agent *agent, const char *name, const char *text)
{
	FILE *out = begin_file(agent, name);

	if (!out)
		return -errno;
	fputs(text, out);
	return end_file(agent, name, out);
}

int bench_agent_tell_pods(const struct bench_agent *agent, const struct cluster *cluster, unsigned first, unsigned end)
{
	_cleanup_free_ char *name = xasprintf("pods-%u.yaml", first);
	FILE *out = begin_file(agent, name);

	if (!out)
		return -errno;
	cluster_write_pods(out, cluster, first, end);
	return end_file(agent, name, out);
}

int bench_agent_forget_pods(const struct bench_agent *agent, unsigned first)
{
	_cleanup_free_ char *path = xasprintf("%s/pods-%u.yaml", agent->source, first);

	return unlink(path) < 0 ? -errno : 0;
}

int bench_agent_tell(const struct bench_agent *agent, const struct cluster *cluster)
{
	FILE *out = begin_file(agent, "policies.yaml");
	int r;

	if (!out)
		return -errno;
	cluster_write_policies(out, cluster);
	r = end_file(agent, "policies.yaml", out);
	for (unsigned i = 0; r == 0 && i < cluster->pods; i += PODS_PER_FILE) {
		const unsigned end = i + PODS_PER_FILE;

		r = bench_agent_tell_pods(agent, cluster, i, end < cluster->pods ? end : cluster->pods);
	}
	return r;
}

/* --- the process -------------------------------------------------------------------- */

/* log: where it writes to instead of here; may be NULL. */
static int spawn(const struct bench_agent *agent, char *const argv[], const char *log, pid_t *ret)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 || !freopen("/dev/null", "w", stdout) ||
		    (log && !freopen(log, "w", stderr)))
			_exit(126);
		execv(agent->program, argv);
		_exit(127);
	}
	*ret = pid;
	return pid < 0 ? -errno : 0;
}

static int run(const struct bench_agent *agent, char *const argv[])
{
	pid_t pid;
	int status, r = spawn(agent, argv, NULL, &pid);

	if (r < 0)
		return r;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPROTO;
}

int bench_agent_start(struct bench_agent *agent)
{
	_cleanup_free_ char *source = xasprintf("dir:%s", agent->source);
	_cleanup_free_ char *log = xasprintf("%s/agent.log", agent->dir);
	char *const argv[] = { "weir",	     "agent",	  "--source", source,	 "--state-dir",
			       agent->state, "--run-dir", agent->dir, "--bpffs", agent->bpffs,
			       "--metrics",  "off",	  "--node",   "bench",	 NULL };
	char *const settled[] = { "weir", "--socket", agent->socket, "wait", "--settled", "--timeout", "180", NULL };
	int r = spawn(agent, argv, log, &agent->pid);
	double end = bench_now() + PATIENCE_S;

	while (r == 0 && access(agent->socket, F_OK) < 0) {
		if (bench_now() > end || waitpid(agent->pid, NULL, WNOHANG) != 0)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return r ?: run(agent, settled);
}

static size_t count_links(const struct bench_agent *agent)
{
	_cleanup_free_ char *pins = xasprintf("%s/links/*", agent->bpffs);
	glob_t found;
	size_t n;

	if (glob(pins, GLOB_NOSORT, NULL, &found) != 0)
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

/* A process that does nothing but keep a network namespace. */
static int keep_namespace(pid_t *ret)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0)
			raise(SIGSTOP);
		_exit(1);
	}
	if (pid < 0)
		return -errno;
	*ret = pid;
	return waitpid(pid, NULL, WUNTRACED) < 0 ? -errno : 0;
}

int bench_agent_plug(struct bench_agent *agent, unsigned interfaces)
{
	const double end = bench_now() + PATIENCE_S;
	_cleanup_free_ char *plug = NULL;
	int r = interfaces ? keep_namespace(&agent->pods) : 0;

	if (!interfaces || r < 0)
		return r;
	plug = xasprintf("for i in $(seq %u); do echo link add pod$i type veth peer name eth$i netns %d; done | "
			 "nsenter --net=/proc/%d/ns/net ip -batch -",
			 interfaces, (int)agent->pods, (int)agent->pid);
	if (system(plug) != 0)
		return -EIO;
	while (count_links(agent) < 2 * (size_t)interfaces) { /* one for each direction */
		if (bench_now() > end)
			return -ETIMEDOUT;
		usleep(10000);
	}
	return 0;
}

int bench_agent_open(struct bench_agent *agent, const char *program, unsigned number)
{
	*agent = (struct bench_agent){ .program = program, .dir = "/tmp/weir-bench-XXXXXX" };
	if (!mkdtemp(agent->dir))
		return -errno;
	agent->source = xasprintf("%s/source", agent->dir);
	agent->state = xasprintf("%s/state", agent->dir);
	agent->socket = xasprintf("%s/weir.sock", agent->dir);
	agent->bpffs = xasprintf("/sys/fs/bpf/weir-bench-%u-%d", number, getpid());
	return mkdir(agent->source, 0700) < 0 ? -errno : 0;
}

void bench_agent_close(struct bench_agent *agent)
{
	char *const detach[] = { "weir", "detach", "--bpffs", agent->bpffs, NULL };
	_cleanup_free_ char *rm = xasprintf("rm -rf %s", agent->dir);

	if (!agent->bpffs)
		return;
	if (agent->pods > 0) {
		kill(agent->pods, SIGKILL);
		waitpid(agent->pods, NULL, 0);
	}
	if (agent->pid > 0) {
		kill(agent->pid, SIGTERM);
		waitpid(agent->pid, NULL, 0);
		run(agent, detach);
	}
	if (system(rm) != 0)
		fprintf(stderr, "bench: %s is left\n", agent->dir);
	free(agent->source);
	free(agent->state);
	free(agent->socket);
	free(agent->bpffs);
}

/* --- what it takes ------------------------------------------------------------------ */

int bench_agent_memory(const struct bench_agent *agent, double *ret_now, double *ret_peak)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", agent->pid);
	_cleanup_fclose_ FILE *in = fopen(path, "re");
	unsigned long kib;
	char line[256];

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "VmRSS: %lu", &kib) == 1)
			*ret_now = (double)kib / 1024;
		if (sscanf(line, "VmHWM: %lu", &kib) == 1)
			*ret_peak = (double)kib / 1024;
	}
	return in ? 0 : -errno;
}

int bench_agent_seconds(const struct bench_agent *agent, double *ret)
{
	struct timespec time;
	clockid_t clock;
	int r = clock_getcpuclockid(agent->pid, &clock);

	if (r != 0)
		return -r;
	if (clock_gettime(clock, &time) < 0)
		return -errno;
	*ret = (double)time.tv_sec + (double)time.tv_nsec / 1e9;
	return 0;
}

int bench_agent_map(const struct bench_agent *agent, const char *name)
{
	_cleanup_free_ char *pin = xasprintf("%s/maps/%s", agent->bpffs, name);
	int map = bpf_obj_get(pin);

	return map < 0 ? -errno : map;
}
