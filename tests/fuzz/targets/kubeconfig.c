// SPDX-License-Identifier: BSD-2-Clause
/* A kubeconfig. */
#include "fuzz/targets/input.h"
#include "source/kube_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct kube_config config = {};
	struct error error = {};
	struct input_file file;

	input_file_make(bytes, size, &file);
	if (kube_config_read(file.path, &config, &error) < 0 && !*error.text)
		abort(); /* nobody would know what is wrong */
	kube_config_free(&config);
	close(file.fd);
	return 0;
}
