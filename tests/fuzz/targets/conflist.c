// SPDX-License-Identifier: BSD-2-Clause
/*
 * A runtime's list of plugins, edited. Whatever it is: once added the plugin is
 * there, adding it again changes nothing, and once removed it is gone and all
 * else is as it would be without.
 */
#include "cni/conflist.h"
#include "fuzz/targets/input.h"

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check(const json_t *config)
{
	json_auto_t *added = NULL, *again = NULL, *removed = NULL, *without = NULL;
	struct error error = {};

	if (conflist_add(config, NULL, &added, &error) < 0)
		return;
	must(conflist_has(added), "what was added isn't there");
	must(conflist_add(added, NULL, &again, &error) == 0 && json_equal(added, again), "it is added twice");
	must(conflist_remove(added, &removed, &error) == 0 && !conflist_has(removed), "what was removed is there");
	if (conflist_remove(config, &without, &error) == 0)
		must(json_equal(removed, without), "more has changed than the plugin");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	json_auto_t *config = json_loadb((const char *)bytes, size, 0, NULL);

	if (config)
		check(config);
	return 0;
}
