/* SPDX-License-Identifier: BSD-2-Clause */
/* All sources of objects, in order of precedence: the directories as named, then what `weir apply` brought. */
#ifndef WEIR_AGENT_SOURCES_H
#define WEIR_AGENT_SOURCES_H

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/notes.h"
#include "agent/overlay.h"
#include "policy/world.h"
#include "source/directory.h"
#include "source/kube.h"
#include "source/store.h"

struct source {
	char *name;		     /* "dir:/etc/weir/policy", "kube", "store" */
	struct directory *directory; /* one of these, or none: the store */
	struct kube *kube;
	struct notes errors; /* what is wrong with it now */
	time_t since;	     /* it is in order, or it is not */
	struct notes warnings;
};

struct sources {
	VEC(struct source) list;
	struct store *store;
	struct events *events;
	struct overlay *overlay;	 /* borrowed; NULL: none */
	const struct objects *rehearsed; /* stands for what the Kubernetes API holds; NULL: what it does hold */
	uint64_t n_errors;		 /* ever seen */
	bool hold;			 /* what is in force stays until every source is known */
};

int sources_open(const struct agent_config *config, const struct kube_follower *follower, struct sources *ret,
		 struct error *error);
void sources_free(struct sources *sources); /* what it holds */

/* Takes in what changed (reads everything again with everything set). True when objects are others now. */
bool sources_refresh(struct sources *sources, bool everything);
/* What the last refresh changed, of all sources; the caller frees the lists. */
void sources_delta(const struct sources *sources, struct objects_delta *ret);
/* The world of the sources as last read; store: what stands for the store's objects, a draft's for one. */
void sources_world(const struct sources *sources, const struct objects *store, struct world *world,
		   struct diags *diags);

/* The pod that is in force; NULL: no source has one of this name. */
const struct object *sources_pod(const struct sources *sources, const char *namespace, const char *name);
const struct objects *source_objects(const struct sources *sources, const struct source *source);
bool sources_broken(const struct sources *sources);
/* Whether this one is why what is in force stays as it is. */
bool source_holds(const struct sources *sources, const struct source *source);
const struct kube_config *sources_kube(const struct sources *sources); /* NULL: no Kubernetes API is among them */
/* False while one has not told everything that it holds, or can't: then there is no world to compile yet. */
bool sources_whole(const struct sources *sources);
/* The same but for the store, which a commit makes whole. */
bool sources_read(const struct sources *sources);
/* The store has been written: if it was lost it no longer is. */
void sources_store_kept(struct sources *sources);

#endif
