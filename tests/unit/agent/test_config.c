// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

static char path[] = "/tmp/weir-config-XXXXXX";

static int group_setup(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int group_teardown(void **state)
{
	return unlink(path);
}

static int read_config(const char *text, struct agent_config *config, struct error *error)
{
	assert_int_equal(file_replace(path, text, strlen(text)), 0);
	agent_config_init(config);
	return agent_config_read(path, config, error);
}

static void every_setting_has_a_default(void **state)
{
	struct agent_config config;

	agent_config_init(&config);
	assert_true(strlen(config.node) > 0);
	assert_string_equal(config.state_dir, "/var/lib/weir");
	assert_string_equal(config.run_dir, "/run/weir");
	assert_string_equal(config.bpffs, "/sys/fs/bpf/weir");
	assert_string_equal(config.metrics, "127.0.0.1:9964");
	assert_string_equal(config.ui, "off");
	assert_false(config.new_interfaces_open);
	assert_int_equal(config.capacities.connections, 131072);
	assert_int_equal(config.times.flow_seconds[WEIR_FLOW_ESTABLISHED], 86400);
	assert_int_equal(config.times.answers_per_second, 100);
	assert_int_equal(config.sweep_seconds, 30);
	assert_int_equal(config.event_history, 16384);
	assert_int_equal(config.log_events, EVENT_LOG_NONE);
	assert_null(config.otlp.endpoint);
	assert_int_equal(config.otlp.events, EVENT_LOG_DENIED);
	assert_int_equal(config.unconfined, 0);
	agent_config_free(&config);
}

static void every_setting_can_be_given(void **state)
{
	struct agent_config config;
	struct error error = {};

	assert_int_equal(
		read_config("sources: ['dir:/etc/a', 'dir:/etc/b']\nnode: worker\nstateDir: /s\nrunDir: /r\n"
			    "bpffs: /b\nmetrics: off\nui: 127.0.0.1:9965\nnewInterfaces: open\nuplinks: [eth0, "
			    "auto]\nopenings: 1000\n"
			    "connections: 1001\nexchanges: 1002\nfragments: 1003\nshields: 1004\naddresses: "
			    "2000\nlimitSources: 2001\n"
			    "imageWords: 4096\n"
			    "timeouts: {synSent: 1, synReceived: 2, established: 3, finWait: 4, closeWait: 5,\n"
			    "  timeWait: 6, closed: 7, unanswered: 8, answered: 9, echo: 10, other: 11, "
			    "fragment: 12}\nanswersPerSecond: 13\nsweepSeconds: 14\n"
			    "shieldPacketsPerSecond: 15\nshieldSeconds: 16\n"
			    "events: denied\neventsPerSecond: 17\neventBytes: 8192\n"
			    "eventHistory: 17\nlogEvents: all\n"
			    "otlp: {endpoint: 'http://a:4318', headers: {x-key: secret, y: z}, events: all}\n"
			    "unconfined: [files, syscalls]\n",
			    &config, &error),
		0);
	assert_int_equal(config.directories.n, 2);
	assert_string_equal(config.directories.items[0], "/etc/a");
	assert_string_equal(config.directories.items[1], "/etc/b");
	assert_string_equal(config.node, "worker");
	assert_string_equal(config.state_dir, "/s");
	assert_string_equal(config.run_dir, "/r");
	assert_string_equal(config.bpffs, "/b");
	assert_string_equal(config.metrics, "off");
	assert_string_equal(config.ui, "127.0.0.1:9965");
	assert_true(config.new_interfaces_open);
	assert_int_equal(config.event_history, 17);
	assert_int_equal(config.log_events, EVENT_LOG_ALL);
	assert_string_equal(config.otlp.endpoint, "http://a:4318");
	assert_int_equal(config.otlp.headers.n, 2);
	assert_string_equal(config.otlp.headers.items[0], "x-key: secret");
	assert_int_equal(config.otlp.events, EVENT_LOG_ALL);
	assert_int_equal(config.uplinks.n, 2);
	assert_string_equal(config.uplinks.items[0], "eth0");
	assert_string_equal(config.uplinks.items[1], "auto");
	assert_int_equal(config.capacities.openings, 1000);
	assert_int_equal(config.capacities.connections, 1001);
	assert_int_equal(config.capacities.exchanges, 1002);
	assert_int_equal(config.capacities.fragments, 1003);
	assert_int_equal(config.capacities.shields, 1004);
	assert_int_equal(config.capacities.addresses, 2000);
	assert_int_equal(config.capacities.limit_sources, 2001);
	assert_int_equal(config.capacities.image_words, 4096);
	for (enum weir_flow_state i = 0; i <= WEIR_FLOW_OTHER; i++)
		assert_int_equal(config.times.flow_seconds[i], i + 1);
	assert_int_equal(config.times.fragment_seconds, 12);
	assert_int_equal(config.times.answers_per_second, 13);
	assert_int_equal(config.sweep_seconds, 14);
	assert_int_equal(config.times.shield_packets_per_second, 15);
	assert_int_equal(config.times.shield_seconds, 16);
	assert_true(config.watch.denied && !config.watch.opened);
	assert_int_equal(config.watch.events_per_second, 17);
	assert_int_equal(config.capacities.event_bytes, 8192);
	assert_int_equal(config.unconfined, 1u << CONFINE_FILES | 1u << CONFINE_SYSCALLS);
	agent_config_free(&config);
}

static void an_empty_file_changes_nothing(void **state)
{
	struct agent_config config;

	assert_int_equal(read_config("", &config, NULL), 0);
	assert_string_equal(config.run_dir, "/run/weir");
	agent_config_free(&config);
}

static const struct {
	const char *name;
	const char *text;
	const char *where; /* after the file's name */
	const char *words;
} wrong[] = {
	{ "an unknown key", "node: a\nnodes: b\n", ":2:1: nodes: ", "unknown field" },
	{ "an unknown source", "sources: [etcd]\n", ":1:11: sources[0]: ", "dir:PATH" },
	{ "a source without a path", "sources: ['dir:']\n", ":1:11: sources[0]: ", "dir:PATH" },
	{ "a source that is no list", "sources: dir:/etc\n", ":1:10: sources: ", "" },
	{ "a number that is text", "openings: many\n", ":1:11: openings: ", "" },
	{ "a number that is too large", "shields: 99999999999\n", ":1:10: shields: ", "" },
	{ "an image that is no power of two", "imageWords: 5000\n", ":1:13: imageWords: ", "power of two" },
	{ "another word for new interfaces", "newInterfaces: ajar\n", ":1:16: newInterfaces: ", "closed" },
	{ "a ring buffer that is no power of two", "eventBytes: 5000\n", ":1:13: eventBytes: ", "power of two" },
	{ "another word for what is told", "events: some\n", ":1:9: events: ", "denied" },
	{ "a history of nothing", "eventHistory: 0\n", ":1:15: eventHistory: ", "" },
	{ "another word for what is logged", "logEvents: some\n", ":1:12: logEvents: ", "denied" },
	{ "a collector without an address", "otlp: {events: all}\n", ":1:7: otlp.endpoint: ", "collector" },
	{ "a collector that speaks no HTTP", "otlp: {endpoint: a}\n", ":1:18: otlp.endpoint: ", "http://" },
	{ "a timeout that is none", "timeouts: {closed: 0}\n", ":1:20: timeouts.closed: ", "" },
	{ "a timeout of no state", "timeouts: {listen: 1}\n", ":1:12: timeouts.listen: ", "unknown field" },
	{ "a timeout of more than a year", "timeouts: {echo: 31536001}\n", ":1:18: timeouts.echo: ", "" },
	{ "no time between sweeps", "sweepSeconds: 0\n", ":1:15: sweepSeconds: ", "" },
	{ "an uplink that no interface can be", "uplinks: [eth0/1]\n", ":1:11: uplinks[0]: ", "" },
	{ "an uplink that is no list", "uplinks: eth0\n", ":1:10: uplinks: ", "" },
	{ "a part of confinement that there isn't", "unconfined: [doors]\n", ":1:14: unconfined[0]: ", "syscalls" },
	{ "an empty text", "node: ''\n", ":1:7: node: ", "empty" },
	{ "a key twice", "node: a\nnode: b\n", ":2:1: ", "" },
	{ "no YAML", "node: [\n", ":", "" },
};

static void a_wrong_setting_is_named_with_line_and_column(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_free_ char *start = xasprintf("%s%s", path, wrong[i].where);
		struct agent_config config;
		struct error error = {};

		print_message("# %s\n", wrong[i].name);
		assert_int_equal(read_config(wrong[i].text, &config, &error), -EINVAL);
		assert_non_null(strstr(error.text, wrong[i].words));
		if (strncmp(error.text, start, strlen(start)) != 0)
			fail_msg("\"%s\" doesn't begin with \"%s\"", error.text, start);
		agent_config_free(&config);
	}
}

static void an_unreadable_file_is_named(void **state)
{
	struct agent_config config;
	struct error error = {};

	agent_config_init(&config);
	assert_int_equal(agent_config_read("/nowhere/weir.yaml", &config, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nowhere/weir.yaml"));
	agent_config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_setting_has_a_default),
		cmocka_unit_test(every_setting_can_be_given),
		cmocka_unit_test(an_empty_file_changes_nothing),
		cmocka_unit_test(a_wrong_setting_is_named_with_line_and_column),
		cmocka_unit_test(an_unreadable_file_is_named),
	};

	return cmocka_run_group_tests_name("config", tests, group_setup, group_teardown);
}
