// SPDX-License-Identifier: BSD-2-Clause
#include "cni/conflist.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "cni/request.h"

static bool is_ours(const json_t *plugin)
{
	const char *type = json_string_value(json_object_get(plugin, "type"));

	return type && strcmp(type, CONFLIST_TYPE) == 0;
}

static json_t *without_us(const json_t *plugins)
{
	json_t *list = json_array(), *plugin;
	size_t index;

	json_array_foreach (plugins, index, plugin) {
		if (!is_ours(plugin))
			json_array_append(list, plugin);
	}
	return list;
}

static bool is_list(const json_t *config)
{
	return json_array_size(json_object_get(config, "plugins")) > 0;
}

/* Name and version are the list's; the plugin keeps the rest. */
static json_t *list_of_one(const json_t *plugin)
{
	json_t *list = json_object(), *only = json_copy((json_t *)plugin);
	json_t *name = json_object_get(plugin, "name"), *version = json_object_get(plugin, "cniVersion");

	if (version)
		json_object_set(list, "cniVersion", version);
	if (name)
		json_object_set(list, "name", name);
	json_object_del(only, "name");
	json_object_del(only, "cniVersion");
	json_object_set_new(list, "plugins", json_pack("[o]", only));
	return list;
}

static bool is_gate(const json_t *plugin)
{
	return json_is_true(json_object_get(plugin, "gate"));
}

/* What somebody has set for it by hand stays; a gate that is new has what the last one has. */
static json_t *our_plugin(const json_t *plugins, bool gate, const char *socket)
{
	json_t *ours = NULL, *plugin, *copy;
	size_t index;

	json_array_foreach (plugins, index, plugin) {
		if (is_ours(plugin) && (!ours || is_gate(plugin) == gate))
			ours = plugin;
	}
	copy = ours ? json_copy(ours) : json_pack("{s:s}", "type", CONFLIST_TYPE);
	if (socket && (ours || strcmp(socket, CNI_SOCKET_DEFAULT) != 0))
		json_object_set_new(copy, "socket", json_string(socket));
	if (gate)
		json_object_set_new(copy, "gate", json_true());
	else if (is_gate(copy))
		json_object_del(copy, "gate");
	return copy;
}

int conflist_add(const json_t *config, const char *socket, json_t **ret, struct error *error)
{
	json_auto_t *list = NULL;
	json_t *plugins, *before;

	if (is_list(config))
		list = json_copy((json_t *)config);
	else if (json_is_string(json_object_get(config, "type")))
		list = list_of_one(config);
	else
		return error_set(error, -EINVAL, "has neither plugins nor a type");
	before = json_object_get(list, "plugins");
	plugins = without_us(before);
	json_array_insert_new(plugins, 0, our_plugin(before, true, socket));
	json_array_append_new(plugins, our_plugin(before, false, socket));
	json_object_set_new(list, "plugins", plugins);
	*ret = TAKE_PTR(list);
	return 0;
}

int conflist_remove(const json_t *config, json_t **ret, struct error *error)
{
	json_t *list;

	if (!is_list(config))
		return error_set(error, -EINVAL, "has no plugins");
	list = json_copy((json_t *)config);
	json_object_set_new(list, "plugins", without_us(json_object_get(config, "plugins")));
	*ret = list;
	return 0;
}

bool conflist_has(const json_t *config)
{
	json_t *plugin;
	size_t index;

	json_array_foreach (json_object_get(config, "plugins"), index, plugin) {
		if (is_ours(plugin))
			return true;
	}
	return false;
}
