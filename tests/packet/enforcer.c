// SPDX-License-Identifier: BSD-2-Clause
#include "packet/enforcer.h"

#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include "base/mem.h"
#include "datapath/datapath_private.h" /* programs that are attached to nothing are found nowhere else */
#include "object/manifest.h"

#define IMAGE_WORDS_MAX (1u << 27)

int enforcer_policy_compile(struct enforcer_policy *policy, const char *yaml, struct numberings *numberings,
			    struct error *error)
{
	*policy = (struct enforcer_policy){};
	if (manifest_parse("test.yaml", yaml, strlen(yaml), 0, &policy->objects, &policy->diags) < 0) {
		diags_print(&policy->diags, stderr);
		return error_set(error, -EINVAL, "the test's manifest is wrong");
	}
	world_add(&policy->world, &policy->objects, &policy->diags);
	world_finish(&policy->world, &policy->diags);
	return compile(&policy->world, numberings, 1, IMAGE_WORDS_MAX, &policy->compiled, error);
}

void enforcer_policy_free(struct enforcer_policy *policy)
{
	compiled_free(TAKE_PTR(policy->compiled));
	world_free(&policy->world);
	objects_free(&policy->objects);
	diags_free(&policy->diags);
}

int enforcer_open(struct enforcer *enforcer, uint32_t image_words, struct error *error)
{
	struct datapath_config config = datapath_defaults;
	static unsigned n;

	if (geteuid() != 0)
		return error_set(error, -EPERM, "not root");
	*enforcer = (struct enforcer){};
	snprintf(enforcer->root, sizeof(enforcer->root), "/sys/fs/bpf/weir-packet-%d-%u", getpid(), n++);
	config.bpffs = enforcer->root;
	config.image_words = image_words;
	return datapath_open(&config, &enforcer->datapath, error);
}

void enforcer_close(struct enforcer *enforcer)
{
	unsigned interfaces;

	datapath_close(TAKE_PTR(enforcer->datapath));
	if (*enforcer->root)
		datapath_remove(enforcer->root, &interfaces, NULL);
}

int enforcer_populate(struct enforcer *enforcer, const struct enforcer_policy *policy, const char *namespace,
		      const char *pod)
{
	const struct object *object = world_pod(&policy->world, namespace, pod);
	uint32_t identity;
	int r = object ? compiled_pod_identity(policy->compiled, object, &identity) : -ENOENT;

	for (size_t i = 0; r == 0 && i < policy->compiled->addresses.n; i++)
		r = datapath_set_address(enforcer->datapath, &policy->compiled->addresses.items[i].addr,
					 policy->compiled->addresses.items[i].identity);
	return r ?: datapath_set_endpoint(enforcer->datapath, ENFORCER_IFINDEX, identity);
}

int enforcer_swap(struct enforcer *enforcer, const struct compiled *compiled, uint32_t revision, struct error *error)
{
	((struct weir_image_header *)compiled->words)->revision = revision;
	return datapath_swap(enforcer->datapath, compiled->words, compiled->n_words, error);
}

int enforcer_program(const struct enforcer *enforcer, enum weir_direction direction)
{
	const struct weir_bpf *skeleton = enforcer->datapath->skeleton;

	return bpf_program__fd(direction == WEIR_EGRESS ? skeleton->progs.weir_from_pod : skeleton->progs.weir_to_pod);
}

int enforcer_run(const struct enforcer *enforcer, enum weir_direction direction, const struct frame *frame, uint32_t n,
		 enum weir_verdict *ret_verdict, uint32_t *ret_ns)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->length, .repeat = n);

	if (bpf_prog_test_run_opts(enforcer_program(enforcer, direction), &opts) < 0)
		return -errno;
	*ret_verdict = opts.retval == (uint32_t)TC_ACT_UNSPEC ? WEIR_VERDICT_PASS : WEIR_VERDICT_DROP;
	if (ret_ns)
		*ret_ns = opts.duration;
	return 0;
}

int enforcer_reasons(const struct enforcer *enforcer)
{
	return bpf_map__fd(enforcer->datapath->skeleton->maps.reasons);
}

int enforcer_decisions(const struct enforcer *enforcer)
{
	return bpf_map__fd(enforcer->datapath->skeleton->maps.decisions);
}
