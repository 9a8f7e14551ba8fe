// SPDX-License-Identifier: BSD-2-Clause
/* What is asked of weir_explain is a packet that it takes for sane, of every kind. */
#include "fixture.h"

#include <netinet/in.h>

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_GRE };

static struct datapath_question question(const struct fixture *f, enum weir_family family, uint8_t protocol)
{
	const char *from = family == WEIR_IPV4 ? "10.0.0.1" : "fd00::1";
	const char *to = family == WEIR_IPV4 ? "10.0.0.2" : "fd00::2";
	struct datapath_question question = {
		.ifindex = f->ifindex,
		.direction = WEIR_EGRESS,
		.protocol = protocol,
		.port = 80,
	};

	assert_int_equal(addr_parse(from, &question.from), 0);
	assert_int_equal(addr_parse(to, &question.to), 0);
	return question;
}

static void assert_reason(struct datapath *datapath, const struct datapath_question *question, enum weir_reason reason)
{
	struct datapath_answer answer;

	assert_int_equal(datapath_explain(datapath, question, &answer), 0);
	assert_int_equal(answer.reason, reason);
	assert_int_equal(answer.verdict, WEIR_VERDICT_DROP);
	assert_int_equal(answer.revision, 0);
}

/* The packet's own faults would be found before either of these. */
static void assert_asked(struct datapath *datapath, const struct fixture *f, enum weir_reason reason)
{
	for (enum weir_family family = 0; family < WEIR_FAMILIES; family++) {
		struct datapath_question echo =
			question(f, family, family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);

		assert_reason(datapath, &echo, reason);
		for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
			struct datapath_question other = question(f, family, protocols[i]);

			assert_reason(datapath, &other, reason);
		}
	}
}

static void every_protocol_is_a_sane_packet(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	assert_asked(datapath, f, WEIR_REASON_NO_IMAGE);
	swap_revision(datapath, 7);
	assert_asked(datapath, f, WEIR_REASON_NO_ENDPOINT);
}

static void an_answer_names_the_endpoint_and_the_image(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct datapath_question asked = question(f, WEIR_IPV4, IPPROTO_TCP);
	struct datapath_answer answer;

	swap_revision(datapath, 7);
	assert_int_equal(datapath_set_endpoint(datapath, f->ifindex, &(struct weir_endpoint){ .identity = 21 }), 0);
	assert_int_equal(datapath_set_address(datapath, &asked.to, 22, 0), 0);
	assert_int_equal(datapath_set_address(datapath, &asked.from, 23, 0), 0);
	assert_int_equal(datapath_explain(datapath, &asked, &answer), 0);
	assert_int_equal(answer.revision, 7);
	assert_int_equal(answer.identity, 21);
	assert_int_equal(answer.peer, 22);
	asked.direction = WEIR_INGRESS;
	assert_int_equal(datapath_explain(datapath, &asked, &answer), 0);
	assert_int_equal(answer.peer, 23);
}

static void an_interface_need_not_be_there(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct datapath_question asked = question(f, WEIR_IPV4, IPPROTO_TCP);

	swap_revision(datapath, 7);
	asked.ifindex = 0x7ffffff0;
	assert_reason(datapath, &asked, WEIR_REASON_NO_ENDPOINT);
}

static void two_families_are_no_connection(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct datapath_question asked = question(f, WEIR_IPV4, IPPROTO_TCP);
	struct datapath_answer answer;

	assert_int_equal(addr_parse("fd00::1", &asked.to), 0);
	assert_int_equal(datapath_explain(datapath, &asked, &answer), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_protocol_is_a_sane_packet),
		TEST(an_answer_names_the_endpoint_and_the_image),
		TEST(an_interface_need_not_be_there),
		TEST(two_families_are_no_connection),
	};

	need_bpf();
	return cmocka_run_group_tests_name("datapath explain", tests, NULL, NULL);
}
