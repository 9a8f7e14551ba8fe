// SPDX-License-Identifier: BSD-2-Clause
/* The kernel's table of addresses against what is wanted: whose each is, and where. */
#include "unit/datapath/fixture.h"

#include "agent/addresses.h"

struct table {
	struct fixture *fixture;
	struct datapath *datapath;
	struct addresses addresses;
	struct compiled compiled;
};

static int setup(void **state)
{
	struct table *t = new0(struct table);

	if (fixture_setup((void **)&t->fixture) < 0)
		return -1;
	t->datapath = open_datapath(&t->fixture->config);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct table *t = *state;
	void *fixture = t->fixture;

	addresses_free(&t->addresses);
	vec_free(&t->compiled.addresses);
	datapath_close(t->datapath);
	free(t);
	return fixture_teardown(&fixture);
}

static struct addr addr_of(uint8_t last)
{
	return (struct addr){ WEIR_IPV4, { 10, 0, 0, last } };
}

/* The compiled policy gives the addresses 10.0.0.1 to 10.0.0.n to the identity. */
static void compile_addresses(struct table *t, uint8_t n, uint32_t identity)
{
	vec_free(&t->compiled.addresses);
	for (uint8_t i = 1; i <= n; i++)
		vec_push(&t->compiled.addresses, (struct address_owner){ .addr = addr_of(i), .identity = identity });
}

static bool place(struct table *t, const uint8_t *last, const uint32_t *ifindex, size_t n)
{
	datapath_addresses places = {};

	for (size_t i = 0; i < n; i++)
		vec_push(&places, (struct datapath_address){ .addr = addr_of(last[i]), .ifindex = ifindex[i] });
	bool changed = addresses_place(&t->addresses, t->datapath, &places);
	vec_free(&places);
	return changed;
}

#define PLACE(t, lasts, ifindexes) \
	place(t, (const uint8_t[])lasts, (const uint32_t[])ifindexes, sizeof((const uint8_t[])lasts))
#define LIST(...)           \
	{                   \
		__VA_ARGS__ \
	}

static void assert_kernel(const struct table *t, uint8_t last, uint32_t identity, uint32_t ifindex)
{
	const struct addr addr = addr_of(last);
	datapath_addresses kernel = {};
	bool found = false;

	assert_int_equal(datapath_list_addresses(t->datapath, &kernel), 0);
	vec_for_each (address, &kernel) {
		if (addr_compare(&address->addr, &addr) != 0)
			continue;
		found = true;
		assert_int_equal(address->identity, identity);
		assert_int_equal(address->ifindex, ifindex);
	}
	assert_true(found);
	vec_free(&kernel);
}

static void an_address_is_put_where_its_endpoint_is(void **state)
{
	struct table *t = *state;

	compile_addresses(t, 3, 17);
	assert_true(addresses_sync(&t->addresses, t->datapath, &t->compiled));
	assert_kernel(t, 2, 17, 0);
	assert_true(PLACE(t, LIST(1, 2), LIST(5, 6)));
	assert_kernel(t, 1, 17, 5);
	assert_kernel(t, 2, 17, 6);
	assert_kernel(t, 3, 17, 0);
	assert_false(PLACE(t, LIST(1, 2), LIST(5, 6)));
}

static void an_endpoint_that_goes_takes_its_place_along(void **state)
{
	struct table *t = *state;

	compile_addresses(t, 3, 17);
	addresses_sync(&t->addresses, t->datapath, &t->compiled);
	PLACE(t, LIST(1, 2), LIST(5, 6));
	assert_true(PLACE(t, LIST(2, 3), LIST(7, 8)));
	assert_kernel(t, 1, 17, 0);
	assert_kernel(t, 2, 17, 7);
	assert_kernel(t, 3, 17, 8);
}

static void another_identity_leaves_the_place_as_it_is(void **state)
{
	const struct addr first = addr_of(1);
	struct table *t = *state;

	compile_addresses(t, 2, 17);
	addresses_sync(&t->addresses, t->datapath, &t->compiled);
	PLACE(t, LIST(1, 2), LIST(5, 6));
	compile_addresses(t, 2, 18);
	assert_true(addresses_sync(&t->addresses, t->datapath, &t->compiled));
	assert_kernel(t, 1, 18, 5);
	assert_int_equal(addresses_set(&t->addresses, t->datapath, &first, 19), 0);
	assert_kernel(t, 1, 19, 5);
	assert_kernel(t, 2, 18, 6);
}

static void an_address_that_came_back_is_nowhere_until_it_is_placed(void **state)
{
	const struct addr first = addr_of(1);
	struct table *t = *state;

	compile_addresses(t, 2, 17);
	addresses_sync(&t->addresses, t->datapath, &t->compiled);
	PLACE(t, LIST(1, 2), LIST(5, 6));
	assert_int_equal(addresses_delete(&t->addresses, t->datapath, &first), 0);
	assert_int_equal(addresses_set(&t->addresses, t->datapath, &first, 17), 0);
	assert_kernel(t, 1, 17, 0);
	assert_true(PLACE(t, LIST(1, 2), LIST(5, 6)));
	assert_kernel(t, 1, 17, 5);
}

static void the_next_agent_knows_what_was_placed(void **state)
{
	struct table *t = *state;

	compile_addresses(t, 2, 17);
	addresses_sync(&t->addresses, t->datapath, &t->compiled);
	PLACE(t, LIST(1, 2), LIST(5, 6));
	addresses_free(&t->addresses);
	t->addresses = (struct addresses){};
	assert_int_equal(addresses_load(&t->addresses, t->datapath), 0);
	assert_false(addresses_sync(&t->addresses, t->datapath, &t->compiled));
	assert_true(PLACE(t, LIST(2), LIST(6)));
	assert_kernel(t, 1, 17, 0);
	assert_kernel(t, 2, 17, 6);
}

static void an_address_that_nobody_has_is_nowhere(void **state)
{
	struct table *t = *state;
	datapath_addresses kernel = {};

	compile_addresses(t, 1, 17);
	addresses_sync(&t->addresses, t->datapath, &t->compiled);
	assert_false(PLACE(t, LIST(9), LIST(5)));
	assert_int_equal(datapath_list_addresses(t->datapath, &kernel), 0);
	assert_int_equal(kernel.n, 1);
	vec_free(&kernel);
	assert_int_equal(t->addresses.n_failed, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_is_put_where_its_endpoint_is),
		TEST(an_endpoint_that_goes_takes_its_place_along),
		TEST(another_identity_leaves_the_place_as_it_is),
		TEST(an_address_that_came_back_is_nowhere_until_it_is_placed),
		TEST(the_next_agent_knows_what_was_placed),
		TEST(an_address_that_nobody_has_is_nowhere),
	};

	need_bpf();
	return cmocka_run_group_tests_name("addresses", tests, NULL, NULL);
}
