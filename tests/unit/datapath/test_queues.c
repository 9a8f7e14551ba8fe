// SPDX-License-Identifier: BSD-2-Clause
/* Which interfaces keep departure times, by the qdiscs and interfaces that there are. */
#include <linux/pkt_sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "datapath/queues.h"

#define HANDLE(major)	    ((major) << 16)
#define CLASS(major, minor) ((major) << 16 | (minor))

struct queues_case {
	const char *name;
	struct queues_qdisc qdiscs[6];
	struct queues_link links[4];
	const char *fault; /* interface and qdisc; NULL: 1 keeps time */
};

static const struct queues_case cases[] = {
	{ "fq keeps time", { { 1, HANDLE(0x8001), TC_H_ROOT, "fq" } }, { { 1, 0, 0, "eth0" } }, NULL },
	{ "pfifo_fast does not", { { 1, 0, TC_H_ROOT, "pfifo_fast" } }, { { 1, 0, 0, "eth0" } }, "eth0 pfifo_fast" },
	{ "another interface's fq is of no use",
	  { { 2, HANDLE(0x8001), TC_H_ROOT, "fq" }, { 1, 0, TC_H_ROOT, "fq_codel" } },
	  { { 1, 0, 0, "eth0" }, { 2, 0, 0, "eth1" } },
	  "eth0 fq_codel" },
	{ "an interface without a qdisc has none", { {} }, { { 1, 0, 0, "tun0" } }, "tun0 noqueue" },
	{ "mq keeps time when each of its queues does",
	  { { 1, 0, TC_H_ROOT, "mq" }, { 1, HANDLE(1), CLASS(0, 1), "fq" }, { 1, HANDLE(2), CLASS(0, 2), "fq" } },
	  { { 1, 0, 0, "eth0" } },
	  NULL },
	{ "mq does not when one of them does not",
	  { { 1, 0, TC_H_ROOT, "mq" },
	    { 1, HANDLE(1), CLASS(0, 1), "fq" },
	    { 1, HANDLE(2), CLASS(0, 2), "pfifo_fast" } },
	  { { 1, 0, 0, "eth0" } },
	  "eth0 pfifo_fast" },
	{ "mq without children does not", { { 1, 0, TC_H_ROOT, "mq" } }, { { 1, 0, 0, "eth0" } }, "eth0 mq" },
	{ "children of another qdisc are not mq's",
	  { { 1, HANDLE(7), TC_H_ROOT, "mq" }, { 1, HANDLE(1), CLASS(8, 1), "fq" } },
	  { { 1, 0, 0, "eth0" } },
	  "eth0 mq" },
	{ "clsact beside it makes no difference",
	  { { 1, HANDLE(0xffff), TC_H_CLSACT, "clsact" }, { 1, HANDLE(1), TC_H_ROOT, "fq" } },
	  { { 1, 0, 0, "eth0" } },
	  NULL },
	{ "fq below another qdisc does not count",
	  { { 1, HANDLE(1), TC_H_ROOT, "htb" }, { 1, HANDLE(2), CLASS(1, 1), "fq" } },
	  { { 1, 0, 0, "eth0" } },
	  "eth0 htb" },
	{ "a VLAN does as the interface that it is on",
	  { { 1, 0, TC_H_ROOT, "noqueue" }, { 2, HANDLE(1), TC_H_ROOT, "fq" } },
	  { { 1, 0, 2, "eth0.5" }, { 2, 0, 0, "eth0" } },
	  NULL },
	{ "a bond does as all of its ports",
	  { { 1, 0, TC_H_ROOT, "noqueue" },
	    { 2, HANDLE(1), TC_H_ROOT, "fq" },
	    { 3, HANDLE(1), TC_H_ROOT, "pfifo_fast" } },
	  { { 1, 0, 0, "bond0" }, { 2, 1, 0, "eth0" }, { 3, 1, 0, "eth1" } },
	  "eth1 pfifo_fast" },
	{ "a bond without ports keeps no time",
	  { { 1, 0, TC_H_ROOT, "noqueue" } },
	  { { 1, 0, 0, "bond0" } },
	  "bond0 noqueue" },
	{ "interfaces on each other in a circle come to an end",
	  { { 1, 0, TC_H_ROOT, "noqueue" }, { 2, 0, TC_H_ROOT, "noqueue" } },
	  { { 1, 0, 2, "a" }, { 2, 0, 1, "b" } },
	  "a noqueue" },
};

static void play(void **state)
{
	const struct queues_case *test = *state;
	struct queues queues = {};
	struct queues_fault fault = {};
	char text[64];
	bool keeps;

	for (size_t i = 0; i < ARRAY_SIZE(test->qdiscs) && test->qdiscs[i].ifindex; i++)
		vec_push(&queues.qdiscs, test->qdiscs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(test->links) && test->links[i].ifindex; i++)
		vec_push(&queues.links, test->links[i]);
	keeps = queues_keep_time(&queues, 1, &fault);
	queues_free(&queues);
	snprintf(text, sizeof(text), "%s %s", fault.name, fault.kind);
	assert_int_equal(keeps, !test->fault);
	if (test->fault)
		assert_string_equal(text, test->fault);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases)];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, play, NULL, NULL, (void *)&cases[i] };
	return _cmocka_run_group_tests("datapath/queues", tests, ARRAY_SIZE(tests), NULL, NULL);
}
