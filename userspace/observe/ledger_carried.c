// SPDX-License-Identifier: BSD-2-Clause
/* What numbers and rows that are no more had counted, for those that count on for the same series. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "observe/ledger.h"

void ledger_carry_counter(struct ledger *ledger, uint32_t counter, uint64_t packets)
{
	if (!packets || counter >= ledger->counters.n)
		return;
	vec_for_each (labels, &ledger->counters.items[counter].labels)
		vec_push(&ledger->counted, (struct ledger_carried){ .labels = xstrdup(*labels), .packets = packets });
	ledger->changes++;
}

void ledger_carry_pair(struct ledger *ledger, const struct pair_carried *carried)
{
	if (!carried->counted.packets)
		return;
	vec_push(&ledger->pairs, (struct pair_carried){
					 .source = carried->source ? xstrdup(carried->source) : NULL,
					 .destination = carried->destination ? xstrdup(carried->destination) : NULL,
					 .verdict = carried->verdict,
					 .counted = carried->counted,
				 });
	ledger->changes++;
}

void ledger_carry_row(struct ledger *ledger, uint32_t row, uint64_t tag)
{
	vec_push(&ledger->leaving, (struct ledger_row){ row, tag });
	ledger->changes++;
}

void ledger_rows_wiped(struct ledger *ledger)
{
	if (ledger->leaving.n)
		ledger->changes++;
	vec_free(&ledger->leaving);
}

/* --- one for each series --- */

