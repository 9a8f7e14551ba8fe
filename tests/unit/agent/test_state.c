// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/lock.h"
#include "agent/state.h"
#include "base/file.h"
#include "base/mem.h"

struct fixture {
	char root[64];
	char *path; /* of the file */
	struct ledger ledger;
	struct state state;
	struct error error;
};

static int setup(void **state)
{
	struct fixture *f = new0(struct fixture);

	strcpy(f->root, "/tmp/weir-state-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->path = xasprintf("%s/numbers.json", f->root);
	state_open(f->root, &f->ledger, &f->state, &f->error);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *cleanup = xasprintf("rm -rf '%s'", f->root);

	state_free(&f->state);
	ledger_free(&f->ledger);
	assert_int_equal(system(cleanup), 0);
	free(f->path);
	free(f);
	return 0;
}

static void reopen(struct fixture *f)
{
	state_free(&f->state);
	ledger_free(&f->ledger);
	f->ledger = (struct ledger){};
	f->error = (struct error){};
	state_open(f->root, &f->ledger, &f->state, &f->error);
}

static void save(struct fixture *f)
{
	assert_int_equal(state_save(&f->state, &f->error), 0);
}

static void a_first_start_has_no_numbers_and_no_complaint(void **state)
{
	struct fixture *f = *state;

	assert_true(f->state.lost);
	assert_string_equal(f->error.text, "");
}

static void numbers_mean_the_same_after_a_restart(void **state)
{
	struct fixture *f = *state;
	const char *odd = "shop;app=a,;\n\"\\;";
	uint32_t identity = numbering_get(f->state.numbers.identities, odd, 0);
	uint32_t counter = numbering_get(f->state.numbers.counters, odd, 0);
	uint32_t second = numbering_get(f->state.numbers.counters, "second", 0);
	uint32_t bucket = numbering_get(f->state.numbers.buckets, odd, 0);

	save(f);
	reopen(f);
	assert_false(f->state.lost);
	assert_int_equal(numbering_get(f->state.numbers.counters, "third", 0), second + 1);
	assert_int_equal(numbering_get(f->state.numbers.identities, odd, 0), identity);
	assert_int_equal(numbering_get(f->state.numbers.counters, odd, 0), counter);
	assert_int_equal(numbering_get(f->state.numbers.counters, "second", 0), second);
	assert_int_equal(numbering_get(f->state.numbers.buckets, odd, 0), bucket);
}

static void without_new_numbers_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	save(f);
	assert_int_equal(stat(f->path, &st), -1);
	numbering_get(f->state.numbers.identities, "a", 0);
	save(f);
	assert_int_equal(unlink(f->path), 0);
	save(f);
	assert_int_equal(stat(f->path, &st), -1);
	numbering_get(f->state.numbers.identities, "b", 0);
	save(f);
	assert_int_equal(stat(f->path, &st), 0);
}

