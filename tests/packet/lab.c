// SPDX-License-Identifier: BSD-2-Clause
#include "packet/lab.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packet/lab_private.h"
#include "weir/explain.h"

static int create_image_map(uint32_t words)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_lab_image", sizeof(uint32_t), words * sizeof(uint32_t), 1,
				&opts);

	return fd < 0 ? -errno : fd;
}

static __attribute__((format(printf, 2, 0))) int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN && getenv("WEIR_LAB_VERBOSE") ? vfprintf(stderr, format, args) : 0;
}

static int size_maps(struct weir_bpf *skeleton, const struct lab_config *config, int image_map)
{
	int r = bpf_map__set_max_entries(skeleton->maps.openings4, config->flows) ?:
		bpf_map__set_max_entries(skeleton->maps.openings6, config->flows) ?:
		bpf_map__set_max_entries(skeleton->maps.connections4, config->flows) ?:
		bpf_map__set_max_entries(skeleton->maps.connections6, config->flows) ?:
		bpf_map__set_max_entries(skeleton->maps.exchanges4, config->flows) ?:
		bpf_map__set_max_entries(skeleton->maps.exchanges6, config->flows) ?:
		bpf_map__set_max_entries(skeleton->maps.addresses4, config->addresses) ?:
		bpf_map__set_max_entries(skeleton->maps.addresses6, config->addresses) ?:
		bpf_map__set_max_entries(skeleton->maps.accounts, LAB_PAIRS + LAB_DECISIONS + 1) ?:
		bpf_map__set_max_entries(skeleton->maps.pairs, LAB_PAIRS) ?:
		bpf_map__set_max_entries(skeleton->maps.buckets, LAB_BUCKETS) ?:
		bpf_map__set_max_entries(skeleton->maps.charged, LAB_BUCKETS) ?:
		bpf_map__set_max_entries(skeleton->maps.sources, LAB_SOURCES) ?:
		bpf_map__set_inner_map_fd(skeleton->maps.images, image_map);

	if (r == 0 && config->event_bytes)
		r = bpf_map__set_max_entries(skeleton->maps.events, config->event_bytes);
	if (config->still)
		skeleton->rodata->weir_tick_shift = LAB_STILL_SHIFT;
	skeleton->rodata->weir_image_mask = config->image_words - 1;
	skeleton->rodata->weir_pair_mask = LAB_PAIRS - 1;
	skeleton->rodata->weir_account_limited = LAB_PAIRS + LAB_DECISIONS;
	skeleton->rodata->weir_answer_mark = LAB_ANSWER_MARK;
	return r;
}

/* Nothing expires while a test runs. */
static void set_times(struct weir_control *control)
{
	for (unsigned i = 0; i < WEIR_FLOW_STATES; i++)
		control->timeouts[i] = LAB_TIMEOUT(i);
	control->fragment_timeout = LAB_TICKS;
	control->watch = WEIR_WATCH_DENIED | WEIR_WATCH_OPENED;
	control->event_budget = LAB_EVENT_BUDGET;
	control->answer_cost = LAB_ANSWER_NS * WEIR_TICKS_PER_NS;
	control->answer_burst = LAB_ANSWERS * LAB_ANSWER_NS * WEIR_TICKS_PER_NS;
}

int lab_open(const struct lab_config *config, struct lab **ret, const char **ret_why)
{
	_cleanup_(lab_closep) struct lab *lab = calloc(1, sizeof(*lab));
	int r;

	if (!lab)
		return -ENOMEM;
	*ret_why = "not root";
	if (geteuid() != 0)
		return -EPERM;
	libbpf_set_print(quiet);
	lab->image_words = config->image_words;
	lab->n_cpus = libbpf_num_possible_cpus();
	_cleanup_close_ int image_map = create_image_map(lab->image_words);
	*ret_why = "the kernel refuses BPF maps";
	if (image_map < 0)
		return image_map == -EPERM ? -EPERM : -EOPNOTSUPP;

	*ret_why = "the programs do not load";
	lab->skeleton = weir_bpf__open();
	if (!lab->skeleton)
		return -errno;
	r = size_maps(lab->skeleton, config, image_map);
	if (r < 0)
		return r;
	r = weir_bpf__load(lab->skeleton);
	if (r < 0)
		return r;
	r = event_ring_open(bpf_map__fd(lab->skeleton->maps.events), &lab->events);
	if (r < 0)
		return r;
	set_times(&lab->skeleton->data_control->weir_control);
	*ret = TAKE_PTR(lab);
	return 0;
}

