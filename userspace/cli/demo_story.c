// SPDX-License-Identifier: BSD-2-Clause
/* The demo's story: one function a chapter. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/demo_run.h"
#include "cli/demo_traffic.h"
#include "cli/output.h"
#include "weir/reason.h"

/* On the private /run; the working directory. */
#define STAGE "/run/demo"

struct story {
	const struct invocation *invocation;
	struct demo_net net;
	struct traffic traffic;
	pid_t agent; /* 0: not running */
};

static void story_end(struct story *story)
{
	if (story->agent)
		demo_stop(story->agent);
	traffic_close(&story->traffic);
	demo_net_close(&story->net);
}

static int demo_failed(const struct error *error)
{
	return say_failed("demo: %s", error->text);
}

static int run(const char *const arguments[])
{
	int code = demo_run(arguments);

	return code ? say_failed("demo: weir %s ended with %d", arguments[0], code) : EXIT_DONE;
}

static int write_file(const char *path, char *text)
{
	int r = file_replace(path, text, strlen(text));

	free(text);
	return r ? say_failed("demo: %s: %s", path, strerror(-r)) : EXIT_DONE;
}

static int set_stage(struct story *story)
{
	struct error error = { 0 };

	if (make_directories(STAGE "/pods", 0700) || chdir(STAGE))
		return say_failed("demo: %s: %s", STAGE, strerror(errno));
	if (demo_net_build(&story->net, &error) || traffic_listen(&story->traffic, &story->net, &error))
		return demo_failed(&error);
	printf("Four containers, each a network namespace behind a veth pair; this node routes\n"
	       "between them%s. Each serves a TCP port.\n",
	       story->net.ipv6 ? ", IPv4 and IPv6" : " (IPv4 only: the kernel has no IPv6)");
	return write_file("pods/pods.yaml", demo_pods_yaml()) ?: write_file("policy.yaml", demo_policy_yaml());
}

static int start_agent(struct story *story)
{
	static const char *const agent[] = { "agent",  "--source", "dir:pods",	"--state-dir", "state",
					     "--node", "demo",	   "--metrics", "off",	       NULL };
	static const char *const endpoints[] = { "get", "endpoints", NULL };
	struct error error = { 0 };
	pid_t pid = demo_spawn(agent, "agent.log");

	if (pid < 0)
		return say_failed("demo: can't start a process: %s", strerror(-pid));
	story->agent = pid;
	printf("$ weir agent --source dir:pods &\n");
	if (demo_await_agent(pid, "agent.log", &error))
		return demo_failed(&error);
	return run(endpoints);
}

/* Both families, as one word. */
static const char *reached_text(const struct story *story, const bool reached[WEIR_FAMILIES])
{
	if (!story->net.ipv6 || reached[WEIR_IPV4] == reached[WEIR_IPV6])
		return reached[WEIR_IPV4] ? "ok" : "blocked";
	return reached[WEIR_IPV4] ? "IPv4 only" : "IPv6 only";
}

static void print_matrix(const struct story *story, const struct traffic_matrix *matrix)
{
	char *titles[DEMO_PODS];
	struct column columns[DEMO_PODS + 2] = { { "FROM \\ TO", COLUMN_PLAIN } };
	struct libscols_table *table _cleanup_(table_freep) = NULL;

	for (enum demo_pod to = 0; to < DEMO_PODS; to++) {
		titles[to] = xasprintf("%s:%u", demo_pods[to].name, demo_pods[to].port);
		columns[to + 1] = (struct column){ titles[to], COLUMN_PLAIN };
	}
	table = table_new(columns, story->invocation);
	for (enum demo_pod from = 0; from < DEMO_PODS; from++) {
		struct libscols_line *row = table_row(table);

		table_cell(row, 0, demo_pods[from].name, NULL);
		for (enum demo_pod to = 0; to < DEMO_PODS; to++) {
			const char *text = reached_text(story, matrix->reached[from][to]);

			if (from != to)
				table_cell(row, to + 1, text, strcmp(text, "ok") ? "red" : "green");
			else
				table_cell(row, to + 1, NULL, NULL);
		}
	}
	table_print(table);
	for (enum demo_pod to = 0; to < DEMO_PODS; to++)
		free(titles[to]);
}

static int try_all(struct story *story)
{
	struct traffic_matrix matrix;
	struct error error = { 0 };

	if (traffic_try_all(&story->traffic, &matrix, &error))
		return demo_failed(&error);
	print_matrix(story, &matrix);
	return EXIT_DONE;
}

static int before(struct story *story)
{
	struct error error = { 0 };
	int code = try_all(story);

	if (code)
		return code;
	if (traffic_hold(&story->traffic, &error))
		return demo_failed(&error);
	printf("The intruder keeps one connection to the database open.\n");
	return EXIT_DONE;
}

static int apply(struct story *story)
{
	static const char *const apply[] = { "apply", "-f", "policy.yaml", NULL };

	printf("The shop is closed to everybody. The frontend may talk to the backend, the\n"
	       "backend to the database, and the database may open no connection itself.\n");
	return run(apply);
}

static int after(struct story *story)
{
	int code = try_all(story);

	if (code)
		return code;
	printf("The intruder's open connection: %s.\n",
	       traffic_held_works(&story->traffic) ? "still works" : "cut at its next packet");
	return EXIT_DONE;
}

