// SPDX-License-Identifier: BSD-2-Clause
/* What of the packets is handed to who captures: which, how much of each, and what is said of it. */
#include <netinet/in.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/vec.h"
#include "packet/lab_private.h"
#include "packet/suite.h"

#define PAGES	 64
#define ETHERNET 14u
#define IPV4	 20u
#define IPV6	 40u
#define TCP	 20u
#define UDP	 8u
#define BAD	 40u /* of a header that is wrong */

/* One packet between the pod and a peer, and what of it is captured. */
struct row {
	const char *name;
	struct weir_capture settings;
	const char *host;
	enum world_peer peer;
	enum lab_program program;
	enum weir_family family;
	struct frame_spec packet;
	bool unwanted;
	enum weir_verdict verdict;
	enum weir_reason reason;
	enum world_decision by;
	uint32_t captured; /* bytes; all unless given */
	uint32_t repeat;
	uint32_t linear; /* XDP only: bytes in the linear part; all unless given */
};

#define DROPPED	 .verdict = WEIR_VERDICT_DROP
#define PASSES	 .verdict = WEIR_VERDICT_PASS
#define UNWANTED .unwanted = true
#define ALLOWED	 PASSES, .reason = WEIR_REASON_POLICY_ALLOW, .by = BY_ALLOW
#define DENIED	 DROPPED, .reason = WEIR_REASON_POLICY_DEFAULT, .by = BY_DEFAULT
#define STRANGER .peer = PEER_STRANGER
#define IN	 .program = LAB_TO_POD
#define OUT	 .program = LAB_FROM_POD
#define V6	 .family = WEIR_IPV6
#define ONLY(f)	 .settings.flags = WEIR_CAPTURE_##f
#define SYN	 .packet = { .tcp_flags = FRAME_TCP_SYN, .payload = 100 }
#define UDP_(n)	 .packet = { .protocol = IPPROTO_UDP, .port = (n), .payload = 100 }
#define HEADERS	 .settings.flags = WEIR_CAPTURE_HEADERS

