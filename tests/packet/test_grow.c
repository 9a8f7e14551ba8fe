// SPDX-License-Identifier: BSD-2-Clause
/*
 * Growing under traffic: while the programs of an interface are replaced by
 * ones for larger images, not one packet goes unjudged, is judged without a
 * policy, or loses its connection.
 *
 * A pair of interfaces in a network namespace of the test's own; one end sends
 * frames, the other has the programs attached. Every frame that was sent must
 * have been counted as one of an admitted connection.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "base/mem.h"
#include "packet/enforcer.h"

#define POD_SIDE   "weirg0"
#define PEER_SIDE  "weirg1"
#define BEGIN	   (1u << 13)
#define GROWTHS	   4
#define PACE_NS	   20000
#define PATIENCE_S 10

struct growth {
	struct enforcer enforcer;
	struct numberings numberings;
	struct enforcer_policy policy;
	uint32_t ifindex;
	int socket;
	struct frame frames[2]; /* of a connection, and one that asks for a connection: that is always decided anew */
	uint64_t sent[2];
	int failure; /* of the sender */
	bool stop;   /* atomic */
};

static const char manifests[] =
	"apiVersion: v1\nkind: Pod\nmetadata: {name: target, namespace: shop, labels: {app: target}}\n"
	"status: {podIP: 10.0.0.1}\n---\n"
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: out, namespace: shop}\n"
	"spec:\n  podSelector: {matchLabels: {app: target}}\n  policyTypes: [Ingress, Egress]\n"
	"  egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{protocol: UDP, port: 53}, {port: 53}]}]\n";

static int open_interfaces(struct growth *test)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	if (unshare(CLONE_NEWNET) < 0 || system("ip link add " POD_SIDE " type veth peer name " PEER_SIDE
						" && ip link set " POD_SIDE " up && ip link set " PEER_SIDE " up"))
		return -EOPNOTSUPP;
	test->ifindex = if_nametoindex(POD_SIDE);
	at.sll_ifindex = (int)if_nametoindex(PEER_SIDE);
	test->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return test->socket < 0 || bind(test->socket, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
}

static const uint8_t pod[] = { 10, 0, 0, 1 }, resolver[] = { 192, 0, 2, 53 };
static const struct frame_ends ends = { WEIR_IPV4, pod, resolver, false };

/* The same sequence number again would be the same connection. */
static void build_opening(struct growth *test, uint32_t number)
{
	const struct frame_spec syn = { .tcp_flags = FRAME_TCP_SYN, .port = 53, .isn = number };

	frame_build(&syn, &ends, &test->frames[1]);
}

static int setup(void **state)
{
	const struct frame_spec udp = { .protocol = IPPROTO_UDP, .port = 53, .payload = 18 };
	struct growth *test = new0(struct growth);
	struct error error = {};
	struct weir_endpoint endpoint = {};
	int r;

	*state = test;
	numberings_init(&test->numberings);
	frame_build(&udp, &ends, &test->frames[0]);
	build_opening(test, 0);
	r = open_interfaces(test) ?:
	    enforcer_open(&test->enforcer, BEGIN, &error) ?:
	    enforcer_policy_compile(&test->policy, manifests, &test->numberings, &error) ?:
	    enforcer_swap(&test->enforcer, test->policy.compiled, 1, &error) ?:
	    enforcer_populate(&test->enforcer, &test->policy, "shop", "target");
	if (r == 0)
		r = compiled_pod_identity(test->policy.compiled, test->policy.world.pods.items[0],
					  &endpoint.identity) ?:
		    datapath_set_endpoint(test->enforcer.datapath, test->ifindex, &endpoint) ?:
		    datapath_attach(test->enforcer.datapath, test->ifindex, POD_SIDE, XDP_OFF, &error);
	if (r < 0)
		print_error("%s: %s\n", strerror(-r), error.text);
	return r;
}

