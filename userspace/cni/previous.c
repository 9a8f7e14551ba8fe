// SPDX-License-Identifier: BSD-2-Clause
#include "cni/previous.h"

#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define ITEMS_MAX 64u

/* "192.0.2.1/24": the address with the length of its network. */
static int read_address(const json_t *ip, struct addr *ret)
{
	const char *text = json_string_value(json_object_get(ip, "address"));
	_cleanup_free_ char *bare = text ? xstrndup(text, strcspn(text, "/")) : NULL;
	struct cidr cidr;

	return text && cidr_parse(text, &cidr, NULL) == 0 ? addr_parse(bare, ret) : -1;
}

static const json_t *interface_of(const json_t *result, const json_t *ip)
{
	const json_t *index = json_object_get(ip, "interface");

	if (!json_is_integer(index) || json_integer_value(index) < 0)
		return NULL;
	return json_array_get(json_object_get(result, "interfaces"), (size_t)json_integer_value(index));
}

static int check_list(const json_t *result, const char *name, struct cni_error *error)
{
	const json_t *list = json_object_get(result, name), *item;
	size_t index;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) > ITEMS_MAX)
		return cni_fail(error, CNI_INVALID_CONFIG, "the previous plugin's result can't be used",
				"prevResult.%s must be a list of at most %u", name, ITEMS_MAX);
	json_array_foreach (list, index, item) {
		if (!json_is_object(item))
			return cni_fail(error, CNI_INVALID_CONFIG, "the previous plugin's result can't be used",
					"prevResult.%s[%zu] must be an object", name, index);
	}
	return 0;
}

int previous_check(const json_t *result, struct cni_error *error)
{
	const json_t *ip;
	struct addr addr;
	size_t index;

	if (check_list(result, "interfaces", error) < 0 || check_list(result, "ips", error) < 0)
		return -1;
	json_array_foreach (json_object_get(result, "ips"), index, ip) {
		if (read_address(ip, &addr) < 0)
			return cni_fail(error, CNI_INVALID_CONFIG, "the previous plugin's result can't be used",
					"prevResult.ips[%zu].address must be an address with the length of its network",
					index);
		if (json_object_get(ip, "interface") && !interface_of(result, ip))
			return cni_fail(error, CNI_INVALID_CONFIG, "the previous plugin's result can't be used",
					"prevResult.ips[%zu].interface is none of prevResult.interfaces", index);
	}
	return 0;
}

/* An address without an interface is the container's. */
json_t *previous_addresses(const json_t *result, const char *ifname)
{
	json_t *list = json_array();
	const json_t *ip;
	size_t index;

	json_array_foreach (json_object_get(result, "ips"), index, ip) {
		const json_t *interface = interface_of(result, ip);
		const char *name = json_string_value(json_object_get(interface, "name"));
		const char *sandbox = json_string_value(json_object_get(interface, "sandbox"));
		char text[ADDR_TEXT_MAX];
		struct addr addr;

		if (interface && (!name || strcmp(name, ifname) != 0 || !sandbox || !*sandbox))
			continue;
		if (read_address(ip, &addr) == 0)
			json_array_append_new(list, json_string(addr_format(&addr, text)));
	}
	return list;
}
