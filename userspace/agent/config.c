// SPDX-License-Identifier: BSD-2-Clause
#include <limits.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/config_confine.h"
#include "agent/config_otlp.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "object/documents.h"
#include "object/field.h"
#include "object/names.h"
#include "weir/image.h"

#define CONFIG_SIZE_MAX	    (1u << 20)
#define SOURCE_DIRECTORY    "dir:"
#define ENTRIES_MAX	    (1 << 26)
#define IMAGE_WORDS_MINIMUM 1024
#define SECONDS_MAX	    31536000 /* a year */
#define ANSWERS_MAX	    1000000
#define SHIELD_RATE_MAX	    100000000
#define SWEEP_SECONDS_MAX   3600
#define PAIR_SERIES_MAX	    100000
#define EVENT_RATE_MAX	    1000000
#define EVENT_BYTES_MINIMUM 4096
#define EVENT_BYTES_MAX	    (1 << 28)
#define EVENTS_MINIMUM	    16
#define EVENTS_MAX	    1048576

void agent_config_init(struct agent_config *config)
{
	char node[HOST_NAME_MAX + 1] = "";

	if (gethostname(node, sizeof(node) - 1) < 0 || !*node)
		strcpy(node, "localhost");
	*config = (struct agent_config){
		.node = xstrdup(node),
		.state_dir = xstrdup("/var/lib/weir"),
		.run_dir = xstrdup("/run/weir"),
		.bpffs = xstrdup("/sys/fs/bpf/weir"),
		.metrics = xstrdup("127.0.0.1:9964"),
		.ui = xstrdup("off"),
		.capacities = datapath_defaults,
		.times = datapath_times_defaults,
		.pair_series = 1000,
		.watch = datapath_watch_defaults,
		.sweep_seconds = 30,
		.event_history = 16384,
		.otlp.events = EVENT_LOG_DENIED,
	};
}

void agent_config_free(struct agent_config *config)
{
	vec_for_each (directory, &config->directories)
		free(*directory);
	vec_free(&config->directories);
	vec_for_each (uplink, &config->uplinks)
		free(*uplink);
	vec_free(&config->uplinks);
	free(config->kubeconfig);
	free(config->node);
	free(config->state_dir);
	free(config->run_dir);
	free(config->bpffs);
	free(config->metrics);
	otlp_config_free(&config->otlp);
	free(config->ui);
	*config = (struct agent_config){};
}

static void read_text(const struct field *field, char **target)
{
	const char *text = field_string(field);

	if (!text)
		return;
	if (!*text) {
		field_error(field, "is empty");
		return;
	}
	free(*target);
	*target = xstrdup(text);
}

static void read_number(const struct field *field, int64_t smallest, int64_t largest, uint32_t *target)
{
	int64_t number;

	if (field_integer(field, smallest, largest, &number))
		*target = (uint32_t)number;
}

static void read_source(const struct field *item, void *target)
{
	struct agent_config *config = target;
	const char *text = field_string(item);
	const size_t prefix = strlen(SOURCE_DIRECTORY);

	if (!text)
		return;
	if (strcmp(text, "kube") == 0)
		config->kube = true;
	else if (strncmp(text, SOURCE_DIRECTORY, prefix) != 0 || !text[prefix])
		field_error(item, "unknown source " QUOTE " (expected dir:PATH or kube)", QUOTED(text));
	else
		vec_push(&config->directories, xstrdup(text + prefix));
}

static void read_kubeconfig(const struct field *field, void *target)
{
	read_text(field, &((struct agent_config *)target)->kubeconfig);
}

static void read_sources(const struct field *field, void *target)
{
	field_read_items(field, read_source, target);
}

static void read_uplink(const struct field *item, void *target)
{
	char *name = field_checked(item, name_check_interface);

	if (name)
		vec_push(&((struct agent_config *)target)->uplinks, name);
}

static void read_uplinks(const struct field *field, void *target)
{
	field_read_items(field, read_uplink, target);
}

static void read_node(const struct field *field, void *target)
{
	read_text(field, &((struct agent_config *)target)->node);
}

static void read_state_dir(const struct field *field, void *target)
{
	read_text(field, &((struct agent_config *)target)->state_dir);
}

static void read_run_dir(const struct field *field, void *target)
{
	read_text(field, &((struct agent_config *)target)->run_dir);
}

static void read_bpffs(const struct field *field, void *target)
{
	read_text(field, &((struct agent_config *)target)->bpffs);
}

