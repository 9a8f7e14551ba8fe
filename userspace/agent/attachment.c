// SPDX-License-Identifier: BSD-2-Clause
#include "agent/attachment.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "object/names.h"

#define CONTAINER_MAX 256u /* far beyond what any runtime gives */
#define ADDRS_MAX     64u

void attachment_free(struct attachment *attachment)
{
	free(attachment->container);
	free(attachment->ifname);
	free(attachment->network);
	free(attachment->namespace);
	free(attachment->pod);
	free(attachment->uid);
	vec_free(&attachment->addrs);
	*attachment = (struct attachment){};
}

static const char *check_opaque(const char *text)
{
	return *text && strlen(text) <= CONTAINER_MAX ? NULL : "must be 1 to 256 bytes long";
}

struct text_member {
	const char *name;
	size_t at;				/* of the char * in struct attachment */
	const char *(*check)(const char *text); /* what is wrong with it, or NULL */
	bool may_lack;
};

static const struct text_member text_members[] = {
	{ "containerId", offsetof(struct attachment, container), check_opaque, false },
	{ "ifname", offsetof(struct attachment, ifname), name_check_interface, false },
	{ "network", offsetof(struct attachment, network), check_opaque, false },
	{ "namespace", offsetof(struct attachment, namespace), check_opaque, false },
	{ "pod", offsetof(struct attachment, pod), check_opaque, false },
	{ "uid", offsetof(struct attachment, uid), check_opaque, true },
};

static char **text_of(const struct attachment *attachment, const struct text_member *member)
{
	return (char **)((char *)attachment + member->at);
}

static int read_text(const json_t *json, const struct text_member *member, struct attachment *attachment,
		     struct error *error)
{
	const json_t *value = json_object_get(json, member->name);
	const char *text = json_string_value(value), *complaint;

	if (member->may_lack && (!value || json_is_null(value)))
		return 0;
	if (!text)
		return error_set(error, -EINVAL, "%s: must be a string", member->name);
	complaint = member->check(text);
	if (complaint)
		return error_set(error, -EINVAL, "%s: %s", member->name, complaint);
	*text_of(attachment, member) = xstrdup(text);
	return 0;
}

static int read_interface(const json_t *json, struct attachment *attachment, struct error *error)
{
	const char *name = json_string_value(json_object_get(json, "interface"));
	const json_t *ifindex = json_object_get(json, "ifindex");
	const char *complaint = name ? name_check_interface(name) : "must be a string";

	if (complaint)
		return error_set(error, -EINVAL, "interface: %s", complaint);
	if (!json_is_integer(ifindex) || json_integer_value(ifindex) <= 0 || json_integer_value(ifindex) > INT32_MAX)
		return error_set(error, -EINVAL, "ifindex: must be the number of an interface");
	snprintf(attachment->interface, sizeof(attachment->interface), "%s", name);
	attachment->ifindex = (uint32_t)json_integer_value(ifindex);
	return 0;
}

static int read_addresses(const json_t *json, struct attachment *attachment, struct error *error)
{
	const json_t *list = json_object_get(json, "addresses");
	const json_t *item;
	size_t index;

	if (!json_is_array(list) || json_array_size(list) > ADDRS_MAX)
		return error_set(error, -EINVAL, "addresses: must be a list of at most %u", ADDRS_MAX);
	json_array_foreach (list, index, item) {
		const char *text = json_string_value(item);
		struct addr addr;

		if (!text || addr_parse(text, &addr) < 0)
			return error_set(error, -EINVAL, "addresses[%zu]: must be an IP address", index);
		vec_push(&attachment->addrs, addr);
	}
	return 0;
}

int attachment_read(const json_t *json, struct attachment *ret, struct error *error)
{
	_cleanup_(attachment_free) struct attachment attachment = {};
	int r = json_is_object(json) ? 0 : error_set(error, -EINVAL, "must be a JSON object");

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(text_members); i++)
		r = read_text(json, &text_members[i], &attachment, error);
	if (r == 0)
		r = read_interface(json, &attachment, error) ?: read_addresses(json, &attachment, error);
	if (r < 0)
		return r;
	*ret = attachment;
	attachment = (struct attachment){};
	return 0;
}

json_t *attachment_json(const struct attachment *attachment)
{
	json_t *addresses = json_array(), *json = json_object();
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(text_members); i++) {
		const char *value = *text_of(attachment, &text_members[i]);

		json_object_set_new(json, text_members[i].name, value ? json_string(value) : json_null());
	}
	vec_for_each (addr, &attachment->addrs)
		json_array_append_new(addresses, json_string(addr_format(addr, text)));
	json_object_set_new(json, "interface", json_string(attachment->interface));
	json_object_set_new(json, "ifindex", json_integer((json_int_t)attachment->ifindex));
	json_object_set_new(json, "addresses", addresses);
	return json;
}
