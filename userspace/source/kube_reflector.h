/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One kind of object as the API server has it: listed page by page, then
 * watched from where the list ended, and listed again when the server no longer
 * knows that place. It says what to ask next and is fed with the answers; who
 * asks, and when, is not its business.
 *
 * A list takes effect when all of its pages are there. An object that can't be
 * read is reported, and its last good version stays.
 */
#ifndef WEIR_SOURCE_KUBE_REFLECTOR_H
#define WEIR_SOURCE_KUBE_REFLECTOR_H

#include <time.h>

#include "base/error.h"
#include "object/object.h"
#include "source/kube_frames.h"
#include "source/kube_mirror.h"

enum kube_phase {
	KUBE_LIST,
	KUBE_WATCH,
};

/* When to ask again. */
enum kube_next {
	KUBE_NOW,
	KUBE_LATER,  /* something failed: after a pause that grows with failures */
	KUBE_RARELY, /* the server has no such kind: when somebody may have installed it */
};

struct kube_reflector {
	enum object_kind kind;
	enum kube_phase phase;
	bool old_version;     /* the server has only that */
	bool absent;	      /* the server has no such kind */
	bool synced;	      /* a list has been read to its end, or the kind is absent */
	char *from;	      /* resourceVersion to watch from */
	char *next_page;      /* token of the page of a list to ask for, or NULL: the first */
	char *following_page; /* of the one after the page that is being read, or NULL */
	bool unpaged;	      /* pages grew too old before the last was read */
	bool missed;	      /* a kind that was there has not been found, once */
	bool doubted;	      /* the last watch was refused; a list is no success then */
	unsigned failures;    /* since the last success */
	struct error error;   /* of the request under way */
	struct error fault;   /* of the last one that has ended; "" when it was right */
	bool is_unreachable;  /* the fault is of the connection, not of the kind */
	time_t away_since;    /* the last requests have had no answer; 0: they had */

	struct kube_frames frames;
	char *event;	   /* type of the watch event that is being read */
	bool expired;	   /* the server no longer knows where to watch from */
	bool has_ended;	   /* the list's end was read */
	VEC(char) refusal; /* the text of an answer that is none */

	struct kube_mirror mirror;
	struct kube_entry *pages; /* of the list so far; nothing of it counts before the last one */
};

void kube_reflector_init(struct kube_reflector *reflector, enum object_kind kind);
void kube_reflector_free(struct kube_reflector *reflector); /* what it holds */

/* The path and query to ask for; an answer begins. watch_seconds: the server is asked to end a watch then. */
char *kube_reflector_ask(struct kube_reflector *reflector, unsigned watch_seconds);
/* The answer's headers are there. True when a fault is over by that. */
bool kube_reflector_answered(struct kube_reflector *reflector, long status);
/* Some of the answer's body. An error ends the request; the caller tells the end nevertheless. */
int kube_reflector_feed(struct kube_reflector *reflector, long status, const char *data, size_t n);
/* failure: why the answer did not come to its end, or NULL. */
enum kube_next kube_reflector_end(struct kube_reflector *reflector, long status, const char *failure);

#endif