void lab_close(struct lab *lab)
{
	if (!lab)
		return;
	event_ring_close(&lab->events);
	weir_bpf__destroy(lab->skeleton);
	free(lab);
}

static int forget_all(struct bpf_map *map)
{
	uint8_t key[64];

	while (!bpf_map__get_next_key(map, NULL, key, bpf_map__key_size(map))) {
		if (bpf_map__delete_elem(map, key, bpf_map__key_size(map), 0) < 0)
			return -errno;
	}
	return 0;
}

int lab_forget_flows(struct lab *lab)
{
	return forget_all(lab->skeleton->maps.openings4) ?: forget_all(lab->skeleton->maps.openings6) ?:
	       forget_all(lab->skeleton->maps.connections4) ?: forget_all(lab->skeleton->maps.connections6) ?:
	       forget_all(lab->skeleton->maps.exchanges4) ?: forget_all(lab->skeleton->maps.exchanges6) ?:
	       forget_all(lab->skeleton->maps.fragments);
}

int lab_reset(struct lab *lab)
{
	static const struct weir_bucket empty;

	for (uint32_t i = 0; i < LAB_BUCKETS; i++) {
		int r = lab_set_bucket(lab, i, &empty);

		if (r < 0)
			return r;
	}
	lab_forget_events(lab);
	return lab_forget_flows(lab) ?: forget_all(lab->skeleton->maps.sources) ?:
	       forget_all(lab->skeleton->maps.addresses4) ?: forget_all(lab->skeleton->maps.addresses6);
}

int lab_swap(struct lab *lab, const struct tiny_image *image)
{
	_cleanup_close_ int fd = create_image_map(lab->image_words);
	_cleanup_free_ uint32_t *words = calloc(lab->image_words, sizeof(*words));
	uint32_t slot = WEIR_SLOT_ENFORCED, first = 0;

	if (fd < 0 || !words)
		return fd < 0 ? fd : -ENOMEM;
	memcpy(words, image->words, sizeof(image->words));
	if (bpf_map_update_elem(fd, &first, words, BPF_ANY) < 0 ||
	    bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.images), &slot, &fd, BPF_ANY) < 0)
		return -errno;
	lab_new_generation(lab);
	return 0;
}

int lab_unload_image(struct lab *lab)
{
	uint32_t slot = WEIR_SLOT_ENFORCED;

	if (bpf_map_delete_elem(bpf_map__fd(lab->skeleton->maps.images), &slot) < 0 && errno != ENOENT)
		return -errno;
	lab_new_generation(lab);
	return 0;
}

void lab_new_generation(struct lab *lab)
{
	lab->skeleton->data_control->weir_control.generation++;
}

uint32_t lab_generation(const struct lab *lab)
{
	return lab->skeleton->data_control->weir_control.generation;
}

void lab_set_generation(struct lab *lab, uint32_t generation)
{
	lab->skeleton->data_control->weir_control.generation = generation;
}

int lab_set_endpoint(struct lab *lab, const struct weir_endpoint *endpoint)
{
	uint32_t ifindex = LAB_IFINDEX;

	return bpf_map__update_elem(lab->skeleton->maps.endpoints, &ifindex, sizeof(ifindex), endpoint,
				    sizeof(*endpoint), BPF_ANY);
}

int lab_delete_endpoint(struct lab *lab)
{
	uint32_t ifindex = LAB_IFINDEX;
	int r = bpf_map__delete_elem(lab->skeleton->maps.endpoints, &ifindex, sizeof(ifindex), 0);

	return r == -ENOENT ? 0 : r;
}

