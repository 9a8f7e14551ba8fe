/* SPDX-License-Identifier: BSD-2-Clause */
/* The running agent: what its parts share. Only one thread touches it (see aside.h), so nothing is locked. */
#ifndef WEIR_AGENT_CORE_H
#define WEIR_AGENT_CORE_H

#include <time.h>
#include <uv.h>

#include "agent/addresses.h"
#include "agent/attachments.h"
#include "agent/agent.h"
#include "agent/confine.h"
#include "agent/endpoints.h"
#include "agent/events.h"
#include "agent/finder.h"
#include "agent/gatekeeper.h"
#include "agent/hooks.h"
#include "agent/http.h"
#include "agent/limit_watch.h"
#include "agent/overlay.h"
#include "agent/pacing.h"
#include "agent/lock.h"
#include "agent/pressure.h"
#include "agent/reclaim.h"
#include "agent/sources.h"
#include "agent/state.h"
#include "agent/shields.h"
#include "agent/sweeper.h"
#include "agent/uplinks.h"
#include "observe/histogram.h"
#include "observe/ledger.h"
#include "observe/rulebook.h"
#include "policy/verify.h"

struct capture;

struct agent {
	const struct agent_config *config;
	struct locks locks;
	struct confinement confinement;
	struct events events;
	struct state state;
	struct sources sources;
	struct links *links;
	struct finder *finder;
	struct datapath *datapath;

	/*
	 * The policy in force; NULL before the first. The pods that it borrows
	 * may be gone when stale: addresses[].pod is not to be followed then.
	 */
	struct compiled *compiled;
	struct verification verification; /* of its image */
	struct addresses addresses;
	struct endpoints endpoints;
	struct attachments attachments;
	struct overlay overlay; /* of them, over the pods of the sources */
	struct gatekeeper gatekeeper;
	uint32_t attaching; /* plugins that wait for an answer */
	struct uplinks uplinks;
	struct hooks hooks;
	struct sweeper sweeper;
	struct shields shields;
	struct pressure pressure;
	struct reclaim reclaim;
	struct otlp *otlp; /* NULL: nothing is sent */
	struct otlp_counts otlp_counts;
	struct capture *capture; /* that runs, or NULL */
	struct limit_watch limits;
	struct pacing pacing;

	uint32_t revision;	  /* in force, 0: none */
	uint32_t revision_before; /* in force, but of a version whose images can't be read; 0: none */
	time_t since;		  /* when the first policy of this life was put in force */
	bool stale;		  /* sources or node addresses are not what was compiled last */
	bool overtaken;		  /* node addresses are not what the last plan was made with */
	struct notes warnings;	  /* of the world */
	struct notes failures;	  /* why the sources are not, or not wholly, in force */
	uint64_t n_refused;	  /* compiled or swapped in vain, ever */
	struct ledger ledger;
	struct rulebook rulebook;
	uint64_t events_lost; /* by the kernel, as was said last */
	struct histogram apply;
	char *counts_saved;   /* what counts.h has written last, or NULL */
	struct notes unsaved; /* why it could not */
	struct notes found;   /* damaged when this agent began, and what became of it */

	struct agent_loop *loop; /* agent.c's */
	struct http *socket, *metrics, *ui;
};

bool agent_has_shield(const struct agent *agent); /* there are uplinks, and a rate to shield them at */
void agent_back_up(struct agent *agent); /* what is kept twice; where the disk won't have it now, another time */
/*
 * Long work that touches nothing of the agent but the numberings or what datapath_reserve() does: interfaces that
 * appear meanwhile are closed at once. What work(data) gives back.
 */
int agent_aside(struct agent *agent, int (*work)(void *data), void *data);
void agent_listen(struct agent *agent);	  /* somebody waits for records of packets */
void agent_schedule(struct agent *agent); /* takes the sources in soon, when what changes together has changed */
void agent_search(struct agent *agent);	  /* looks again when it is time, if a pod's interface is not found */
void agent_retry(struct agent *agent);	  /* tries again after a pause what the kernel or the disk refused */

#endif