static void read_metrics(const struct field *field, void *target)
{
	read_text(field, &((struct agent_config *)target)->metrics);
}

static void read_ui(const struct field *field, void *target)
{
	read_text(field, &((struct agent_config *)target)->ui);
}

static void read_new_interfaces(const struct field *field, void *target)
{
	static const char *const words[] = { "closed", "open" };
	int word = field_word(field, words, ARRAY_SIZE(words));

	if (word >= 0)
		((struct agent_config *)target)->new_interfaces_open = word == 1;
}

static void read_kube_status(const struct field *field, void *target)
{
	static const char *const words[] = { "on", "off" };
	int word = field_word(field, words, ARRAY_SIZE(words));

	if (word >= 0)
		((struct agent_config *)target)->kube_silent = word == 1;
}

/* The reader of a member that is the capacity of a table. */
#define CAPACITY(name)                                                                                 \
	static void read_##name(const struct field *field, void *target)                               \
	{                                                                                              \
		read_number(field, 1, ENTRIES_MAX, &((struct agent_config *)target)->capacities.name); \
	}

CAPACITY(openings)
CAPACITY(connections)
CAPACITY(exchanges)
CAPACITY(fragments)
CAPACITY(shields)
CAPACITY(addresses)
CAPACITY(limit_sources)

static void read_power_of_two(const struct field *field, int64_t smallest, int64_t largest, uint32_t *target)
{
	uint32_t number = 0;

	read_number(field, smallest, largest, &number);
	if (number & (number - 1))
		field_error(field, "%u is not a power of two", number);
	else if (number)
		*target = number;
}

static void read_image_words(const struct field *field, void *target)
{
	read_power_of_two(field, IMAGE_WORDS_MINIMUM, WEIR_IMAGE_WORDS_MAX,
			  &((struct agent_config *)target)->capacities.image_words);
}

static void read_pairs(const struct field *field, void *target)
{
	read_power_of_two(field, 1, WEIR_PAIRS_MAX, &((struct agent_config *)target)->capacities.pairs);
}

static void read_pair_series(const struct field *field, void *target)
{
	read_number(field, 0, PAIR_SERIES_MAX, &((struct agent_config *)target)->pair_series);
}

/* The reader of a member of timeouts. */
#define TIMEOUT(name, setting)                                                                   \
	static void read_##name(const struct field *field, void *target)                         \
	{                                                                                        \
		read_number(field, 1, SECONDS_MAX, &((struct datapath_times *)target)->setting); \
	}

TIMEOUT(syn_sent, flow_seconds[WEIR_FLOW_SYN_SENT])
TIMEOUT(syn_received, flow_seconds[WEIR_FLOW_SYN_RECEIVED])
TIMEOUT(established, flow_seconds[WEIR_FLOW_ESTABLISHED])
TIMEOUT(fin_wait, flow_seconds[WEIR_FLOW_FIN_WAIT])
TIMEOUT(close_wait, flow_seconds[WEIR_FLOW_CLOSE_WAIT])
TIMEOUT(time_wait, flow_seconds[WEIR_FLOW_TIME_WAIT])
TIMEOUT(closed, flow_seconds[WEIR_FLOW_CLOSED])
TIMEOUT(unanswered, flow_seconds[WEIR_FLOW_UNANSWERED])
TIMEOUT(answered, flow_seconds[WEIR_FLOW_ANSWERED])
TIMEOUT(echo, flow_seconds[WEIR_FLOW_ECHO])
TIMEOUT(other, flow_seconds[WEIR_FLOW_OTHER])
TIMEOUT(fragment, fragment_seconds)

static const struct member timeout_members[] = {
	{ "synSent", read_syn_sent },
	{ "synReceived", read_syn_received },
	{ "established", read_established },
	{ "finWait", read_fin_wait },
	{ "closeWait", read_close_wait },
	{ "timeWait", read_time_wait },
	{ "closed", read_closed },
	{ "unanswered", read_unanswered },
	{ "answered", read_answered },
	{ "echo", read_echo },
	{ "other", read_other },
	{ "fragment", read_fragment },
};

static void read_timeouts(const struct field *field, void *target)
{
	field_read_members(field, timeout_members, ARRAY_SIZE(timeout_members), MEMBERS_STRICT,
			   &((struct agent_config *)target)->times);
}

static void read_answers(const struct field *field, void *target)
{
	read_number(field, 0, ANSWERS_MAX, &((struct agent_config *)target)->times.answers_per_second);
}

