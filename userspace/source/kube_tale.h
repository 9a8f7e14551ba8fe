/* SPDX-License-Identifier: BSD-2-Clause */
/* One policy: how it is with it, what of that has been told, and when the next word is due. */
#ifndef WEIR_SOURCE_KUBE_TALE_H
#define WEIR_SOURCE_KUBE_TALE_H

#include <uthash.h>

#include "source/kube_event.h"
#include "source/kube_status.h"

#define KUBE_NEVER UINT64_MAX

struct kube_tale {
	struct kube_subject subject;
	json_t *status; /* that the server has, or NULL */
	enum kube_state state;
	char *message;	    /* why, or NULL */
	bool is_unreadable; /* on every node alike */
	uint32_t revision;
	bool seen;

	/* The Event of its refusal. */
	char *told;	  /* its note; NULL: there is none */
	bool is_ours;	  /* this node has made it, and counts */
	uint64_t told_at; /* ms */
	unsigned count;

	uint64_t event_due, status_due;	  /* ms, or KUBE_NEVER */
	bool event_ranked, status_ranked; /* that other nodes go first is in it */
	unsigned status_tries;		  /* since there was something new */
	UT_hash_handle hh;
};

void kube_tale_free(struct kube_tale *tale);

/* How it is with the object now. */
struct kube_news {
	int64_t generation;
	enum kube_state state;
	const char *message; /* or NULL */
	bool is_unreadable;
	uint32_t revision;
};

/* True when it is another state than before; then what there is to tell is due soon. now: ms, here and below. */
bool kube_tale_update(struct kube_tale *tale, const struct kube_news *news, uint64_t now);
/* The server has another status than before. */
void kube_tale_noted(struct kube_tale *tale, uint64_t now);

/* Which Event is to be told of it, if any. */
enum kube_tale_event { KUBE_TELL_NOTHING, KUBE_TELL_REFUSED, KUBE_TELL_AGAIN, KUBE_TELL_ACCEPTED };
enum kube_tale_event kube_tale_event(const struct kube_tale *tale);

/* One that was sent; the tale may have changed since. */
struct kube_told {
	enum kube_tale_event event;
	const char *note;
};

/* What came of it, and so when the next is due. */
void kube_tale_event_done(struct kube_tale *tale, const struct kube_told *told, enum kube_result result, uint64_t now);
void kube_tale_status_done(struct kube_tale *tale, uint64_t now);

#endif
