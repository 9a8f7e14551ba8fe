/* SPDX-License-Identifier: BSD-2-Clause */
/* The node's enforcer: everything that `weir agent` runs. */
#ifndef WEIR_AGENT_AGENT_H
#define WEIR_AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/event_log.h"
#include "agent/otlp.h"
#include "base/error.h"
#include "base/vec.h"
#include "datapath/datapath.h"

/* What confinement has, by name "capabilities", "files" (and ports) and "syscalls". */
enum confine_part { CONFINE_CAPABILITIES, CONFINE_FILES, CONFINE_SYSCALLS, CONFINE_PARTS };
extern const char *const confine_part_names[CONFINE_PARTS];

struct agent_config {
	VEC(char *) directories; /* of --source dir:PATH, in order */
	bool kube;		 /* --source kube */
	char *kubeconfig;	 /* NULL: what Kubernetes gives to the pod that it runs in */
	bool kube_silent;	 /* the cluster isn't told what becomes of its policies */
	char *node;		 /* this node's name */
	char *state_dir;
	char *run_dir; /* holds weir.sock and the lock that keeps a second agent out */
	char *bpffs;
	char *metrics;		  /* "ADDR:PORT", or "off" */
	char *ui;		  /* likewise */
	VEC(char *) uplinks;	  /* interfaces, or "auto" */
	bool new_interfaces_open; /* leave container interfaces that nobody claims alone, instead of closing them */
	struct datapath_config capacities; /* its bpffs is not used */
	struct datapath_times times;
	uint32_t pair_series; /* pairs of workloads that have names of their own; the others are summed */
	struct datapath_watch watch;
	uint32_t sweep_seconds; /* from one sweep of the flow tables to the next */
	uint32_t event_history; /* events of packets that are kept */
	enum event_log_choice log_events;
	struct otlp_config otlp;
	uint32_t unconfined; /* a bit for each part of confinement that is left out */
};

/* Fills what a default is for: node (host name), directories of state, run and bpffs, metrics, capacities, times. */
void agent_config_init(struct agent_config *config);
void agent_config_free(struct agent_config *config); /* what it holds */
/*
 * Reads a YAML file: keys sources (["dir:/path", "kube"]), kubeconfig, node, stateDir, runDir,
 * bpffs, metrics, ui, uplinks (["eth0"] or ["auto"]), newInterfaces ("closed" or "open"),
 * kubeStatus ("on" or "off"), the capacities openings,
 * connections, exchanges, fragments, shields, addresses, limitSources, pairs and imageWords,
 * pairSeries,
 * timeouts (a mapping), answersPerSecond,
 * shieldPacketsPerSecond, shieldSeconds, sweepSeconds, eventHistory,
 * logEvents ("none", "denied" or "all"), otlp (a mapping of endpoint, headers, events),
 * unconfined (a list of parts, or "all"). An unknown key is an error.
 * The error's text is "FILE:LINE:COL: key: what is wrong".
 */
int agent_config_read(const char *path, struct agent_config *config, struct error *error);
/* Leaves a part of the confinement out, or "all" of it. -EINVAL: there is none of that name. */
int agent_config_unconfine(struct agent_config *config, const char *part);

/*
 * Runs until SIGTERM or SIGINT. 0, or -errno when it could not start, with the
 * reason in error. Enforcement goes on after it.
 */
int agent_run(const struct agent_config *config, struct error *error);

#endif
