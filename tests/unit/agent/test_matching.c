// SPDX-License-Identifier: BSD-2-Clause
/* Which interface is taken for which pod's, by what is seen of addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "agent/matching.h"
#include "base/mem.h"
#include "observe/names.h"

#define A  "10.0.0.1"
#define A6 "fd00::1"
#define B  "10.0.0.2"

/* Interfaces have numbers. */
struct row {
	const char *name;
	const char *sought[3];	 /* each pod's addresses; "peer 5: ADDRESS" was found there before */
	const char *seen[6];	 /* "ADDRESS HOW INTERFACE" */
	uint32_t taken;		 /* by a pod that names it */
	const char *expected[3]; /* of each pod: "HOW INTERFACE", or why not */
};

static const struct row rows[] = {
	{ "who is not seen is nowhere", { A }, { B " peer 5" }, 0, { "nowhere" } },
	{ "a route decides", { A }, { A " route 5" }, 0, { "route 5" } },
	{ "the other end's address decides", { A }, { A " peer 5" }, 0, { "peer 5" } },
	{ "a route decides against whoever else has the address",
	  { A },
	  { A " peer 6", A " route 5" },
	  0,
	  { "route 5" } },
	{ "two interfaces that have the address are none", { A }, { A " peer 5", A " peer 6" }, 0, { "several" } },
	{ "an interface seen twice is one", { A }, { A " peer 5", A " peer 5" }, 0, { "peer 5" } },
	{ "an interface of a pod that names it is no evidence", { A }, { A " peer 5" }, 5, { "nowhere" } },
	{ "a pod whose neighbour has its address too is found all the same, as that one's interface is known",
	  { A },
	  { A " peer 5", A " peer 6" },
	  6,
	  { "peer 5" } },
	{ "a route to another pod's interface is a contradiction",
	  { A },
	  { A " route 5", A " peer 6" },
	  5,
	  { "taken" } },

	/* Several addresses. */
	{ "addresses of both families lead to one interface",
	  { A "," A6 },
	  { A " route 5", A6 " route 5" },
	  0,
	  { "route 5" } },
	{ "one address is enough", { A "," A6 }, { A6 " peer 5" }, 0, { "peer 5" } },
	{ "addresses that lead to two interfaces lead to none",
	  { A "," A6 },
	  { A " route 5", A6 " route 6" },
	  0,
	  { "several" } },
	{ "the better known address decides where the other agrees",
	  { A "," A6 },
	  { A " route 5", A6 " peer 6", A6 " peer 5" },
	  0,
	  { "route 5" } },
	{ "the better known address doesn't decide where the other contradicts",
	  { A "," A6 },
	  { A " route 5", A6 " peer 6" },
	  0,
	  { "several" } },

	/* What was told. */
	{ "a bridge decides for an interface whose other end shows nothing",
	  { A },
	  { A " bridge 5" },
	  0,
	  { "bridge 5" } },
	{ "neighbours too", { A }, { A " neighbour 5" }, 0, { "neighbour 5" } },
	{ "what was told is nothing against an address that is there",
	  { A },
	  { A " bridge 6", A " peer 5" },
	  0,
	  { "peer 5" } },
	{ "what was told of an interface whose other end has another address is nothing",
	  { A },
	  { A " bridge 6", B " peer 6" },
	  0,
	  { "nowhere" } },
	{ "what was told twice is nothing", { A "," A6 }, { A " bridge 5", A6 " bridge 6" }, 0, { "several" } },
	{ "what an earlier agent had found is kept", { A }, { A " kept 5" }, 0, { "kept 5" } },
	{ "what an earlier agent had found gives way", { A }, { A " kept 5", A " peer 6" }, 0, { "peer 6" } },
	{ "what an earlier agent had found is not kept where another address is now",
	  { A },
	  { A " kept 5", B " peer 5" },
	  0,
	  { "nowhere" } },

	/* Several pods. */
	{ "each gets its own", { A, B }, { A " peer 5", B " peer 6" }, 0, { "peer 5", "peer 6" } },
	{ "one that shows its neighbour's address beside its own gets its own, and so does the neighbour",
	  { A, B },
	  { A " peer 5", B " peer 5", B " peer 6" },
	  0,
	  { "peer 5", "peer 6" } },
	{ "whichever is looked at first",
	  { B, A },
	  { A " peer 5", B " peer 5", B " peer 6" },
	  0,
	  { "peer 6", "peer 5" } },
	{ "one that shows only its neighbour's address gets nobody's",
	  { A, B },
	  { B " peer 5", B " peer 6" },
	  0,
	  { "nowhere", "several" } },
	{ "two that show each other's get neither",
	  { A, B },
	  { A " peer 5", B " peer 5", A " peer 6", B " peer 6" },
	  0,
	  { "several", "several" } },
	{ "two pods behind one interface get it neither",
	  { A, B },
	  { A " peer 5", B " peer 5" },
	  0,
	  { "shared", "shared" } },
	{ "one that has a route doesn't share", { A, B }, { A " route 5", B " peer 5" }, 0, { "route 5", "nowhere" } },
	{ "two pods with routes by one interface get it neither",
	  { A, B },
	  { A " route 5", B " route 5" },
	  0,
	  { "shared", "shared" } },

	/* What was found before. */
	{ "what was found stays when it is no longer seen", { "peer 5: " A }, {}, 0, { "peer 5" } },
	{ "what was found stays where less is told", { "peer 5: " A }, { A " bridge 6" }, 0, { "peer 5" } },
	{ "what was found is nobody's when something as good contradicts",
	  { "peer 5: " A },
	  { A " peer 5", A " peer 6" },
	  0,
	  { "several" } },
	{ "what was found follows a route", { "peer 5: " A }, { A " peer 5", A " route 6" }, 0, { "route 6" } },
	{ "what was found by a route stays whatever other ends have",
	  { "route 5: " A },
	  { A " peer 6" },
	  0,
	  { "route 5" } },
	{ "what was found isn't given to another", { "peer 5: " A, B }, { B " peer 5" }, 0, { "peer 5", "nowhere" } },
	{ "a known pod's interface contradicts nobody",
	  { "peer 5: " A, "peer 6: " B },
	  { A " peer 6", B " peer 6", A " peer 5" },
	  0,
	  { "peer 5", "peer 6" } },
};