static const struct row rows[] = {
	{ "what is allowed is captured whole, and said to be", OUT, SYN, ALLOWED },
	{ "so is what comes in", IN, SYN, ALLOWED },
	{ "so is IPv6", OUT, V6, SYN, ALLOWED },
	{ "what is denied is captured", IN, STRANGER, SYN, DENIED },
	{ "what is denied on the way out is captured", OUT, STRANGER, V6, SYN, DENIED },
	{ "of what is established each packet is captured", OUT, .packet = { .tcp_flags = FRAME_TCP_SYN }, PASSES,
	  .reason = WEIR_REASON_FLOW, .by = BY_ALLOW, .repeat = 3 },
	{ "of drops alone what passes is none", ONLY(DROPS), OUT, SYN, UNWANTED },
	{ "of drops alone what is denied is one", ONLY(DROPS), IN, STRANGER, SYN, DENIED },
	{ "of drops alone what is audited is one", ONLY(DROPS), OUT, .peer = PEER_AUDITED, SYN, PASSES,
	  .reason = WEIR_REASON_AUDIT, .by = BY_AUDIT },
	{ "of drops alone what is rejected is one", ONLY(DROPS), IN, .peer = PEER_REJECTED, SYN,
	  .verdict = WEIR_VERDICT_REJECT, .reason = WEIR_REASON_POLICY_DENY, .by = BY_REJECT },
	{ "what is dropped before an skb is made is captured there", .program = LAB_XDP, STRANGER, SYN, DENIED },
	{ "what is dropped at the uplink is captured there", .program = LAB_UPLINK, STRANGER, SYN, DENIED },
	{ "what XDP passes is left to tc to capture", .program = LAB_XDP, SYN, UNWANTED },
	{ "what the uplink passes is left to tc to capture", .program = LAB_UPLINK, SYN, UNWANTED },
	{ "another endpoint's packets are none of its", .settings.endpoint = 77, OUT, SYN, UNWANTED },
	{ "its own packets are", .settings.endpoint = LAB_IFINDEX, OUT, SYN, ALLOWED },
	{ "an uplink's packets are those of the endpoint that they are for", .settings.endpoint = LAB_IFINDEX,
	  .program = LAB_UPLINK, STRANGER, SYN, DENIED },

	{ "a protocol that is asked for", ONLY(PROTOCOL), .settings.protocol = IPPROTO_UDP, OUT, UDP_(53), ALLOWED },
	{ "a protocol that is not asked for", ONLY(PROTOCOL), .settings.protocol = IPPROTO_UDP, OUT, SYN, UNWANTED },
	{ "ICMP means ICMPv6 too", ONLY(PROTOCOL), .settings.protocol = IPPROTO_ICMP, OUT, V6,
	  .packet = { .protocol = IPPROTO_ICMPV6, .icmp_type = 128, .icmp_id = 7 }, ALLOWED },
	{ "behind extension headers the protocol is found", ONLY(PROTOCOL), .settings.protocol = IPPROTO_UDP, OUT, V6,
	  .packet = { .protocol = IPPROTO_UDP, .n_extensions = 2, .extensions = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS } },
	  ALLOWED },
	{ "a port that is asked for, as the destination's", ONLY(PORT), .settings.port = __builtin_bswap16(53), OUT,
	  UDP_(53), ALLOWED },
	{ "a port that is asked for, as the source's", ONLY(PORT), .settings.port = __builtin_bswap16(5353), OUT,
	  .packet = { .protocol = IPPROTO_UDP, .client = 5353 }, ALLOWED },
	{ "a port that is not asked for", ONLY(PORT), .settings.port = __builtin_bswap16(54), OUT, UDP_(53), UNWANTED },
	{ "what has no ports has not the one that is asked for", ONLY(PORT), .settings.port = __builtin_bswap16(53),
	  OUT, .packet = { .protocol = IPPROTO_GRE, .payload = 100 }, UNWANTED },
	{ "a host that is asked for, IPv4", ONLY(HOST), OUT, SYN, ALLOWED, .host = "peer" },
	{ "a host that is asked for, IPv6", ONLY(HOST), IN, V6, SYN, ALLOWED, .host = "peer" },
	{ "the pod as the host that is asked for", ONLY(HOST), IN, SYN, ALLOWED, .host = "pod" },
	{ "a host that is not asked for, IPv4", ONLY(HOST), OUT, SYN, UNWANTED, .host = "other" },
	{ "a host that is not asked for, IPv6", ONLY(HOST), OUT, V6, SYN, UNWANTED, .host = "other" },
	{ "a host of the other family", ONLY(HOST), .settings.family = WEIR_IPV6, OUT, SYN, UNWANTED },

	{ "a malformed packet is captured", OUT, .packet = { .ihl = 4 }, DROPPED, .reason = WEIR_REASON_BAD_IPV4 },
	{ "a malformed packet is none of a port's", ONLY(PORT), .settings.port = __builtin_bswap16(80), OUT,
	  .packet = { .ihl = 4 }, UNWANTED },
	{ "what is not IP is captured", OUT, .packet = { .eth_proto = 0x88cc, .payload = 100 }, DROPPED,
	  .reason = WEIR_REASON_NOT_IP },
	{ "too many tags are captured", OUT, .packet = { .tags = 3, .payload = 40 }, DROPPED,
	  .reason = WEIR_REASON_BAD_ETHERNET },

	{ "so many bytes and no more", .settings.snaplen = 60, OUT, SYN, ALLOWED, .captured = 60 },
	{ "headers without payload, TCP", HEADERS, OUT, SYN, ALLOWED, .captured = ETHERNET + IPV4 + TCP },
	{ "headers without payload, TCP with options", HEADERS, OUT,
	  .packet = { .tcp_flags = FRAME_TCP_SYN, .doff = 8, .payload = 100 }, ALLOWED,
	  .captured = ETHERNET + IPV4 + 32 },
	{ "headers without payload, UDP and IPv6", HEADERS, OUT, V6, UDP_(53), ALLOWED,
	  .captured = ETHERNET + IPV6 + UDP },
	{ "headers without payload, IPv4 options", HEADERS, OUT,
	  .packet = { .protocol = IPPROTO_UDP, .options = 8, .payload = 100 }, ALLOWED,
	  .captured = ETHERNET + IPV4 + 8 + UDP },
	{ "headers without payload, extension headers", HEADERS, OUT, V6,
	  .packet = { .protocol = IPPROTO_UDP, .n_extensions = 1, .extensions = { IPPROTO_DSTOPTS }, .payload = 100 },
	  ALLOWED, .captured = ETHERNET + IPV6 + 8 + UDP },
	{ "headers without payload, behind a tag", HEADERS, OUT,
	  .packet = { .tags = 1, .protocol = IPPROTO_UDP, .payload = 100 }, ALLOWED,
	  .captured = ETHERNET + 4 + IPV4 + UDP },
	{ "headers without payload, a protocol that is not known", HEADERS, OUT,
	  .packet = { .protocol = IPPROTO_GRE, .payload = 100 }, ALLOWED, .captured = ETHERNET + IPV4 },
	{ "headers without payload, where they go wrong", HEADERS, OUT, .packet = { .ihl = 4, .payload = 100 }, DROPPED,
	  .reason = WEIR_REASON_BAD_IPV4, .captured = ETHERNET + BAD },
	{ "headers alone are not longer than what they are of", HEADERS, OUT,
	  .packet = { .eth_proto = 0x88cc, .payload = 20 }, DROPPED, .reason = WEIR_REASON_NOT_IP },
};

