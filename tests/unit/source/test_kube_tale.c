// SPDX-License-Identifier: BSD-2-Clause
/* When there is something to tell of a policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/vec.h"
#include "source/kube_tale.h"

#define SECOND 1000u
#define MINUTE (60 * SECOND)

static struct kube_tale *begin(void)
{
	struct kube_tale *tale = new0(struct kube_tale);

	tale->subject.uid = xstrdup("u1");
	tale->event_due = tale->status_due = KUBE_NEVER;
	return tale;
}

static bool is(struct kube_tale *tale, enum kube_state state, const char *message, int64_t generation, uint64_t now)
{
	const struct kube_news news = { .generation = generation, .state = state, .message = message };

	return kube_tale_update(tale, &news, now);
}

static void sent(struct kube_tale *tale, enum kube_tale_event event, enum kube_result result, uint64_t now)
{
	const struct kube_told told = { event, "why" };

	kube_tale_event_done(tale, &told, result, now);
}

static void what_is_as_before_is_no_news(void **state)
{
	struct kube_tale *tale = begin();

	assert_false(is(tale, KUBE_PENDING, NULL, 0, 0));
	assert_true(is(tale, KUBE_ENFORCED, NULL, 1, SECOND));
	assert_in_range(tale->status_due, SECOND, 2 * SECOND);
	assert_false(is(tale, KUBE_ENFORCED, NULL, 1, MINUTE));
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_NOTHING);
	assert_true(tale->event_due == KUBE_NEVER);
	kube_tale_free(tale);
}

static void a_refusal_is_told_once_and_repeated_seldom(void **state)
{
	struct kube_tale *tale = begin();

	is(tale, KUBE_BROKEN, "why", 1, 0);
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_REFUSED);
	assert_in_range(tale->event_due, 0, SECOND);
	sent(tale, KUBE_TELL_REFUSED, KUBE_WRITTEN, SECOND);
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_AGAIN);
	assert_in_range(tale->event_due, 20 * MINUTE, 40 * MINUTE); /* before the cluster forgets it */

	for (int64_t generation = 2; generation < 100; generation++)
		is(tale, KUBE_BROKEN, "why", generation, 2 * SECOND);
	assert_in_range(tale->event_due, 9 * MINUTE, 11 * MINUTE);
	sent(tale, KUBE_TELL_AGAIN, KUBE_WRITTEN, 10 * MINUTE);
	assert_int_equal(tale->count, 2);
	kube_tale_free(tale);
}

static void another_reason_is_another_event(void **state)
{
	struct kube_tale *tale = begin();

	is(tale, KUBE_BROKEN, "why", 1, 0);
	sent(tale, KUBE_TELL_REFUSED, KUBE_WRITTEN, SECOND);
	is(tale, KUBE_BROKEN, "why else", 2, 2 * SECOND);
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_REFUSED);
	assert_in_range(tale->event_due, 2 * SECOND, 3 * SECOND);
	kube_tale_free(tale);
}

static void a_reason_that_changes_while_it_is_sent_is_told_too(void **state)
{
	struct kube_tale *tale = begin();

	is(tale, KUBE_BROKEN, "why else", 1, 0);
	sent(tale, KUBE_TELL_REFUSED, KUBE_WRITTEN, SECOND); /* of "why" */
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_REFUSED);
	assert_int_equal(tale->event_due, SECOND);
	kube_tale_free(tale);
}

static void what_another_node_has_told_is_told_and_not_counted_by_this_one(void **state)
{
	struct kube_tale *tale = begin();

	is(tale, KUBE_BROKEN, "why", 1, 0);
	sent(tale, KUBE_TELL_REFUSED, KUBE_CONFLICT, SECOND);
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_REFUSED); /* made anew, if it is forgotten then */
	assert_in_range(tale->event_due, 20 * MINUTE, 40 * MINUTE);
	kube_tale_free(tale);
}

static void an_event_that_the_cluster_has_forgotten_is_made_anew(void **state)
{
	struct kube_tale *tale = begin();

	is(tale, KUBE_BROKEN, "why", 1, 0);
	sent(tale, KUBE_TELL_REFUSED, KUBE_WRITTEN, SECOND);
	sent(tale, KUBE_TELL_AGAIN, KUBE_MISSING, MINUTE);
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_REFUSED);
	assert_int_equal(tale->event_due, MINUTE);
	kube_tale_free(tale);
}

static void good_again_is_told_once_and_only_after_a_refusal(void **state)
{
	struct kube_tale *tale = begin();

	is(tale, KUBE_BROKEN, "why", 1, 0);
	sent(tale, KUBE_TELL_REFUSED, KUBE_WRITTEN, SECOND);
	is(tale, KUBE_PENDING, NULL, 2, 2 * SECOND);
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_NOTHING);
	is(tale, KUBE_ENFORCED, NULL, 2, 3 * SECOND);
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_ACCEPTED);
	assert_in_range(tale->event_due, 3 * SECOND, 4 * SECOND);
	sent(tale, KUBE_TELL_ACCEPTED, KUBE_WRITTEN, 4 * SECOND);
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_NOTHING);
	assert_true(tale->event_due == KUBE_NEVER);
	kube_tale_free(tale);
}

static void what_is_to_be_retried_stays_due(void **state)
{
	struct kube_tale *tale = begin();
	uint64_t due;

	is(tale, KUBE_BROKEN, "why", 1, 0);
	due = tale->event_due;
	sent(tale, KUBE_TELL_REFUSED, KUBE_RETRIED, MINUTE);
	sent(tale, KUBE_TELL_REFUSED, KUBE_FORBIDDEN, MINUTE);
	assert_int_equal(kube_tale_event(tale), KUBE_TELL_REFUSED);
	assert_int_equal(tale->event_due, due);
	kube_tale_free(tale);
}

/* Two writers that never agree would write for ever. */
static void a_status_that_does_not_come_to_rest_is_written_more_and_more_seldom(void **state)
{
	struct kube_tale *tale = begin();
	uint64_t now = 0;
	unsigned writes = 0;

	is(tale, KUBE_ENFORCED, NULL, 1, now);
	while (now < 60 * MINUTE) {
		now = tale->status_due;
		writes++;
		kube_tale_status_done(tale, now);
		kube_tale_noted(tale, now); /* somebody has written something else */
	}
	assert_in_range(writes, 5, 20);
	kube_tale_free(tale);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_as_before_is_no_news),
		cmocka_unit_test(a_refusal_is_told_once_and_repeated_seldom),
		cmocka_unit_test(another_reason_is_another_event),
		cmocka_unit_test(a_reason_that_changes_while_it_is_sent_is_told_too),
		cmocka_unit_test(what_another_node_has_told_is_told_and_not_counted_by_this_one),
		cmocka_unit_test(an_event_that_the_cluster_has_forgotten_is_made_anew),
		cmocka_unit_test(good_again_is_told_once_and_only_after_a_refusal),
		cmocka_unit_test(what_is_to_be_retried_stays_due),
		cmocka_unit_test(a_status_that_does_not_come_to_rest_is_written_more_and_more_seldom),
	};

	return cmocka_run_group_tests_name("kube_tale", tests, NULL, NULL);
}
