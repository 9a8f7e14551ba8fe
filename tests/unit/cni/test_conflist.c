// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "cni/conflist.h"

#define LIST(plugins) "{\"cniVersion\": \"1.0.0\", \"name\": \"n\", \"extra\": [1, {}], \"plugins\": [" plugins "]}"
#define OURS	      "{\"type\": \"weir-cni\"}"
#define GATE	      "{\"type\": \"weir-cni\", \"gate\": true}"
#define BRIDGE	      "{\"type\": \"bridge\", \"ipam\": {\"type\": \"host-local\"}}"
#define PORTMAP	      "{\"type\": \"portmap\", \"capabilities\": {\"portMappings\": true}}"

struct row {
	const char *name;
	const char *before, *socket, *after; /* after: NULL when it is refused */
};

static void check(const struct row *row, int (*act)(const json_t *, const char *, json_t **, struct error *))
{
	json_t *before = json_loads(row->before, 0, NULL), *unchanged = json_deep_copy(before), *after = NULL;
	json_t *expected = row->after ? json_loads(row->after, 0, NULL) : NULL;
	struct error error = {};
	int r = act(before, row->socket, &after, &error);

	if (r != (row->after ? 0 : -EINVAL) || (expected && !json_equal(after, expected)))
		fail_msg("%s: %d: %s", row->name, r, after ? json_dumps(after, 0) : error.text);
	assert_true(json_equal(before, unchanged));
	json_decref(before);
	json_decref(unchanged);
	json_decref(expected);
	json_decref(after);
}

static int without(const json_t *config, const char *socket, json_t **ret, struct error *error)
{
	return conflist_remove(config, ret, error);
}

static void it_is_the_first_plugin_and_the_last(void **state)
{
	static const struct row rows[] = {
		{ "before and behind the others", LIST(BRIDGE ", " PORTMAP), NULL,
		  LIST(GATE ", " BRIDGE ", " PORTMAP ", " OURS) },
		{ "with a socket of its own", LIST(BRIDGE), "/s",
		  LIST("{\"type\": \"weir-cni\", \"gate\": true, \"socket\": \"/s\"}, " BRIDGE
		       ", {\"type\": \"weir-cni\", \"socket\": \"/s\"}") },
		{ "the default socket isn't written", LIST(BRIDGE), "/run/weir/weir.sock",
		  LIST(GATE ", " BRIDGE ", " OURS) },
		{ "again: nothing changes", LIST(GATE ", " BRIDGE ", " OURS), NULL, LIST(GATE ", " BRIDGE ", " OURS) },
		{ "a list that has it last only", LIST(BRIDGE ", {\"type\": \"weir-cni\", \"agentDown\": \"pass\"}"),
		  NULL,
		  LIST("{\"type\": \"weir-cni\", \"agentDown\": \"pass\", \"gate\": true}, " BRIDGE
		       ", {\"type\": \"weir-cni\", \"agentDown\": \"pass\"}") },
		{ "each keeps what was set for it by hand",
		  LIST("{\"type\": \"weir-cni\", \"gate\": true, \"timeoutSeconds\": 5}, " BRIDGE
		       ", {\"type\": \"weir-cni\", \"timeoutSeconds\": 9}, " PORTMAP),
		  NULL,
		  LIST("{\"type\": \"weir-cni\", \"gate\": true, \"timeoutSeconds\": 5}, " BRIDGE ", " PORTMAP
		       ", {\"type\": \"weir-cni\", \"timeoutSeconds\": 9}") },
		{ "a single plugin becomes a list",
		  "{\"cniVersion\": \"0.4.0\", \"name\": \"n\", \"type\": \"bridge\", \"mtu\": 1400}", NULL,
		  "{\"cniVersion\": \"0.4.0\", \"name\": \"n\", \"plugins\": [" GATE
		  ", {\"type\": \"bridge\", \"mtu\": 1400}, " OURS "]}" },
		{ "an empty object", "{}", NULL, NULL },
		{ "a list", "[]", NULL, NULL },
		{ "an empty list of plugins", "{\"plugins\": []}", NULL, NULL },
		{ "a type that is no string", "{\"type\": 1}", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(&rows[i], conflist_add);
}

static void it_goes_without_a_trace(void **state)
{
	static const struct row rows[] = {
		{ "behind the others", LIST(BRIDGE ", {\"type\": \"weir-cni\", \"socket\": \"/s\"}"), NULL,
		  LIST(BRIDGE) },
		{ "twice", LIST("{\"type\": \"weir-cni\"}, " BRIDGE ", {\"type\": \"weir-cni\"}"), NULL, LIST(BRIDGE) },
		{ "not there", LIST(BRIDGE ", 7"), NULL, LIST(BRIDGE ", 7") },
		{ "no list", "{\"type\": \"bridge\"}", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(&rows[i], without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_first_plugin_and_the_last),
		cmocka_unit_test(it_goes_without_a_trace),
	};

	return cmocka_run_group_tests_name("cni: a runtime's list of plugins", tests, NULL, NULL);
}