static void read_shield_rate(const struct field *field, void *target)
{
	read_number(field, 0, SHIELD_RATE_MAX, &((struct agent_config *)target)->times.shield_packets_per_second);
}

static void read_shield_time(const struct field *field, void *target)
{
	read_number(field, 1, SECONDS_MAX, &((struct agent_config *)target)->times.shield_seconds);
}

static void read_sweep(const struct field *field, void *target)
{
	read_number(field, 1, SWEEP_SECONDS_MAX, &((struct agent_config *)target)->sweep_seconds);
}

static void read_event_history(const struct field *field, void *target)
{
	read_number(field, EVENTS_MINIMUM, EVENTS_MAX, &((struct agent_config *)target)->event_history);
}

static void read_log_events(const struct field *field, void *target)
{
	config_read_choice(field, &((struct agent_config *)target)->log_events);
}

static void read_otlp(const struct field *field, void *target)
{
	config_read_otlp(field, &((struct agent_config *)target)->otlp);
}

static void read_watch(const struct field *field, void *target)
{
	static const char *const words[] = { "none", "denied", "all" };
	struct datapath_watch *watch = &((struct agent_config *)target)->watch;
	int word = field_word(field, words, ARRAY_SIZE(words));

	if (word < 0)
		return;
	watch->denied = word > 0;
	watch->opened = word > 1;
}

static void read_event_rate(const struct field *field, void *target)
{
	read_number(field, 1, EVENT_RATE_MAX, &((struct agent_config *)target)->watch.events_per_second);
}

static void read_event_bytes(const struct field *field, void *target)
{
	uint32_t bytes = 0;

	read_number(field, EVENT_BYTES_MINIMUM, EVENT_BYTES_MAX, &bytes);
	if (bytes & (bytes - 1))
		field_error(field, "%u is not a power of two", bytes);
	else if (bytes)
		((struct agent_config *)target)->capacities.event_bytes = bytes;
}

static void read_unconfined(const struct field *field, void *target)
{
	config_read_unconfined(field, target);
}

static const struct member members[] = {
	{ "sources", read_sources },
	{ "kubeconfig", read_kubeconfig },
	{ "kubeStatus", read_kube_status },
	{ "node", read_node },
	{ "stateDir", read_state_dir },
	{ "runDir", read_run_dir },
	{ "bpffs", read_bpffs },
	{ "metrics", read_metrics },
	{ "ui", read_ui },
	{ "uplinks", read_uplinks },
	{ "newInterfaces", read_new_interfaces },
	{ "openings", read_openings },
	{ "connections", read_connections },
	{ "exchanges", read_exchanges },
	{ "fragments", read_fragments },
	{ "shields", read_shields },
	{ "addresses", read_addresses },
	{ "limitSources", read_limit_sources },
	{ "imageWords", read_image_words },
	{ "pairs", read_pairs },
	{ "pairSeries", read_pair_series },
	{ "timeouts", read_timeouts },
	{ "answersPerSecond", read_answers },
	{ "shieldPacketsPerSecond", read_shield_rate },
	{ "shieldSeconds", read_shield_time },
	{ "sweepSeconds", read_sweep },
	{ "events", read_watch },
	{ "eventsPerSecond", read_event_rate },
	{ "eventBytes", read_event_bytes },
	{ "eventHistory", read_event_history },
	{ "logEvents", read_log_events },
	{ "otlp", read_otlp },
	{ "unconfined", read_unconfined },
};

static void diags_freep(struct diags *diags)
{
	diags_free(diags);
}

int agent_config_read(const char *path, struct agent_config *config, struct error *error)
{
	_cleanup_(diags_freep) struct diags diags = {};
	_cleanup_(documents_closep) struct documents *documents = NULL;
	struct report report = { .file = path, .diags = &diags };
	struct field root = { .report = &report };
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *first = NULL;
	size_t length;
	int r = file_read(path, CONFIG_SIZE_MAX, &text, &length);

	if (r < 0)
		return error_set(error, r, "%s can't be read: %s", path, strerror(-r));
	documents = documents_open(&report, text, length);
	while ((root.node = documents_next(documents))) {
		if (node_is_null(root.node))
			continue;
		field_check_duplicates(&root);
		field_read_members(&root, members, ARRAY_SIZE(members), MEMBERS_STRICT, config);
	}
	if (diags.n_errors == 0)
		return 0;
	first = diag_format(&diags.list.items[0]);
	return error_set(error, -EINVAL, "%s", first);
}
