/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions of each way, IPv4 and IPv6, as test_steps has counted them: make budgets. */
static const struct budget {
	const char *name;
	unsigned instructions[2];
} budgets[] = {
	{ "established, to the pod", { 349, 345 } },
	{ "established, from the pod", { 368, 364 } },
	{ "established, UDP", { 265, 263 } },
	{ "established, one limit", { 716, 734 } },
	{ "established, UDP, one limit", { 632, 652 } },
	{ "established, after a change of policy", { 780, 815 } },
	{ "new TCP connection, to the pod", { 780, 817 } },
	{ "new TCP connection, from the pod", { 814, 863 } },
	{ "new TCP connection, one limit", { 1371, 1455 } },
	{ "new exchange, UDP", { 688, 725 } },
	{ "of no connection, and opens none", { 611, 646 } },
	{ "denied, told of", { 809, 869 } },
	{ "denied again, to the pod", { 626, 676 } },
	{ "denied again, from the pod", { 656, 717 } },
	{ "denied again, TCP SYN", { 653, 701 } },
	{ "XDP of the pod: denied again", { 629, 686 } },
	{ "XDP of the pod: established", { 236, 232 } },
	{ "XDP of an uplink: denied again", { 633, 679 } },
	{ "XDP of an uplink: established", { 249, 245 } },
	{ "XDP of an uplink: in calm", { 121, 124 } },
};
