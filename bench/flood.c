// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a flood that is denied costs the agent: a million packets a second, each
 * from another address, through the program that a real agent has attached, for
 * ten seconds a round. Prints one JSON object a line and round, as packet.c does;
 * what stands beside is the target.
 *
 * The packets come by BPF_PROG_TEST_RUN, paced in slices, through a program that
 * counts their source address up before it hands them on; to the agent, its maps
 * and its ring buffer they are like any other. What it costs the kernel to drop
 * them is packet.c's; here it is the agent's own processor time, and how long
 * `weir observe` takes to answer meanwhile.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "packet/counting.h"
#include "packet/frame.h"
#include "weir/maps.h"

#define ROUNDS_MAX	 3
#define SECONDS		 10
#define PACKETS_A_SECOND 1000000u
#define SLICE_S		 0.02
#define OBSERVE_EVERY_S	 1
#define PATIENCE_S	 20
#define SOURCE_AT	 26 /* Ethernet, then IPv4's source */
#define INTERFACE	 "veth-bench"
#define CPU_TARGET	 0.05
#define OBSERVE_TARGET	 100 /* ms */

static const char manifests[] =
	"{apiVersion: v1, kind: Pod, metadata: {name: target, namespace: bench, annotations: "
	"{weir.dev/interface: " INTERFACE "}}, status: {podIPs: [{ip: 10.0.0.1}]}}\n---\n"
	"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: bench}, "
	"spec: {podSelector: {}, policyTypes: [Ingress]}}\n";

struct flood {
	const char *program;
	char dir[64];
	char *source, *state, *socket, *bpffs;
	pid_t agent;
	struct counting counting; /* on to the agent's program */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void report(const char *name, const char *unit, double value, const char *baseline, double base)
{
	printf("{\"name\": \"%s\", \"unit\": \"%s\", \"value\": %.4f, \"baseline\": \"%s\", \"base\": %.4f, \"with\": "
	       "%.4f}\n",
	       name, unit, value, baseline, base, value);
	fflush(stdout);
}

/* --- the agent ------------------------------------------------------------------- */

static pid_t spawn(const struct flood *flood, char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(126);
		execv(flood->program, argv);
		_exit(127);
	}
	return pid;
}

static int run(const struct flood *flood, char *const argv[])
{
	const pid_t pid = spawn(flood, argv);
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPROTO;
}

static int write_manifests(const struct flood *flood)
{
	_cleanup_free_ char *path = xasprintf("%s/bench.yaml", flood->source);
	FILE *out = fopen(path, "we");

	if (!out)
		return -errno;
	fputs(manifests, out);
	return fclose(out) == 0 ? 0 : -errno;
}

static int start_agent(struct flood *flood)
{
	_cleanup_free_ char *source = xasprintf("dir:%s", flood->source);
	char *const argv[] = { "weir",	     "agent",	  "--source", source,	 "--state-dir",
			       flood->state, "--run-dir", flood->dir, "--bpffs", flood->bpffs,
			       "--metrics",  "off",	  "--node",   "bench",	 NULL };
	char *const settled[] = { "weir", "--socket", flood->socket, "wait", "--settled", "--timeout", "20", NULL };
	const double end = now() + PATIENCE_S;

	flood->agent = spawn(flood, argv);
	if (flood->agent < 0)
		return -errno;
	while (access(flood->socket, F_OK) < 0) {
		if (now() > end || waitpid(flood->agent, NULL, WNOHANG) != 0)
			return -ETIMEDOUT;
		usleep(10000);
	}
	return run(flood, settled);
}

static int agent_seconds(const struct flood *flood, double *ret)
{
	struct timespec time;
	clockid_t clock;
	int r = clock_getcpuclockid(flood->agent, &clock);

	if (r != 0)
		return -r;
	if (clock_gettime(clock, &time) < 0)
		return -errno;
	*ret = (double)time.tv_sec + (double)time.tv_nsec / 1e9;
	return 0;
}

/* --- the packets ----------------------------------------------------------------- */

/* The program that the agent has attached to what enters the pod. */
static int attached_program(const struct flood *flood)
{
	_cleanup_free_ char *pin = xasprintf("%s/links/%u-egress", flood->bpffs, if_nametoindex(INTERFACE));
	_cleanup_close_ int link = bpf_obj_get(pin);
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);

	if (link < 0 || bpf_link_get_info_by_fd(link, &info, &size) < 0)
		return -errno;
	return bpf_prog_get_fd_by_id(info.prog_id);
}

static int open_flood(struct flood *flood)
{
	_cleanup_close_ int program = attached_program(flood);

	if (program < 0)
		return -EOPNOTSUPP; /* without tcx there is no link */
	return counting_open(program, (struct counting_word){ .at = SOURCE_AT, .step = 1 }, &flood->counting);
}

/* So many packets, each from another address. */
static int send_slice(const struct flood *flood, uint32_t first, uint32_t n)
{
	static const struct frame_spec syn = { .tcp_flags = FRAME_TCP_SYN, .port = 80 };
	const uint32_t source = htonl(0x64000000u + first); /* 100.0.0.0 and on */
	const uint8_t pod[4] = { 10, 0, 0, 1 };
	const struct frame_ends ends = { WEIR_IPV4, (const uint8_t *)&source, pod, false };
	struct __sk_buff skb = { .ifindex = if_nametoindex(INTERFACE) };
	static struct frame frame;

	frame_build(&syn, &ends, &frame);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.bytes, .data_size_in = frame.length, .ctx_in = &skb,
		    .ctx_size_in = sizeof(skb), .repeat = (int)n);
	return bpf_prog_test_run_opts(flood->counting.program, &opts) < 0 ? -errno : 0;
}

