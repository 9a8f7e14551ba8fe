// SPDX-License-Identifier: BSD-2-Clause
/*
 * 100,000 connections, opened and closed in every way, on two processors at
 * once, while the tables are swept and the slots recounted. With room for all,
 * what is counted is what is held at the end, with no recount's help; in small
 * tables, that evict, after as many recounts as it takes to be sure; and when
 * all are gone, nothing is.
 */
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/random.h"
#include "packet/open.h"

#define CONNECTIONS  100000u
#define PROCESSORS   2u
#define WINDOW	     48u /* that a processor has under way at a time */
#define WAY_STEPS    8
#define CAP_OPEN     4000u
#define CAP_SMALL    20u
#define RECOUNTS_MAX 4
#define FRAME_SMALL  128u

#define CLOSING_WAYS 10u /* the first ones: each ends with its last packet */

#define END 0
struct packet {
	enum scenario_event event;
	uint16_t flags;
	uint32_t seq, ack;
};

#define S(flag, seq, ack)                         \
	{                                         \
		SENDS, FRAME_TCP_##flag, seq, ack \
	}
#define R(flag, seq, ack)                           \
	{                                           \
		REPLIES, FRAME_TCP_##flag, seq, ack \
	}
#define FRAME_TCP_FIN_ACK (FRAME_TCP_FIN | FRAME_TCP_ACK)
#define FRAME_TCP_SYN_ACK (FRAME_TCP_SYN | FRAME_TCP_ACK)
#define FRAME_TCP_RST_ACK (FRAME_TCP_RST | FRAME_TCP_ACK)
#define HANDSHAKE	  S(SYN, 0, 0), R(SYN_ACK, 0, 1), S(ACK, 1, 1)

static const struct way {
	const char *name;
	struct packet packets[WAY_STEPS];
} ways[] = {
	{ "FIN, the opener's first", { HANDSHAKE, S(FIN_ACK, 1, 1), R(FIN_ACK, 1, 2), S(ACK, 2, 2) } },
	{ "FIN, the other end's first", { HANDSHAKE, R(FIN_ACK, 1, 1), S(FIN_ACK, 1, 2), R(ACK, 2, 2) } },
	{ "FIN, both at once", { HANDSHAKE, S(FIN_ACK, 1, 1), R(FIN_ACK, 1, 1), S(ACK, 2, 2), R(ACK, 2, 2) } },
	{ "RST by the opener", { HANDSHAKE, R(ACK, 1, 1), S(RST, 1, 0) } },
	{ "RST by the other end, twice", { HANDSHAKE, R(RST, 1, 0), R(RST, 1, 0) } },
	{ "RST by both", { HANDSHAKE, S(RST, 1, 0), R(RST, 1, 0), S(RST, 1, 0) } },
	{ "RST in answer to the SYN", { S(SYN, 0, 0), R(RST_ACK, 0, 1), R(RST_ACK, 0, 1) } },
	{ "spurious RSTs, then FIN",
	  { HANDSHAKE, S(RST, 90000, 0), R(RST, -9u, 0), S(FIN_ACK, 1, 1), R(FIN_ACK, 1, 2) } },
	{ "RST that is late", { HANDSHAKE, S(FIN_ACK, 1, 1), R(FIN_ACK, 1, 2), S(RST, 2, 0), R(RST, 2, 0) } },
	{ "met in its middle", { S(ACK, 1, 1), R(ACK, 1, 1), S(RST, 1, 0) } },
	/* the second SYN is refused where all slots are taken */
	{ "opened anew from the same port", { S(SYN, 0, 0), S(SYN, 700, 0), R(RST_ACK, 0, 701) } },
	/* goes on, beyond the cap if need be */
	{ "RST that nobody believes in the end",
	  { HANDSHAKE, R(RST, 1, 0), S(ACK, 1, 1), R(ACK, 1, 1), S(RST, 1, 0) } },
	/* don't end */
	{ "FIN, of one end only", { HANDSHAKE, S(FIN_ACK, 1, 1), R(ACK, 1, 2) } },
	{ "half-open", { S(SYN, 0, 0), S(SYN, 0, 0) } },
	{ "half-open and answered", { S(SYN, 0, 0), R(SYN_ACK, 0, 1) } },
	{ "left open", { HANDSHAKE, R(ACK, 1, 1) } },
};

/* Each packet of each way, built once; a processor has only to write its ports and address. */
static struct small {
	uint8_t bytes[FRAME_SMALL];
	uint32_t length;
} frames[ARRAY_SIZE(ways)][WAY_STEPS];

