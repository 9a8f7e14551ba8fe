// SPDX-License-Identifier: BSD-2-Clause
#include "agent/attachments.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "source/sealed.h"

#define FORMAT	"weir attachments"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Interface numbers begin afresh with every kernel. */
static char *read_boot(void)
{
	char *boot = NULL;
	size_t length;

	if (file_read(BOOT_ID, 64, &boot, &length) < 0)
		return xstrdup("");
	boot[strcspn(boot, "\n")] = '\0';
	return boot;
}

static int load_line(struct attachments *attachments, const char *line, size_t length, struct error *error)
{
	struct attachment attachment = {};
	json_t *json = json_loadb(line, length, 0, NULL);
	int r = attachment_read(json, &attachment, error);

	if (r == 0 && strcmp(json_string_value(json_object_get(json, "boot")) ?: "", attachments->boot) == 0)
		vec_push(&attachments->list, attachment);
	else
		attachment_free(&attachment);
	json_decref(json);
	return r;
}

static int load(struct attachments *attachments, struct error *error)
{
	_cleanup_free_ char *body = NULL;
	int number = 2, r = sealed_read(attachments->path, FORMAT, &body, error);

	if (r < 0)
		return r;
	for (char *line = body, *end; (end = strchr(line, '\n')); line = end + 1, number++) {
		r = load_line(attachments, line, (size_t)(end - line), error);
		if (r < 0) {
			error_prefix(error, "%s can't be used: line %d", attachments->path, number);
			return -EBADMSG;
		}
	}
	return 0;
}

static void empty(struct attachments *attachments)
{
	vec_for_each (attachment, &attachments->list)
		attachment_free(attachment);
	vec_free(&attachments->list);
}

int attachments_open(const char *state_dir, struct attachments *ret, struct error *error)
{
	int r;

	*ret = (struct attachments){ .path = xasprintf("%s/attachments.json", state_dir), .boot = read_boot() };
	r = load(ret, error);
	if (r < 0)
		empty(ret);
	if (r == -ENOENT)
		error_set(error, 0, "%s", "");
	if (r == -EBADMSG)
		sealed_put_aside(ret->path, error);
	return r == -ENOENT || r == -EBADMSG ? 0 : r;
}

void attachments_free(struct attachments *attachments)
{
	empty(attachments);
	free(attachments->path);
	free(attachments->boot);
	free(attachments->failure);
	*attachments = (struct attachments){};
}

static int write_list(const struct attachments *attachments, struct error *error)
{
	_cleanup_free_ char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);

	if (!out)
		return error_set(error, -errno, "%s can't be written: %s", attachments->path, strerror(errno));
	vec_for_each (attachment, &attachments->list) {
		json_t *json = attachment_json(attachment);

		json_object_set_new(json, "boot", json_string(attachments->boot));
		json_dumpf(json, out, JSON_COMPACT);
		fputc('\n', out);
		json_decref(json);
	}
	if (fclose(out) != 0)
		return error_set(error, -errno, "%s can't be written: %s", attachments->path, strerror(errno));
	return sealed_write(attachments->path, FORMAT, body, attachments->list.n, error);
}

int attachments_save(struct attachments *attachments, struct error *error)
{
	int r = write_list(attachments, error);

	free(attachments->failure);
	attachments->failure = r < 0 ? xstrdup(error->text) : NULL;
	return r;
}

const struct attachment *attachments_find(const struct attachments *attachments, const char *container,
					  const char *ifname)
{
	vec_for_each (attachment, &attachments->list) {
		if (strcmp(attachment->container, container) == 0 && strcmp(attachment->ifname, ifname) == 0)
			return attachment;
	}
	return NULL;
}

/* Another pod of the same name has another uid. */
static bool is_of(const struct attachment *attachment, const struct object *pod)
{
	return strcmp(attachment->pod, pod->name) == 0 && strcmp(attachment->namespace, pod->namespace) == 0 &&
	       (!attachment->uid || !pod->uid || strcmp(attachment->uid, pod->uid) == 0);
}

const struct attachment *attachments_of(const struct attachments *attachments, const struct object *pod)
{
	const struct attachment *found = NULL;

	for (size_t i = attachments->list.n; i--;) {
		const struct attachment *attachment = &attachments->list.items[i];

		if (is_of(attachment, pod) && (!found || strcmp(attachment->container, found->container) == 0))
			found = attachment;
	}
	return found;
}

int attachments_put(struct attachments *attachments, struct attachment *attachment)
{
	const struct attachment *old = attachments_find(attachments, attachment->container, attachment->ifname);

	if (!old && attachments->list.n == ATTACHMENTS_MAX)
		return -ENOSPC;
	if (old) {
		struct attachment replaced = attachments_take(attachments, old);

		attachment_free(&replaced);
	}
	vec_push(&attachments->list, *attachment);
	*attachment = (struct attachment){};
	return 0;
}

struct attachment attachments_take(struct attachments *attachments, const struct attachment *attachment)
{
	const struct attachment taken = *attachment;

	vec_remove(&attachments->list, (size_t)(attachment - attachments->list.items));
	return taken;
}

void attachments_link_gone(struct attachments *attachments, uint32_t ifindex)
{
	vec_for_each (attachment, &attachments->list)
		attachments->stale |= attachment->ifindex == ifindex;
}

bool attachment_is_there(const struct attachment *attachment, const struct links *links)
{
	struct link_info link;

	return links_by_name(links, attachment->interface, &link) && link.ifindex == attachment->ifindex;
}
