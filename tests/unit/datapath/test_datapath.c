// SPDX-License-Identifier: BSD-2-Clause
/* Loading, the image, and the maps. */
#include "fixture.h"

#include <sys/mount.h>
#include <sys/wait.h>

static void opening_afresh_finds_nothing(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	assert_false(datapath_took_over(datapath));
	assert_int_equal(datapath_revision(datapath), 0);
	assert_int_equal(datapath_image_words(datapath), f->config.image_words);
	assert_string_equal(datapath_notes(datapath), "");
	assert_int_equal(count_attachments(datapath), 0);
	assert_int_not_equal(pinned_map_id(f, "images"), 0);
	assert_int_not_equal(pinned_map_id(f, "control"), 0);
}

static void a_swap_brings_revision_and_generation(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	uint32_t before = generation(f);

	swap_revision(datapath, 7);
	assert_int_equal(datapath_revision(datapath), 7);
	assert_true(generation(f) > before);
	before = generation(f);
	swap_revision(datapath, 8);
	assert_int_equal(datapath_revision(datapath), 8);
	assert_true(generation(f) > before);
	before = generation(f);
	datapath_new_generation(datapath);
	assert_int_equal(generation(f), before + 1);
}

/* One when the image is in its slot, told by the herald, and one when the call is over. */
static void a_swap_begins_a_generation_before_it_returns(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	bool two = false;

	for (uint32_t revision = 1; revision <= 50 && !two; revision++) {
		uint32_t before = generation(f);

		swap_revision(datapath, revision);
		two = generation(f) == before + 2;
	}
	assert_true(two);
}

static void the_image_in_force_holds_what_was_given(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	_cleanup_free_ uint32_t *words = xcalloc(f->config.image_words, sizeof(*words));
	_cleanup_free_ uint32_t *read = xcalloc(f->config.image_words, sizeof(*read));
	_cleanup_free_ char *path = xasprintf("%s/maps/images", f->root);
	uint32_t slot = WEIR_SLOT_ENFORCED, zero = 0, id;

	for (uint32_t i = 0; i < f->config.image_words; i++)
		words[i] = i * 2654435761u;
	words[0] = WEIR_IMAGE_MAGIC;
	words[1] = WEIR_IMAGE_ABI;
	assert_int_equal(datapath_swap(datapath, words, f->config.image_words, NULL), 0);

	_cleanup_close_ int images = bpf_obj_get(path);
	assert_int_equal(bpf_map_lookup_elem(images, &slot, &id), 0);
	_cleanup_close_ int image = bpf_map_get_fd_by_id(id);
	assert_int_equal(bpf_map_lookup_elem(image, &zero, read), 0);
	assert_memory_equal(words, read, f->config.image_words * sizeof(*words));
	/* Nobody can change it in place. */
	assert_int_equal(bpf_map_update_elem(image, &zero, read, BPF_ANY), -EPERM);
}

static void a_bad_image_is_refused_and_the_old_one_stays(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	_cleanup_free_ uint32_t *words = xcalloc(f->config.image_words, sizeof(*words));
	struct error error = {};

	swap_revision(datapath, 3);
	uint32_t before = generation(f);
	words[0] = WEIR_IMAGE_MAGIC;
	words[1] = WEIR_IMAGE_ABI;
	assert_int_equal(datapath_swap(datapath, words, WEIR_IMAGE_WORDS_MAX + 1, &error), -E2BIG);
	assert_non_null(strstr(error.text, "no program reaches more than 134217728"));
	assert_int_equal(datapath_swap(datapath, words, 3, &error), -EINVAL);
	words[1]++;
	assert_int_equal(datapath_swap(datapath, words, f->config.image_words, &error), -EINVAL);
	assert_int_equal(datapath_revision(datapath), 3);
	assert_int_equal(generation(f), before);
}

static void addresses_come_and_go(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct addr v4 = { WEIR_IPV4, { 10, 0, 0, 1 } }, v6 = { WEIR_IPV6, { 0xfd, [15] = 9 } };
	datapath_addresses all = {};

	assert_int_equal(datapath_set_address(datapath, &v4, 17, 0), 0);
	assert_int_equal(datapath_set_address(datapath, &v6, 18, 5), 0);
	assert_int_equal(datapath_set_address(datapath, &v4, 19, 4), 0);
	assert_int_equal(datapath_list_addresses(datapath, &all), 0);
	assert_int_equal(all.n, 2);
	assert_int_equal(addr_compare(&all.items[0].addr, &v4), 0);
	assert_int_equal(all.items[0].identity, 19);
	assert_int_equal(all.items[0].ifindex, 4);
	assert_int_equal(addr_compare(&all.items[1].addr, &v6), 0);
	assert_int_equal(all.items[1].identity, 18);
	assert_int_equal(all.items[1].ifindex, 5);
	vec_free(&all);

	assert_int_equal(datapath_delete_address(datapath, &v4), 0);
	assert_int_equal(datapath_delete_address(datapath, &v4), 0);
	assert_int_equal(datapath_list_addresses(datapath, &all), 0);
	assert_int_equal(all.n, 1);
	vec_free(&all);
}

