// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_reflector.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "object/manifest.h"

#define FAILURES_OF_A_FAULT 2
#define PAGE		    500		/* objects */
#define OBJECT_MAX	    (8u << 20)	/* bytes; etcd takes 1.5 MiB */
#define REFUSAL_MAX	    (16u << 10) /* bytes */

/* --- objects as the server sends them --------------------------------------- */

/* "namespace/name" of any object. */
static char *key_of(const char *text)
{
	json_auto_t *json = json_loads(text, 0, NULL);
	const json_t *metadata = json_object_get(json, "metadata");
	const char *name = json_string_value(json_object_get(metadata, "name"));

	return name ? xasprintf("%s/%s", json_string_value(json_object_get(metadata, "namespace")) ?: "", name) : NULL;
}

static void read_version(const char *text, char **version)
{
	json_auto_t *json = json_loads(text, 0, NULL);
	const char *found = json_string_value(json_object_get(json_object_get(json, "metadata"), "resourceVersion"));

	if (!found || !*found)
		return;
	free(*version);
	*version = xstrdup(found);
}

static char *first_fault(const char *key, enum object_kind kind, const struct diags *diags)
{
	vec_for_each (diag, &diags->list) {
		if (diag->level == DIAG_ERROR)
			return xasprintf("%s %s: %s%s%s", kind_info(kind)->kind, *key == '/' ? key + 1 : key,
					 diag->path, *diag->path ? ": " : "", diag->text);
	}
	return xasprintf("%s %s: can't be read", kind_info(kind)->kind, key);
}

static int read_text(struct kube_reflector *reflector, const char *text, size_t length, struct kube_version *ret,
		     char **ret_key)
{
	struct diags diags _cleanup_(diags_free) = {};
	struct object *object;

	if (manifest_parse_item("kube", reflector->kind, text, length, &object, &diags) == 0) {
		object->changed = time(NULL);
		ret->object = object;
		*ret_key = xasprintf("%s/%s", object->namespace ?: "", object->name);
	} else {
		*ret_key = key_of(text);
		if (!*ret_key)
			return error_set(&reflector->error, -EBADMSG, "the server sent an object without a name");
		ret->fault = first_fault(*ret_key, reflector->kind, &diags);
	}
	if (kind_info(reflector->kind)->is_policy)
		kube_record_read(text, &ret->record);
	return 0;
}

static int put_text(struct kube_reflector *reflector, const char *text, size_t length)
{
	_cleanup_free_ char *key = NULL;
	struct kube_version version = {};
	int r = read_text(reflector, text, length, &version, &key);

	if (r == 0 && reflector->phase == KUBE_WATCH)
		kube_mirror_put(&reflector->mirror, key, &version);
	else if (r == 0)
		kube_entries_put(&reflector->pages, key, &version);
	return r;
}

static int delete_text(struct kube_reflector *reflector, const char *text)
{
	_cleanup_free_ char *key = key_of(text);

	if (!key)
		return error_set(&reflector->error, -EBADMSG, "the server sent an object without a name");
	kube_mirror_delete(&reflector->mirror, key);
	return 0;
}

/* A Status object, in the stream or instead of it. */
static int refused(struct kube_reflector *reflector, const char *text, long status)
{
	json_auto_t *json = json_loads(text, 0, NULL);
	const char *message = json_string_value(json_object_get(json, "message"));
	const long code = (long)json_integer_value(json_object_get(json, "code")) ?: status;

	reflector->expired = code == 410;
	return error_set(&reflector->error, -EREMOTEIO, "the API server answers %ld%s%.300s", code, message ? ": " : "",
			 message ?: "");
}

static int take_event(struct kube_reflector *reflector, const char *text, size_t length)
{
	const char *type = reflector->event ?: "";
	int r = 0;

	if (strcmp(type, "\"ERROR\"") == 0)
		return refused(reflector, text, 0);
	if (strcmp(type, "\"ADDED\"") == 0 || strcmp(type, "\"MODIFIED\"") == 0)
		r = put_text(reflector, text, length);
	else if (strcmp(type, "\"DELETED\"") == 0)
		r = delete_text(reflector, text);
	else if (strcmp(type, "\"BOOKMARK\"") != 0)
		return error_set(&reflector->error, -EBADMSG, "the server sent a watch event of an unknown type");
	if (r < 0)
		return r;
	/* Only what has been taken in is not asked for again. */
	read_version(text, &reflector->from);
	reflector->failures = 0;
	return 0;
}

