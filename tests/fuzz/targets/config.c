// SPDX-License-Identifier: BSD-2-Clause
/* The agent's settings. */
#include "agent/agent.h"
#include "fuzz/targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct agent_config config;
	struct error error = {};
	struct input_file file;

	input_file_make(bytes, size, &file);
	agent_config_init(&config);
	if (agent_config_read(file.path, &config, &error) < 0 && !*error.text)
		abort(); /* nobody would know what is wrong */
	agent_config_free(&config);
	close(file.fd);
	return 0;
}
