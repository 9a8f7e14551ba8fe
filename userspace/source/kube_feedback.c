// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_feedback.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "source/kube_news.h"

#define FORBIDDEN_MS 600000u
#define RANK_MS	     200u /* by which each node lets the one before it in the order go first */
#define RANK_MAX_MS  60000u
#define EVENT_NODES  3u /* that tell of what is refused on every node alike; one of them may be down */
#define MISSING_MAX  3u /* times that a status isn't found until that is said */
#define TIMER_MAX_MS 3600000u

/* Something that the server may forbid. */
struct closed {
	uint64_t until; /* ms */
	char *why;	/* NULL: it is open */
};

struct kube_feedback {
	struct kube_feedback_setup setup;
	uv_timer_t timer;
	struct kube_writer *writer;
	struct kube_tale *tales; /* by uid */
	VEC(const char *) nodes; /* sorted; borrowed, and so collected before each use */
	struct closed events, status[KIND_MAX];
	enum kube_event_version version;
	struct { /* the agent's last word */
		bool in_force;
		uint32_t revision;
		char *failure;
	} verdict;
	struct { /* what is on its way */
		char *uid;
		enum kube_tale_event event; /* KUBE_TELL_NOTHING: a status */
		char *note;
	} sent;
};

static void step(struct kube_feedback *feedback);

static uint64_t now_of(const struct kube_feedback *feedback)
{
	return uv_now(feedback->timer.loop);
}

static void on_timer(uv_timer_t *timer)
{
	step(timer->data);
}

/* --- how it is with the policies --------------------------------------------- */

static struct kube_tale *tale_of(struct kube_feedback *feedback, const struct kube_entry *entry, enum object_kind kind)
{
	const char *slash = strchr(entry->key, '/');
	struct kube_tale *tale;

	HASH_FIND_STR(feedback->tales, entry->record.uid, tale);
	if (tale)
		return tale;
	tale = new0(struct kube_tale);
	*tale = (struct kube_tale){
		.subject = { .kind = kind,
			     .namespace = kind_info(kind)->namespaced
						  ? xstrndup(entry->key, (size_t)(slash - entry->key))
						  : NULL,
			     .name = xstrdup(slash + 1),
			     .uid = xstrdup(entry->record.uid),
			     .generation = entry->record.generation },
		.event_due = KUBE_NEVER,
		.status_due = KUBE_NEVER,
	};
	HASH_ADD_KEYPTR(hh, feedback->tales, tale->subject.uid, strlen(tale->subject.uid), tale);
	return tale;
}

static void take_status(struct kube_feedback *feedback, struct kube_tale *tale, json_t *status)
{
	if (tale->status == status)
		return;
	json_decref(tale->status);
	tale->status = json_incref(status);
	kube_tale_noted(tale, now_of(feedback));
}

static void take_entry(struct kube_feedback *feedback, const struct kube_entry *entry, enum object_kind kind,
		       const struct kube_verdict *verdict)
{
	struct kube_tale *tale = tale_of(feedback, entry, kind);
	_cleanup_free_ char *scratch = NULL;
	const struct kube_news news = kube_news_of(tale, entry, verdict, &scratch);

	tale->seen = true;
	kube_tale_update(tale, &news, now_of(feedback));
	take_status(feedback, tale, entry->record.status);
}

static void forget_gone(struct kube_feedback *feedback)
{
	struct kube_tale *tale, *next;

	HASH_ITER (hh, feedback->tales, tale, next) {
		if (tale->seen) {
			tale->seen = false;
			continue;
		}
		HASH_DEL(feedback->tales, tale);
		kube_tale_free(tale);
	}
}

static void look(struct kube_feedback *feedback, const struct kube_verdict *verdict)
{
	for (int kind = 0; kind < KIND_MAX; kind++) {
		const struct kube_mirror *mirror = feedback->setup.mirror(feedback->setup.data, (enum object_kind)kind);
		struct kube_entry *entry, *next;

		if (!kind_info((enum object_kind)kind)->is_policy)
			continue;
		HASH_ITER (hh, mirror->entries, entry, next) {
			if (entry->record.uid)
				take_entry(feedback, entry, (enum object_kind)kind, verdict);
		}
	}
	forget_gone(feedback);
	step(feedback);
}

static bool same_verdict(const struct kube_feedback *feedback, const struct kube_verdict *verdict)
{
	const char *a = feedback->verdict.failure, *b = verdict->failure;

	return feedback->verdict.in_force == verdict->in_force && feedback->verdict.revision == verdict->revision &&
	       (a == b || (a && b && strcmp(a, b) == 0));
}

void kube_feedback_tell(struct kube_feedback *feedback, const struct kube_verdict *verdict, bool records_changed)
{
	if (!records_changed && same_verdict(feedback, verdict))
		return;
	free(feedback->verdict.failure);
	feedback->verdict.in_force = verdict->in_force;
	feedback->verdict.revision = verdict->revision;
	feedback->verdict.failure = xstrdup(verdict->failure);
	look(feedback, verdict);
}

