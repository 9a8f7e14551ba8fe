// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the policy's walk costs, and whether a decision costs the same whatever
 * the number of policies. Prints one JSON object a line and round, as packet.c
 * does; where there is nothing to stand beside, the baseline is the target.
 *
 * compile_*: compile, verify with the agent's budget, and swap. flat: a TCP
 * packet of no connection through the loaded program, of ten thousand policies
 * over ten. The agent's figures are of a real agent with a directory source: from
 * the moment a pod's manifest is moved into the directory to the one at which the
 * kernel has its address.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/mem.h"
#include "packet/cluster.h"
#include "packet/enforcer.h"
#include "policy/verify.h"

#define ROUNDS_MAX	 5
#define VERIFY_BUDGET_MS 1000 /* the agent's */
#define VERIFY_SAMPLE_MS 100
#define REPEAT		 20000
#define RUNS		 20
#define AGENT_PODS	 100000u
#define PODS_PER_FILE	 1000u
#define PATIENCE_S	 180

struct compile_case {
	const char *name;
	struct cluster cluster;
	double target;
};

static const struct compile_case compile_cases[] = {
	{ "control.compile_10k_pods", { 20, 1000, 10000 }, 1 },
	{ "control.compile_100k_pods", { 20, 100, 100000 }, 2 },
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void report(const char *name, const char *unit, double value, const char *baseline, double base, double with)
{
	printf("{\"name\": \"%s\", \"unit\": \"%s\", \"value\": %.3f, \"baseline\": \"%s\", \"base\": %.3f, \"with\": "
	       "%.3f}\n",
	       name, unit, value, baseline, base, with);
	fflush(stdout);
}

static void report_target(const char *name, const char *unit, double value, double target)
{
	report(name, unit, value, "target", target, value);
}

static int load_cluster(struct enforcer_policy *policy, const struct cluster *cluster, struct numberings *numberings,
			struct error *error)
{
	_cleanup_free_ char *yaml = cluster_manifests(cluster);

	return yaml ? enforcer_policy_compile(policy, yaml, numberings, error) : -ENOMEM;
}

static int compile_round(struct enforcer *enforcer, const struct compile_case *c, struct enforcer_policy *policy,
			 struct numberings *numberings, struct error *error)
{
	const struct verify_options options = { .seed = 1,
						.budget_ms = VERIFY_BUDGET_MS,
						.sample_ms = VERIFY_SAMPLE_MS };
	struct verification verification = {};
	_cleanup_(compiled_freep) struct compiled *compiled = NULL;
	double begun = now();
	int r;

	r = compile(&policy->world, numberings, 1, WEIR_IMAGE_WORDS_MAX, &compiled, error) ?:
	    verify(&policy->world, compiled, &options, &verification, error) ?:
	    enforcer_swap(enforcer, compiled, 1, error);
	if (r < 0)
		return r;
	report_target(c->name, "s", now() - begun, c->target);
	return 0;
}

static int bench_compile(struct enforcer *enforcer, const struct compile_case *c, long rounds, struct error *error)
{
	struct enforcer_policy policy = {};
	struct numberings numberings;
	_cleanup_free_ char *words = xasprintf("%s.words", c->name);
	int r;

	numberings_init(&numberings);
	r = load_cluster(&policy, &c->cluster, &numberings, error);
	/* Capacity grows once; that is no round's. */
	if (r == 0)
		r = enforcer_swap(enforcer, policy.compiled, 1, error);
	for (long round = 0; r == 0 && round < rounds; round++)
		r = compile_round(enforcer, c, &policy, &numberings, error);
	if (r == 0)
		report(words, "words", policy.compiled->n_words, "pods", c->cluster.pods, policy.compiled->n_words);
	enforcer_policy_free(&policy);
	numberings_free(&numberings);
	return r;
}

/* A reset from a pod that is let in to pod 0: decided each time, as it opens no connection. */
struct flat {
	struct enforcer enforcer;
	struct enforcer_policy policy;
	struct numberings numberings;
	struct frame frame;
};

static int flat_open(struct flat *flat, unsigned policies, struct error *error)
{
	const struct cluster cluster = { policies / CLUSTER_NAMESPACES ?: 1, policies, 10000 };
	const struct frame_spec reset = { .tcp_flags = FRAME_TCP_RST, .port = CLUSTER_PORT };
	uint8_t target[4], peer[4];
	const struct frame_ends ends = { WEIR_IPV4, peer, target, false };
	int r;

	cluster_address(0, target);
	cluster_address(cluster.kinds > 1 ? CLUSTER_NAMESPACES : 2 * CLUSTER_NAMESPACES, peer);
	frame_build(&reset, &ends, &flat->frame);
	numberings_init(&flat->numberings);
	r = enforcer_open(&flat->enforcer, 1u << 16, error)
		    ?: load_cluster(&flat->policy, &cluster, &flat->numberings, error);
	return r ?: enforcer_swap(&flat->enforcer, flat->policy.compiled, 1, error) ?:
		    enforcer_populate(&flat->enforcer, &flat->policy, "ns-0", "pod-0");
}

/* The least of several short runs: what else the machine does only ever adds to it. */
static int flat_run(struct flat *flat, uint32_t *ret_ns)
{
	enum weir_verdict verdict;
	uint32_t ns;
	int r = enforcer_run(&flat->enforcer, WEIR_INGRESS, &flat->frame, REPEAT, &verdict, &ns);

	if (r == 0 && verdict != WEIR_VERDICT_PASS)
		r = -EBADMSG;
	if (r == 0 && ns < *ret_ns)
		*ret_ns = ns;
	return r;
}

static int flat_round(struct flat *flats, size_t n, uint32_t *ret_ns)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		ret_ns[i] = UINT32_MAX;
	for (unsigned run = 0; run < RUNS; run++) {
		for (size_t i = 0; r == 0 && i < n; i++)
			r = flat_run(&flats[i], &ret_ns[i]);
	}
	return r;
}