static int teardown(void **state)
{
	struct growth *test = *state;

	close(test->socket);
	enforcer_close(&test->enforcer);
	enforcer_policy_free(&test->policy);
	numberings_free(&test->numberings);
	free(test);
	return 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *send_frames(void *data)
{
	const struct timespec pace = { .tv_nsec = PACE_NS };
	struct growth *test = data;

	for (unsigned i = 0; !test->failure && !__atomic_load_n(&test->stop, __ATOMIC_RELAXED); i = !i) {
		if (send(test->socket, test->frames[i].bytes, test->frames[i].length, 0) < 0)
			test->failure = -errno;
		test->sent[i] += !test->failure;
		build_opening(test, (uint32_t)test->sent[1]);
		nanosleep(&pace, NULL);
	}
	return NULL;
}

/* What left the pod, by reason; the sum of all of them. */
static uint64_t count(const struct growth *test, uint64_t by[static WEIR_REASON_MAX])
{
	struct weir_counter counters[WEIR_REASON_MAX * WEIR_DIRECTIONS];
	uint64_t sum = 0;

	assert_int_equal(datapath_read_reasons(test->enforcer.datapath, counters), 0);
	for (unsigned reason = 0; reason < WEIR_REASON_MAX; reason++) {
		by[reason] = counters[reason * WEIR_DIRECTIONS + WEIR_EGRESS].packets;
		sum += by[reason];
	}
	return sum;
}

static void grow_step_by_step(struct growth *test)
{
	const struct compiled *compiled = test->policy.compiled;
	uint32_t capacity = datapath_image_words(test->enforcer.datapath);

	for (uint32_t i = 0; i < GROWTHS; i++) {
		_cleanup_free_ uint32_t *words = xcalloc(capacity + 1, sizeof(*words));
		const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
		double begun = now();
		struct error error = {};

		/* The same policy, in a block too large for the capacity. */
		memcpy(words, compiled->words, compiled->n_words * sizeof(*words));
		((struct weir_image_header *)words)->revision = 2 + i;
		if (datapath_swap(test->enforcer.datapath, words, capacity + 1, &error) < 0)
			fail_msg("%s", error.text);
		print_message("# from %u to %u words in %.0f ms\n", capacity,
			      datapath_image_words(test->enforcer.datapath), (now() - begun) * 1e3);
		capacity = datapath_image_words(test->enforcer.datapath);
		nanosleep(&pause, NULL);
	}
}

static void every_packet_is_judged_while_the_programs_grow(void **state)
{
	struct growth *test = *state;
	uint64_t by[WEIR_REASON_MAX], before[WEIR_REASON_MAX], begun = count(test, before);
	double end = now() + PATIENCE_S;
	pthread_t sender;

	assert_int_equal(pthread_create(&sender, NULL, send_frames, test), 0);
	while (count(test, by) < begun + 100 && now() < end)
		sched_yield();
	grow_step_by_step(test);
	__atomic_store_n(&test->stop, true, __ATOMIC_RELAXED);
	pthread_join(sender, NULL);
	assert_int_equal(test->failure, 0);
	while (count(test, by) < begun + test->sent[0] + test->sent[1] && now() < end)
		sched_yield();
	by[WEIR_REASON_FLOW] -= before[WEIR_REASON_FLOW];
	by[WEIR_REASON_POLICY_ALLOW] -= before[WEIR_REASON_POLICY_ALLOW];
	print_message("# %lu frames of a connection and %lu of new ones were sent\n", (unsigned long)test->sent[0],
		      (unsigned long)test->sent[1]);
	assert_int_equal(by[WEIR_REASON_FLOW] + by[WEIR_REASON_POLICY_ALLOW], test->sent[0] + test->sent[1]);
	/* The connection was decided once, and again with each new generation: a swap begins one or two. */
	assert_in_range(by[WEIR_REASON_POLICY_ALLOW], test->sent[1], test->sent[1] + 1 + 2 * GROWTHS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_packet_is_judged_while_the_programs_grow, setup, teardown),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("packet grow", tests, NULL, NULL);
}