/* --- who goes first ---------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect_nodes(struct kube_feedback *feedback)
{
	const struct kube_mirror *mirror = feedback->setup.mirror(feedback->setup.data, KIND_NODE);
	struct kube_entry *entry, *next;

	feedback->nodes.n = 0;
	HASH_ITER (hh, mirror->entries, entry, next)
		vec_push(&feedback->nodes, strchr(entry->key, '/') + 1);
	if (feedback->nodes.n)
		qsort(feedback->nodes.items, feedback->nodes.n, sizeof(char *), compare_names);
}

static size_t rank_of(const struct kube_feedback *feedback, const struct kube_tale *tale)
{
	return kube_subject_rank(&tale->subject, feedback->setup.node, feedback->nodes.items, feedback->nodes.n);
}

static uint64_t rank_delay(size_t rank)
{
	return rank < RANK_MAX_MS / RANK_MS ? rank * RANK_MS : RANK_MAX_MS;
}

/* --- what is written next ---------------------------------------------------- */

static bool is_closed(const struct closed *closed, uint64_t now)
{
	return closed->why && closed->until > now;
}

static void on_sent(void *data, enum kube_result result, const char *message);

static void send_write(struct kube_feedback *feedback, const struct kube_tale *tale, enum kube_tale_event event,
		       struct kube_write *write)
{
	feedback->sent.uid = xstrdup(tale->subject.uid);
	feedback->sent.event = event;
	kube_writer_send(feedback->writer, write, on_sent, feedback);
}

static void send_event(struct kube_feedback *feedback, const struct kube_tale *tale, enum kube_tale_event what)
{
	const struct kube_event event = {
		.subject = &tale->subject,
		.is_good = what == KUBE_TELL_ACCEPTED,
		.note = what == KUBE_TELL_ACCEPTED ? "in force again" : tale->message,
		.node = feedback->setup.node,
		.now = timestamp_now(),
		.count = what == KUBE_TELL_AGAIN ? tale->count + 1 : 1,
	};
	struct kube_write write;

	if (feedback->version == KUBE_EVENTS_UNKNOWN)
		kube_event_discover(&write);
	else
		kube_event_write(&event, feedback->version, &write);
	feedback->sent.note = xstrdup(event.note);
	send_write(feedback, tale, what, &write);
}

/* True when it is on its way; else it is due later, or never. */
static bool tell_event(struct kube_feedback *feedback, struct kube_tale *tale, uint64_t now)
{
	const enum kube_tale_event what = kube_tale_event(tale);
	size_t rank;

	if (what == KUBE_TELL_NOTHING || is_closed(&feedback->events, now)) {
		tale->event_due = what == KUBE_TELL_NOTHING ? KUBE_NEVER : feedback->events.until;
		return false;
	}
	rank = what == KUBE_TELL_REFUSED ? rank_of(feedback, tale) : 0;
	if (tale->is_unreadable && rank >= EVENT_NODES) {
		tale->event_due = KUBE_NEVER;
		return false;
	}
	if (rank && !tale->event_ranked) {
		tale->event_ranked = true;
		tale->event_due = now + rank_delay(rank);
		return false;
	}
	send_event(feedback, tale, what);
	return true;
}

static bool has_status(enum object_kind kind)
{
	return kind == KIND_TRAFFIC_POLICY || kind == KIND_CLUSTER_TRAFFIC_POLICY;
}

static bool tell_status(struct kube_feedback *feedback, struct kube_tale *tale, uint64_t now)
{
	const struct closed *closed = &feedback->status[tale->subject.kind];
	const size_t rank = has_status(tale->subject.kind) ? rank_of(feedback, tale) : 0;
	const struct kube_opinion opinion = {
		.state = tale->state,
		.message = tale->message ?: "",
		.revision = tale->revision,
		.node = feedback->setup.node,
		.nodes = feedback->nodes.items,
		.n_nodes = feedback->nodes.n,
		.cleans_up = rank == 0,
		.now = timestamp_now(),
	};
	struct kube_write write;

	tale->status_due = KUBE_NEVER;
	if (!has_status(tale->subject.kind) || !kube_status_write(&tale->subject, tale->status, &opinion, &write))
		return false;
	if (is_closed(closed, now) || (rank && !tale->status_ranked)) {
		tale->status_ranked = true;
		tale->status_due = is_closed(closed, now) ? closed->until : now + rank_delay(rank);
		kube_write_free(&write);
		return false;
	}
	send_write(feedback, tale, KUBE_TELL_NOTHING, &write);
	return true;
}

static void wait_for(struct kube_feedback *feedback, uint64_t ms)
{
	uv_timer_start(&feedback->timer, on_timer, ms < TIMER_MAX_MS ? ms : TIMER_MAX_MS, 0);
}

static void step(struct kube_feedback *feedback)
{
	const uint64_t now = now_of(feedback), wait = kube_writer_wait(feedback->writer);
	uint64_t next = KUBE_NEVER;
	struct kube_tale *tale, *after;

	if (wait == UINT64_MAX)
		return;
	if (wait) {
		wait_for(feedback, wait);
		return;
	}
	collect_nodes(feedback);
	HASH_ITER (hh, feedback->tales, tale, after) {
		if ((tale->event_due <= now && tell_event(feedback, tale, now)) ||
		    (tale->status_due <= now && tell_status(feedback, tale, now)))
			return;
		next = tale->event_due < next ? tale->event_due : next;
		next = tale->status_due < next ? tale->status_due : next;
	}
	if (next != KUBE_NEVER)
		wait_for(feedback, next > now ? next - now : 0);
}

