// SPDX-License-Identifier: BSD-2-Clause
/* The table of commands, and finding a row in it. */
#include <string.h>

#include "cli/command.h"
#include "cli/suggest.h"

#define END       \
	{         \
		0 \
	}

const char *const exit_meanings[] = {
	[EXIT_DONE] = "done",
	[EXIT_FAILED] = "failed or \"no\"",
	[EXIT_USAGE] = "wrong usage",
	[EXIT_UNREACHABLE] = "no agent",
	NULL,
};

const struct command_option global_options[] = {
	{ 0, "socket", "PATH", "the agent's control socket (default " WEIR_SOCKET_DEFAULT ", or $WEIR_SOCKET)" },
	{ 'o', "output", "FORMAT", "table, wide, json or yaml" },
	{ 0, "no-color", NULL, "no colours, also on a terminal (or set NO_COLOR)" },
	{ 'h', "help", NULL, "this help" },
	END,
};

#define FILES_OPTION                                                                      \
	{                                                                                 \
		'f', "filename", "FILE|DIR|-", "manifests, YAML or JSON; may be repeated" \
	}
#define BPFFS_OPTION                                                                                            \
	{                                                                                                       \
		0, "bpffs", "DIR", "where programs, maps and links are pinned (default " WEIR_BPFFS_DEFAULT ")" \
	}
#define LOCAL_OPTION                                                                                      \
	{                                                                                                 \
		0, "local", NULL, "on this node alone, although its objects come from the Kubernetes API" \
	}
#define NAMESPACE_OPTION(doc)               \
	{                                   \
		'n', "namespace", "NS", doc \
	}

static const struct command_option agent_options[] = {
	{ 0, "source", "dir:PATH|kube", "manifests to enforce: a directory, or the Kubernetes API; may be repeated" },
	{ 0, "kubeconfig", "FILE", "how to reach the Kubernetes API (default: as the pod that it runs in)" },
	{ 0, "node", "NAME", "this node's name (default: the host name)" },
	{ 0, "state-dir", "DIR", "what is kept across restarts (default /var/lib/weir)" },
	{ 0, "run-dir", "DIR", "the control socket's directory (default /run/weir)" },
	BPFFS_OPTION,
	{ 0, "uplink", "IFACE|auto", "drop by XDP where the node is reached; auto: by its default routes; repeatable" },
	{ 0, "metrics", "ADDR:PORT", "where to serve /metrics, or off (default 127.0.0.1:9964)" },
	{ 0, "ui", "ADDR:PORT", "where to serve the service map, a page for browsers, or off (default)" },
	{ 0, "unconfined", "PART", "leave out capabilities, files, syscalls or all of what confines it; repeatable" },
	{ 0, "config", "FILE", "settings in YAML; options given here come on top" },
	END,
};

static const struct command_option apply_options[] = {
	FILES_OPTION,
	{ 0, "dry-run", NULL, "let the agent validate, and change nothing" },
	LOCAL_OPTION,
	END,
};

static const struct command_option files_options[] = { FILES_OPTION, END };

static const struct command_option diff_options[] = {
	FILES_OPTION,
	{ 0, "delete", NULL, "if it were deleted instead" },
	LOCAL_OPTION,
	END,
};

static const struct command_option delete_options[] = {
	FILES_OPTION,
	NAMESPACE_OPTION("of the object that is named (default: default)"),
	END,
};

static const struct command_option get_options[] = {
	NAMESPACE_OPTION("only this namespace"),
	{ 'A', "all-namespaces", NULL, "every namespace (the default)" },
	{ 0, "pod", "NS/POD", "flows: of this pod" },
	{ 0, "from", "NS/POD|ADDR", "flows: opened from here; also a CIDR" },
	{ 0, "to", "NS/POD|ADDR", "flows: opened to here; also a CIDR" },
	{ 0, "port", "PORT", "flows: to this port" },
	{ 0, "protocol", "NAME", "flows: TCP, UDP, SCTP, ICMP or a number" },
	{ 0, "state", "NAME", "flows: in this state, like ESTABLISHED" },
	{ 0, "limit", "N", "flows: the N with the most bytes (default 100); 0: all, in no order" },
	END,
};

static const struct command_option eval_options[] = {
	FILES_OPTION,
	{ 0, "probes", "FILE|-", "questions, one JSON object a line: {\"from\", \"to\", \"protocol\", \"port\"}" },
	{ 0, "from", "NS/POD|ADDR", "one question: who connects" },
	{ 0, "to", "NS/POD|ADDR", "one question: to whom" },
	{ 0, "port", "PORT", "one question: to which port" },
	{ 0, "protocol", "NAME", "one question: TCP (default), UDP, SCTP, ICMP or a number" },
	END,
};

static const struct command_option observe_options[] = {
	{ 'f', "follow", NULL, "go on with what happens from now on, until interrupted" },
	{ 0, "since", "TIME", "events since then: how long ago (5m, 2h) or 2026-01-02T03:04:05Z" },
	{ 0, "last", "N", "the last N of them (default 100, with -f 10; all with --since)" },
	NAMESPACE_OPTION("an end, or a policy that decided, is in this namespace"),
	{ 0, "pod", "NS/POD", "of this pod" },
	{ 0, "from", "NS/NAME|ADDR", "sent by this pod or workload, address or CIDR" },
	{ 0, "to", "NS/NAME|ADDR", "sent to it" },
	{ 0, "label", "KEY=VALUE", "an end has this label; may be repeated" },
	{ 0, "verdict", "VERDICT", "pass, drop or reject; drop is reject too" },
	{ 0, "reason", "REASON", "like policy-default or limit; several by commas" },
	{ 0, "port", "PORT", "of an end" },
	{ 0, "protocol", "NAME", "TCP, UDP, SCTP, ICMP or a number" },
	{ 0, "type", "TYPE", "like denied, opened or policy-applied; several by commas" },
	END,
};