static void flat_close(struct flat *flat)
{
	enforcer_close(&flat->enforcer);
	enforcer_policy_free(&flat->policy);
	numberings_free(&flat->numberings);
}

static int bench_flat(long rounds, struct error *error)
{
	static const unsigned policies[] = { 10, 1000, 10000 };
	static const char *const names[] = { NULL, "policy.flat_1000", "policy.flat" };
	struct flat flats[ARRAY_SIZE(policies)] = {};
	uint32_t ns[ARRAY_SIZE(policies)];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(policies); i++)
		r = flat_open(&flats[i], policies[i], error);
	for (long round = 0; r == 0 && round < rounds; round++) {
		r = flat_round(flats, ARRAY_SIZE(policies), ns);
		for (size_t i = 1; r == 0 && i < ARRAY_SIZE(policies); i++)
			report(names[i], "ratio", (double)ns[i] / ns[0], "10 policies", ns[0], ns[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		flat_close(&flats[i]);
	return r;
}

/* --- a real agent -------------------------------------------------------------- */

struct bench_agent {
	const char *program;
	char dir[64];
	char *source, *bpffs, *socket, *state;
	pid_t pid;
};

static int write_file(const struct bench_agent *agent, const char *name, const struct cluster *cluster, unsigned first,
		      unsigned end)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", agent->dir, name);
	_cleanup_free_ char *final = xasprintf("%s/%s", agent->source, name);
	FILE *out = fopen(path, "we");

	if (!out)
		return -errno;
	if (first == end)
		cluster_write_policies(out, cluster);
	else
		cluster_write_pods(out, cluster, first, end);
	if (fclose(out) != 0 || rename(path, final) < 0)
		return -errno;
	return 0;
}

static int write_cluster(const struct bench_agent *agent, const struct cluster *cluster)
{
	int r = write_file(agent, "policies.yaml", cluster, 0, 0);

	for (unsigned i = 0; r == 0 && i < cluster->pods; i += PODS_PER_FILE) {
		_cleanup_free_ char *name = xasprintf("pods-%u.yaml", i / PODS_PER_FILE);

		r = write_file(agent, name, cluster, i, i + PODS_PER_FILE);
	}
	return r;
}

static int spawn(const struct bench_agent *agent, char *const argv[], pid_t *ret)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 || !freopen("/dev/null", "w", stdout))
			_exit(126);
		execv(agent->program, argv);
		_exit(127);
	}
	*ret = pid;
	return pid < 0 ? -errno : 0;
}

static int wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPROTO;
}

static int start_agent(struct bench_agent *agent)
{
	_cleanup_free_ char *source = xasprintf("dir:%s", agent->source);
	char *const argv[] = { "weir",	     "agent",	  "--source", source,	 "--state-dir",
			       agent->state, "--run-dir", agent->dir, "--bpffs", agent->bpffs,
			       "--metrics",  "off",	  "--node",   "bench",	 NULL };
	int r = spawn(agent, argv, &agent->pid);
	double end = now() + PATIENCE_S;

	while (r == 0 && access(agent->socket, F_OK) < 0) {
		if (now() > end || waitpid(agent->pid, NULL, WNOHANG) != 0)
			return -ETIMEDOUT;
		usleep(10000);
	}
	return r;
}

