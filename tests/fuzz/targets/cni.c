// SPDX-License-Identifier: BSD-2-Clause
/* What a container runtime asks: CNI_COMMAND, CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME, CNI_ARGS, standard input. */
#include "cni/previous.h"
#include "cni/request.h"
#include "fuzz/targets/input.h"

enum part { COMMAND, CONTAINER, NETNS, IFNAME, ARGS, CONFIG };

static struct cni_environment read_environment(struct input *input)
{
	return (struct cni_environment){
		.command = input_word(input, COMMAND),
		.container = input_word(input, CONTAINER),
		.netns = input_word(input, NETNS),
		.ifname = input_word(input, IFNAME),
		.args = input_word(input, ARGS),
	};
}

static void read_previous(const struct cni_request *request, struct cni_error *error)
{
	if (request->previous && previous_check(request->previous, error) == 0)
		json_decref(previous_addresses(request->previous, request->ifname ?: ""));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cni_environment environment;
	struct cni_request request = {};
	struct cni_error error = {};
	struct input input;

	input_split(bytes, size, &input);
	environment = read_environment(&input);
	if (cni_request_read(&environment, input.parts[CONFIG], input.lengths[CONFIG], &request, &error) == 0)
		read_previous(&request, &error);
	cni_request_free(&request);
	input_free(&input);
	return 0;
}
