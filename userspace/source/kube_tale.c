// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_tale.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define GATHER_MS      500ull	  /* what changes together is told once */
#define AGAIN_MS       600000ull  /* from one count of an Event to the next */
#define KEEP_MS	       1800000ull /* an Event that isn't written to is forgotten after an hour */
#define LOOK_MS	       5000ull	  /* until what was written has come back by the watch */
#define LOOK_DOUBLINGS 7u
#define HASTY_TRIES    4u /* beyond that somebody writes against us */

void kube_tale_free(struct kube_tale *tale)
{
	kube_subject_free(&tale->subject);
	json_decref(tale->status);
	free(tale->message);
	free(tale->told);
	free(tale);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_told(const struct kube_tale *tale)
{
	return same_text(tale->told, tale->message);
}

static void plan_event(struct kube_tale *tale, uint64_t now)
{
	if (tale->state == KUBE_BROKEN && is_told(tale)) {
		tale->event_due = tale->told_at + AGAIN_MS;
	} else if (tale->state == KUBE_BROKEN || (tale->state == KUBE_ENFORCED && tale->told)) {
		tale->event_due = now + GATHER_MS;
	} else {
		tale->event_due = KUBE_NEVER;
	}
	tale->event_ranked = false;
}

bool kube_tale_update(struct kube_tale *tale, const struct kube_news *news, uint64_t now)
{
	if (tale->state == news->state && tale->subject.generation == news->generation &&
	    same_text(tale->message, news->message))
		return false;
	tale->subject.generation = news->generation;
	tale->state = news->state;
	tale->is_unreadable = news->is_unreadable;
	tale->revision = news->revision;
	free(tale->message);
	tale->message = xstrdup(news->message);
	tale->status_due = news->state == KUBE_PENDING ? KUBE_NEVER : now + GATHER_MS;
	tale->status_tries = 0;
	tale->status_ranked = false;
	if (news->state != KUBE_PENDING)
		plan_event(tale, now);
	return true;
}

void kube_tale_noted(struct kube_tale *tale, uint64_t now)
{
	const uint64_t due = now + (tale->status_tries < HASTY_TRIES ? GATHER_MS : LOOK_MS << tale->status_tries);

	if (tale->state == KUBE_PENDING || tale->status_due <= due)
		return;
	tale->status_due = due;
	tale->status_ranked = false;
}

enum kube_tale_event kube_tale_event(const struct kube_tale *tale)
{
	if (tale->state == KUBE_BROKEN)
		return is_told(tale) && tale->is_ours ? KUBE_TELL_AGAIN : KUBE_TELL_REFUSED;
	return tale->state == KUBE_ENFORCED && tale->told ? KUBE_TELL_ACCEPTED : KUBE_TELL_NOTHING;
}

static void set_told(struct kube_tale *tale, const char *note, uint64_t now)
{
	char *told = xstrdup(note);

	free(tale->told);
	tale->told = told;
	tale->told_at = now;
	tale->event_due = tale->state == KUBE_BROKEN && is_told(tale) ? now + KEEP_MS : now;
}

static void refused_done(struct kube_tale *tale, const char *note, enum kube_result result, uint64_t now)
{
	if (result != KUBE_WRITTEN && result != KUBE_CONFLICT) {
		tale->event_due = now + KEEP_MS;
		return;
	}
	set_told(tale, note, now);
	tale->is_ours = result == KUBE_WRITTEN;
	tale->count = 1;
}

static void again_done(struct kube_tale *tale, const char *note, enum kube_result result, uint64_t now)
{
	if (result == KUBE_MISSING) { /* the cluster has forgotten it: it is made anew */
		free(TAKE_PTR(tale->told));
		tale->event_due = now;
		return;
	}
	set_told(tale, note, now);
	tale->count++;
}

void kube_tale_event_done(struct kube_tale *tale, const struct kube_told *told, enum kube_result result, uint64_t now)
{
	if (result == KUBE_RETRIED || result == KUBE_FORBIDDEN)
		return; /* as it was: it is due */
	if (told->event == KUBE_TELL_REFUSED) {
		refused_done(tale, told->note, result, now);
	} else if (told->event == KUBE_TELL_AGAIN) {
		again_done(tale, told->note, result, now);
	} else {
		free(TAKE_PTR(tale->told));
		plan_event(tale, now);
	}
}

void kube_tale_status_done(struct kube_tale *tale, uint64_t now)
{
	tale->status_due = now + (LOOK_MS << tale->status_tries);
	if (tale->status_tries < LOOK_DOUBLINGS)
		tale->status_tries++;
}
