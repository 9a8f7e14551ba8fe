// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_frames.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
	const char *key;
	enum kube_member member;
} members[] = {
	{ "metadata", KUBE_METADATA },
	{ "items", KUBE_ITEM },
	{ "type", KUBE_TYPE },
	{ "object", KUBE_OBJECT },
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool find_member(const struct kube_frames *frames, enum kube_member *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (strlen(members[i].key) == frames->key_length &&
		    memcmp(members[i].key, frames->key, frames->key_length) == 0) {
			*ret = members[i].member;
			return true;
		}
	}
	return false;
}

/* The value that begins here is one that is told. */
static bool begins_capture(const struct kube_frames *frames, enum kube_member *ret)
{
	if (frames->captures || !frames->in_value || !find_member(frames, ret))
		return false;
	return frames->depth == (*ret == KUBE_ITEM ? 2 : 1);
}

static int keep(struct kube_frames *frames, char c)
{
	if (!frames->captures)
		return 0;
	if (frames->text.n >= frames->limit)
		return -E2BIG;
	vec_push(&frames->text, c);
	return 0;
}

static int finish_capture(struct kube_frames *frames)
{
	int r;

	frames->captures = false;
	vec_push(&frames->text, '\0');
	r = frames->take(frames->data, frames->member, frames->text.items, frames->text.n - 1);
	frames->text.n = 0;
	return r;
}

static bool is_at_capture(const struct kube_frames *frames)
{
	return frames->captures && frames->depth == frames->capture_depth;
}

static int string_char(struct kube_frames *frames, char c)
{
	int r = keep(frames, c);

	if (r < 0)
		return r;
	if (frames->escaped) {
		frames->escaped = false;
	} else if (c == '\\') {
		frames->escaped = true;
	} else if (c == '"') {
		frames->in_string = frames->is_key = false;
		return is_at_capture(frames) ? finish_capture(frames) : 0;
	}
	/* A key that is longer than any that is looked for is none of them. */
	if (frames->is_key && frames->key_length < sizeof(frames->key))
		frames->key[frames->key_length++] = c;
	return 0;
}

static int open_bracket(struct kube_frames *frames, char c)
{
	if (frames->depth == 0 && c != '{')
		return -EBADMSG;
	frames->depth++;
	return keep(frames, c);
}

static int close_bracket(struct kube_frames *frames, char c)
{
	int r;

	if (frames->depth == 0)
		return -EBADMSG;
	/* A number or a word is over where its collection is. */
	if (is_at_capture(frames)) {
		r = finish_capture(frames);
		if (r < 0)
			return r;
	}
	frames->depth--;
	r = keep(frames, c);
	if (r < 0)
		return r;
	if (frames->depth == 0) {
		frames->in_value = false;
		return frames->take(frames->data, KUBE_END, "", 0);
	}
	return is_at_capture(frames) ? finish_capture(frames) : 0;
}

/* Whatever separates values. */
static int separator(struct kube_frames *frames, char c)
{
	if (frames->depth == 1 && c == ':')
		frames->in_value = true;
	if (frames->depth == 1 && c == ',')
		frames->in_value = false;
	return is_at_capture(frames) ? finish_capture(frames) : keep(frames, c);
}

static int next_char(struct kube_frames *frames, char c)
{
	if (frames->in_string)
		return string_char(frames, c);
	if (is_space(c) || c == ',' || c == ':')
		return separator(frames, c);
	if (frames->depth == 0 && c != '{')
		return -EBADMSG;
	if (c == '}' || c == ']')
		return close_bracket(frames, c);
	if (begins_capture(frames, &frames->member)) {
		frames->captures = true;
		frames->capture_depth = frames->depth;
	}
	if (c == '{' || c == '[')
		return open_bracket(frames, c);
	if (c == '"') {
		frames->in_string = true;
		frames->is_key = frames->depth == 1 && !frames->in_value;
		if (frames->is_key)
			frames->key_length = 0;
	}
	return keep(frames, c);
}

int kube_frames_feed(struct kube_frames *frames, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = next_char(frames, data[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

bool kube_frames_are_whole(const struct kube_frames *frames)
{
	return frames->depth == 0 && !frames->in_string;
}

void kube_frames_free(struct kube_frames *frames)
{
	const struct kube_frames fresh = { .take = frames->take, .data = frames->data, .limit = frames->limit };

	vec_free(&frames->text);
	*frames = fresh;
}
