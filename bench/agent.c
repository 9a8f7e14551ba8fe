// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a real agent takes: agents of several sizes, with a directory source each,
 * stand at the same time. Of each: how long it takes to start, its memory and that
 * of its maps, how long after a file has got its name a policy or a pod is in
 * force, how many pods a second come and go, and what it takes of the processor
 * while nothing happens: one of them beside interfaces whose hooks it watches.
 * WHOLE=1: one with a million pods too.
 *
 * A policy is in force when the kernel has another image, a pod when the kernel
 * has its address, or has it no more.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/vec.h"
#include "lib/agent.h"
#include "lib/measure.h"
#include "weir/maps.h"

#define ROUNDS_USUAL  5
#define ROUNDS_MAX    100
#define REST_S	      30
#define PATIENCE_S    60
#define CHURN_PODS    1000u /* that come and go at once */
#define CHURN_ROUNDS  3
#define MIB	      (1024.0 * 1024)
#define AGENTS_MAX    6
#define FIRST_ANOTHER 2000000u /* number of the first pod that comes later */

/* Names of maps that grow with pods, and with flows. */
static const char *const flow_maps[] = { "openings4",	 "openings6",  "connections4",
					 "connections6", "exchanges4", "exchanges6" };
static const char *const other_maps[] = { "addresses4", "addresses6", "endpoints", "fragments", "shields",
					  "tallies",	"reasons",    "accounts",  "pairs",	"buckets",
					  "sources",	"charged",    "events",	   "images" };

struct size {
	const char *name; /* of what is measured */
	struct cluster cluster;
	unsigned interfaces; /* of its node, closed as nobody claims them */
	bool whole;
};

static const struct size sizes[] = {
	{ "0", { 20, 100, 0 }, 0, false },
	{ "1k", { 20, 100, 1000 }, 0, false },
	{ "1k_10k_policies", { 20, 10000, 1000 }, 0, false },
	{ "100k", { 20, 100, 100000 }, 0, false },
	{ "0_100_interfaces", { 20, 100, 0 }, 100, false },
	{ "1m", { 20, 100, 1000000 }, 0, true },
};

struct measured {
	const struct size *size;
	struct bench_agent agent;
	double resident, maps; /* MiB */
	double seconds;	       /* of the processor, when rest began */
	unsigned another;      /* pod */
};

/* Beside a target, where there is one. */
static void report_as(const char *name, const char *unit, double value, double target)
{
	if (target)
		bench_report_target(name, unit, value, target);
	else
		bench_report(&(struct bench_result){ name, unit, "nothing", value, value, value });
}

static void report(const struct measured *m, const char *what, const char *unit, double value, double target)
{
	_cleanup_free_ char *name = xasprintf("control.%s_%s_pods", what, m->size->name);

	report_as(name, unit, value, target);
}

/* --- memory ------------------------------------------------------------------------ */

/* What the kernel says that a map takes, bytes. */
static int map_memory(int map, double *ret)
{
	_cleanup_free_ char *path = xasprintf("/proc/self/fdinfo/%d", map);
	_cleanup_fclose_ FILE *in = fopen(path, "re");
	unsigned long long bytes;
	char line[256];

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "memlock: %llu", &bytes) != 1)
			continue;
		*ret = (double)bytes;
		return 0;
	}
	return -ENODATA;
}

static int add_memory(const struct measured *m, const char *name, double *sum, uint32_t *ret_entries)
{
	_cleanup_close_ int map = bench_agent_map(&m->agent, name);
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	double bytes = 0;
	int r = map < 0 ? map : map_memory(map, &bytes);

	if (r == 0 && bpf_obj_get_info_by_fd(map, &info, &size) < 0)
		r = -errno;
	*sum += bytes;
	*ret_entries = info.max_entries;
	return r;
}