static void endpoints_come_and_go(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const struct weir_endpoint endpoint = {
		.identity = 21,
		.flags = WEIR_ENDPOINT_CHECK_MAC,
		.mac = { 2, 0, 0, 0, 0, 1 },
	};
	datapath_endpoints all = {};

	assert_int_equal(datapath_set_endpoint(datapath, f->ifindex, &endpoint), 0);
	assert_int_equal(datapath_list_endpoints(datapath, &all), 0);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.items[0].ifindex, f->ifindex);
	assert_memory_equal(&all.items[0].is, &endpoint, sizeof(endpoint));
	vec_free(&all);
	assert_int_equal(datapath_delete_endpoint(datapath, f->ifindex), 0);
	assert_int_equal(datapath_delete_endpoint(datapath, f->ifindex), 0);
	assert_int_equal(datapath_list_endpoints(datapath, &all), 0);
	assert_int_equal(all.n, 0);
}

static struct datapath_map_info map_info(struct datapath *datapath, const char *name)
{
	struct datapath_map_info infos[DATAPATH_MAPS_MAX];
	unsigned n = 0;

	assert_int_equal(datapath_list_maps(datapath, NULL, infos, &n), 0);
	for (unsigned i = 0; i < n; i++)
		if (strcmp(infos[i].name, name) == 0)
			return infos[i];
	fail_msg("map %s is not listed", name);
	return (struct datapath_map_info){};
}

static void entries_are_counted_over_many_batches_and_a_full_map_says_so(void **state)
{
	struct fixture *f = *state;
	f->config.addresses = 5000;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	datapath_addresses all = {};
	struct addr addr = { .family = WEIR_IPV4 };

	for (uint32_t i = 0; i < 5000; i++) {
		memcpy(addr.bytes, &i, sizeof(i));
		assert_int_equal(datapath_set_address(datapath, &addr, i, 0), 0);
	}
	memset(addr.bytes, 0xff, 4);
	assert_int_equal(datapath_set_address(datapath, &addr, 1, 0), -E2BIG);

	assert_int_equal(map_info(datapath, "addresses4").entries, 5000);
	assert_int_equal(map_info(datapath, "addresses4").capacity, 5000);
	assert_int_equal(map_info(datapath, "addresses6").entries, 0);
	assert_int_equal(map_info(datapath, "openings4").capacity, f->config.openings);
	assert_int_equal(map_info(datapath, "openings6").capacity, f->config.openings);
	assert_int_equal(map_info(datapath, "connections4").capacity, f->config.connections);
	assert_int_equal(map_info(datapath, "connections6").capacity, f->config.connections);
	assert_int_equal(map_info(datapath, "exchanges4").capacity, f->config.exchanges);
	assert_int_equal(map_info(datapath, "exchanges6").capacity, f->config.exchanges);
	assert_int_equal(map_info(datapath, "fragments").capacity, f->config.fragments);
	assert_int_equal(map_info(datapath, "shields").capacity, f->config.shields);
	assert_int_equal(map_info(datapath, "sources").capacity, f->config.limit_sources);
	assert_int_equal(map_info(datapath, "endpoints").capacity, f->config.endpoints);
	assert_int_equal(datapath_list_addresses(datapath, &all), 0);
	assert_int_equal(all.n, 5000);
	vec_free(&all);
}