/* --- the reader -------------------------------------------------------------- */

struct reader {
	struct perf_buffer *buffers;
	unsigned n;
	struct weir_captured about; /* of the last one */
	uint8_t bytes[FRAME_MAX];
};

static struct reader reader;
static struct lab *lab;

static void take(void *data, int cpu, void *sample, uint32_t size)
{
	assert_true(size >= sizeof(reader.about));
	memcpy(&reader.about, sample, sizeof(reader.about));
	assert_true(reader.about.captured <= size - sizeof(reader.about));
	memcpy(reader.bytes, (uint8_t *)sample + sizeof(reader.about), reader.about.captured);
	reader.n++;
}

static void ignore(void *data, int cpu, __u64 lost)
{
}

static int open_reader(void **state)
{
	memset(&reader, 0, sizeof(reader));
	reader.buffers = perf_buffer__new(bpf_map__fd(lab->skeleton->maps.captured), PAGES, take, ignore, NULL, NULL);
	return reader.buffers ? 0 : -1;
}

static int close_reader(void **state)
{
	lab->skeleton->data_control->weir_control.watch = 0;
	perf_buffer__free(reader.buffers);
	return 0;
}

static void begin(const struct weir_capture *settings)
{
	struct weir_capture to = *settings;

	to.snaplen = to.snaplen ?: WEIR_CAPTURE_BYTES_MAX;
	to.left = to.left ?: 1000;
	lab->skeleton->data_capture->weir_capture = to;
	lab->skeleton->data_control->weir_control.watch = WEIR_WATCH_CAPTURE;
	reader.n = 0;
}

static void read_all(void)
{
	assert_return_code(perf_buffer__consume(reader.buffers), 0);
}

/* --- one packet -------------------------------------------------------------- */

static bool goes_out(enum lab_program program)
{
	return program == LAB_FROM_POD || program == LAB_XDP;
}

static void send_packet(const struct row *row, struct frame *frame)
{
	const uint8_t *pod = world_pod_addr(row->family), *peer = world_peer(row->peer, row->family);
	const bool out = goes_out(row->program);
	const struct frame_ends ends = { row->family, out ? pod : peer, out ? peer : pod, false };
	const struct lab_run run = { .program = row->program, .frame = frame, .linear = row->linear };
	struct lab_result result;

	frame_build(&row->packet, &ends, frame);
	assert_int_equal(lab_run(lab, &run, &result), 0);
}

/* As another program sees it. */
static uint32_t running_revision(void)
{
	const struct frame_spec spec = { .tcp_flags = FRAME_TCP_SYN };
	const struct frame_ends ends = { WEIR_IPV4, world_pod_addr(WEIR_IPV4), world_peer(PEER_FRIEND, WEIR_IPV4),
					 false };
	struct lab_answer answer;
	struct frame frame;

	frame_build(&spec, &ends, &frame);
	assert_int_equal(lab_explain(lab, &frame, WEIR_EGRESS, &answer), 0);
	assert_int_not_equal(answer.revision, 0);
	return answer.revision;
}

static void check(const struct row *row, const struct frame *frame)
{
	const struct weir_captured *about = &reader.about;
	const uint32_t captured = row->captured ?: frame->length;

	assert_int_equal(about->reason, row->reason);
	assert_int_equal(about->verdict, row->verdict);
	assert_int_equal(about->counter, row->by ? (uint32_t)row->by : WEIR_COUNTER_NONE);
	assert_int_equal(about->direction, goes_out(row->program) ? WEIR_EGRESS : WEIR_INGRESS);
	assert_int_equal(about->xdp, row->program == LAB_XDP || row->program == LAB_UPLINK);
	assert_int_equal(about->ifindex, LAB_IFINDEX);
	assert_int_equal(about->endpoint, LAB_IFINDEX);
	assert_int_equal(about->revision, running_revision());
	assert_int_equal(about->bare, 0);
	assert_int_equal(about->length, frame->length);
	assert_int_equal(about->captured, captured);
	assert_memory_equal(reader.bytes, frame->bytes, captured);
}

static struct weir_capture settings_of(const struct row *row)
{
	struct weir_capture settings = row->settings;
	const uint8_t *host;

