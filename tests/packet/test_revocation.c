// SPDX-License-Identifier: BSD-2-Clause
/*
 * Revocation, by the real compiler and the loaded programs: a connection whose
 * permission is withdrawn ends with its next packet, from whichever side that
 * comes, and goes on when the permission is given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "base/mem.h"
#include "packet/enforcer.h"

#define PORT 8080

enum permission { GRANTED, WITHDRAWN, POLICIES };

struct revocation {
	struct enforcer enforcer;
	struct numberings numberings;
	struct enforcer_policy policies[POLICIES];
	uint32_t revision;
};

struct connection {
	const char *name;
	uint8_t protocol;
	enum weir_family family;
	enum weir_direction opener;
};

static const struct connection connections[] = {
	{ "TCP into the pod", IPPROTO_TCP, WEIR_IPV4, WEIR_INGRESS },
	{ "TCP out of the pod", IPPROTO_TCP, WEIR_IPV4, WEIR_EGRESS },
	{ "UDP into the pod", IPPROTO_UDP, WEIR_IPV4, WEIR_INGRESS },
	{ "UDP out of the pod", IPPROTO_UDP, WEIR_IPV4, WEIR_EGRESS },
	{ "SCTP into the pod", IPPROTO_SCTP, WEIR_IPV4, WEIR_INGRESS },
	{ "IPv6 TCP into the pod", IPPROTO_TCP, WEIR_IPV6, WEIR_INGRESS },
	{ "IPv6 TCP out of the pod", IPPROTO_TCP, WEIR_IPV6, WEIR_EGRESS },
	{ "IPv6 UDP out of the pod", IPPROTO_UDP, WEIR_IPV6, WEIR_EGRESS },
};

/* The pod is isolated; without the permission no rule allows anything. */
static const char manifests[] =
	"apiVersion: v1\nkind: Pod\nmetadata: {name: target, namespace: shop, labels: {app: target}}\n"
	"status: {podIPs: [{ip: 10.0.0.1}, {ip: fd00::1}]}\n---\n"
	"apiVersion: v1\nkind: Pod\nmetadata: {name: peer, namespace: shop, labels: {app: peer}}\n"
	"status: {podIPs: [{ip: 10.0.1.1}, {ip: fd00::2}]}\n---\n"
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: isolated, namespace: shop}\n"
	"spec: {podSelector: {matchLabels: {app: target}}, policyTypes: [Ingress, Egress]}\n";

static const char permission[] =
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: permission, namespace: shop}\n"
	"spec:\n  podSelector: {matchLabels: {app: target}}\n"
	"  ingress: [{from: [{podSelector: {matchLabels: {app: peer}}}], ports: &ports [\n"
	"    {protocol: TCP, port: 8080}, {protocol: UDP, port: 8080}, {protocol: SCTP, port: 8080}]}]\n"
	"  egress: [{to: [{podSelector: {matchLabels: {app: peer}}}], ports: *ports}]\n";

static int setup(void **state)
{
	struct revocation *test = new0(struct revocation);
	_cleanup_free_ char *granted = xasprintf("%s%s", manifests, permission);
	struct error error = {};
	int r;

	*state = test;
	numberings_init(&test->numberings);
	r = enforcer_open(&test->enforcer, 1u << 16, &error) ?:
	    enforcer_policy_compile(&test->policies[GRANTED], granted, &test->numberings, &error) ?:
	    enforcer_policy_compile(&test->policies[WITHDRAWN], manifests, &test->numberings, &error) ?:
	    enforcer_populate(&test->enforcer, &test->policies[GRANTED], "shop", "target");
	if (r < 0)
		print_error("%s\n", error.text);
	return r;
}

static int teardown(void **state)
{
	struct revocation *test = *state;

	enforcer_close(&test->enforcer);
	for (unsigned i = 0; i < POLICIES; i++)
		enforcer_policy_free(&test->policies[i]);
	numberings_free(&test->numberings);
	free(test);
	return 0;
}

