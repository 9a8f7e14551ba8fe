/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions of each way, IPv4 and IPv6, as test_steps has counted them: make budgets. */
static const struct budget {
	const char *name;
	unsigned instructions[2];
} budgets[] = {
	{ "established, to the pod", { 355, 352 } },
	{ "established, from the pod", { 375, 372 } },
	{ "established, UDP", { 271, 268 } },
	{ "established, one limit", { 722, 741 } },
	{ "established, UDP, one limit", { 638, 657 } },
	{ "established, after a change of policy", { 789, 823 } },
	{ "new TCP connection, to the pod", { 832, 882 } },
	{ "new TCP connection, from the pod", { 867, 928 } },
	{ "new TCP connection, one limit", { 1424, 1521 } },
	{ "new exchange, UDP", { 755, 804 } },
	{ "of no connection, and opens none", { 675, 724 } },
	{ "denied, told of", { 985, 1085 } },
	{ "denied again, to the pod", { 378, 430 } },
	{ "denied again, from the pod", { 388, 440 } },
	{ "denied again, TCP SYN", { 405, 457 } },
	{ "XDP of the pod: denied again", { 378, 427 } },
	{ "XDP of the pod: established", { 236, 230 } },
	{ "XDP of an uplink: denied again", { 438, 527 } },
	{ "XDP of an uplink: established", { 279, 293 } },
	{ "XDP of an uplink: in calm", { 114, 117 } },
};
