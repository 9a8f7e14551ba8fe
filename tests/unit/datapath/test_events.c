// SPDX-License-Identifier: BSD-2-Clause
/* What the programs tell of packets: read in order, also by the next datapath, and by programs that have grown. */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netpacket/packet.h>

#define HEARD_MAX   64
#define IMAGE_WORDS 20000u /* more than fit at first */
#define PORTS_AT    34	   /* Ethernet, IPv4 without options */

struct heard {
	struct datapath *datapath;
	uint16_t ports[HEARD_MAX];
	int n, wanted;
};

static void hear(void *data, const struct weir_event *event)
{
	struct heard *heard = data;

	/* The kernel says things of its own on an interface that is up, in IPv6. */
	if (event->eth_proto != htons(0x0800))
		return;
	assert_int_equal(event->verdict, WEIR_VERDICT_DROP);
	if (heard->n < HEARD_MAX)
		heard->ports[heard->n] = ntohs(event->local_port);
	heard->n++;
}

/* From so many ports, out of the pod that nobody knows yet: all of it is dropped. */
static void send_from(uint16_t first, uint16_t n)
{
	uint8_t frame[60] = { [12] = 8, [14] = 0x45, [17] = 46, [22] = 64, [23] = IPPROTO_UDP, [39] = 26 };
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW, 0);
	const struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(PEER) };

	memcpy(&frame[26], (uint8_t[]){ 10, 0, 0, 1, 10, 0, 0, 2 }, 8);
	for (uint16_t i = 0; i < n; i++) {
		const uint16_t port = htons(first + i);

		memcpy(&frame[PORTS_AT], &port, sizeof(port));
		assert_int_equal(sendto(fd, frame, sizeof(frame), 0, (const void *)&to, sizeof(to)), sizeof(frame));
	}
}

static bool hear_all(const void *data)
{
	struct heard *heard = (struct heard *)data;

	assert_true(datapath_read_events(heard->datapath, hear, heard) >= 0);
	return heard->n >= heard->wanted;
}

static void assert_heard(struct datapath *datapath, uint16_t first, int n)
{
	struct heard heard = { .datapath = datapath, .wanted = n };

	assert_true(eventually(hear_all, &heard));
	assert_int_equal(heard.n, n);
	for (int i = 0; i < n; i++)
		assert_int_equal(heard.ports[i], first + i);
}

static void what_was_told_is_read_in_order(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	attach(datapath, f, XDP_OFF);
	send_from(1000, 10);
	assert_heard(datapath, 1000, 10);
	send_from(2000, 10);
	assert_heard(datapath, 2000, 10);
}

static void the_next_reader_goes_on_where_the_last_one_was(void **state)
{
	const struct fixture *f = *state;
	struct datapath *datapath = open_datapath(&f->config);

	attach(datapath, f, XDP_OFF);
	send_from(1000, 5);
	assert_heard(datapath, 1000, 5);
	datapath_close(datapath);
	send_from(2000, 5);
	datapath = open_datapath(&f->config);
	assert_heard(datapath, 2000, 5);
	datapath_close(datapath);
}

static void what_waits_in_another_set_of_maps_is_read_until_its_programs_are_gone(void **state)
{
	struct fixture *f = *state;
	struct datapath *datapath = open_datapath(&f->config);

	attach(datapath, f, XDP_OFF);
	send_from(1000, 5);
	datapath_close(datapath);
	f->config.addresses *= 2;
	datapath = open_datapath(&f->config);
	assert_heard(datapath, 1000, 5);
	send_from(2000, 5); /* the programs are the old ones until there is an image */
	assert_heard(datapath, 2000, 5);
	send_from(3000, 5);
	swap_revision(datapath, 1);
	send_from(4000, 1);
	struct heard heard = { .datapath = datapath, .wanted = 6 };
	assert_true(eventually(hear_all, &heard));
	for (int i = 0; i < 5; i++)
		assert_int_equal(heard.ports[i], 3000 + i);
	assert_int_equal(heard.ports[5], 4000);
	datapath_close(datapath);
}

static void what_finds_no_room_is_counted(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const unsigned room = f->config.event_bytes / (sizeof(struct weir_event) + 8);
	struct heard heard = { .datapath = datapath };
	uint64_t tallies[WEIR_TALLIES];

	attach(datapath, f, XDP_OFF);
	send_from(1000, HEARD_MAX);
	do
		assert_int_equal(datapath_read_tallies(datapath, tallies), 0);
	while (tallies[WEIR_TALLY_TOLD] + tallies[WEIR_TALLY_LOST] < HEARD_MAX);
	assert_in_range(tallies[WEIR_TALLY_TOLD], room - 1, room);
	assert_true(tallies[WEIR_TALLY_LOST] >= HEARD_MAX - room);
	hear_all(&heard);
	send_from(2000, 5);
	assert_heard(datapath, 2000, 5);
}

static void programs_that_grow_tell_the_same_reader(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	_cleanup_free_ uint32_t *words = xcalloc(IMAGE_WORDS, sizeof(*words));
	const struct weir_image_header header = {
		.magic = WEIR_IMAGE_MAGIC, .abi = WEIR_IMAGE_ABI, .n_words = IMAGE_WORDS, .revision = 1
	};
	struct error error = {};

	memcpy(words, &header, sizeof(header));
	attach(datapath, f, XDP_OFF);
	assert_int_equal(datapath_swap(datapath, words, f->config.image_words / 2, &error), 0);
	send_from(1000, 5);
	assert_int_equal(datapath_swap(datapath, words, IMAGE_WORDS, &error), 0);
	assert_true(datapath_image_words(datapath) >= IMAGE_WORDS);
	send_from(2000, 5);
	struct heard heard = { .datapath = datapath, .wanted = 10 };
	assert_true(eventually(hear_all, &heard));
	assert_int_equal(heard.ports[0], 1000);
	assert_int_equal(heard.ports[9], 2004);
}

static void what_is_told_can_be_chosen(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct datapath_watch watch = datapath_watch_defaults;
	struct heard heard = { .datapath = datapath };

	watch.denied = false;
	datapath_set_watch(datapath, &watch);
	attach(datapath, f, XDP_OFF);
	send_from(1000, 5);
	watch.denied = true;
	datapath_set_watch(datapath, &watch);
	send_from(2000, 5);
	assert_heard(datapath, 2000, 5);
	hear_all(&heard);
	assert_int_equal(heard.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_told_is_read_in_order, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_next_reader_goes_on_where_the_last_one_was, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(what_waits_in_another_set_of_maps_is_read_until_its_programs_are_gone,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_finds_no_room_is_counted, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(programs_that_grow_tell_the_same_reader, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(what_is_told_can_be_chosen, fixture_setup, fixture_teardown),
	};

	need_bpf();
	return cmocka_run_group_tests_name("datapath events", tests, NULL, NULL);
}
