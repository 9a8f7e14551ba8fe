// SPDX-License-Identifier: BSD-2-Clause
/* What was counted by decision and pair. */
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "datapath/datapath_private.h"

static size_t table_size(const struct datapath *datapath)
{
	return datapath->config.pairs * sizeof(struct weir_pair);
}

int accounts_open(struct datapath *datapath)
{
	const int fd = bpf_map__fd(datapath->skeleton->maps.pairs);
	void *table = mmap(NULL, table_size(datapath), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (table == MAP_FAILED)
		return -errno;
	datapath->pairs = table;
	return 0;
}

void accounts_close(struct datapath *datapath)
{
	if (datapath->pairs)
		munmap(datapath->pairs, table_size(datapath));
}

/* --- reading --- */

static uint64_t tag_of(const struct datapath *datapath, uint32_t row)
{
	return __atomic_load_n(&datapath->pairs[row].tag, __ATOMIC_ACQUIRE);
}

struct sums {
	struct weir_account *rows;
	uint32_t n;
	int cpus;
};

static void add(struct weir_account *sum, const struct weir_account *each, int cpus)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		sum->packets += each[cpu].packets;
		sum->bytes += each[cpu].bytes;
		sum->connections += each[cpu].connections;
	}
}

static int add_row(void *data, const void *key, const void *value)
{
	const struct sums *sums = data;
	const uint32_t row = *(const uint32_t *)key;

	if (row >= sums->n)
		return 1;
	add(&sums->rows[row], value, sums->cpus);
	return 0;
}

static int read_row(const struct datapath *datapath, uint32_t row, struct weir_account *ret)
{
	const int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct weir_account *each = xcalloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*each));

	if (cpus < 0)
		return cpus;
	if (bpf_map_lookup_elem(bpf_map__fd(datapath->skeleton->maps.accounts), &row, each) < 0)
		return -errno;
	*ret = (struct weir_account){};
	add(ret, each, cpus);
	return 0;
}

/* A pair that comes meanwhile has its row, or is left for the next time. */
static void list_pairs(const struct datapath *datapath, const struct weir_account *rows, struct datapath_accounts *ret)
{
	for (uint32_t row = 0; row < datapath->config.pairs; row++) {
		const uint64_t tag = tag_of(datapath, row);

		if (tag)
			vec_push(&ret->pairs,
				 (struct datapath_pair){ tag, row, datapath->pairs[row].series, rows[row] });
	}
}

int datapath_read_accounts(struct datapath *datapath, uint32_t n, struct datapath_accounts *ret)
{
	const uint32_t pairs = datapath->config.pairs, rows = pairs + n;
	_cleanup_free_ struct weir_account *counted = xcalloc(rows, sizeof(*counted));
	struct sums sums = { counted, rows, libbpf_num_possible_cpus() };
	struct datapath_accounts accounts = { .n_decisions = n };
	int r;

	if (n > datapath->config.counters)
		return -ERANGE;
	if (sums.cpus < 0)
		return sums.cpus;
	r = read_row(datapath, pairs + datapath->config.counters, &accounts.limited)
		    ?: map_walk(datapath->skeleton->maps.accounts, add_row, &sums);
	if (r < 0)
		return r;
	list_pairs(datapath, counted, &accounts);
	accounts.decisions = xcalloc(n + 1, sizeof(*accounts.decisions));
	memcpy(accounts.decisions, counted + pairs, n * sizeof(*counted));
	*ret = accounts;
	return 0;
}

void datapath_accounts_free(struct datapath_accounts *accounts)
{
	vec_free(&accounts->pairs);
	free(TAKE_PTR(accounts->decisions));
}

/* --- the table --- */

void datapath_pairs_fill(const struct datapath *datapath, struct datapath_pairs_fill *ret)
{
	*ret = (struct datapath_pairs_fill){};
	for (uint32_t row = 0; row < datapath->config.pairs; row++) {
		const uint64_t tag = tag_of(datapath, row);

		ret->used += tag != 0;
		ret->retired += (tag & WEIR_PAIR_RETIRED) != 0;
	}
}

bool datapath_pair_has(const struct datapath *datapath, uint32_t row, uint64_t tag)
{
	return row < datapath->config.pairs && tag_of(datapath, row) == tag;
}

/* --- what is no longer used --- */

static int clear_row(const struct datapath *datapath, uint32_t row)
{
	const int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct weir_account *zeros = xcalloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*zeros));
	const int fd = bpf_map__fd(datapath->skeleton->maps.accounts);

	return cpus < 0 ? cpus : bpf_map_update_elem(fd, &row, zeros, BPF_EXIST) < 0 ? -errno : 0;
}

int datapath_clear_decision(struct datapath *datapath, uint32_t counter)
{
	return clear_row(datapath, datapath->config.pairs + counter);
}

void datapath_mark_pair(struct datapath *datapath, uint32_t row, uint32_t series)
{
	datapath->pairs[row].series = series;
}

void datapath_retire_pair(struct datapath *datapath, uint32_t row)
{
	__atomic_fetch_or(&datapath->pairs[row].tag, WEIR_PAIR_RETIRED, __ATOMIC_RELEASE);
}

int datapath_free_pair(struct datapath *datapath, uint32_t row)
{
	int r = clear_row(datapath, row);

	if (r < 0)
		return r;
	datapath->pairs[row].series = 0;
	__atomic_store_n(&datapath->pairs[row].tag, 0, __ATOMIC_RELEASE);
	return 0;
}