static int compare_carried(const void *a, const void *b)
{
	const struct ledger_carried *x = a, *y = b;

	return strcmp(x->labels, y->labels) ?: (int)x->audit - (int)y->audit;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void trim(const ledger_accounts *accounts, ledger_carries *carried)
{
	VEC(const char *) live = {};
	size_t n = 0;

	if (!carried->n)
		return;
	vec_for_each (account, accounts) {
		vec_for_each (labels, &account->labels)
			vec_push(&live, *labels);
	}
	if (live.n)
		qsort(live.items, live.n, sizeof(*live.items), compare_texts);
	qsort(carried->items, carried->n, sizeof(*carried->items), compare_carried);
	for (size_t i = 0; i < carried->n; i++) {
		struct ledger_carried *one = &carried->items[i];

		if (n && compare_carried(&carried->items[n - 1], one) == 0) {
			carried->items[n - 1].packets += one->packets;
			carried->items[n - 1].passed += one->passed;
			carried->items[n - 1].marked += one->marked;
			carried->items[n - 1].paced += one->paced;
			free(one->labels);
		} else if (live.n && bsearch(&one->labels, live.items, live.n, sizeof(*live.items), compare_texts)) {
			carried->items[n++] = *one;
		} else {
			free(one->labels);
		}
	}
	carried->n = n;
	vec_free(&live);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair_carried *x = a, *y = b;

	return strcmp(x->source ?: "", y->source ?: "") ?: strcmp(x->destination ?: "", y->destination ?: "")
	       ?: (int)x->verdict - (int)y->verdict;
}

static void merge_pairs(pair_carries *carried)
{
	size_t n = 0;

	if (carried->n)
		qsort(carried->items, carried->n, sizeof(*carried->items), compare_pairs);
	for (size_t i = 0; i < carried->n; i++) {
		struct pair_carried *one = &carried->items[i];

		if (!n || compare_pairs(&carried->items[n - 1], one) != 0) {
			carried->items[n++] = *one;
			continue;
		}
		account_add(&carried->items[n - 1].counted, &one->counted);
		pair_carried_free(one);
	}
	carried->n = n;
}

void ledger_trim(struct ledger *ledger)
{
	trim(&ledger->counters, &ledger->counted);
	trim(&ledger->buckets, &ledger->dropped);
	merge_pairs(&ledger->pairs);
}

static bool is_alive(const char *workload, const char *const *titles, size_t n)
{
	return strcmp(workload, "world") == 0 || strcmp(workload, "node") == 0 ||
	       (n && bsearch(&workload, titles, n, sizeof(*titles), compare_texts));
}

void ledger_trim_pairs(struct ledger *ledger, const struct numbering *identities)
{
	VEC(const char *) titles = {};
	size_t n = 0;

	for (uint32_t i = 0; ledger->pairs.n && i < numbering_end(identities); i++) {
		if (numbering_title(identities, i))
			vec_push(&titles, numbering_title(identities, i));
	}
	if (titles.n)
		qsort(titles.items, titles.n, sizeof(*titles.items), compare_texts);
	for (size_t i = 0; i < ledger->pairs.n; i++) {
		struct pair_carried *one = &ledger->pairs.items[i];

		if (!one->source || (is_alive(one->source, titles.items, titles.n) &&
				     is_alive(one->destination, titles.items, titles.n)))
			ledger->pairs.items[n++] = *one;
		else
			pair_carried_free(one);
	}
	ledger->pairs.n = n;
	vec_free(&titles);
}

/* --- on disk --- */

static bool write_row(FILE *out, json_t *row)
{
	bool written = row && json_dumpf(row, out, 0) == 0 && fputc('\n', out) != EOF;

	json_decref(row);
	return written;
}

size_t ledger_write(const struct ledger *ledger, FILE *out)
{
	size_t n = 0;

	vec_for_each (one, &ledger->counted)
		n += write_row(out, json_pack("[s, I, s]", "counted", (json_int_t)one->packets, one->labels));
	vec_for_each (one, &ledger->dropped)
		n += write_row(out, json_pack("[s, I, s, I, b, I, I]", "charged", (json_int_t)one->packets, one->labels,
					      (json_int_t)one->passed, one->audit, (json_int_t)one->marked,
					      (json_int_t)one->paced));
	vec_for_each (one, &ledger->pairs)
		n += write_row(out,
			       json_pack("[s, I, s, s, s, I, I]", "pair", (json_int_t)one->counted.packets,
					 pair_verdict_name(one->verdict), one->source ?: "", one->destination ?: "",
					 (json_int_t)one->counted.bytes, (json_int_t)one->counted.connections));
	vec_for_each (one, &ledger->leaving)
		n += write_row(out, json_pack("[s, I, I]", "leaving", (json_int_t)one->row, (json_int_t)one->tag));
	return n;
}

static int read_charged(struct ledger *ledger, json_t *row)
{
	json_int_t packets, passed, marked, paced;
	const char *name, *labels;
	int audit;

	if (json_unpack(row, "[s, I, s, I, b, I, I!]", &name, &packets, &labels, &passed, &audit, &marked, &paced) < 0)
		return -EBADMSG;
	vec_push(&ledger->dropped, (struct ledger_carried){ .labels = xstrdup(labels),
							    .packets = (uint64_t)packets,
							    .passed = (uint64_t)passed,
							    .marked = (uint64_t)marked,
							    .paced = (uint64_t)paced,
							    .audit = audit });
	return 0;
}

static int read_counted(struct ledger *ledger, json_t *row)
{
	const char *name, *labels;
	json_int_t packets;

	if (json_unpack(row, "[s, I, s!]", &name, &packets, &labels) < 0)
		return -EBADMSG;
	vec_push(&ledger->counted, (struct ledger_carried){ .labels = xstrdup(labels), .packets = (uint64_t)packets });
	return 0;
}

static int read_pair(struct ledger *ledger, json_t *row)
{
	const char *name, *word, *source, *destination;
	json_int_t packets, bytes, connections;

	if (json_unpack(row, "[s, I, s, s, s, I, I!]", &name, &packets, &word, &source, &destination, &bytes,
			&connections) < 0)
		return -EBADMSG;
	for (enum pair_verdict verdict = 0; verdict < PAIR_VERDICTS; verdict++) {
		if (strcmp(pair_verdict_name(verdict), word) != 0)
			continue;
		vec_push(&ledger->pairs,
			 (struct pair_carried){
				 .source = *source ? xstrdup(source) : NULL,
				 .destination = *source ? xstrdup(destination) : NULL,
				 .verdict = verdict,
				 .counted = { (uint64_t)packets, (uint64_t)bytes, (uint64_t)connections },
			 });
		return 0;
	}
	return -EBADMSG;
}

static int read_leaving(struct ledger *ledger, json_t *row)
{
	json_int_t number, tag;
	const char *name;

	if (json_unpack(row, "[s, I, I!]", &name, &number, &tag) < 0 || number < 0 || number > UINT32_MAX)
		return -EBADMSG;
	vec_push(&ledger->leaving, (struct ledger_row){ (uint32_t)number, (uint64_t)tag });
	return 0;
}

int ledger_read(struct ledger *ledger, json_t *row)
{
	const char *name = json_string_value(json_array_get(row, 0));

	if (name && strcmp(name, "counted") == 0)
		return read_counted(ledger, row);
	if (name && strcmp(name, "charged") == 0)
		return read_charged(ledger, row);
	if (name && strcmp(name, "leaving") == 0)
		return read_leaving(ledger, row);
	return name && strcmp(name, "pair") == 0 ? read_pair(ledger, row) : -EBADMSG;
}
