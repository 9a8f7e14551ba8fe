// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_status.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/timestamp.h"

#define CONDITION   "Enforced"
#define MANAGER	    "weir"
#define MANAGER_MAX 128 /* bytes, as the API has it */
#define MESSAGE_MAX 1024

const char *kube_state_name(enum kube_state state)
{
	static const char *const names[] = { "Pending", "Enforced", "Refused", "Degraded" };

	return names[state];
}

/* --- what it says ------------------------------------------------------------ */

static const char *text_of(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name)) ?: "";
}

static bool is_of(const json_t *json, const struct kube_subject *subject)
{
	return json_integer_value(json_object_get(json, "observedGeneration")) == subject->generation;
}

static const json_t *condition_in(const json_t *status)
{
	const json_t *condition;
	size_t i;

	json_array_foreach (json_object_get(status, "conditions"), i, condition) {
		if (strcmp(text_of(condition, "type"), CONDITION) == 0)
			return condition;
	}
	return NULL;
}

bool kube_status_is_good(const struct kube_subject *subject, const json_t *status)
{
	const json_t *condition = condition_in(status);

	return is_of(condition, subject) && strcmp(text_of(condition, "status"), "True") == 0;
}

static const json_t *entry_of(const json_t *status, const char *node)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(status, "nodes"), i, entry) {
		if (strcmp(text_of(entry, "name"), node) == 0)
			return entry;
	}
	return NULL;
}

static int compare_names(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool is_gone(const char *node, const struct kube_opinion *opinion)
{
	return opinion->n_nodes &&
	       !bsearch(node, opinion->nodes, opinion->n_nodes, sizeof(*opinion->nodes), compare_names);
}

/* Nodes beside this one where it is said not to be in force, as it is now. */
static size_t count_others(const struct kube_subject *subject, const json_t *status, const struct kube_opinion *opinion)
{
	const json_t *entry;
	size_t i, n = 0;

	json_array_foreach (json_object_get(status, "nodes"), i, entry)
		n += is_of(entry, subject) && strcmp(text_of(entry, "name"), opinion->node) != 0 &&
		     !is_gone(text_of(entry, "name"), opinion);
	return n;
}

static const char *gone_node(const json_t *status, const struct kube_opinion *opinion)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(status, "nodes"), i, entry) {
		if (is_gone(text_of(entry, "name"), opinion))
			return text_of(entry, "name");
	}
	return NULL;
}

/* --- what shall be written --------------------------------------------------- */

/* By server-side apply: what the manager said before and doesn't say now is taken out. */
static void apply(const struct kube_subject *subject, const char *manager, json_t *said, struct kube_write *ret)
{
	_cleanup_free_ char *path = kube_subject_path(subject);
	json_t *metadata = json_pack("{s:s, s:s}", "name", subject->name, "uid", subject->uid);

	if (subject->namespace)
		json_object_set_new(metadata, "namespace", json_string(subject->namespace));
	*ret = (struct kube_write){
		.kind = KUBE_STATUS,
		.method = "PATCH",
		.path = xasprintf("%s/status?fieldManager=%s&force=true", path, manager),
		.content_type = "application/apply-patch+yaml", /* of which JSON is a part */
		.body = json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", kind_info(subject->kind)->api_version, "kind",
				  kind_info(subject->kind)->kind, "metadata", metadata, "status", said),
	};
}

/* A node's name may be longer than a manager's. */
static char *manager_of(const char *node)
{
	if (strlen(node) < MANAGER_MAX - sizeof(MANAGER))
		return xasprintf(MANAGER "-%s", node);
	return xasprintf(MANAGER "-%.64s-%016llx", node, (unsigned long long)kube_hash(0, node));
}

static void write_entry(const struct kube_subject *subject, const struct kube_opinion *opinion, struct kube_write *ret)
{
	_cleanup_free_ char *manager = manager_of(opinion->node);
	json_t *entry = json_pack("{s:s, s:I, s:I, s:s, s:o}", "name", opinion->node, "observedGeneration",
				  (json_int_t)subject->generation, "revision", (json_int_t)opinion->revision, "state",
				  kube_state_name(opinion->state), "message", kube_text(opinion->message, MESSAGE_MAX));

	apply(subject, manager, json_pack("{s:[o]}", "nodes", entry), ret);
}