static void take_text(char **to, const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	free(*to);
	*to = text && *text ? xstrdup(text) : NULL;
}

static int take_list_metadata(struct kube_reflector *reflector, const char *text)
{
	json_auto_t *json = json_loads(text, 0, NULL);

	take_text(&reflector->from, json, "resourceVersion");
	take_text(&reflector->following_page, json, "continue");
	return 0;
}

static int take(void *data, enum kube_member member, const char *text, size_t length)
{
	struct kube_reflector *reflector = data;
	const bool watches = reflector->phase == KUBE_WATCH;

	switch (member) {
	case KUBE_METADATA:
		return watches ? 0 : take_list_metadata(reflector, text);
	case KUBE_ITEM:
		return watches ? 0 : put_text(reflector, text, length);
	case KUBE_TYPE:
		free(reflector->event);
		reflector->event = xstrdup(text);
		return 0;
	case KUBE_OBJECT:
		return watches ? take_event(reflector, text, length) : 0;
	case KUBE_END:
		reflector->has_ended = true;
		return 0;
	}
	return 0;
}

/* --- the conversation -------------------------------------------------------- */

void kube_reflector_init(struct kube_reflector *reflector, enum object_kind kind)
{
	*reflector = (struct kube_reflector){ .kind = kind };
	reflector->frames = (struct kube_frames){ .take = take, .data = reflector, .limit = OBJECT_MAX };
}

static void forget_pages(struct kube_reflector *reflector)
{
	kube_entries_free(&reflector->pages);
	free(TAKE_PTR(reflector->next_page));
}

void kube_reflector_free(struct kube_reflector *reflector)
{
	forget_pages(reflector);
	kube_mirror_free(&reflector->mirror);
	vec_free(&reflector->refusal);
	kube_frames_free(&reflector->frames);
	free(reflector->from);
	free(reflector->following_page);
	free(reflector->event);
}

static char *list_query(const struct kube_reflector *reflector)
{
	char *escaped, *query;

	if (reflector->unpaged)
		return xstrdup("");
	if (!reflector->next_page)
		return xasprintf("?limit=%d", PAGE);
	escaped = curl_easy_escape(NULL, reflector->next_page, 0);
	query = xasprintf("?limit=%d&continue=%s", PAGE, escaped ?: "");
	curl_free(escaped);
	return query;
}

char *kube_reflector_ask(struct kube_reflector *reflector, unsigned watch_seconds)
{
	const struct kind_info *info = kind_info(reflector->kind);
	const char *version = reflector->old_version ? info->old_version : info->api_version;
	_cleanup_free_ char *query = NULL;

	kube_frames_free(&reflector->frames);
	free(TAKE_PTR(reflector->event));
	free(TAKE_PTR(reflector->following_page));
	reflector->refusal.n = 0;
	reflector->expired = reflector->has_ended = false;
	reflector->error = (struct error){};
	if (reflector->phase == KUBE_LIST)
		query = list_query(reflector);
	else
		query = xasprintf("?watch=1&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%u",
				  reflector->from, watch_seconds);
	return xasprintf("/%s/%s/%s%s", strchr(version, '/') ? "apis" : "api", version, info->plural, query);
}

/* A watch that has begun is in order, whenever its first event comes. A list is when it is whole. */
bool kube_reflector_answered(struct kube_reflector *reflector, long status)
{
	if (status != 200 || reflector->phase != KUBE_WATCH)
		return false;
	reflector->doubted = false;
	if (!*reflector->fault.text)
		return false;
	reflector->fault = (struct error){};
	reflector->is_unreachable = false;
	reflector->away_since = 0;
	return true;
}

int kube_reflector_feed(struct kube_reflector *reflector, long status, const char *data, size_t n)
{
	int r;

	if (status != 200) {
		for (size_t i = 0; i < n && reflector->refusal.n < REFUSAL_MAX; i++)
			vec_push(&reflector->refusal, data[i]);
		return 0;
	}
	r = kube_frames_feed(&reflector->frames, data, n);
	if (r == -E2BIG)
		error_set(&reflector->error, r, "the server sent an object of more than %u MiB", OBJECT_MAX >> 20);
	else if (r < 0 && !*reflector->error.text)
		error_set(&reflector->error, r, "what the server sent is not what was asked for");
	return r;
}