int lab_set_address(struct lab *lab, enum weir_family family, const uint8_t *addr, const struct weir_address *address)
{
	struct bpf_map *map = family == WEIR_IPV4 ? lab->skeleton->maps.addresses4 : lab->skeleton->maps.addresses6;

	return bpf_map__update_elem(map, addr, bpf_map__key_size(map), address, sizeof(*address), BPF_ANY);
}

int lab_program_fd(const struct lab *lab, enum lab_program program)
{
	switch (program) {
	case LAB_FROM_POD:
		return bpf_program__fd(lab->skeleton->progs.weir_from_pod);
	case LAB_TO_POD:
		return bpf_program__fd(lab->skeleton->progs.weir_to_pod);
	case LAB_XDP:
		return bpf_program__fd(lab->skeleton->progs.weir_xdp);
	case LAB_UPLINK:
		return bpf_program__fd(lab->skeleton->progs.weir_uplink);
	}
	return -EINVAL;
}

static bool is_xdp(enum lab_program program)
{
	return program == LAB_XDP || program == LAB_UPLINK;
}

enum weir_verdict lab_verdict(enum lab_program program, uint32_t code)
{
	if (code == (is_xdp(program) ? (uint32_t)XDP_PASS : (uint32_t)TC_ACT_UNSPEC))
		return WEIR_VERDICT_PASS;
	if (code == (is_xdp(program) ? (uint32_t)XDP_DROP : (uint32_t)TC_ACT_SHOT))
		return WEIR_VERDICT_DROP;
	return !is_xdp(program) && code == TC_ACT_REDIRECT ? WEIR_VERDICT_REJECT : WEIR_VERDICT_NONE;
}

int lab_run(struct lab *lab, const struct lab_run *run, struct lab_result *ret)
{
	struct __sk_buff skb = {
		.gso_size = run->gso_size,
		.gso_segs = run->gso_segs,
		.ingress_ifindex = run->from_ifindex,
		.mark = run->mark,
	};
	struct xdp_md xdp = { .data_end = run->linear };
	const bool xdp_context = is_xdp(run->program);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->frame->bytes, .data_size_in = run->frame->length,
		    .repeat = run->repeat ?: 1);

	if (!xdp_context || run->linear) {
		opts.ctx_in = opts.ctx_out = xdp_context ? (void *)&xdp : (void *)&skb;
		opts.ctx_size_in = opts.ctx_size_out = xdp_context ? sizeof(xdp) : sizeof(skb);
	}
	if (run->ret_frame) {
		opts.data_out = run->ret_frame->bytes;
		opts.data_size_out = sizeof(run->ret_frame->bytes);
	}
	if (bpf_prog_test_run_opts(lab_program_fd(lab, run->program), &opts) < 0)
		return -errno;
	if (run->ret_frame)
		run->ret_frame->length = opts.data_size_out;
	*ret = (struct lab_result){
		.verdict = lab_verdict(run->program, opts.retval),
		.ns = opts.duration,
		.mark = xdp_context ? 0 : skb.mark,
		.departs = xdp_context ? 0 : skb.tstamp,
	};
	return 0;
}

int lab_explain(struct lab *lab, const struct frame *frame, enum weir_direction direction, struct lab_answer *ret)
{
	struct __sk_buff skb = { .cb = { [WEIR_ASK_IFINDEX] = LAB_IFINDEX, [WEIR_ASK_DIRECTION] = direction } };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->length, .ctx_in = &skb,
		    .ctx_out = &skb, .ctx_size_in = sizeof(skb), .ctx_size_out = sizeof(skb), .repeat = 1);

	if (bpf_prog_test_run_opts(bpf_program__fd(lab->skeleton->progs.weir_explain), &opts) < 0)
		return -errno;
	*ret = (struct lab_answer){
		.verdict = opts.retval,
		.reason = skb.cb[WEIR_TOLD_REASON],
		.decision = skb.cb[WEIR_TOLD_DECISION],
		.revision = skb.cb[WEIR_TOLD_REVISION],
		.identity = skb.cb[WEIR_TOLD_IDENTITY],
		.peer = skb.cb[WEIR_TOLD_PEER],
	};
	return 0;
}