static void remove_entry(const struct kube_subject *subject, const char *node, struct kube_write *ret)
{
	_cleanup_free_ char *manager = manager_of(node);

	apply(subject, manager, json_object(), ret);
}

static void write_condition(const struct kube_subject *subject, const json_t *before,
			    const struct kube_opinion *opinion, struct kube_write *ret)
{
	const bool good = opinion->state == KUBE_ENFORCED;
	const char *status = good ? "True" : "False";
	const char *since = strcmp(text_of(before, "status"), status) == 0 ? text_of(before, "lastTransitionTime") : "";
	_cleanup_free_ char *message =
		good ? xasprintf("in force in policy revision %u of node %s", opinion->revision, opinion->node)
		     : xasprintf("node %s: %s", opinion->node, opinion->message);
	char now[TIMESTAMP_MAX];
	json_t *said;

	timestamp_format(opinion->now, now);
	strcpy(now + sizeof("2026-01-02T03:04:05") - 1, "Z");
	said = json_pack("{s:[{s:s, s:s, s:s, s:o, s:I, s:s}]}", "conditions", "type", CONDITION, "status", status,
			 "reason", kube_state_name(opinion->state), "message", kube_text(message, MESSAGE_MAX),
			 "observedGeneration", (json_int_t)subject->generation, "lastTransitionTime",
			 *since ? since : now);
	if (good)
		json_object_set_new(said, "revision", json_integer(opinion->revision));
	if (good)
		json_object_set_new(said, "node", json_string(opinion->node));
	apply(subject, MANAGER, said, ret);
}

static bool says_so(const struct kube_subject *subject, const json_t *entry, const struct kube_opinion *opinion)
{
	json_auto_t *message = kube_text(opinion->message, MESSAGE_MAX);

	return is_of(entry, subject) && strcmp(text_of(entry, "state"), kube_state_name(opinion->state)) == 0 &&
	       json_equal(json_object_get(entry, "message"), message);
}

/*
 * The entry goes before the condition, so a condition of False without entries
 * is one that nobody stands for. A node that the cluster doesn't know makes no
 * entry: the others would remove it.
 */
static bool write_bad(const struct kube_subject *subject, const json_t *status, const struct kube_opinion *opinion,
		      struct kube_write *ret)
{
	const json_t *entry = entry_of(status, opinion->node), *condition = condition_in(status);
	const bool is_listed = !is_gone(opinion->node, opinion) &&
			       (entry || count_others(subject, status, opinion) < KUBE_STATUS_NODES_MAX);

	if (is_listed && !(entry && says_so(subject, entry, opinion)))
		write_entry(subject, opinion, ret);
	else if (!is_of(condition, subject) || strcmp(text_of(condition, "status"), "False") != 0)
		write_condition(subject, condition, opinion, ret);
	else
		return false;
	return true;
}

static bool write_good(const struct kube_subject *subject, const json_t *status, const struct kube_opinion *opinion,
		       struct kube_write *ret)
{
	const json_t *condition = condition_in(status);

	if (entry_of(status, opinion->node))
		remove_entry(subject, opinion->node, ret);
	else if (count_others(subject, status, opinion) == 0 && !kube_status_is_good(subject, status))
		write_condition(subject, condition, opinion, ret);
	else
		return false;
	return true;
}

bool kube_status_write(const struct kube_subject *subject, const json_t *status, const struct kube_opinion *opinion,
		       struct kube_write *ret)
{
	const char *gone = opinion->cleans_up ? gone_node(status, opinion) : NULL;

	if (gone) {
		remove_entry(subject, gone, ret);
		return true;
	}
	switch (opinion->state) {
	case KUBE_ENFORCED:
		return write_good(subject, status, opinion, ret);
	case KUBE_BROKEN:
	case KUBE_DEGRADED:
		return write_bad(subject, status, opinion, ret);
	default:
		return false;
	}
}