static void a_restart_has_nothing_to_write(void **state)
{
	struct fixture *f = *state;

	numbering_get(f->state.numbers.identities, "a", 0);
	save(f);
	reopen(f);
	assert_int_equal(unlink(f->path), 0);
	save(f);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void a_damaged_file_is_named_and_numbers_begin_afresh(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = NULL;
	size_t length;

	numbering_get(f->state.numbers.identities, "a", 0);
	numbering_get(f->state.numbers.identities, "b", 0);
	save(f);
	assert_int_equal(file_read(f->path, 1 << 20, &text, &length), 0);
	assert_int_equal(file_replace(f->path, text, length - 3), 0);
	reopen(f);
	assert_true(f->state.lost);
	assert_non_null(strstr(f->error.text, f->path));
	assert_non_null(strstr(f->error.text, "kept as"));
	assert_int_equal(access(f->path, F_OK), -1);
	assert_int_equal(numbering_count(f->state.numbers.identities), 0);
	/* And what is given now can be kept again. */
	numbering_get(f->state.numbers.identities, "c", 0);
	save(f);
	reopen(f);
	assert_false(f->state.lost);
	assert_int_equal(numbering_count(f->state.numbers.identities), 1);
}

static void the_copy_of_a_damaged_file_is_used(void **state)
{
	struct fixture *f = *state;

	numbering_get(f->state.numbers.identities, "a", 0);
	save(f);
	assert_int_equal(state_back_up(&f->state, &f->error), 0);
	assert_int_equal(file_replace(f->path, "damaged", 7), 0);
	reopen(f);
	assert_false(f->state.lost);
	assert_non_null(strstr(f->error.text, "its copy is used"));
	assert_int_equal(numbering_count(f->state.numbers.identities), 1);
}

static void what_numbers_are_called_is_kept_with_them(void **state)
{
	struct fixture *f = *state;
	struct numberings *numbers = &f->state.numbers;
	uint32_t identity = numbering_get(numbers->identities, "a", 0),
		 bucket = numbering_get(numbers->buckets, "b", 9);
	uint32_t counter = numbering_get(numbers->counters, "c", 0),
		 nameless = numbering_get(numbers->counters, "d", 0);

	numbering_set_title(numbers->identities, identity, "shop/front\"end\n");
	numbering_set_title(numbers->counters, counter, "policy=\"p\"\npolicy=\"q\"");
	numbering_set_title(numbers->buckets, bucket, "audit\nlimit=\"r\"");
	save(f);
	reopen(f);
	assert_string_equal(numbering_title(f->state.numbers.identities, identity), "shop/front\"end\n");
	assert_null(numbering_title(f->state.numbers.counters, nameless));
	assert_int_equal(f->ledger.counters.items[counter].labels.n, 2);
	assert_string_equal(f->ledger.counters.items[counter].labels.items[1], "policy=\"q\"");
	assert_false(f->ledger.counters.items[counter].audit);
	assert_int_equal(f->ledger.buckets.items[bucket].labels.n, 1);
	assert_string_equal(f->ledger.buckets.items[bucket].labels.items[0], "limit=\"r\"");
	assert_true(f->ledger.buckets.items[bucket].audit);
}

static void what_freed_numbers_had_counted_is_kept(void **state)
{
	struct fixture *f = *state;
	struct pair_carried pair = { (char *)"shop/a", (char *)"world", PAIR_LIMITED, { 1, 2, 3 } };
	struct pair_carried other = { .verdict = PAIR_DENIED, .counted = { 4, 5, 6 } };
	const struct weir_charged charged = { .passed_packets = 7, .dropped_packets = 8 };
	const char *labels = "policy=\"p\"";

	numbering_set_title(f->state.numbers.counters, numbering_get(f->state.numbers.counters, "c", 0), labels);
	numbering_set_title(f->state.numbers.buckets, numbering_get(f->state.numbers.buckets, "b", 0), labels);
	ledger_recall(&f->ledger, &f->state.numbers);
	ledger_carry_counter(&f->ledger, 1, 9);
	ledger_forget_bucket(&f->ledger, 0, &charged);
	ledger_carry_pair(&f->ledger, &pair);
	ledger_carry_pair(&f->ledger, &other);
	save(f);
	reopen(f);
	assert_string_equal(f->error.text, "");
	assert_int_equal(f->ledger.counted.n, 1);
	assert_string_equal(f->ledger.counted.items[0].labels, labels);
	assert_int_equal(f->ledger.counted.items[0].packets, 9);
	assert_int_equal(f->ledger.dropped.n, 1);
	assert_int_equal(f->ledger.dropped.items[0].passed, 7);
	assert_int_equal(f->ledger.dropped.items[0].packets, 8);
	assert_int_equal(f->ledger.pairs.n, 2);
	assert_string_equal(f->ledger.pairs.items[0].destination, "world");
	assert_int_equal(f->ledger.pairs.items[0].verdict, PAIR_LIMITED);
	assert_int_equal(f->ledger.pairs.items[0].counted.connections, 3);
	assert_null(f->ledger.pairs.items[1].source);
	assert_int_equal(f->ledger.pairs.items[1].counted.bytes, 5);
	assert_int_equal(unlink(f->path), 0);
	save(f);
	assert_int_equal(access(f->path, F_OK), -1);
}

static struct agent_config directories(const char *root, const char *run, const char *state_dir, const char *bpffs)
{
	return (struct agent_config){ .run_dir = xasprintf("%s/%s", root, run),
				      .state_dir = xasprintf("%s/%s", root, state_dir),
				      .bpffs = xasprintf("%s/%s", root, bpffs) };
}

static const struct {
	const char *name;
	const char *run, *state, *bpffs;
	const char *refused_for; /* NULL: it may run */
} second_agents[] = {
	{ "other directories", "r2", "s2", "b2", NULL },
	{ "the same run directory", "r1", "s2", "b2", "run directory" },
	{ "the same state directory", "r2", "s1", "b2", "state directory" },
	{ "the same bpffs directory", "r2", "s2", "b1", "bpffs directory" },
	{ "one directory for everything", "x", "x", "x2", NULL },
};

static void a_second_agent_is_refused_for_any_shared_directory(void **state)
{
	char root[] = "/tmp/weir-lock-XXXXXX";
	_cleanup_free_ char *cleanup = NULL;
	struct locks first = LOCKS_NONE;
	struct agent_config config;

	assert_non_null(mkdtemp(root));
	config = directories(root, "r1", "s1", "b1");
	assert_int_equal(locks_take(&config, &first, NULL), 0);
	agent_config_free(&config);
	for (size_t i = 0; i < ARRAY_SIZE(second_agents); i++) {
		struct locks second = LOCKS_NONE;
		struct error error = {};
		int r;

		print_message("# %s\n", second_agents[i].name);
		config = directories(root, second_agents[i].run, second_agents[i].state, second_agents[i].bpffs);
		r = locks_take(&config, &second, &error);
		assert_int_equal(r, second_agents[i].refused_for ? -EBUSY : 0);
		if (second_agents[i].refused_for)
			assert_non_null(strstr(error.text, second_agents[i].refused_for));
		locks_release(&second);
		agent_config_free(&config);
	}
	locks_release(&first);
	config = directories(root, "r1", "s1", "b1");
	assert_int_equal(locks_take(&config, &first, NULL), 0);
	locks_release(&first);
	agent_config_free(&config);
	cleanup = xasprintf("rm -rf '%s'", root);
	assert_int_equal(system(cleanup), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_first_start_has_no_numbers_and_no_complaint),
		TEST(numbers_mean_the_same_after_a_restart),
		TEST(without_new_numbers_nothing_is_written),
		TEST(a_restart_has_nothing_to_write),
		TEST(what_numbers_are_called_is_kept_with_them),
		TEST(what_freed_numbers_had_counted_is_kept),
		TEST(the_copy_of_a_damaged_file_is_used),
		TEST(a_damaged_file_is_named_and_numbers_begin_afresh),
		cmocka_unit_test(a_second_agent_is_refused_for_any_shared_directory),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
