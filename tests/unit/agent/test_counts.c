// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/core.h"
#include "agent/counts.h"
#include "base/file.h"
#include "base/mem.h"

struct fixture {
	char root[64];
	char *path; /* of the file */
	struct agent_config config;
	struct agent agent;
	struct error error;
};

static int setup(void **state)
{
	struct fixture *f = new0(struct fixture);

	strcpy(f->root, "/tmp/weir-counts-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->path = xasprintf("%s/counters.json", f->root);
	f->config.state_dir = f->root;
	f->agent.config = &f->config;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->agent.counts_saved);
	unlink(f->path);
	rmdir(f->root);
	free(f->path);
	free(f);
	return 0;
}

static void restart(struct fixture *f, bool same_tables)
{
	free(f->agent.counts_saved);
	f->agent = (struct agent){ .config = &f->config };
	assert_int_equal(counts_restore(&f->agent, same_tables, &f->error), 0);
}

static void save(struct fixture *f)
{
	assert_int_equal(counts_save(&f->agent, &f->error), 0);
}

static ino_t inode(const struct fixture *f)
{
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	return st.st_ino;
}

static void the_first_agent_counts_from_zero(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(counts_restore(&f->agent, true, &f->error), 0);
	assert_int_equal(f->agent.n_refused, 0);
	assert_int_equal(f->agent.apply.count, 0);
}

static void every_counter_goes_on_with_the_next_agent(void **state)
{
	struct fixture *f = *state;
	uint64_t *const counters[] = {
		&f->agent.sources.n_errors,
		&f->agent.n_refused,
		&f->agent.shields.raised,
		&f->agent.limits.bites,
		&f->agent.sweeper.corrected,
		&f->agent.otlp_counts.sent,
		&f->agent.otlp_counts.dropped,
		&f->agent.otlp_counts.retries,
		&f->agent.apply.count,
		&f->agent.apply.buckets[0],
		&f->agent.apply.buckets[HISTOGRAM_BUCKETS - 1],
		&f->agent.events.added[EVENT_AGENT_STARTED],
		&f->agent.events.added[EVENT_TYPES_END - 1],
		&f->agent.sweeper.counts.evicted[WEIR_OPENINGS][WEIR_IPV4],
		&f->agent.sweeper.counts.evicted[WEIR_EXCHANGES][WEIR_IPV6],
	};

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		*counters[i] = i + 1;
	f->agent.apply.sum = 0.1;
	save(f);
	restart(f, true);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		assert_int_equal(*counters[i], i + 1);
	assert_true(f->agent.apply.sum == 0.1);
}

static void new_tables_have_evicted_nothing(void **state)
{
	struct fixture *f = *state;

	f->agent.n_refused = 3;
	f->agent.sweeper.counts.evicted[WEIR_CONNECTIONS][WEIR_IPV4] = 7;
	save(f);
	restart(f, false);
	assert_int_equal(f->agent.n_refused, 3);
	assert_int_equal(f->agent.sweeper.counts.evicted[WEIR_CONNECTIONS][WEIR_IPV4], 0);
}

static void what_has_not_changed_is_not_written_again(void **state)
{
	struct fixture *f = *state;
	ino_t first;

	save(f);
	first = inode(f);
	save(f);
	assert_int_equal(inode(f), first);
	f->agent.n_refused++;
	save(f);
	assert_int_not_equal(inode(f), first);
}

static void a_file_that_cant_be_used_is_as_none(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;
	size_t length;

	f->agent.n_refused = 3;
	save(f);
	assert_int_equal(file_read(f->path, 1 << 20, &text, &length), 0);
	strstr(text, "refused policies\", 3")[strlen("refused policies\", ")] = '9';
	assert_int_equal(file_replace(f->path, text, length), 0);
	restart(f, true);
	assert_int_equal(f->agent.n_refused, 0);
}

static void a_disk_that_refuses_leaves_what_was_there(void **state)
{
	struct fixture *f = *state;

	f->agent.n_refused = 3;
	save(f);
	f->agent.n_refused = 4;
	f->config.state_dir = (char *)"/proc/self/nowhere";
	assert_true(counts_save(&f->agent, &f->error) < 0);
	assert_non_null(strstr(f->error.text, "can't be written"));
	f->config.state_dir = f->root;
	restart(f, true);
	assert_int_equal(f->agent.n_refused, 3);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_agent_counts_from_zero),	   TEST(every_counter_goes_on_with_the_next_agent),
		TEST(new_tables_have_evicted_nothing),	   TEST(what_has_not_changed_is_not_written_again),
		TEST(a_file_that_cant_be_used_is_as_none), TEST(a_disk_that_refuses_leaves_what_was_there),
	};

	return cmocka_run_group_tests_name("counts", tests, NULL, NULL);
}