/* --- and what came of it ----------------------------------------------------- */

static void note_closed(struct closed *closed, enum kube_result result, const char *message, uint64_t now)
{
	if (result == KUBE_FORBIDDEN) {
		closed->until = now + FORBIDDEN_MS;
		free(closed->why);
		closed->why = xstrdup(message);
	} else if (result != KUBE_RETRIED) {
		free(TAKE_PTR(closed->why));
	}
}

static void event_done(struct kube_feedback *feedback, struct kube_tale *tale, enum kube_result result, uint64_t now)
{
	const struct kube_told told = { feedback->sent.event, feedback->sent.note };

	if (feedback->version == KUBE_EVENTS_UNKNOWN) {
		if (result == KUBE_WRITTEN || result == KUBE_MISSING)
			feedback->version = result == KUBE_WRITTEN ? KUBE_EVENTS_V1 : KUBE_EVENTS_CORE;
	} else if (tale) {
		kube_tale_event_done(tale, &told, result, now);
	}
}

static void status_done(struct kube_feedback *feedback, struct kube_tale *tale, enum kube_result result, uint64_t now)
{
	if (!tale)
		return;
	if (result == KUBE_RETRIED || result == KUBE_FORBIDDEN)
		tale->status_due = now;
	else
		kube_tale_status_done(tale, now);
	if (result == KUBE_MISSING && tale->status_tries >= MISSING_MAX)
		note_closed(&feedback->status[tale->subject.kind], KUBE_FORBIDDEN,
			    "its resource definition has no status (install weir's own)", now);
}

static void on_sent(void *data, enum kube_result result, const char *message)
{
	struct kube_feedback *feedback = data;
	const bool is_event = feedback->sent.event != KUBE_TELL_NOTHING;
	const uint64_t now = now_of(feedback);
	struct kube_tale *tale;

	HASH_FIND_STR(feedback->tales, feedback->sent.uid, tale);
	if (is_event || tale)
		note_closed(is_event ? &feedback->events : &feedback->status[tale->subject.kind], result, message, now);
	if (is_event)
		event_done(feedback, tale, result, now);
	else
		status_done(feedback, tale, result, now);
	free(TAKE_PTR(feedback->sent.uid));
	free(TAKE_PTR(feedback->sent.note));
	step(feedback);
}

/* --- begin and end ----------------------------------------------------------- */

int kube_feedback_open(const struct kube_feedback_setup *setup, uv_loop_t *loop, struct transfers *transfers,
		       struct kube_feedback **ret, struct error *error)
{
	struct kube_feedback *feedback = new0(struct kube_feedback);
	int r = kube_writer_open(loop, transfers, setup->config, &feedback->writer, error);

	if (r < 0) {
		free(feedback);
		return r;
	}
	feedback->setup = *setup;
	uv_timer_init(loop, &feedback->timer);
	feedback->timer.data = feedback;
	*ret = feedback;
	return 0;
}

static void on_closed(uv_handle_t *timer)
{
	free(timer->data);
}

void kube_feedback_close(struct kube_feedback *feedback)
{
	struct kube_tale *tale, *next;

	if (!feedback)
		return;
	kube_writer_close(feedback->writer);
	HASH_ITER (hh, feedback->tales, tale, next) {
		HASH_DEL(feedback->tales, tale);
		kube_tale_free(tale);
	}
	vec_free(&feedback->nodes);
	free(feedback->events.why);
	for (int kind = 0; kind < KIND_MAX; kind++)
		free(feedback->status[kind].why);
	free(feedback->verdict.failure);
	free(feedback->sent.uid);
	free(feedback->sent.note);
	uv_close((uv_handle_t *)&feedback->timer, on_closed);
}

size_t kube_feedback_waiting(const struct kube_feedback *feedback)
{
	const uint64_t now = now_of(feedback);
	struct kube_tale *tale, *next;
	size_t n = 0;

	HASH_ITER (hh, feedback->tales, tale, next)
		n += tale->event_due <= now || tale->status_due <= now;
	return n;
}

const struct kube_write_counts *kube_feedback_counts(const struct kube_feedback *feedback)
{
	return kube_writer_counts(feedback->writer);
}

void kube_feedback_problems(const struct kube_feedback *feedback, void (*each)(void *data, const char *text),
			    void *data)
{
	if (feedback->events.why) {
		_cleanup_free_ char *text = xasprintf("Events are not written: %s", feedback->events.why);

		each(data, text);
	}
	for (int kind = 0; kind < KIND_MAX; kind++) {
		_cleanup_free_ char *text = NULL;

		if (!feedback->status[kind].why)
			continue;
		text = xasprintf("the status of %s is not written: %s", kind_info((enum object_kind)kind)->plural,
				 feedback->status[kind].why);
		each(data, text);
	}
}