static int open_image(const struct measured *m, uint32_t *ret_id)
{
	const uint32_t slot = WEIR_SLOT_ENFORCED;
	_cleanup_close_ int images = bench_agent_map(&m->agent, "images");

	if (images < 0 || bpf_map_lookup_elem(images, &slot, ret_id) < 0)
		return images < 0 ? images : -errno;
	return 0;
}

static int image_memory(const struct measured *m, double *ret)
{
	_cleanup_close_ int image = -1;
	uint32_t id;
	int r = open_image(m, &id);

	if (r < 0)
		return r;
	image = bpf_map_get_fd_by_id(id);
	return image < 0 ? -errno : map_memory(image, ret);
}

static int measure_memory(struct measured *m)
{
	double peak = 0, flows = 0, others = 0, image = 0;
	uint32_t n_flows = 0, n;
	int r = bench_agent_memory(&m->agent, &m->resident, &peak);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(flow_maps); i++) {
		r = add_memory(m, flow_maps[i], &flows, &n);
		n_flows += n;
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(other_maps); i++)
		r = add_memory(m, other_maps[i], &others, &n);
	r = r ?: image_memory(m, &image);
	if (r < 0)
		return r;
	m->maps = (others + image) / MIB;
	report(m, "rss", "MiB", m->resident, 100);
	report(m, "peak_rss", "MiB", peak, 100);
	report(m, "maps", "MiB", m->maps, 0);
	if (m->size == &sizes[0])
		report_as("control.map_bytes_per_flow", "bytes", flows / n_flows, 0);
	return 0;
}

/* --- what comes and goes ------------------------------------------------------------- */

/* Until the kernel has a pod's address, or has it no more. */
static int wait_for_pod(int addresses, unsigned pod, bool there)
{
	const double end = bench_now() + PATIENCE_S;
	struct weir_address address;
	uint8_t addr[4];

	cluster_address(pod, addr);
	while ((bpf_map_lookup_elem(addresses, addr, &address) == 0) != there) {
		if (bench_now() > end)
			return -ETIMEDOUT;
		usleep(50);
	}
	return 0;
}

static int come_and_go(struct measured *m, int addresses)
{
	const unsigned pod = FIRST_ANOTHER + m->another++;
	double begun = bench_now(), there, gone;
	int r = bench_agent_tell_pods(&m->agent, &m->size->cluster, pod, pod + 1) ?: wait_for_pod(addresses, pod, true);

	there = bench_now();
	r = r ?: bench_agent_forget_pods(&m->agent, pod) ?: wait_for_pod(addresses, pod, false);
	gone = bench_now();
	if (r == 0) {
		/* Named before there were others. */
		_cleanup_free_ char *name = xasprintf("control.pod_added_%s", m->size->name);

		bench_report_target(name, "ms", (there - begun) * 1e3, 5);
		report(m, "pod_removed_of", "ms", (gone - there) * 1e3, 5);
	}
	return r;
}

/* A file each, as fast as they can be written; the agent may take in several at once. */
static int churn(struct measured *m, int addresses)
{
	const unsigned first = FIRST_ANOTHER + m->another;
	double begun = bench_now();
	int r = 0;

	m->another += CHURN_PODS;
	for (unsigned i = first; r == 0 && i < first + CHURN_PODS; i++)
		r = bench_agent_tell_pods(&m->agent, &m->size->cluster, i, i + 1);
	for (unsigned i = first; r == 0 && i < first + CHURN_PODS; i++)
		r = wait_for_pod(addresses, i, true);
	for (unsigned i = first; r == 0 && i < first + CHURN_PODS; i++)
		r = bench_agent_forget_pods(&m->agent, i);
	for (unsigned i = first; r == 0 && i < first + CHURN_PODS; i++)
		r = wait_for_pod(addresses, i, false);
	if (r == 0)
		report(m, "churn_of", "pods/s", 2.0 * CHURN_PODS / (bench_now() - begun), 0);
	return r;
}