static enum interface_found how_by_name(const char *name)
{
	for (int how = FOUND_ANNOTATION; how <= FOUND_KEPT; how++) {
		if (strcmp(interface_found_name(how), name) == 0)
			return how;
	}
	fail_msg("%s", name);
	return FOUND_KEPT;
}

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static struct sighting sighting_of(const char *text)
{
	char addr[64], how[16];
	struct sighting sighting = {};

	assert_int_equal(sscanf(text, "%63s %15s %u", addr, how, &sighting.ifindex), 3);
	sighting.addr = address(addr);
	sighting.how = how_by_name(how);
	return sighting;
}

static struct sought sought_of(const char *text, addr_list *addrs)
{
	_cleanup_free_ char *copy = NULL;
	struct sought sought = { .addrs = addrs };
	char how[16], *rest = NULL;
	int used = 0;

	if (sscanf(text, "%15s %u: %n", how, &sought.ifindex, &used) == 2 && used) {
		sought.match = MATCH_FOUND;
		sought.how = how_by_name(how);
	}
	copy = xstrdup(text + used);
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		vec_push(addrs, address(word));
	return sought;
}

static char *result_of(const struct sought *sought)
{
	static const char *const words[] = {
		[MATCH_NOWHERE] = "nowhere",
		[MATCH_SEVERAL] = "several",
		[MATCH_TAKEN] = "taken",
		[MATCH_SHARED] = "shared",
	};

	if (sought->match != MATCH_FOUND)
		return xstrdup(words[sought->match]);
	return xasprintf("%s %u", interface_found_name(sought->how), sought->ifindex);
}

static void row_holds(void **state)
{
	const struct row *row = *state;
	addr_list addrs[ARRAY_SIZE(row->sought)] = {};
	sought_list list = {};
	sightings seen = {};
	ifindexes taken = {};

	for (size_t i = 0; i < ARRAY_SIZE(row->sought) && row->sought[i]; i++)
		vec_push(&list, sought_of(row->sought[i], &addrs[i]));
	for (size_t i = 0; i < ARRAY_SIZE(row->seen) && row->seen[i]; i++)
		vec_push(&seen, sighting_of(row->seen[i]));
	if (row->taken)
		vec_push(&taken, row->taken);
	matching_resolve(&list, &seen, &taken);
	for (size_t i = 0; i < list.n; i++) {
		_cleanup_free_ char *result = result_of(&list.items[i]);

		assert_string_equal(result, row->expected[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
		vec_free(&addrs[i]);
	vec_free(&list);
	vec_free(&seen);
	vec_free(&taken);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rows)] = {};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, row_holds, NULL, NULL, (void *)&rows[i] };
	return cmocka_run_group_tests_name("matching", tests, NULL, NULL);
}