	if (!row->host)
		return settings;
	host = !strcmp(row->host, "peer")  ? world_peer(row->peer, row->family)
	       : !strcmp(row->host, "pod") ? world_pod_addr(row->family)
					   : world_peer(PEER_ENEMY, row->family);
	settings.family = row->family;
	memcpy(settings.host, host, row->family == WEIR_IPV4 ? 4 : 16);
	return settings;
}

static void play_row(const struct row *row)
{
	const struct weir_capture settings = settings_of(row);
	static struct frame frame;
	const unsigned n = row->repeat ?: 1;

	assert_int_equal(world_reset(lab), 0);
	begin(&settings);
	for (unsigned i = 0; i < n; i++)
		send_packet(row, &frame);
	read_all();
	assert_int_equal(reader.n, row->unwanted ? 0 : n);
	if (!row->unwanted)
		check(row, &frame);
}

static void test_row(void **state)
{
	play_row(*state);
}

/* --- how many ---------------------------------------------------------------- */

static const struct row some = { .peer = PEER_STRANGER, .program = LAB_TO_POD, SYN };

static unsigned send_some(unsigned n)
{
	static struct frame frame;

	for (unsigned i = 0; i < n; i++)
		send_packet(&some, &frame);
	read_all();
	return reader.n;
}

static void test_nothing_unless_asked(void **state)
{
	assert_int_equal(world_reset(lab), 0);
	begin(&(struct weir_capture){});
	lab->skeleton->data_control->weir_control.watch = ~WEIR_WATCH_CAPTURE;
	assert_int_equal(send_some(3), 0);
}

static void test_so_many_and_no_more(void **state)
{
	assert_int_equal(world_reset(lab), 0);
	begin(&(struct weir_capture){ .left = 3 });
	assert_int_equal(send_some(10), 3);
}

static void test_so_fast_and_no_faster(void **state)
{
	const uint64_t hour = 3600ull * 1000 * 1000 * 1000 * WEIR_TICKS_PER_NS;

	assert_int_equal(world_reset(lab), 0);
	begin(&(struct weir_capture){ .cost = hour, .burst = 4 * hour });
	assert_int_equal(send_some(10), 4);
	assert_int_equal(lab->skeleton->data_capture->weir_capture.over, 6);
	assert_int_equal(lab->skeleton->data_capture->weir_capture.lost, 0);
}

static void test_what_is_not_read_is_counted(void **state)
{
	static struct frame frame;
	const struct row large = { .peer = PEER_STRANGER,
				   .program = LAB_XDP,
				   .packet = { .protocol = IPPROTO_UDP, .payload = 60000 },
				   .linear = 2000 };
	const unsigned n = 64; /* more than there is room for */

	assert_int_equal(world_reset(lab), 0);
	begin(&(struct weir_capture){});
	for (unsigned i = 0; i < n; i++)
		send_packet(&large, &frame);
	read_all();
	assert_in_range(reader.n, 1, n - 1);
	assert_int_equal(reader.n + lab->skeleton->data_capture->weir_capture.lost, n);
	assert_int_equal(reader.about.captured, frame.length);
	assert_memory_equal(reader.bytes, frame.bytes, frame.length);
}

/* What is only asked about was never sent. */
static void test_a_question_is_no_packet(void **state)
{
	static struct frame frame;
	struct lab_answer answer;

	assert_int_equal(send_some(0), 0);
	send_packet(&some, &frame);
	begin(&(struct weir_capture){});
	assert_int_equal(lab_explain(lab, &frame, WEIR_INGRESS, &answer), 0);
	read_all();
	assert_int_equal(reader.n, 0);
}

static const struct CMUnitTest tests[] = {
	{ "nothing is captured unless somebody asks", test_nothing_unless_asked, open_reader, close_reader, NULL },
	{ "so many are captured and no more", test_so_many_and_no_more, open_reader, close_reader, NULL },
	{ "so many a second are captured, the others counted", test_so_fast_and_no_faster, open_reader, close_reader,
	  NULL },
	{ "large packets are captured, and those that nobody reads counted", test_what_is_not_read_is_counted,
	  open_reader, close_reader, NULL },
	{ "what is only asked about is not captured", test_a_question_is_no_packet, open_reader, close_reader, NULL },
};

int main(void)
{
	struct CMUnitTest all[ARRAY_SIZE(rows) + ARRAY_SIZE(tests)];
	size_t n = 0;
	int r;

	for (; n < ARRAY_SIZE(rows); n++)
		all[n] = (struct CMUnitTest){ rows[n].name, test_row, open_reader, close_reader, (void *)&rows[n] };
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		all[n++] = tests[i];
	lab = suite_lab();
	r = _cmocka_run_group_tests("packet capture", all, n, NULL, NULL);
	lab_close(lab);
	return r;
}
