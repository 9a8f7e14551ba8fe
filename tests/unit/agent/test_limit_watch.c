// SPDX-License-Identifier: BSD-2-Clause
/* When a limit begins to drop and when it stops, from counters at moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/limit_watch.h"

#define BUCKETS	  4u
#define SECOND	  1000000000ull
#define BEGINNING (1000 * SECOND)

struct scene {
	struct limit_watch watch;
	struct compiled policy;
	struct weir_charged charged[BUCKETS];
	uint64_t now;
};

static struct limit_info limit(uint32_t bucket, enum limit_unit unit)
{
	return (struct limit_info){ .bucket = bucket,
				    .rule = { .kind = KIND_TRAFFIC_POLICY,
					      .namespace = (char *)"shop",
					      .policy = (char *)"backend",
					      .rule = (char *)"from-frontend" },
				    .limit = { .unit = unit, .rate_milli = 1000000, .burst = 100 } };
}

static void look(struct scene *scene)
{
	scene->now += SECOND;
	limit_watch_take(&scene->watch, &scene->policy, scene->charged, scene->now);
}

static void look_for(struct scene *scene, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++)
		look(scene);
}

static void charge(struct scene *scene, uint32_t bucket, uint64_t passed, uint64_t dropped)
{
	scene->charged[bucket].passed_packets += passed;
	scene->charged[bucket].passed_bytes += passed * 100;
	scene->charged[bucket].dropped_packets += dropped;
	scene->charged[bucket].dropped_bytes += dropped * 100;
}

static int open_scene(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .now = BEGINNING };
	vec_push(&scene.policy.limits, limit(1, LIMIT_PACKETS));
	vec_push(&scene.policy.limits, limit(3, LIMIT_BYTES));
	charge(&scene, 1, 5000, 700);
	look(&scene);
	*state = &scene;
	return 0;
}

static int close_scene(void **state)
{
	struct scene *scene = *state;

	limit_watch_free(&scene->watch);
	vec_free(&scene->policy.limits);
	return 0;
}

static const struct watched_limit *found(const struct scene *scene, uint32_t bucket)
{
	const struct watched_limit *limit = limit_watch_find(&scene->watch, bucket);

	assert_non_null(limit);
	return limit;
}

static void what_was_before_the_agent_is_no_bite(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(scene->watch.biting, 0);
	assert_false(found(scene, 1)->has_rates);
	look(scene);
	assert_int_equal(scene->watch.bites, 0);
	assert_null(limit_watch_find(&scene->watch, 2));
}

static void rates_are_of_the_last_interval_and_the_limits_own_unit(void **state)
{
	struct scene *scene = *state;

	charge(scene, 1, 1000, 500);
	charge(scene, 3, 10, 5);
	scene->now += SECOND;
	look(scene);
	assert_true(found(scene, 1)->rates.offered == 750);
	assert_true(found(scene, 1)->rates.delivered == 500);
	assert_true(found(scene, 1)->rates.dropped == 250);
	assert_true(found(scene, 3)->rates.offered == 750);
	look(scene);
	assert_true(found(scene, 1)->rates.offered == 0);
}

static void a_bite_begins_with_the_first_drop_and_is_one(void **state)
{
	struct scene *scene = *state;

	charge(scene, 1, 10, 3);
	look(scene);
	assert_true(found(scene, 1)->bite.bites);
	assert_int_equal(found(scene, 1)->bite.packets, 3);
	charge(scene, 1, 0, 4);
	look(scene);
	assert_int_equal(found(scene, 1)->bite.packets, 7);
	assert_int_equal(scene->watch.bites, 1);
	assert_int_equal(scene->watch.biting, 1);
	assert_false(found(scene, 3)->bite.bites);
}

static void a_pause_is_no_end(void **state)
{
	struct scene *scene = *state;

	for (unsigned i = 0; i < 5; i++) {
		charge(scene, 1, 0, 1);
		look(scene);
		look_for(scene, LIMIT_WATCH_CALM_S - 1);
		assert_true(found(scene, 1)->bite.bites);
	}
	assert_int_equal(scene->watch.bites, 1);
	assert_int_equal(found(scene, 1)->bite.packets, 5);
}

static void calm_for_long_enough_is_its_end(void **state)
{
	struct scene *scene = *state;

	charge(scene, 1, 0, 1);
	look(scene);
	look_for(scene, LIMIT_WATCH_CALM_S);
	assert_false(found(scene, 1)->bite.bites);
	assert_int_equal(scene->watch.biting, 0);
	charge(scene, 1, 0, 2);
	look(scene);
	assert_int_equal(scene->watch.bites, 2);
	assert_int_equal(found(scene, 1)->bite.packets, 2);
}

static void a_limit_that_goes_ends_its_bite(void **state)
{
	struct scene *scene = *state;

	charge(scene, 1, 0, 1);
	charge(scene, 3, 0, 1);
	look(scene);
	assert_int_equal(scene->watch.biting, 2);
	vec_remove(&scene->policy.limits, 0);
	look(scene);
	assert_null(limit_watch_find(&scene->watch, 1));
	assert_true(found(scene, 3)->bite.bites);
	assert_int_equal(scene->watch.biting, 1);
	limit_watch_take(&scene->watch, NULL, scene->charged, scene->now + SECOND);
	assert_int_equal(scene->watch.biting, 0);
}

static void a_limit_that_comes_is_measured_from_then_on(void **state)
{
	struct scene *scene = *state;

	charge(scene, 2, 1000, 1000);
	vec_insert(&scene->policy.limits, 1, limit(2, LIMIT_PACKETS));
	look(scene);
	assert_false(found(scene, 2)->bite.bites);
	charge(scene, 2, 1, 1);
	look(scene);
	assert_int_equal(found(scene, 2)->bite.packets, 1);
}

static void a_changed_rate_is_the_same_bite_by_another_name(void **state)
{
	struct scene *scene = *state;

	charge(scene, 1, 0, 1);
	look(scene);
	scene->policy.limits.items[0].limit.rate_milli = 5000;
	charge(scene, 1, 0, 1);
	look(scene);
	assert_int_equal(scene->watch.bites, 1);
	assert_int_equal(found(scene, 1)->bite.packets, 2);
	assert_string_equal(found(scene, 1)->name,
			    "limit 5 packetsPerSecond of TrafficPolicy shop/backend rule from-frontend");
}

static void counters_that_begin_anew_are_no_bite(void **state)
{
	struct scene *scene = *state;

	scene->charged[1] = (struct weir_charged){ .passed_packets = 3, .dropped_packets = 2 };
	look(scene);
	assert_int_equal(scene->watch.bites, 0);
	assert_false(found(scene, 1)->has_rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_before_the_agent_is_no_bite, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(rates_are_of_the_last_interval_and_the_limits_own_unit, open_scene,
						close_scene),
		cmocka_unit_test_setup_teardown(a_bite_begins_with_the_first_drop_and_is_one, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(a_pause_is_no_end, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(calm_for_long_enough_is_its_end, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(a_limit_that_goes_ends_its_bite, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(a_limit_that_comes_is_measured_from_then_on, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(a_changed_rate_is_the_same_bite_by_another_name, open_scene,
						close_scene),
		cmocka_unit_test_setup_teardown(counters_that_begin_anew_are_no_bite, open_scene, close_scene),
	};

	return cmocka_run_group_tests_name("agent/limit_watch", tests, NULL, NULL);
}
