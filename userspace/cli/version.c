// SPDX-License-Identifier: BSD-2-Clause
/* weir version: what this program is made of. */
#include <bpf/libbpf.h>

#include "cli/client.h"
#include "cli/output.h"
#include "version.h"
#include "weir/image.h"
#include "weir/maps.h"

int command_version(const struct invocation *invocation)
{
	const char *libbpf = libbpf_version_string();

	if (invocation->format == OUTPUT_JSON || invocation->format == OUTPUT_YAML) {
		json_auto_t *json = json_pack("{ss, s{si, si}, ss, ss}", "version", WEIR_VERSION, "abi", "image",
					      (int)WEIR_IMAGE_ABI, "maps", (int)WEIR_MAPS_ABI, "libbpf", libbpf,
					      "commit", WEIR_COMMIT);

		output_json(invocation->format, json, stdout);
		return EXIT_DONE;
	}
	printf("weir %s\nABI image %u, maps %u\nlibbpf %s\ncommit %s\n", WEIR_VERSION, WEIR_IMAGE_ABI, WEIR_MAPS_ABI,
	       libbpf, WEIR_COMMIT);
	return EXIT_DONE;
}
