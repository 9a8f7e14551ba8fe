// SPDX-License-Identifier: BSD-2-Clause
#include "agent/config_confine.h"

#include <errno.h>
#include <string.h>

const char *const confine_part_names[CONFINE_PARTS] = {
	[CONFINE_CAPABILITIES] = "capabilities",
	[CONFINE_FILES] = "files",
	[CONFINE_SYSCALLS] = "syscalls",
};

int agent_config_unconfine(struct agent_config *config, const char *part)
{
	const bool is_all = strcmp(part, "all") == 0;
	uint32_t parts = 0;

	for (unsigned i = 0; i < CONFINE_PARTS; i++)
		parts |= is_all || strcmp(part, confine_part_names[i]) == 0 ? 1u << i : 0;
	config->unconfined |= parts;
	return parts ? 0 : -EINVAL;
}

static void read_part(const struct field *item, void *target)
{
	const char *text = field_string(item);

	if (text && agent_config_unconfine(target, text) < 0)
		field_error(item, "unknown part " QUOTE " (expected capabilities, files, syscalls or all)",
			    QUOTED(text));
}

void config_read_unconfined(const struct field *field, struct agent_config *config)
{
	field_read_items(field, read_part, config);
}