static int wait_settled(const struct bench_agent *agent)
{
	char *const argv[] = { "weir", "--socket", agent->socket, "wait", "--settled", "--timeout", "180", NULL };
	pid_t pid;

	return spawn(agent, argv, &pid) ?: wait_for(pid);
}

/* Resident now, and the most it ever was, MiB. */
static int read_memory(pid_t pid, double *ret_now, double *ret_peak)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", pid);
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

static int add_pod(const struct bench_agent *agent, const struct cluster *cluster, unsigned pod)
{
	_cleanup_free_ char *pin = xasprintf("%s/maps-v%u/addresses4", agent->bpffs, WEIR_MAPS_ABI);
	_cleanup_free_ char *name = xasprintf("one-%u.yaml", pod);
	_cleanup_close_ int map = bpf_obj_get(pin);
	struct weir_address address;
	double begun = now();
	uint8_t addr[4];
	int r;

	cluster_address(pod, addr);
	r = map < 0 ? -errno : write_file(agent, name, cluster, pod, pod + 1);
	while (r == 0 && bpf_map_lookup_elem(map, addr, &address) < 0) {
		if (now() > begun + PATIENCE_S)
			return -ETIMEDOUT;
		usleep(50);
	}
	if (r == 0)
		report_target("control.pod_added_100k", "ms", (now() - begun) * 1e3, 5);
	return r;
}

static int measure_agent(struct bench_agent *agent, long rounds)
{
	const struct cluster cluster = { 20, 100, AGENT_PODS };
	double memory = 0, peak = 0, begun = now();
	int r = write_cluster(agent, &cluster) ?: start_agent(agent) ?: wait_settled(agent);

	if (r < 0)
		return r;
	report_target("control.start_100k", "s", now() - begun, 60);
	for (long round = 0; r == 0 && round < rounds; round++)
		r = add_pod(agent, &cluster, AGENT_PODS + (unsigned)round);
	r = r ?: read_memory(agent->pid, &memory, &peak);
	if (r < 0)
		return r;
	report_target("control.rss_100k_pods", "MiB", memory, 100);
	report_target("control.peak_rss_100k_pods", "MiB", peak, 100);
	return 0;
}

static void stop_agent(struct bench_agent *agent)
{
	char *const detach[] = { "weir", "detach", "--bpffs", agent->bpffs, NULL };
	_cleanup_free_ char *rm = xasprintf("rm -rf %s", agent->dir);
	pid_t pid;

	if (agent->pid > 0) {
		kill(agent->pid, SIGTERM);
		waitpid(agent->pid, NULL, 0);
		if (spawn(agent, detach, &pid) == 0)
			wait_for(pid);
	}
	if (system(rm) != 0)
		fprintf(stderr, "bench control: %s is left\n", agent->dir);
}

static int bench_agent(const char *program, long rounds)
{
	struct bench_agent agent = { .program = program, .dir = "/tmp/weir-bench-XXXXXX" };
	int r;

	if (!mkdtemp(agent.dir))
		return -errno;
	agent.source = xasprintf("%s/source", agent.dir);
	agent.state = xasprintf("%s/state", agent.dir);
	agent.socket = xasprintf("%s/weir.sock", agent.dir);
	agent.bpffs = xasprintf("/sys/fs/bpf/weir-bench-%d", getpid());
	r = mkdir(agent.source, 0700) < 0 ? -errno : measure_agent(&agent, rounds);
	stop_agent(&agent);
	free(agent.source);
	free(agent.state);
	free(agent.socket);
	free(agent.bpffs);
	return r;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS_MAX;
	_cleanup_free_ char *program = xasprintf("%.*sweir", (int)(strlen(argv[0]) - strlen("bench/control")), argv[0]);
	struct enforcer enforcer = {};
	struct error error = {};
	int r;

	if (rounds < 1) {
		fprintf(stderr, "usage: control [ROUNDS]\n");
		return 2;
	}
	r = enforcer_open(&enforcer, 1u << 16, &error);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(compile_cases); i++)
		r = bench_compile(&enforcer, &compile_cases[i], rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds, &error);
	enforcer_close(&enforcer);
	r = r ?: bench_flat(rounds, &error) ?: bench_agent(program, rounds);
	if (r < 0)
		fprintf(stderr, "bench control: %s: %s\n", strerror(-r), error.text);
	return r < 0;
}
