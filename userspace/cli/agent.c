// SPDX-License-Identifier: BSD-2-Clause
/* weir agent: settings from the file and the command line, then the enforcer until a signal. */
#include "agent/agent.h"

#include <string.h>

#include "base/mem.h"
#include "cli/command.h"

static void replace(char **setting, const char *value)
{
	if (!value)
		return;
	free(*setting);
	*setting = xstrdup(value);
}

static int add_sources(const struct invocation *invocation, struct agent_config *config)
{
	static const char directory[] = "dir:";
	const char *source;
	size_t position = 0;

	while ((source = option_next(invocation, "source", &position))) {
		if (strcmp(source, "kube") == 0)
			config->kube = true;
		else if (strncmp(source, directory, strlen(directory)) == 0 && source[strlen(directory)])
			vec_push(&config->directories, xstrdup(source + strlen(directory)));
		else
			return wrong_usage(invocation, "--source %s: unknown kind of source (use dir:PATH or kube)",
					   source);
	}
	return EXIT_DONE;
}

static void add_uplinks(const struct invocation *invocation, struct agent_config *config)
{
	const char *uplink;
	size_t position = 0;

	while ((uplink = option_next(invocation, "uplink", &position)))
		vec_push(&config->uplinks, xstrdup(uplink));
}

static int leave_unconfined(const struct invocation *invocation, struct agent_config *config)
{
	const char *part;
	size_t position = 0;

	while ((part = option_next(invocation, "unconfined", &position))) {
		if (agent_config_unconfine(config, part))
			return wrong_usage(invocation,
					   "--unconfined %s: no such part (use capabilities, files, syscalls or all)",
					   part);
	}
	return EXIT_DONE;
}

int command_agent(const struct invocation *invocation)
{
	struct agent_config config _cleanup_(agent_config_free) = { 0 };
	const char *file = option_value(invocation, "config", NULL);
	struct error error = { 0 };
	int code;

	agent_config_init(&config);
	if (file && agent_config_read(file, &config, &error))
		return say_error(&error);
	code = add_sources(invocation, &config) ?: leave_unconfined(invocation, &config);
	if (code)
		return code;
	add_uplinks(invocation, &config);
	replace(&config.kubeconfig, option_value(invocation, "kubeconfig", NULL));
	replace(&config.node, option_value(invocation, "node", NULL));
	replace(&config.state_dir, option_value(invocation, "state-dir", NULL));
	replace(&config.run_dir, option_value(invocation, "run-dir", NULL));
	replace(&config.bpffs, option_value(invocation, "bpffs", NULL));
	replace(&config.metrics, option_value(invocation, "metrics", NULL));
	replace(&config.ui, option_value(invocation, "ui", NULL));
	if (agent_run(&config, &error))
		return say_error(&error);
	return EXIT_DONE;
}