static int flood(struct story *story)
{
	static const struct column columns[] = {
		{ "UDP TO BACKEND FROM", COLUMN_PLAIN }, { "OFFERED/S", COLUMN_RIGHT }, { "POLICY", COLUMN_PLAIN },
		{ "DELIVERED/S", COLUMN_RIGHT },	 { NULL, COLUMN_PLAIN },
	};
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, story->invocation);
	struct traffic_stream streams[] = { { .from = FRONTEND, .rate = 5 * DEMO_UDP_LIMIT },
					    { .from = INTRUDER, .rate = 5 * DEMO_UDP_LIMIT } };
	struct error error = { 0 };

	if (traffic_flood(&story->traffic, BACKEND, streams, ARRAY_SIZE(streams), &error))
		return demo_failed(&error);
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		_cleanup_free_ char *policy = xasprintf("at most %s/s", output_count(DEMO_UDP_LIMIT));
		struct libscols_line *row = table_row(table);

		table_cell(row, 0, demo_pods[streams[i].from].name, NULL);
		table_cell(row, 1, output_count(streams[i].offered), NULL);
		table_cell(row, 2, streams[i].from == FRONTEND ? policy : "not allowed", NULL);
		table_cell(row, 3, output_count(streams[i].delivered), NULL);
	}
	table_print(table);
	return EXIT_DONE;
}

static int get_metrics(struct story *story, struct reply *ret)
{
	const struct request request = { .socket = story->invocation->socket, .method = "GET", .path = "/metrics" };
	struct error error = { 0 };

	if (client_send(&request, ret, &error))
		return demo_failed(&error);
	return EXIT_DONE;
}

/* Sums "weir_packets_total{...} N" over the lines that say this verdict and reason. */
static unsigned long long count_packets(const char *metrics, const char *reason)
{
	_cleanup_free_ char *label = xasprintf("reason=\"%s\"", reason), *copy = xstrdup(metrics);
	unsigned long long sum = 0;
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "weir_packets_total{", 19) && strstr(line, "verdict=\"drop\"") &&
		    strstr(line, label))
			sum += strtod(strrchr(line, ' ') ?: "0", NULL);
	}
	return sum;
}

static int reasons(struct story *story)
{
	static const struct {
		const char *name, *text;
	} all[] = {
#define REASON_ROW(number, symbol, name, verdict, text) { name, text },
		WEIR_REASONS(REASON_ROW)
#undef REASON_ROW
	};
	static const struct column columns[] = {
		{ "DROPPED", COLUMN_RIGHT },
		{ "REASON", COLUMN_PLAIN },
		{ "WHICH MEANS", COLUMN_WRAPS },
		{ NULL, COLUMN_PLAIN },
	};
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, story->invocation);
	struct reply metrics _cleanup_(reply_free) = { 0 };
	int code = get_metrics(story, &metrics);

	if (code)
		return code;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		unsigned long long packets = count_packets(metrics.text, all[i].name);
		struct libscols_line *row;

		if (!packets)
			continue;
		row = table_row(table);
		table_cell(row, 0, output_count(packets), NULL);
		table_cell(row, 1, all[i].name, NULL);
		table_cell(row, 2, all[i].text, NULL);
	}
	table_print(table);
	return EXIT_DONE;
}

static bool worth_showing(const char *line)
{
	static const char *const wanted[] = {
		"weir_packets_total{direction=\"ingress\",verdict=\"pass\",reason=\"flow\"}",
		"weir_packets_total{direction=\"ingress\",verdict=\"drop\",reason=\"limit\"}",
		"weir_policy_revision ",
		"weir_endpoints ",
		"weir_identities ",
		"weir_flows ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (!strncmp(line, wanted[i], strlen(wanted[i])))
			return true;
	}
	return false;
}

static int excerpt(struct story *story)
{
	struct reply metrics _cleanup_(reply_free) = { 0 };
	int code = get_metrics(story, &metrics);
	char *rest = metrics.text, *line;

	if (code)
		return code;
	printf("$ weir metrics | grep ...\n");
	while ((line = strsep(&rest, "\n"))) {
		if (worth_showing(line))
			puts(line);
	}
	return EXIT_DONE;
}

static int without_agent(struct story *story)
{
	demo_stop(story->agent);
	story->agent = 0;
	printf("Enforcement is in the kernel and goes on:\n");
	return try_all(story);
}

static int take_out(struct story *story)
{
	static const char *const detach[] = { "detach", NULL };

	return run(detach) ?: try_all(story);
}

int demo_story(const struct invocation *invocation)
{
	static const struct {
		const char *title;
		int (*tell)(struct story *story);
	} chapters[] = {
		{ "A node with four containers", set_stage },
		{ "The agent attaches to their interfaces", start_agent },
		{ "No policy yet: everybody reaches everybody", before },
		{ "A policy is applied", apply },
		{ "Now only what the policy allows", after },
		{ "A flood of UDP, over the limit and without permission", flood },
		{ "What was dropped, and why", reasons },
		{ "The same for Prometheus", excerpt },
		{ "The agent is stopped", without_agent },
		{ "Everything is taken out", take_out },
	};
	struct invocation ours = *invocation;
	struct story story _cleanup_(
		story_end) = { .invocation = &ours, .net = DEMO_NET_NONE, .traffic = TRAFFIC_NONE };
	int code = EXIT_DONE;

	/* In here all paths are the default ones, on private mounts. */
	ours.socket = WEIR_SOCKET_DEFAULT;
	unsetenv("WEIR_SOCKET");
	for (size_t i = 0; i < ARRAY_SIZE(chapters) && !code; i++) {
		printf("%s%s%zu. %s%s\n", i ? "\n" : "", ours.color ? "\033[1m" : "", i + 1, chapters[i].title,
		       ours.color ? "\033[0m" : "");
		code = chapters[i].tell(&story);
	}
	return code;
}
