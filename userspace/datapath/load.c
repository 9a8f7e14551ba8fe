// SPDX-License-Identifier: BSD-2-Clause
/* From a configuration to loaded programs, with what an earlier life has left. */
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "datapath/datapath_private.h"
#include "datapath/fault.h"

#define EVENT_BYTES_MIN 4096u /* a page: the kernel takes whole ones */

const struct datapath_config datapath_defaults = {
	.bpffs = "/sys/fs/bpf/weir",
	.image_words = 1u << 16,
	.openings = 1u << 15,
	.connections = 1u << 17,
	.exchanges = 1u << 16,
	.fragments = 1u << 13,
	.shields = 1u << 14,
	.addresses = 1u << 20,
	.endpoints = 4096,
	.counters = 65536,
	.pairs = 16384,
	.buckets = 65536,
	.limit_sources = 65536,
	.event_bytes = 1u << 20,
};

void datapath_note(struct datapath *datapath, const char *format, ...)
{
	_cleanup_free_ char *before = datapath->notes, *note = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&note, format, args) < 0)
		note = NULL;
	va_end(args);
	datapath->notes = xasprintf("%s%s%s", before ?: "", before ? "\n" : "", note ?: "out of memory");
}

static int check_config(const struct datapath_config *config, struct error *error)
{
	const struct {
		const char *name;
		uint32_t value;
	} capacities[] = {
		{ "openings", config->openings },   { "connections", config->connections },
		{ "exchanges", config->exchanges }, { "fragments", config->fragments },
		{ "shields", config->shields },	    { "addresses", config->addresses },
		{ "endpoints", config->endpoints }, { "counters", config->counters },
		{ "buckets", config->buckets },	    { "sources of limits", config->limit_sources },
	};

	if (config->image_words < WEIR_HEADER_WORDS || config->image_words > WEIR_IMAGE_WORDS_MAX ||
	    (config->image_words & (config->image_words - 1)))
		return error_set(error, -EINVAL,
				 "set capacities: %u words for an image won't do (give a power of two from 32 to 2^27)",
				 config->image_words);
	if (config->pairs == 0 || config->pairs > WEIR_PAIRS_MAX || (config->pairs & (config->pairs - 1)))
		return error_set(error, -EINVAL, "set capacities: %u pairs won't do (give a power of two, at most %u)",
				 config->pairs, WEIR_PAIRS_MAX);
	if (config->event_bytes < EVENT_BYTES_MIN || (config->event_bytes & (config->event_bytes - 1)))
		return error_set(error, -EINVAL,
				 "set capacities: %u bytes for events won't do (give a power of two from %u on)",
				 config->event_bytes, EVENT_BYTES_MIN);
	for (size_t i = 0; i < ARRAY_SIZE(capacities); i++)
		if (capacities[i].value == 0)
			return error_set(error, -EINVAL, "set capacities: 0 %s won't do (give at least one)",
					 capacities[i].name);
	return 0;
}

/* The template only lends its shape while loading. */
static int size_maps(const struct datapath_config *config, struct weir_bpf *skeleton, int image_template)
{
	const int cpus = libbpf_num_possible_cpus();
	const struct {
		struct bpf_map *map;
		uint32_t entries;
	} sizes[] = {
		{ skeleton->maps.endpoints, config->endpoints },
		{ skeleton->maps.addresses4, config->addresses },
		{ skeleton->maps.addresses6, config->addresses },
		{ skeleton->maps.openings4, config->openings },
		{ skeleton->maps.openings6, config->openings },
		{ skeleton->maps.connections4, config->connections },
		{ skeleton->maps.connections6, config->connections },
		{ skeleton->maps.exchanges4, config->exchanges },
		{ skeleton->maps.exchanges6, config->exchanges },
		{ skeleton->maps.fragments, config->fragments },
		{ skeleton->maps.shields, config->shields },
		{ skeleton->maps.accounts, config->pairs + config->counters + 1 },
		{ skeleton->maps.pairs, config->pairs },
		{ skeleton->maps.buckets, config->buckets },
		{ skeleton->maps.charged, config->buckets },
		{ skeleton->maps.sources, config->limit_sources },
		{ skeleton->maps.events, config->event_bytes },
		{ skeleton->maps.captured, (uint32_t)cpus },
	};

	/* The number that libbpf would choose while loading, which is too late to tell whether a pinned one fits. */
	if (cpus < 0)
		return cpus;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int r = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);

		if (r < 0)
			return r;
	}
	skeleton->rodata->weir_image_mask = config->image_words - 1;
	skeleton->rodata->weir_pair_mask = config->pairs - 1;
	skeleton->rodata->weir_account_limited = config->pairs + config->counters;
	skeleton->rodata->weir_tick_shift = clock_tick_shift();
	/* The same in every program of the instance. */
	skeleton->rodata->weir_answer_mark = bpffs_number(config->bpffs);
	return bpf_map__set_inner_map_fd(skeleton->maps.images, image_template);
}