static const struct command_option capture_options[] = {
	{ 'w', "write", "FILE|-", "the pcapng file, overwritten; -: standard output, for tshark -r -" },
	{ 0, "drops", NULL, "only what is dropped or rejected, or audited" },
	{ 0, "pod", "NS/POD", "only this pod's packets" },
	{ 0, "host", "ADDR", "only packets from or to this address" },
	{ 0, "port", "PORT", "only packets from or to this port" },
	{ 0, "protocol", "NAME", "only TCP, UDP, SCTP, ICMP or a number" },
	{ 0, "count", "N", "not more than N packets" },
	{ 0, "seconds", "N", "not longer than this (default 60)" },
	{ 0, "size", "BYTES", "no larger file, like 500k or 1Gi (default 100Mi)" },
	{ 0, "snaplen", "BYTES", "not more of each packet (default 65280)" },
	{ 0, "headers-only", NULL, "of each packet what comes before the payload" },
	END,
};

static const struct command_option detach_options[] = {
	BPFFS_OPTION,
	{ 0, "stay", NULL, "then wait to be ended by a signal, as a container that must not end" },
	END,
};

static const struct command_option top_options[] = {
	{ 0, "once", NULL, "measure for one interval, print a table (or -o json) and end" },
	{ 0, "interval", "SECONDS", "from one reading to the next (default 1)" },
	{ 0, "sort", "KEY", "packets (default), bytes, connections or drops" },
	{ 0, "filter", "TEXT", "only pairs with this in a name" },
	END,
};

static const struct command_option wait_options[] = {
	{ 0, "settled", NULL, "until everything the sources hold is enforced" },
	{ 0, "timeout", "SECONDS", "give up after this long (default 30)" },
	END,
};

const struct command commands[] = {
	{ "agent", "[OPTION]...", "run the node's enforcer in the foreground", agent_options, 0, 0, command_agent },
	{ "apply", "-f FILE|DIR|-", "send objects to the agent; returns once they are enforced", apply_options, 0, 0,
	  command_apply },
	{ "diff", "-f FILE|DIR|-", "which connections would change if this were applied; exit 1 if any", diff_options,
	  0, 0, command_diff },
	{ "delete", "-f FILE | KIND NAME [-n NS]", "take objects out again; returns once that is enforced",
	  delete_options, 0, 2, command_delete },
	{ "get", "KIND [NAME] [-n NS|-A]", "list policies, endpoints, identities, services, limits or flows",
	  get_options, 1, 2, command_get },
	{ "status", "", "is it enforcing, what, where; exit 1 when degraded, saying why", NULL, 0, 0, command_status },
	{ "wait", "--settled [--timeout S]", "return when everything the sources hold is enforced", wait_options, 0, 0,
	  command_wait },
	{ "check", "-f FILE|DIR|-", "validate manifests offline; no agent, no privileges", files_options, 0, 0,
	  command_check },
	{ "eval", "-f FILE|DIR... --probes FILE|-", "decide connections offline, from the compiled policy",
	  eval_options, 0, 0, command_eval },
	{ "explain", "FROM TO:PORT[/PROTO]", "ask the loaded program which rule decides a connection, and why", NULL, 2,
	  2, command_explain },
	{ "observe", "[-f] [OPTION]...", "what is denied, opened and changed, by which rule; -o compact too",
	  observe_options, 0, 0, command_observe },
	{ "test", "FILE... [-f FILE|DIR|-] [-o tap]", "ask what PolicyTests expect, offline; exit 1 when one fails",
	  files_options, 1, 1000, command_test },
	{ "capture", "[--drops] -w FILE|-", "packets into a pcapng file, with verdict, reason and rule on each",
	  capture_options, 0, 0, command_capture },
	{ "top", "[--once] [OPTION]...", "which services talk most, and to whom it is denied, live", top_options, 0, 0,
	  command_top },
	{ "metrics", "", "print the agent's metrics (Prometheus text)", NULL, 0, 0, command_metrics },
	{ "detach", "[--bpffs DIR] [--stay]", "remove every program, link and map of a stopped agent", detach_options,
	  0, 0, command_detach },
	{ "demo", "", "all of it on this machine in a few seconds; leaves nothing behind", NULL, 0, 0, command_demo },
	{ "completion", "bash|zsh", "print what makes a shell complete weir's words", NULL, 1, 1000,
	  command_completion },
	{ "version", "", "print version, ABI, libbpf version and commit", NULL, 0, 0, command_version },
	END,
};

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
	}
	return NULL;
}

const struct command *command_suggest(const char *name)
{
	const struct command *best = NULL;
	unsigned best_distance = SUGGEST_DISTANCE_MAX + 1;

	for (const struct command *command = commands; command->name; command++) {
		unsigned distance = suggest_distance(name, command->name);

		if (distance < best_distance) {
			best_distance = distance;
			best = command;
		}
	}
	return best;
}