static enum kube_next begin_list(struct kube_reflector *reflector)
{
	reflector->phase = KUBE_LIST;
	forget_pages(reflector);
	return KUBE_NOW;
}

static enum kube_next failed(struct kube_reflector *reflector)
{
	/* The pages after the first are of the moment of the first, so these may be asked for once more. */
	if (reflector->phase == KUBE_LIST && !reflector->next_page)
		forget_pages(reflector);
	reflector->failures++;
	return KUBE_LATER;
}

static enum kube_next end_list(struct kube_reflector *reflector)
{
	if (!reflector->doubted)
		reflector->failures = 0;
	free(reflector->next_page);
	reflector->next_page = TAKE_PTR(reflector->following_page);
	if (reflector->next_page)
		return KUBE_NOW;
	kube_mirror_replace(&reflector->mirror, &reflector->pages);
	forget_pages(reflector);
	reflector->absent = reflector->missed = reflector->unpaged = false;
	reflector->synced = true;
	reflector->phase = KUBE_WATCH;
	return KUBE_NOW;
}

/*
 * Its list is asked for again, and what was read stays meanwhile. A list that is well doesn't make good a watch that
 * is not, or both would be asked for by turns for ever, and nobody told.
 */
static enum kube_next doubt(struct kube_reflector *reflector)
{
	reflector->doubted |= reflector->phase == KUBE_WATCH;
	begin_list(reflector);
	return failed(reflector);
}

/*
 * The kind is not served, or not in this version. Kinds that are always there
 * are not believed to be gone, whoever answers so, and others only when it is
 * said again after a pause.
 */
static enum kube_next not_found(struct kube_reflector *reflector)
{
	const struct kind_info *info = kind_info(reflector->kind);

	if (reflector->phase == KUBE_LIST && info->old_version && !reflector->old_version) {
		reflector->old_version = true;
		return begin_list(reflector);
	}
	reflector->old_version = false;
	if (!info->is_custom)
		return doubt(reflector);
	if (reflector->synced && !reflector->absent && !reflector->missed) {
		reflector->missed = true;
		begin_list(reflector);
		return KUBE_RARELY;
	}
	kube_mirror_clear(&reflector->mirror);
	reflector->absent = reflector->synced = true;
	reflector->missed = false;
	reflector->failures = 0;
	reflector->error = (struct error){};
	begin_list(reflector);
	return KUBE_RARELY;
}

/* Where to go on from is too old. In the middle of a list: before its last page came, so the next is in one piece. */
static enum kube_next start_over(struct kube_reflector *reflector)
{
	reflector->unpaged = reflector->phase == KUBE_LIST;
	if (reflector->unpaged)
		reflector->error = (struct error){};
	return doubt(reflector);
}

static void say_refusal(struct kube_reflector *reflector, long status)
{
	vec_push(&reflector->refusal, '\0');
	refused(reflector, reflector->refusal.items, status);
}

static enum kube_next end_request(struct kube_reflector *reflector, long status)
{
	const bool whole = kube_frames_are_whole(&reflector->frames);

	if (status == 404)
		return not_found(reflector);
	/* Another server than the one that gave it may not understand the token of a page. */
	if (reflector->expired || (status == 400 && reflector->next_page))
		return start_over(reflector);
	if (*reflector->error.text)
		return failed(reflector);
	if (reflector->phase == KUBE_WATCH && whole)
		return KUBE_NOW;
	if (whole && reflector->has_ended && reflector->from)
		return end_list(reflector);
	error_set(&reflector->error, -EPIPE, "the server's answer was cut off");
	return failed(reflector);
}

enum kube_next kube_reflector_end(struct kube_reflector *reflector, long status, const char *failure)
{
	enum kube_next next;

	if (status && status != 200)
		say_refusal(reflector, status);
	else if (failure && !*reflector->error.text)
		error_set(&reflector->error, -EIO, "%s", failure);
	next = end_request(reflector, status);
	/* That a watch is cut off once, or its place is too old, is no fault: it happens whenever the server restarts.
	 */
	if (*reflector->error.text || !reflector->doubted)
		reflector->fault = reflector->failures >= FAILURES_OF_A_FAULT ? reflector->error : (struct error){};
	reflector->is_unreachable = *reflector->fault.text && !status;
	reflector->away_since = status ? 0 : reflector->away_since ?: time(NULL);
	return next;
}