static void build_frames(void)
{
	static struct frame frame;

	for (size_t i = 0; i < ARRAY_SIZE(ways) * WAY_STEPS; i++) {
		const struct packet *packet = &ways[i / WAY_STEPS].packets[i % WAY_STEPS];
		const uint8_t *pod = world_pod_addr(WEIR_IPV4), *peer = world_peer(PEER_UNKNOWN, WEIR_IPV4);
		const bool reply = packet->event == REPLIES;
		const struct frame_ends ends = { WEIR_IPV4, reply ? pod : peer, reply ? peer : pod, reply };
		const struct frame_spec spec = { .tcp_flags = packet->flags, .seq = packet->seq, .ack = packet->ack };

		if (packet->event == END)
			continue;
		frame_build(&spec, &ends, &frame);
		assert_true(frame.length <= FRAME_SMALL);
		memcpy(frames[i / WAY_STEPS][i % WAY_STEPS].bytes, frame.bytes, frame.length);
		frames[i / WAY_STEPS][i % WAY_STEPS].length = frame.length;
	}
}

struct churn {
	struct lab *lab;
	unsigned n; /* connections that are yet to begin */
	unsigned n_ways;
	uint64_t most; /* that were seen to be open at a time */
	bool stop;
	int failure;
};

struct processor {
	struct churn *churn;
	unsigned number;
	uint64_t refused;
};

struct connection {
	unsigned number, way, step;
};

/* The peer's port and address say which connection it is. */
static void address_frame(struct frame *frame, bool reply, unsigned number)
{
	uint8_t *ip = frame->bytes + ETH_HLEN;
	uint8_t *address = ip + (reply ? offsetof(struct iphdr, daddr) : offsetof(struct iphdr, saddr));
	const uint16_t port = htons(1024 + number % 20000);

	address[3] = 1 + number / 20000;
	memcpy(ip + sizeof(struct iphdr) + (reply ? 2 : 0), &port, sizeof(port));
}

/* False: that was its last packet, or it was refused. */
static bool step(struct processor *processor, struct connection *connection, struct frame *frame)
{
	const struct small *small = &frames[connection->way][connection->step];
	const bool reply = ways[connection->way].packets[connection->step].event == REPLIES;
	struct lab_result result;

	memcpy(frame->bytes, small->bytes, small->length);
	frame->length = small->length;
	address_frame(frame, reply, connection->number);
	if (lab_run(processor->churn->lab,
		    &(struct lab_run){ .program = reply ? LAB_FROM_POD : LAB_TO_POD, .frame = frame }, &result) < 0) {
		processor->churn->failure = 1;
		return false;
	}
	processor->refused += result.verdict == WEIR_VERDICT_DROP;
	connection->step++;
	return result.verdict == WEIR_VERDICT_PASS && connection->step < WAY_STEPS &&
	       ways[connection->way].packets[connection->step].event != END;
}

static void pin_to(unsigned number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *run_connections(void *data)
{
	struct processor *processor = data;
	struct churn *churn = processor->churn;
	struct connection window[WINDOW] = {};
	struct random r = random_from(processor->number + 1);
	bool busy[WINDOW] = {};
	unsigned n_busy = 0;
	struct frame *frame = calloc(1, sizeof(*frame));

	pin_to(processor->number);
	for (bool more = true; frame && !churn->failure && (more || n_busy);) {
		const unsigned i = random_below(&r, WINDOW);

		if (!busy[i] && more) {
			const unsigned left = __atomic_fetch_sub(&churn->n, 1, __ATOMIC_RELAXED);

			more = left > 0 && left <= CONNECTIONS;
			if (!more)
				continue;
			window[i] = (struct connection){ left - 1, random_below(&r, churn->n_ways), 0 };
			busy[i] = true;
			n_busy++;
		}
		if (!busy[i] || step(processor, &window[i], frame))
			continue;
		busy[i] = false;
		n_busy--;
	}
	free(frame);
	return NULL;
}

static void *run_recounts(void *data)
{
	struct churn *churn = data;

	while (!__atomic_load_n(&churn->stop, __ATOMIC_RELAXED)) {
		if (lab_recount(churn->lab) < 0)
			churn->failure = 1;
		usleep(20000);
	}
	return NULL;
}

static void *run_watch(void *data)
{
	struct churn *churn = data;
	struct weir_bucket bucket;

	while (!__atomic_load_n(&churn->stop, __ATOMIC_RELAXED)) {
		if (lab_bucket(churn->lab, BUCKET, &bucket) < 0)
			churn->failure = 1;
		else if ((bucket.slots & WEIR_SLOTS_OPEN) > churn->most)
			churn->most = bucket.slots & WEIR_SLOTS_OPEN;
	}
	return NULL;
}

/* beside: what else goes on; NULL: nothing. Returns how many packets were refused. */
static uint64_t run(struct churn *churn, void *(*beside)(void *data))
{
	struct processor processors[PROCESSORS];
	pthread_t threads[PROCESSORS], other;
	uint64_t refused = 0;

	churn->n = CONNECTIONS;
	for (unsigned i = 0; i < PROCESSORS; i++) {
		processors[i] = (struct processor){ .churn = churn, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, run_connections, &processors[i]), 0);
	}
	if (beside)
		assert_int_equal(pthread_create(&other, NULL, beside, churn), 0);
	for (unsigned i = 0; i < PROCESSORS; i++) {
		pthread_join(threads[i], NULL);
		refused += processors[i].refused;
	}
	churn->stop = true;
	if (beside)
		pthread_join(other, NULL);
	assert_int_equal(churn->failure, 0);
	return refused;
}