static void accounts_are_summed_over_processors(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	_cleanup_free_ char *path = xasprintf("%s/maps/accounts", f->root);
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct weir_account *per_cpu = xcalloc(cpus, sizeof(*per_cpu));
	_cleanup_close_ int fd = bpf_obj_get(path);
	struct datapath_accounts accounts = { .n_decisions = 77 };
	uint32_t rows[] = { f->config.pairs + 4, f->config.pairs + f->config.counters };

	for (int i = 0; i < cpus; i++)
		per_cpu[i] = (struct weir_account){ .packets = 1u << i, .bytes = 100, .connections = 2 };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(bpf_map_update_elem(fd, &rows[i], per_cpu, BPF_ANY), 0);
	assert_int_equal(datapath_read_accounts(datapath, f->config.counters + 1, &accounts), -ERANGE);
	assert_int_equal(accounts.n_decisions, 77);
	assert_int_equal(datapath_read_accounts(datapath, 5, &accounts), 0);
	assert_int_equal(accounts.n_decisions, 5);
	assert_int_equal(accounts.decisions[3].packets, 0);
	assert_int_equal(accounts.decisions[4].packets, (1u << cpus) - 1);
	assert_int_equal(accounts.decisions[4].bytes, 100u * cpus);
	assert_int_equal(accounts.limited.connections, 2u * cpus);
	assert_int_equal(accounts.pairs.n, 0);
	datapath_accounts_free(&accounts);
}

static void a_pair_has_its_row_until_it_is_freed(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	_cleanup_free_ char *path = xasprintf("%s/maps/pairs", f->root);
	const struct weir_pair pair = { .tag = weir_pair_tag(3, 17, 18) };
	struct datapath_accounts accounts;
	_cleanup_close_ int fd = bpf_obj_get(path);
	uint32_t row = 9;

	assert_int_equal(bpf_map_update_elem(fd, &row, &pair, BPF_ANY), 0);
	datapath_mark_pair(datapath, row, 2);
	datapath_close(datapath);
	datapath = open_datapath(&f->config);
	datapath_retire_pair(datapath, row);
	assert_int_equal(datapath_read_accounts(datapath, 5, &accounts), 0);
	assert_int_equal(accounts.pairs.n, 1);
	assert_int_equal(accounts.pairs.items[0].row, row);
	assert_int_equal(accounts.pairs.items[0].series, 2);
	assert_int_equal(accounts.pairs.items[0].tag, pair.tag | WEIR_PAIR_RETIRED);
	assert_int_equal(weir_pair_counter(accounts.pairs.items[0].tag), 3);
	assert_int_equal(weir_pair_source(accounts.pairs.items[0].tag), 17);
	assert_int_equal(weir_pair_destination(accounts.pairs.items[0].tag), 18);
	datapath_accounts_free(&accounts);
	assert_int_equal(datapath_free_pair(datapath, row), 0);
	assert_int_equal(datapath_read_accounts(datapath, 5, &accounts), 0);
	assert_int_equal(accounts.pairs.n, 0);
	datapath_accounts_free(&accounts);
}

static void reasons_and_buckets_begin_at_zero(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct weir_counter reasons[WEIR_REASON_MAX * WEIR_DIRECTIONS];
	struct weir_charged charged = { .passed_bytes = 1 };
	struct weir_bucket bucket = { .tat = 1 };

	memset(reasons, 0xff, sizeof(reasons));
	assert_int_equal(datapath_read_reasons(datapath, reasons), 0);
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		assert_int_equal(reasons[i].packets | reasons[i].bytes, 0);
	assert_int_equal(datapath_read_bucket(datapath, f->config.buckets - 1, &bucket), 0);
	assert_int_equal(bucket.tat, 0);
	assert_int_equal(datapath_read_bucket(datapath, f->config.buckets, &bucket), -ENOENT);
	assert_int_equal(datapath_read_charged(datapath, f->config.buckets - 1, &charged), 0);
	assert_int_equal(charged.passed_bytes, 0);
	assert_int_equal(datapath_read_charged(datapath, f->config.buckets, &charged), -ENOENT);
}

static void capacities_that_cannot_be_are_refused(void **state)
{
	struct fixture *f = *state;
	struct datapath_config *config = &f->config;
	const struct {
		uint32_t *setting, value;
		const char *word;
	} cases[] = {
		{ &config->image_words, 0, "image" },	    { &config->image_words, 4095, "image" },
		{ &config->image_words, 8, "image" },	    { &config->openings, 0, "openings" },
		{ &config->connections, 0, "connections" }, { &config->exchanges, 0, "exchanges" },
		{ &config->fragments, 0, "fragments" },	    { &config->shields, 0, "shields" },
		{ &config->addresses, 0, "addresses" },	    { &config->endpoints, 0, "endpoints" },
		{ &config->counters, 0, "counters" },	    { &config->buckets, 0, "buckets" },
		{ &config->limit_sources, 0, "sources" },
	};
	struct datapath *datapath = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint32_t good = *cases[i].setting;
		struct error error = {};

		*cases[i].setting = cases[i].value;
		assert_int_equal(datapath_open(config, &datapath, &error), -EINVAL);
		*cases[i].setting = good;
		assert_non_null(strstr(error.text, cases[i].word));
		assert_null(datapath);
	}
	/* Nothing was made. */
	assert_int_not_equal(access(f->root, F_OK), 0);
}