static void enforce(struct revocation *test, enum permission policy)
{
	assert_int_equal(enforcer_swap(&test->enforcer, test->policies[policy].compiled, ++test->revision, NULL), 0);
}

/* A packet of the opener, or of the other end. */
static enum weir_verdict send_packet(struct revocation *test, const struct connection *c, bool reply, uint8_t tcp_flags)
{
	static const uint8_t addrs[2][2][16] = {
		[WEIR_IPV4] = { { 10, 0, 0, 1 }, { 10, 0, 1, 1 } },
		[WEIR_IPV6] = { { 0xfd, [15] = 1 }, { 0xfd, [15] = 2 } },
	};
	const enum weir_direction direction = reply ? !c->opener : c->opener;
	const bool out = direction == WEIR_EGRESS;
	const struct frame_ends ends = { c->family, addrs[c->family][!out], addrs[c->family][out], reply };
	const struct frame_spec spec = { .protocol = c->protocol, .port = PORT, .tcp_flags = tcp_flags, .payload = 18 };
	enum weir_verdict verdict;
	struct frame frame;

	frame_build(&spec, &ends, &frame);
	assert_int_equal(enforcer_run(&test->enforcer, direction, &frame, 1, &verdict, NULL), 0);
	return verdict;
}

static void open_connection(struct revocation *test, const struct connection *c)
{
	assert_int_equal(send_packet(test, c, false, FRAME_TCP_SYN), WEIR_VERDICT_PASS);
	assert_int_equal(send_packet(test, c, true, FRAME_TCP_SYN | FRAME_TCP_ACK), WEIR_VERDICT_PASS);
	assert_int_equal(send_packet(test, c, false, FRAME_TCP_ACK), WEIR_VERDICT_PASS);
}

/* The first packet after the withdrawal comes from the opener, or from the other end. */
static void withdraw_and_give_back(struct revocation *test, const struct connection *c, bool reply_first)
{
	print_message("# %s, %s speaks first\n", c->name, reply_first ? "the other end" : "the opener");
	enforce(test, GRANTED);
	open_connection(test, c);
	enforce(test, WITHDRAWN);
	assert_int_equal(send_packet(test, c, reply_first, FRAME_TCP_ACK), WEIR_VERDICT_DROP);
	assert_int_equal(send_packet(test, c, !reply_first, FRAME_TCP_ACK), WEIR_VERDICT_DROP);
	assert_int_equal(send_packet(test, c, reply_first, FRAME_TCP_ACK), WEIR_VERDICT_DROP);
	assert_int_equal(send_packet(test, c, false, FRAME_TCP_SYN), WEIR_VERDICT_DROP);
	enforce(test, GRANTED);
	assert_int_equal(send_packet(test, c, reply_first, FRAME_TCP_ACK), WEIR_VERDICT_PASS);
	assert_int_equal(send_packet(test, c, !reply_first, FRAME_TCP_ACK), WEIR_VERDICT_PASS);
}

static void an_open_connection_ends_at_its_next_packet_when_its_permission_is_withdrawn(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(connections); i++)
		withdraw_and_give_back(*state, &connections[i], false);
}

static void also_when_the_other_end_speaks_first(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(connections); i++)
		withdraw_and_give_back(*state, &connections[i], true);
}

/* A swap that changes nothing for a connection leaves it alone. */
static void a_connection_whose_permission_stays_goes_on(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(connections); i++) {
		enforce(*state, GRANTED);
		open_connection(*state, &connections[i]);
		enforce(*state, GRANTED);
		for (int reply = 0; reply < 2; reply++)
			assert_int_equal(send_packet(*state, &connections[i], reply, FRAME_TCP_ACK), WEIR_VERDICT_PASS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_connection_ends_at_its_next_packet_when_its_permission_is_withdrawn),
		cmocka_unit_test(also_when_the_other_end_speaks_first),
		cmocka_unit_test(a_connection_whose_permission_stays_goes_on),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("packet revocation", tests, setup, teardown);
}