static struct lab *begin(uint32_t flows, uint32_t cap)
{
	const struct weir_image_limit limits[3] = { CAP(cap), CAP_AS(BUCKET_TOO, cap, WEIR_LIMIT_PER_ADDRESS) };
	const struct lab_config config = { .flows = flows, .addresses = 256, .image_words = TINY_WORDS };
	struct lab *lab = NULL;
	const char *why;

	assert_int_equal(lab_open(&config, &lab, &why), 0);
	assert_int_equal(world_reset(lab), 0);
	open_policy(lab, limits, false);
	return lab;
}

static void assert_counted(struct lab *lab, uint32_t bucket, const char *when)
{
	const int open = lab_open_slots(lab, bucket), held = lab_held_slots(lab, bucket);

	print_message("# %s: limit %u counts %d, flows hold %d\n", when, bucket, open, held);
	assert_int_equal(open, held);
}

/* When all are gone. */
static void assert_none(struct lab *lab)
{
	for (unsigned i = 0; i < RECOUNTS_MAX; i++)
		assert_true(lab_recount(lab) >= 0);
	assert_int_equal(lab_open_slots(lab, BUCKET), 0);
	assert_int_equal(lab_open_slots(lab, BUCKET_TOO), 0);
	assert_int_equal(lab_held_slots(lab, BUCKET), 0);
}

static void churn_with_room(void *(*beside)(void *data), const char *when)
{
	_cleanup_(lab_closep) struct lab *lab = begin(1 << 18, WEIR_CAP_SLOTS_MAX);

	assert_int_equal(run(&(struct churn){ .lab = lab, .n_ways = ARRAY_SIZE(ways) }, beside), 0);
	assert_true(lab_held_slots(lab, BUCKET) > 1000);
	assert_counted(lab, BUCKET, when);
	assert_counted(lab, BUCKET_TOO, when);
	assert_int_equal(lab_age(lab, 2 * LAB_TIMEOUT(WEIR_FLOW_STATES)), 0);
	assert_none(lab);
}

static void with_room_for_all_none_is_lost(void **state)
{
	churn_with_room(NULL, "with no recount");
}

static void recounts_among_packets_find_nothing(void **state)
{
	churn_with_room(run_recounts, "with recounts");
}

static void what_is_evicted_is_found(void **state)
{
	_cleanup_(lab_closep) struct lab *lab = begin(512, CAP_OPEN);
	int corrected = 0;

	run(&(struct churn){ .lab = lab, .n_ways = ARRAY_SIZE(ways) }, run_recounts);
	for (unsigned i = 0; i < RECOUNTS_MAX; i++)
		corrected += lab_recount(lab);
	print_message("# %d slots put right in the end\n", corrected);
	assert_counted(lab, BUCKET, "after evictions");
	assert_counted(lab, BUCKET_TOO, "after evictions");
	assert_int_equal(lab_forget_flows(lab), 0);
	assert_none(lab);
}

static void no_more_than_the_cap_are_open(void **state)
{
	_cleanup_(lab_closep) struct lab *lab = begin(1 << 16, CAP_SMALL);
	struct churn churn = { .lab = lab, .n_ways = CLOSING_WAYS };
	const uint64_t refused = run(&churn, run_watch);

	print_message("# %" PRIu64 " refused, at most %" PRIu64 " open\n", refused, churn.most);
	assert_in_range(refused, 1000, CONNECTIONS - 1000);
	assert_in_range(churn.most, CAP_SMALL / 2, CAP_SMALL);
	assert_int_equal(lab_open_slots(lab, BUCKET), 0);
	assert_int_equal(lab_held_slots(lab, BUCKET), 0);
}

static const struct CMUnitTest tests[] = {
	{ "with room for all, no slot is lost or given back twice", with_room_for_all_none_is_lost, NULL, NULL, NULL },
	{ "recounts among the packets change nothing", recounts_among_packets_find_nothing, NULL, NULL, NULL },
	{ "what small tables evict is found", what_is_evicted_is_found, NULL, NULL, NULL },
	{ "no more than the cap are open", no_more_than_the_cap_are_open, NULL, NULL, NULL },
};

int main(void)
{
	struct lab *lab;
	int r;

	if (sysconf(_SC_NPROCESSORS_ONLN) < (long)PROCESSORS) {
		printf("1..0 # SKIP needs two processors\n");
		return 0;
	}
	lab = suite_lab();
	build_frames();
	r = _cmocka_run_group_tests("packet open churn", tests, ARRAY_SIZE(tests), NULL, NULL);
	lab_close(lab);
	return r;
}
