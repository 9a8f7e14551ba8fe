// SPDX-License-Identifier: BSD-2-Clause
/* Kernels before 6.15 say now and then that a map is busy which isn't full: such a call is made again. */
#include "fixture.h"
#include "busy_kernel.h"

#include "base/vec.h"
#include "datapath/datapath_private.h"

static const struct addr address = { .family = WEIR_IPV4, .bytes = { 10, 0, 0, 1 } };

static size_t count_addresses(const struct datapath *datapath)
{
	datapath_addresses list = {};
	size_t n;

	busy.command = -1;
	assert_int_equal(datapath_list_addresses((struct datapath *)datapath, &list), 0);
	n = list.n;
	vec_free(&list);
	return n;
}

static void what_the_kernel_is_too_busy_for_is_done_again(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	refuse(BPF_MAP_UPDATE_ELEM, BUSY_RETRIES - 1);
	assert_int_equal(datapath_set_address(datapath, &address, 7, 0), 0);
	assert_int_equal(busy.asked, BUSY_RETRIES);
	assert_int_equal(count_addresses(datapath), 1);
	refuse(BPF_MAP_DELETE_ELEM, BUSY_RETRIES - 1);
	assert_int_equal(datapath_delete_address(datapath, &address), 0);
	assert_int_equal(busy.asked, BUSY_RETRIES);
	assert_int_equal(count_addresses(datapath), 0);
}

static void a_kernel_that_stays_busy_is_not_asked_for_ever(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	refuse(BPF_MAP_UPDATE_ELEM, UINT32_MAX);
	assert_int_equal(datapath_set_address(datapath, &address, 7, 0), -EBUSY);
	assert_int_equal(busy.asked, BUSY_RETRIES);
	assert_int_equal(count_addresses(datapath), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_kernel_is_too_busy_for_is_done_again),
		TEST(a_kernel_that_stays_busy_is_not_asked_for_ever),
	};

	need_bpf();
	return cmocka_run_group_tests_name("datapath busy", tests, NULL, NULL);
}