int programs_load(struct datapath *datapath, uint32_t image_words,
		  int (*reuse_maps)(struct datapath *datapath, struct weir_bpf *skeleton), struct weir_bpf **ret,
		  struct error *error)
{
	struct datapath_config config = datapath->config;
	int r;

	config.image_words = image_words;
	bpf_log_begin();
	_cleanup_close_ int image_template = image_map_create(image_words);
	if (image_template < 0)
		return bpf_error(error, image_template, "make a BPF map");
	_cleanup_(programs_unloadp) struct weir_bpf *skeleton = weir_bpf__open();
	if (!skeleton)
		return bpf_error(error, -errno, "open BPF programs");
	r = size_maps(&config, skeleton, image_template);
	if (r < 0)
		return bpf_error(error, r, "set map sizes");
	r = reuse_maps(datapath, skeleton);
	if (r < 0)
		return bpf_error(error, r, "take over maps");
	r = fault_at("load") ?: weir_bpf__load(skeleton);
	if (r < 0)
		return bpf_error(error, r, "load BPF programs");
	*ret = TAKE_PTR(skeleton);
	return 0;
}

void programs_unload(struct weir_bpf *skeleton)
{
	weir_bpf__destroy(skeleton);
}

static int load(struct datapath *datapath, struct error *error)
{
	/* The images of an earlier life may have grown. */
	datapath->config.image_words = takeover_image_words(datapath) ?: datapath->config.image_words;
	return programs_load(datapath, datapath->config.image_words, takeover_maps, &datapath->skeleton, error);
}

/* Zeros would make every flow a thing of the past. What an earlier life has set stays until the agent says otherwise.
 */
static void set_first_words(struct datapath *datapath)
{
	if (datapath->took_over_control)
		return;
	datapath_set_times(datapath, &datapath_times_defaults);
	datapath_set_watch(datapath, &datapath_watch_defaults);
}

static int find_revision(struct datapath *datapath, struct error *error)
{
	const struct image_slot slot = { datapath->maps, bpf_map__fd(datapath->skeleton->maps.images),
					 WEIR_SLOT_ENFORCED };
	uint32_t words, revision;
	int r = image_running(&slot, &words, &revision);

	if (r == 0)
		datapath->revision = revision;
	return r < 0 && r != -ENOENT ? bpf_error(error, r, "read the image in force") : 0;
}

static int find_attachments(struct datapath *datapath, struct error *error)
{
	int r = pinned_links_sweep(datapath);

	if (r == 0)
		r = clsact_sweep(datapath);
	if (r == 0)
		r = gro_sweep(datapath);
	return r < 0 ? error_set(error, r, "look at pinned links under %s: %s", datapath->root, strerror(-r)) : 0;
}

static int open_events(struct datapath *datapath, struct error *error)
{
	int r = events_open(datapath);

	return r < 0 ? error_set(error, r, "open the ring buffer of events: %s", strerror(-r)) : 0;
}

int datapath_open(const struct datapath_config *config, struct datapath **ret, struct error *error)
{
	int r;

	r = check_config(config, error);
	if (r < 0)
		return r;
	r = bpffs_prepare(config->bpffs, error);
	if (r < 0)
		return r;
	_cleanup_(datapath_closep) struct datapath *datapath = new0(struct datapath);
	datapath->config = *config;
	datapath->root = xstrdup(config->bpffs);
	datapath->config.bpffs = datapath->root;
	datapath->handle = bpffs_number(datapath->root);
	datapath->hook = probe_hook();
	r = takeover_begin(datapath, error) ?: load(datapath, error) ?: upgrade_fill(datapath, error);
	if (r == 0)
		set_first_words(datapath);
	if (r == 0 && !datapath->took_over_accounts)
		datapath_new_generation(datapath); /* flows that were taken over find new rows */
	if (r == 0 && (r = accounts_open(datapath)) < 0)
		r = error_set(error, r, "map the table of pairs: %s", strerror(-r));
	if (r == 0)
		r = takeover_pin(datapath, error);
	if (r == 0)
		r = open_events(datapath, error);
	if (r == 0)
		r = find_revision(datapath, error);
	if (r == 0)
		r = find_attachments(datapath, error);
	if (r == 0)
		r = upgrade_finish(datapath, false, error);
	if (r == 0)
		*ret = TAKE_PTR(datapath);
	return r;
}

void datapath_close(struct datapath *datapath)
{
	if (!datapath)
		return;
	upgrade_abandon(datapath);
	accounts_close(datapath);
	events_close(datapath);
	reserve_free(datapath);
	programs_unload(datapath->skeleton);
	vec_free(&datapath->attachments);
	vec_free(&datapath->uplinks);
	free(datapath->notes);
	maps_dirs_free(&datapath->formers);
	free(datapath->maps);
	free(datapath->root);
	free(datapath);
}

bool datapath_took_over(const struct datapath *datapath)
{
	return datapath->took_over;
}

const char *datapath_notes(const struct datapath *datapath)
{
	return datapath->notes ?: "";
}
