// SPDX-License-Identifier: BSD-2-Clause
/*
 * How many instructions each kind of packet takes, counted exactly: the loaded
 * programs' own, run one after the other beside the kernel. A way that has
 * become longer by more than a few in a hundred is seen without a clock.
 *
 * `test_steps record` writes tests/packet/steps.h, which says how many there
 * were (make budgets); `test_steps table` a JSON object a line.
 */
#include <netinet/in.h>
#include <sched.h>

#include "base/vec.h"
#include "packet/interpret.h"
#include "packet/lab_private.h"
#include "packet/steps.h"
#include "packet/suite.h"
#include "packet/ways.h"

#define PERCENT_MORE 3u

struct row {
	const char *name; /* as test_walk has it, where it has it */
	enum lab_program program;
	enum world_peer peer;
	enum before before;
	struct frame_spec packet;
	bool shielded; /* the shield is there, and down */
};

static const struct row rows[] = {
	{ "established, to the pod", LAB_TO_POD, PEER_FRIEND, OPENED, ACK, false },
	{ "established, from the pod", LAB_FROM_POD, PEER_FRIEND, CALLED, ACK, false },
	{ "established, UDP", LAB_TO_POD, PEER_FRIEND, ONCE, UDP, false },
	{ "established, one limit", LAB_TO_POD, PEER_FAST, OPENED, ACK, false },
	{ "established, UDP, one limit", LAB_TO_POD, PEER_FAST, ONCE, UDP, false },
	{ "established, after a change of policy", LAB_TO_POD, PEER_FRIEND, OPENED_THEN, ACK, false },
	{ "new TCP connection, to the pod", LAB_TO_POD, PEER_FRIEND, NOTHING, SYN, false },
	{ "new TCP connection, from the pod", LAB_FROM_POD, PEER_FRIEND, NOTHING, SYN, false },
	{ "new TCP connection, one limit", LAB_TO_POD, PEER_FAST, NOTHING, SYN, false },
	{ "new exchange, UDP", LAB_TO_POD, PEER_FRIEND, NOTHING, UDP, false },
	{ "of no connection, and opens none", LAB_TO_POD, PEER_FRIEND, NOTHING, TCP(FRAME_TCP_RST, 0, 0), false },
	{ "denied, told of", LAB_TO_POD, PEER_STRANGER, NOTHING, UDP, false },
	{ "denied again, to the pod", LAB_TO_POD, PEER_STRANGER, ONCE, UDP, false },
	{ "denied again, from the pod", LAB_FROM_POD, PEER_STRANGER, ONCE, UDP, false },
	{ "denied again, TCP SYN", LAB_TO_POD, PEER_STRANGER, ONCE, SYN, false },
	{ "XDP of the pod: denied again", LAB_XDP, PEER_STRANGER, ONCE, UDP, false },
	{ "XDP of the pod: established", LAB_XDP, PEER_FRIEND, CALLED, ACK, false },
	{ "XDP of an uplink: denied again", LAB_UPLINK, PEER_STRANGER, ONCE, UDP, false },
	{ "XDP of an uplink: established", LAB_UPLINK, PEER_FRIEND, OPENED, ACK, false },
	{ "XDP of an uplink: in calm", LAB_UPLINK, PEER_FRIEND, OPENED, ACK, true },
};

static bool leaves_pod(const struct row *row)
{
	return row->program == LAB_FROM_POD || row->program == LAB_XDP;
}

/* --- packets ---------------------------------------------------------------------- */

static void build(const struct row *row, enum weir_family family, const struct frame_spec *spec, bool out, bool reply,
		  struct frame *ret)
{
	const uint8_t *pod = world_pod_addr(family), *peer = world_peer(row->peer, family);
	const struct frame_ends ends = { family, out ? pod : peer, out ? peer : pod, reply };

	memset(ret, 0, sizeof(*ret));
	frame_build(spec, &ends, ret);
}

static enum weir_verdict send_packet(struct lab *lab, enum lab_program program, const struct frame *frame)
{
	struct lab_result result;

	assert_int_equal(lab_run(lab, &(struct lab_run){ .program = program, .frame = frame }, &result), 0);
	return result.verdict;
}

/* From whoever opens it, and back. */
static void shake_hands(struct lab *lab, const struct row *row, enum weir_family family, bool out)
{
	static const struct frame_spec specs[] = { SYN, TCP(FRAME_TCP_SYN | FRAME_TCP_ACK, 0, 1), ACK };
	static struct frame frame;

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		const bool reply = i == 1, leaves = reply ? !out : out;

		build(row, family, &specs[i], leaves, reply, &frame);
		assert_int_equal(send_packet(lab, leaves ? LAB_FROM_POD : LAB_TO_POD, &frame), WEIR_VERDICT_PASS);
	}
}

