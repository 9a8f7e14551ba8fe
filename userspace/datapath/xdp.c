// SPDX-License-Identifier: BSD-2-Clause
/* XDP on an interface that asks for it, native or generic. */
#include <string.h>

#include "base/vec.h"
#include "datapath/datapath_private.h"

enum datapath_xdp xdp_get(const struct datapath *datapath, uint32_t ifindex)
{
	if (pinned_link_exists(datapath->root, ifindex, PINNED_XDP))
		return XDP_NATIVE;
	if (pinned_link_exists(datapath->root, ifindex, PINNED_XDP_GENERIC))
		return XDP_GENERIC;
	return XDP_OFF;
}

/* The kernel's words for it go to its log only; these are the same causes. */
static const struct cause {
	int code;
	const char *why, *what_to_do;
} causes[] = {
	/* Our programs take frames of many pages, so only kernels and drivers that can't are left. */
	{ -ERANGE, "with the MTU that it or its peer has, a frame is more than a page, which can't be here",
	  "an MTU of 3498 is small enough with pages of 4 KiB; or leave XDP off" },
	{ -ENOSPC, "fewer receive queues than its peer has transmit queues", "set equal numbers, or leave XDP off" },
	{ -EOPNOTSUPP, "its driver has no native XDP", "ask for generic, or leave XDP off" },
	{ -ENOTCONN, "it has no peer", "leave XDP off" },
	{ -EBUSY, "another XDP program is there", "take that off, or leave XDP off" },
	{ -EEXIST, "another XDP program is there", "take that off, or leave XDP off" },
};

/* As libxdp calls the program that runs others by a chain of its own. */
#define DISPATCHER "xdp_dispatcher"

static const struct cause *find_cause(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (causes[i].code == code)
			return &causes[i];
	return NULL;
}

const char *xdp_why(int code)
{
	const struct cause *cause = find_cause(code);

	return cause ? cause->why : strerror(-code);
}

static uint32_t rival_of(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	if (bpf_xdp_query((int)ifindex, 0, &opts) < 0)
		return 0;
	return opts.prog_id ?: opts.drv_prog_id ?: opts.skb_prog_id ?: opts.hw_prog_id;
}

/*
 * An interface has room for one program. libxdp's dispatcher would take more,
 * but it is replaced as a whole whenever one comes or goes, by whoever does
 * that: ours would then be part of what others load, and gone by their mistake.
 */
static int refuse_for(struct error *error, int code, uint32_t rival, const char *what)
{
	char words[DATAPATH_STRANGER_MAX];

	program_words(rival, words);
	if (strstr(words, "\"" DISPATCHER "\""))
		return error_set(
			error, code,
			"%s: libxdp's dispatcher (id %u) is there with programs of others, and weir is no part of "
			"it (take it off with xdp-loader unload --all, or leave XDP off)",
			what, rival);
	return error_set(error, code, "%s: another XDP %s is there (take that off, or leave XDP off)", what, words);
}

int xdp_failed(struct error *error, int code, uint32_t ifindex, const char *what)
{
	const struct cause *cause = find_cause(code);
	const uint32_t rival = code == -EBUSY || code == -EEXIST ? rival_of(ifindex) : 0;

	if (rival)
		return refuse_for(error, code, rival, what);
	if (cause)
		return error_set(error, code, "%s: %s (%s)", what, cause->why, cause->what_to_do);
	return error_set(error, code, "%s: %s", what, strerror(-code));
}

static int attach_native(const struct datapath *datapath, uint32_t ifindex, int program)
{
	int r;

	/* Slower where GRO can't be had, and no worse otherwise. */
	gro_switch_on(datapath->root, ifindex);
	r = pinned_link_attach(datapath->root, ifindex, PINNED_XDP, program, NULL);
	if (r < 0)
		gro_put_back(datapath->root, ifindex);
	return r;
}

static int detach_native(const struct datapath *datapath, uint32_t ifindex)
{
	int r = pinned_link_detach(datapath->root, ifindex, PINNED_XDP);

	return r ?: gro_put_back(datapath->root, ifindex);
}

int xdp_set(struct datapath *datapath, uint32_t ifindex, enum datapath_xdp xdp, struct error *error)
{
	int program = bpf_program__fd(datapath->skeleton->progs.weir_xdp);
	int r = 0;

	/* An interface can't have both; tc keeps enforcing while one gives way to the other. */
	if (xdp != XDP_NATIVE)
		r = detach_native(datapath, ifindex);
	if (r == 0 && xdp != XDP_GENERIC)
		r = pinned_link_detach(datapath->root, ifindex, PINNED_XDP_GENERIC);
	if (r < 0)
		return error_set(error, r, "take XDP off: %s", strerror(-r));
	if (xdp == XDP_NATIVE)
		r = attach_native(datapath, ifindex, program);
	else if (xdp == XDP_GENERIC)
		r = pinned_link_attach(datapath->root, ifindex, PINNED_XDP_GENERIC, program, NULL);
	if (r < 0)
		return xdp_failed(error, r, ifindex, xdp == XDP_NATIVE ? "attach native XDP" : "attach generic XDP");
	return 0;
}