/* Another port for pods of one kind, each time. */
static int change_policy(struct measured *m, unsigned port)
{
	_cleanup_free_ char *text = xasprintf(
		"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: another, namespace: ns-0}, "
		"spec: "
		"{podSelector: {matchLabels: {app: app-0}}, ingress: [{ports: [{protocol: TCP, port: %u}]}]}}\n",
		port);
	double begun = bench_now();
	uint32_t before, now;
	int r = open_image(m, &before) ?: bench_agent_tell_text(&m->agent, "another.yaml", text);

	now = before;
	while (r == 0 && now == before) {
		if (bench_now() > begun + PATIENCE_S)
			return -ETIMEDOUT;
		usleep(200);
		r = open_image(m, &now);
	}
	if (r == 0)
		report(m, "policy_changed", "ms", (bench_now() - begun) * 1e3, 0);
	return r;
}

/* --- one after the other, and rest together ------------------------------------------- */

static int measure(struct measured *m, const char *program, unsigned number, long rounds)
{
	_cleanup_close_ int addresses = -1;
	double begun;
	int r = bench_agent_open(&m->agent, program, number) ?: bench_agent_tell(&m->agent, &m->size->cluster);

	begun = bench_now();
	r = r ?: bench_agent_start(&m->agent);
	if (r < 0)
		return r;
	report(m, "start", "s", bench_now() - begun, 60);
	r = bench_agent_plug(&m->agent, m->size->interfaces) ?: measure_memory(m);
	addresses = bench_agent_map(&m->agent, "addresses4");
	for (long round = 0; r == 0 && m->size->cluster.pods && round < rounds; round++)
		r = come_and_go(m, addresses);
	for (long round = 0; r == 0 && m->size->cluster.pods && round < rounds; round++)
		r = change_policy(m, 9000 + (unsigned)round);
	for (long round = 0; r == 0 && m->size->cluster.pods && round < rounds && round < CHURN_ROUNDS; round++)
		r = churn(m, addresses);
	return r;
}

static int rest(struct measured *all, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = bench_agent_seconds(&all[i].agent, &all[i].seconds);
	sleep(REST_S);
	for (size_t i = 0; r == 0 && i < n; i++) {
		double seconds;

		r = bench_agent_seconds(&all[i].agent, &seconds);
		if (r == 0)
			report(&all[i], "rest", "ms/s", (seconds - all[i].seconds) * 1e3 / REST_S, 1);
	}
	return r;
}

/* The difference that more of something makes, by piece. */
static void report_slope(const char *what, const struct measured *few, const struct measured *many, double more)
{
	_cleanup_free_ char *agent = xasprintf("control.agent_bytes_per_%s", what);
	_cleanup_free_ char *maps = xasprintf("control.map_bytes_per_%s", what);

	report_as(agent, "bytes", (many->resident - few->resident) * MIB / more, 0);
	report_as(maps, "bytes", (many->maps - few->maps) * MIB / more, 0);
}

int main(int argc, char **argv)
{
	const long rounds = bench_rounds(argc, argv, ROUNDS_USUAL, ROUNDS_MAX);
	_cleanup_free_ char *program = xasprintf("%.*sweir", (int)(strlen(argv[0]) - strlen("bench/agent")), argv[0]);
	static struct measured all[AGENTS_MAX];
	size_t n = 0;
	int r = rounds ? 0 : -EINVAL;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sizes); i++) {
		if (sizes[i].whole && !getenv("WHOLE"))
			continue;
		all[n].size = &sizes[i];
		r = measure(&all[n], program, (unsigned)n, rounds);
		n++;
	}
	r = r ?: rest(all, n);
	if (r == 0) {
		report_slope("pod", &all[1], &all[3], all[3].size->cluster.pods - all[1].size->cluster.pods);
		report_slope("policy", &all[1], &all[2], all[2].size->cluster.policies - all[1].size->cluster.policies);
	}
	while (n--)
		bench_agent_close(&all[n].agent);
	if (r < 0)
		fprintf(stderr, "bench agent: %s\n", strerror(-r));
	return r < 0;
}