static void a_directory_off_bpffs_is_refused_and_left_alone(void **state)
{
	struct fixture *f = *state;
	char directory[] = "/tmp/weir-test-XXXXXX";
	struct datapath *datapath = NULL;
	struct error error = {};
	unsigned interfaces = 99;

	assert_non_null(mkdtemp(directory));
	f->config.bpffs = directory;
	assert_int_equal(datapath_open(&f->config, &datapath, &error), -ENOTSUP);
	assert_non_null(strstr(error.text, "not on a BPF file system (mount"));
	assert_int_equal(datapath_remove(directory, &interfaces, &error), -ENOTSUP);
	assert_int_equal(interfaces, 99);
	assert_int_equal(rmdir(directory), 0); /* still there, and empty */
}

/* Runs in a child, whose mounts and rights are its own. Its exit status. */
static int in_child(int (*body)(const struct fixture *f), const struct fixture *f)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body(f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int open_without_bpffs(const struct fixture *f)
{
	_cleanup_(datapath_closep) struct datapath *datapath = NULL;
	struct error error = {};
	unsigned interfaces;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 2;
	for (int i = 0; i < 16 && umount2("/sys/fs/bpf", MNT_DETACH) == 0; i++)
		;
	if (datapath_open(&f->config, &datapath, &error) < 0) {
		print_error("%s\n", error.text);
		return 3;
	}
	return datapath_remove(f->root, &interfaces, &error) < 0 ? 4 : 0;
}

static void bpffs_is_mounted_where_it_is_missing(void **state)
{
	assert_int_equal(in_child(open_without_bpffs, *state), 0);
}

static int open_without_rights(const struct fixture *f)
{
	struct datapath *datapath = NULL;
	struct error error = {};

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 2;
	if (datapath_open(&f->config, &datapath, &error) >= 0)
		return 3;
	return strstr(error.text, "(run as root") ? 0 : 4;
}

static void missing_rights_are_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(in_child(open_without_rights, f), 0);
	/* With the directory there, it is BPF itself that refuses. */
	datapath_close(open_datapath(&f->config));
	assert_int_equal(in_child(open_without_rights, f), 0);
}

static void two_instances_do_not_share(void **state)
{
	struct fixture *f = *state;
	struct fixture other = *f;
	struct addr addr = { WEIR_IPV4, { 10, 0, 0, 1 } };
	unsigned interfaces;

	strcat(other.root, "-b");
	other.config.bpffs = other.root;
	_cleanup_(datapath_closep) struct datapath *a = open_datapath(&f->config);
	_cleanup_(datapath_closep) struct datapath *b = open_datapath(&other.config);

	assert_int_not_equal(pinned_map_id(f, "images"), pinned_map_id(&other, "images"));
	swap_revision(a, 5);
	assert_int_equal(datapath_set_address(a, &addr, 20, 0), 0);
	assert_int_equal(datapath_revision(b), 0);
	assert_int_equal(map_info(b, "addresses4").entries, 0);
	attach(a, f, XDP_OFF);
	attach(b, f, XDP_OFF);
	assert_int_not_equal(pinned_link(f, "ingress").id, pinned_link(&other, "ingress").id);

	assert_int_equal(datapath_remove(other.root, &interfaces, NULL), 0);
	assert_int_equal(interfaces, 1);
	assert_int_equal(pinned_link(f, "ingress").xdp.ifindex, f->ifindex);
	assert_int_equal(map_info(a, "addresses4").entries, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opening_afresh_finds_nothing),
		TEST(a_swap_brings_revision_and_generation),
		TEST(a_swap_begins_a_generation_before_it_returns),
		TEST(the_image_in_force_holds_what_was_given),
		TEST(a_bad_image_is_refused_and_the_old_one_stays),
		TEST(addresses_come_and_go),
		TEST(endpoints_come_and_go),
		TEST(entries_are_counted_over_many_batches_and_a_full_map_says_so),
		TEST(accounts_are_summed_over_processors),
		TEST(a_pair_has_its_row_until_it_is_freed),
		TEST(reasons_and_buckets_begin_at_zero),
		TEST(capacities_that_cannot_be_are_refused),
		TEST(a_directory_off_bpffs_is_refused_and_left_alone),
		TEST(bpffs_is_mounted_where_it_is_missing),
		TEST(missing_rights_are_named),
		TEST(two_instances_do_not_share),
	};

	need_bpf();
	return cmocka_run_group_tests_name("datapath", tests, NULL, NULL);
}
