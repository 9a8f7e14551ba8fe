// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_news.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* Whether a text speaks of an object: "...TrafficPolicy shop/backend: rule 1...", but not of shop/backend-2. */
static bool names(const char *text, const struct object *object)
{
	static const char of_names[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	_cleanup_free_ char *title = object_title(object);
	const size_t length = strlen(title);

	for (const char *at = strstr(text, title); at; at = strstr(at + 1, title)) {
		if (!at[length] || !strchr(of_names, at[length]))
			return true;
	}
	return false;
}

/* A fault begins with the object's title, which is known where it is told. */
static const char *without_title(const char *fault)
{
	const char *colon = strstr(fault, ": ");

	return colon ? colon + 2 : fault;
}

struct kube_news kube_news_of(const struct kube_tale *tale, const struct kube_entry *entry,
			      const struct kube_verdict *verdict, char **ret_scratch)
{
	const int64_t generation = entry->record.generation;
	const bool was_enforced =
		(tale->state == KUBE_ENFORCED && tale->subject.generation == generation) ||
		(tale->state == KUBE_PENDING && kube_status_is_good(&tale->subject, entry->record.status));
	struct kube_news news = { .generation = generation, .state = KUBE_PENDING, .revision = verdict->revision };
	const char *other =
		entry->object && verdict->other_source ? verdict->other_source(verdict->data, entry->object) : NULL;

	if (entry->fault) {
		news.state = KUBE_BROKEN;
		news.message = without_title(entry->fault);
		news.is_unreadable = true;
	} else if (!entry->object || entry->is_new) {
		news.state = KUBE_PENDING;
	} else if (other) {
		news.state = KUBE_DEGRADED;
		news.message = *ret_scratch = xasprintf("that of source %s is in force instead", other);
	} else if (verdict->in_force) {
		news.state = KUBE_ENFORCED;
	} else if (verdict->failure && names(verdict->failure, entry->object)) {
		news.state = KUBE_BROKEN;
		news.message = verdict->failure;
	} else if (was_enforced) {
		news.state = tale->state;
	} else if (verdict->failure) {
		news.state = KUBE_DEGRADED;
		news.message = verdict->failure;
	}
	return news;
}
