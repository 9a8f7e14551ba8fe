// SPDX-License-Identifier: BSD-2-Clause
/* What was counted by decision and pair. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/lab_private.h"

#define OCCUPIED (WEIR_PAIR_RETIRED | 1)

static int read_row(struct lab *lab, uint32_t row, struct weir_account *ret)
{
	const size_t size = lab->n_cpus * sizeof(*ret);
	_cleanup_free_ struct weir_account *values = malloc(size);
	int r = values ? bpf_map__lookup_elem(lab->skeleton->maps.accounts, &row, sizeof(row), values, size, 0)
		       : -ENOMEM;

	for (int cpu = 0; r == 0 && cpu < lab->n_cpus; cpu++) {
		ret->packets += values[cpu].packets;
		ret->bytes += values[cpu].bytes;
		ret->connections += values[cpu].connections;
	}
	return r;
}

static uint64_t read_tag(struct lab *lab, uint32_t row)
{
	struct weir_pair pair;

	if (bpf_map__lookup_elem(lab->skeleton->maps.pairs, &row, sizeof(row), &pair, sizeof(pair), 0) < 0)
		return 0;
	return pair.tag;
}

uint64_t lab_account(struct lab *lab, uint32_t row)
{
	return row < LAB_PAIRS ? read_tag(lab, row) : weir_pair_tag(row - LAB_PAIRS, 0, 0);
}

int lab_accounts(struct lab *lab, struct lab_counters *ret)
{
	memset(ret->decisions, 0, sizeof(ret->decisions));
	memset(&ret->limited, 0, sizeof(ret->limited));
	for (uint32_t row = 0; row <= LAB_PAIRS + LAB_DECISIONS; row++) {
		const uint64_t tag = lab_account(lab, row);
		const uint32_t counter = weir_pair_counter(tag);
		const bool limited = counter == WEIR_PAIR_LIMITED || row == LAB_PAIRS + LAB_DECISIONS;
		int r = 0;

		if (tag & WEIR_PAIR_USED)
			r = read_row(lab, row, limited ? &ret->limited : &ret->decisions[counter % LAB_DECISIONS]);
		if (r < 0)
			return r;
	}
	return 0;
}

int lab_pair(struct lab *lab, uint64_t tag, struct weir_account *ret)
{
	*ret = (struct weir_account){ 0 };
	for (uint32_t row = 0; row < LAB_PAIRS; row++) {
		int r = read_tag(lab, row) == tag ? read_row(lab, row, ret) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int lab_occupy_pairs(struct lab *lab, bool all)
{
	for (uint32_t row = 0; row < LAB_PAIRS; row++) {
		const struct weir_pair pair = { .tag = all ? OCCUPIED : 0 };
		int r = 0;

		if (read_tag(lab, row) == (all ? 0 : OCCUPIED))
			r = bpf_map__update_elem(lab->skeleton->maps.pairs, &row, sizeof(row), &pair, sizeof(pair),
						 BPF_EXIST);
		if (r < 0)
			return r;
	}
	return 0;
}
