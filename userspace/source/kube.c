// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "source/kube_conversation.h"

/* More changes at once are not sorted in one by one. */
#define SORTED_IN_MAX 64

struct kube {
	struct kube_options options;
	struct transfers *transfers;			  /* NULL: not started */
	struct kube_conversation conversations[KIND_MAX]; /* by kind */
	uv_timer_t tell;				  /* what comes together is told once */
	struct objects all;				  /* borrows */
	struct objects old;				  /* that the last refresh replaced */
	struct objects_delta delta;
	struct kube_feedback *feedback; /* NULL: nothing is told, or not started */
	bool records_changed;		/* since it was told */
	bool was_synced;		/* as of the last refresh */
};

static void on_tell(uv_timer_t *timer)
{
	struct kube *kube = timer->data;

	kube->options.follower.changed(kube->options.follower.data);
}

static void tell(void *data)
{
	struct kube *kube = data;

	if (!uv_is_active((uv_handle_t *)&kube->tell))
		uv_timer_start(&kube->tell, on_tell, 0, 0);
}

int kube_open(struct kube_options *options, struct kube **ret, struct error *error)
{
	_cleanup_(kube_freep) struct kube *kube = new0(struct kube);

	kube->options = *options;
	options->config = (struct kube_config){};
	for (size_t i = 0; i < KIND_MAX; i++) {
		const struct kube_conversation_setup setup = {
			.config = &kube->options.config, .kind = (enum object_kind)i, .changed = tell, .data = kube
		};
		int r = kube_conversation_init(&kube->conversations[i], &setup, error);

		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(kube);
	return 0;
}

static const struct kube_mirror *mirror_of(void *data, enum object_kind kind)
{
	return &((struct kube *)data)->conversations[kind].reflector.mirror;
}

static int open_feedback(struct kube *kube, uv_loop_t *loop, struct error *error)
{
	const struct kube_feedback_setup setup = {
		.config = &kube->options.config, .node = kube->options.node, .mirror = mirror_of, .data = kube
	};

	return setup.node ? kube_feedback_open(&setup, loop, kube->transfers, &kube->feedback, error) : 0;
}

int kube_start(struct kube *kube, uv_loop_t *loop, struct error *error)
{
	int r = transfers_open(loop, &kube->transfers, error);

	if (r < 0)
		return r;
	r = open_feedback(kube, loop, error);
	if (r < 0) {
		transfers_close(TAKE_PTR(kube->transfers));
		return r;
	}
	uv_timer_init(loop, &kube->tell);
	kube->tell.data = kube;
	for (size_t i = 0; i < KIND_MAX; i++)
		kube_conversation_start(&kube->conversations[i], loop, kube->transfers);
	return 0;
}

void kube_stop(struct kube *kube)
{
	if (!kube || !kube->transfers)
		return;
	for (size_t i = 0; i < KIND_MAX; i++)
		kube_conversation_stop(&kube->conversations[i]);
	kube_feedback_close(TAKE_PTR(kube->feedback));
	uv_close((uv_handle_t *)&kube->tell, NULL);
	transfers_close(TAKE_PTR(kube->transfers));
}

void kube_free(struct kube *kube)
{
	if (!kube)
		return;
	for (size_t i = 0; i < KIND_MAX; i++)
		kube_conversation_free(&kube->conversations[i]);
	vec_free(&kube->all.list);
	objects_free(&kube->old);
	vec_free(&kube->delta.gone);
	vec_free(&kube->delta.come);
	kube_config_free(&kube->options.config);
	free(kube);
}

/* --- what there is ----------------------------------------------------------- */

bool kube_is_synced(const struct kube *kube)
{
	for (size_t i = 0; i < KIND_MAX; i++) {
		if (!kube->conversations[i].reflector.synced)
			return false;
	}
	return true;
}

static void collect_all(struct kube *kube)
{
	kube->all.list.n = 0;
	for (size_t i = 0; i < KIND_MAX; i++) {
		struct kube_entry *entry, *next;

		HASH_ITER (hh, kube->conversations[i].reflector.mirror.entries, entry, next) {
			if (entry->object)
				vec_push(&kube->all.list, entry->object);
		}
	}
	objects_sort(&kube->all);
}

/* Everything that came has just been taken, so what the mirrors hold is what the delta leads to. */
static void collect(struct kube *kube)
{
	if (kube->delta.gone.n + kube->delta.come.n > SORTED_IN_MAX) {
		collect_all(kube);
		return;
	}
	vec_for_each (object, &kube->delta.gone)
		vec_remove(&kube->all.list, vec_lower_bound(&kube->all.list, object, object_compare));
	vec_for_each (object, &kube->delta.come)
		vec_insert(&kube->all.list, vec_lower_bound(&kube->all.list, object, object_compare),
			   (struct object *)*object);
}

bool kube_refresh(struct kube *kube)
{
	const bool was_synced = kube->was_synced;

	objects_free(&kube->old);
	vec_free(&kube->delta.gone);
	vec_free(&kube->delta.come);
	if (!kube_is_synced(kube))
		return false;
	kube->was_synced = true;
	for (size_t i = 0; i < KIND_MAX; i++)
		kube->records_changed |=
			kube_mirror_take(&kube->conversations[i].reflector.mirror, &kube->delta, &kube->old);
	if (kube->delta.gone.n || kube->delta.come.n)
		collect(kube);
	return !was_synced || kube->delta.gone.n || kube->delta.come.n;
}

const struct objects *kube_objects(const struct kube *kube)
{
	return &kube->all;
}

const struct objects_delta *kube_delta(const struct kube *kube)
{
	return &kube->delta;
}

/* That the server can't be reached is said once, not for each kind. */
static void tell_unreachable(const struct kube *kube, void (*each)(void *data, const char *text), void *data)
{
	for (size_t i = 0; i < KIND_MAX; i++) {
		const struct kube_reflector *reflector = &kube->conversations[i].reflector;
		_cleanup_free_ char *text = NULL;

		if (!reflector->is_unreachable)
			continue;
		text = xasprintf("%s can't be reached: %s", kube_server(kube), reflector->fault.text);
		each(data, text);
		return;
	}
}

void kube_faults(const struct kube *kube, void (*each)(void *data, const char *text), void *data)
{
	tell_unreachable(kube, each, data);
	for (size_t i = 0; i < KIND_MAX; i++) {
		const struct kube_reflector *reflector = &kube->conversations[i].reflector;
		struct kube_entry *entry, *next;

		if (*reflector->fault.text && !reflector->is_unreachable) {
			_cleanup_free_ char *text =
				xasprintf("%s: %s", kind_info(reflector->kind)->plural, reflector->fault.text);

			each(data, text);
		}
		HASH_ITER (hh, reflector->mirror.entries, entry, next) {
			if (entry->fault)
				each(data, entry->fault);
		}
	}
}

const struct kube_config *kube_access(const struct kube *kube)
{
	return &kube->options.config;
}

const char *kube_server(const struct kube *kube)
{
	return kube->options.config.server;
}

time_t kube_away_since(const struct kube *kube)
{
	time_t since = 0;

	for (size_t i = 0; i < KIND_MAX; i++) {
		const struct kube_reflector *reflector = &kube->conversations[i].reflector;

		if (reflector->is_unreachable && (!since || reflector->away_since < since))
			since = reflector->away_since;
	}
	return since;
}

/* --- what the cluster is told ------------------------------------------------ */

void kube_tell(struct kube *kube, const struct kube_verdict *verdict)
{
	if (!kube->feedback || !kube_is_synced(kube))
		return;
	kube_feedback_tell(kube->feedback, verdict, kube->records_changed);
	kube->records_changed = false;
}

const struct kube_feedback *kube_feedback(const struct kube *kube)
{
	return kube->feedback;
}