static void prepare(struct lab *lab, const struct row *row, enum weir_family family)
{
	static struct frame frame;

	assert_int_equal(world_reset(lab), 0);
	lab_watch(lab, WEIR_WATCH_DENIED, LAB_EVENT_BUDGET);
	lab->skeleton->data_control->weir_control.shield_cost = row->shielded;
	build(row, family, &row->packet, leaves_pod(row), false, &frame);
	if (row->before == ONCE)
		send_packet(lab, row->program, &frame);
	else if (row->before != NOTHING)
		shake_hands(lab, row, family, row->before == CALLED);
	if (row->before == OPENED_THEN)
		lab_new_generation(lab);
}

static const struct bpf_program *program_of(const struct lab *lab, enum lab_program program)
{
	switch (program) {
	case LAB_FROM_POD:
		return lab->skeleton->progs.weir_from_pod;
	case LAB_TO_POD:
		return lab->skeleton->progs.weir_to_pod;
	case LAB_XDP:
		return lab->skeleton->progs.weir_xdp;
	default:
		return lab->skeleton->progs.weir_uplink;
	}
}

/* The kernel, asked the same, must say the same: else what was counted is another way. */
static struct steps count_row(struct lab *lab, const struct row *row, enum weir_family family)
{
	static struct frame frame;
	struct steps steps;

	/* Once before, so that its pair has a row. */
	prepare(lab, row, family);
	build(row, family, &row->packet, leaves_pod(row), false, &frame);
	send_packet(lab, row->program, &frame);
	prepare(lab, row, family);
	assert_int_equal(interpret(lab->skeleton->obj, program_of(lab, row->program), &frame, LAB_IFINDEX, &steps), 0);
	assert_int_equal(lab_verdict(row->program, steps.code),
			 row->peer == PEER_STRANGER ? WEIR_VERDICT_DROP : WEIR_VERDICT_PASS);
	assert_int_equal(send_packet(lab, row->program, &frame), lab_verdict(row->program, steps.code));
	return steps;
}

/* --- tests ------------------------------------------------------------------------ */

static const struct budget *find_budget(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(budgets); i++) {
		if (!strcmp(budgets[i].name, name))
			return &budgets[i];
	}
	return NULL;
}

static bool keeps_to(struct lab *lab, const struct row *row, enum weir_family family)
{
	const struct budget *budget = find_budget(row->name);
	const uint32_t is = count_row(lab, row, family).instructions;
	const uint32_t was = budget ? budget->instructions[family] : 0;

	if (is <= was + was * PERCENT_MORE / 100)
		return true;
	printf("# IPv%d, %s: %u instructions, not %u and at most %u %% more\n", family == WEIR_IPV4 ? 4 : 6, row->name,
	       is, was, PERCENT_MORE);
	return false;
}

static void test_rows(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (enum weir_family family = 0; family < WEIR_FAMILIES; family++)
			wrong += !keeps_to(*state, &rows[i], family);
	}
	if (wrong)
		fail_msg("%u ways are longer; where that is meant, `make budgets` writes it down", wrong);
}

/* A count that isn't of one packet alone would differ. */
static void test_again(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct steps first = count_row(*state, &rows[i], WEIR_IPV4);
		const struct steps second = count_row(*state, &rows[i], WEIR_IPV4);

		assert_memory_equal(&first, &second, sizeof(first));
	}
}

static const char header[] =
	"/* SPDX-License-Identifier: BSD-2-Clause */\n"
	"/* Instructions of each way, IPv4 and IPv6, as test_steps has counted them: make budgets. */\n"
	"static const struct budget {\n\tconst char *name;\n\tunsigned instructions[2];\n} budgets[] = {";

static void print(struct lab *lab, bool table)
{
	if (!table)
		puts(header);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct steps four = count_row(lab, &rows[i], WEIR_IPV4);
		const struct steps six = count_row(lab, &rows[i], WEIR_IPV6);

		if (table)
			printf("{\"packet\": \"%s\", \"ipv4\": %u, \"ipv6\": %u}\n", rows[i].name, four.instructions,
			       six.instructions);
		else
			printf("\t{ \"%s\", { %u, %u } },\n", rows[i].name, four.instructions, six.instructions);
	}
	if (!table)
		puts("};");
}

/* What a CPU keeps for itself is read as the first one has it, so it is that one which runs everything. */
static struct lab *open_still_lab(void)
{
	static const struct lab_config config = {
		.flows = 1024, .addresses = 256, .image_words = TINY_WORDS, .still = true
	};
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first) < 0)
		abort();
	return suite_lab_as(&config);
}

int main(int argc, char **argv)
{
	_cleanup_(lab_closep) struct lab *lab = open_still_lab();
	const struct CMUnitTest tests[] = {
		{ "each kind of packet takes no more instructions than it did, for both families", test_rows, NULL,
		  NULL, lab },
		{ "the same packet takes the same instructions each time", test_again, NULL, NULL, lab },
	};

	if (argc == 1)
		return _cmocka_run_group_tests("instructions", tests, ARRAY_SIZE(tests), NULL, NULL);
	print(lab, !strcmp(argv[1], "table"));
	return 0;
}