/* How often the programs had something to tell, and how often they did. */
static int read_tellings(const struct flood *flood, uint64_t *ret_all, uint64_t *ret_told)
{
	_cleanup_free_ char *pin = xasprintf("%s/maps/tallies", flood->bpffs);
	_cleanup_close_ int map = bpf_obj_get(pin);
	const int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *values = xcalloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*values));
	uint64_t sums[WEIR_TALLIES] = { 0 };

	for (uint32_t tally = WEIR_TALLY_TOLD; tally <= WEIR_TALLY_LOST; tally++) {
		if (bpf_map_lookup_elem(map, &tally, values) < 0)
			return -errno;
		for (int cpu = 0; cpu < cpus; cpu++)
			sums[tally] += values[cpu];
	}
	*ret_told = sums[WEIR_TALLY_TOLD];
	*ret_all = sums[WEIR_TALLY_TOLD] + sums[WEIR_TALLY_HELD_BACK] + sums[WEIR_TALLY_LOST];
	return 0;
}

/* How long `weir observe` takes, ms. */
static int observe(const struct flood *flood)
{
	char *const argv[] = { "weir", "--socket", flood->socket, "observe", "--last", "20", NULL };
	const double begun = now();
	int r = run(flood, argv);

	if (r == 0)
		report("agent.observe_denied_1mpps", "ms", (now() - begun) * 1e3, "target", OBSERVE_TARGET);
	return r;
}

static int measure(const struct flood *flood)
{
	static uint32_t first;
	const double begun = now();
	double before, after, next = begun, observed = begun + OBSERVE_EVERY_S / 2.0;
	uint64_t sent = 0, all[2], told[2];
	int r = agent_seconds(flood, &before) ?: read_tellings(flood, &all[0], &told[0]);

	while (r == 0 && now() < begun + SECONDS) {
		const uint64_t due = (uint64_t)((now() - begun + SLICE_S) * PACKETS_A_SECOND);

		if (due > sent) {
			r = send_slice(flood, first, (uint32_t)(due - sent));
			first += (uint32_t)(due - sent);
			sent = due;
		}
		if (r == 0 && now() > observed) {
			r = observe(flood);
			observed += OBSERVE_EVERY_S;
		}
		next += SLICE_S;
		if (next > now())
			usleep((useconds_t)((next - now()) * 1e6));
	}
	r = r ?: agent_seconds(flood, &after) ?: read_tellings(flood, &all[1], &told[1]);
	/* Otherwise the agent was spared what it should bear. */
	if (r == 0 && all[1] - all[0] < sent)
		return -EPROTO;
	if (r == 0) {
		const double seconds = now() - begun;

		report("agent.cpu_denied_1mpps", "cores", (after - before) / seconds, "target", CPU_TARGET);
		report("agent.told_denied_1mpps", "1/s", (double)(told[1] - told[0]) / seconds, "budget", 400);
		report("agent.denied_rate", "1/s", (double)sent / seconds, "as asked for", PACKETS_A_SECOND);
	}
	return r;
}

static void stop(struct flood *flood)
{
	char *const detach[] = { "weir", "detach", "--bpffs", flood->bpffs, NULL };
	_cleanup_free_ char *rm = xasprintf("rm -rf %s", flood->dir);

	if (flood->agent > 0) {
		kill(flood->agent, SIGTERM);
		waitpid(flood->agent, NULL, 0);
		run(flood, detach);
	}
	if (system(rm) != 0)
		fprintf(stderr, "bench flood: %s is left\n", flood->dir);
	free(flood->source);
	free(flood->state);
	free(flood->socket);
	free(flood->bpffs);
	counting_close(&flood->counting);
}

static int prepare(struct flood *flood)
{
	if (unshare(CLONE_NEWNET) < 0 || !mkdtemp(flood->dir))
		return -errno;
	flood->source = xasprintf("%s/source", flood->dir);
	flood->state = xasprintf("%s/state", flood->dir);
	flood->socket = xasprintf("%s/weir.sock", flood->dir);
	flood->bpffs = xasprintf("/sys/fs/bpf/weir-bench-%d", getpid());
	if (mkdir(flood->source, 0700) < 0)
		return -errno;
	if (system("ip link add " INTERFACE " type veth peer name weir-bench && ip link set " INTERFACE " up") != 0)
		return -EOPNOTSUPP;
	return write_manifests(flood) ?: start_agent(flood) ?: open_flood(flood);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS_MAX;
	_cleanup_free_ char *program = xasprintf("%.*sweir", (int)(strlen(argv[0]) - strlen("bench/flood")), argv[0]);
	struct flood flood = { .program = program, .dir = "/tmp/weir-bench-XXXXXX", .counting = COUNTING_NONE };
	int r;

	if (rounds < 1) {
		fprintf(stderr, "usage: flood [ROUNDS]\n");
		return 2;
	}
	r = prepare(&flood);
	for (long round = 0; r == 0 && round < rounds && round < ROUNDS_MAX; round++)
		r = measure(&flood);
	stop(&flood);
	if (r < 0)
		fprintf(stderr, "bench flood: %s\n", strerror(-r));
	return r < 0;
}
