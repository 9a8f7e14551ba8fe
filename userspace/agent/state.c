// SPDX-License-Identifier: BSD-2-Clause
#include "agent/state.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "source/sealed.h"

#define STATE_FORMAT "weir numbers"

struct named_numbering {
	const char *name;
	struct numbering *numbering;
};

#define NUMBERINGS 3

static void list_numberings(const struct numberings *numbers, struct named_numbering list[static NUMBERINGS])
{
	list[0] = (struct named_numbering){ "identity", numbers->identities };
	list[1] = (struct named_numbering){ "counter", numbers->counters };
	list[2] = (struct named_numbering){ "bucket", numbers->buckets };
}

static uint64_t state_changes(const struct state *state)
{
	return numbering_changes(state->numbers.identities) + numbering_changes(state->numbers.counters) +
	       numbering_changes(state->numbers.buckets) + (state->ledger ? state->ledger->changes : 0);
}

/* One line: ["identity", 17, "key"], and what the number is called, where it is called something. */
static int load_line(struct state *state, const char *line, size_t length)
{
	struct named_numbering list[NUMBERINGS];
	const char *name, *key, *title;
	json_int_t number;
	json_t *row = json_loadb(line, length, 0, NULL);
	int r = -EBADMSG;

	list_numberings(&state->numbers, list);
	if (row && json_unpack(row, "[s, I, s]", &name, &number, &key) == 0 && number >= 0 && number <= UINT32_MAX) {
		for (int i = 0; i < NUMBERINGS; i++) {
			if (strcmp(list[i].name, name) != 0)
				continue;
			r = numbering_restore(list[i].numbering, key, (uint32_t)number);
			title = json_string_value(json_array_get(row, 3));
			if (r == 0 && title)
				numbering_set_title(list[i].numbering, (uint32_t)number, title);
		}
	}
	if (r == -EBADMSG && state->ledger && row)
		r = ledger_read(state->ledger, row);
	json_decref(row);
	return r;
}

static int load(struct state *state, struct error *error)
{
	_cleanup_free_ char *body = NULL;
	int number = 2, r = sealed_read_either(state->path, STATE_FORMAT, &body, error);

	if (r < 0)
		return r;
	for (char *line = body, *end; (end = strchr(line, '\n')); line = end + 1, number++) {
		r = load_line(state, line, (size_t)(end - line));
		if (r < 0)
			return error_set(error, -EBADMSG, "%s can't be used: line %d is not a number that can be",
					 state->path, number);
	}
	return 0;
}

static void begin_afresh(struct state *state)
{
	state->lost = true;
	numberings_free(&state->numbers);
	numberings_init(&state->numbers);
	if (state->ledger)
		ledger_forget_carried(state->ledger);
}

int state_open(const char *state_dir, struct ledger *ledger, struct state *ret, struct error *error)
{
	int r;

	*ret = (struct state){ .path = xasprintf("%s/numbers.json", state_dir), .ledger = ledger };
	numberings_init(&ret->numbers);
	r = load(ret, error);
	if (r < 0 && r != -ENOENT && r != -EBADMSG)
		return r;
	if (r < 0)
		begin_afresh(ret);
	if (r == -ENOENT)
		error_set(error, 0, "%s", "");
	if (r == -EBADMSG)
		sealed_put_aside(ret->path, error);
	if (ledger)
		ledger_recall(ledger, &ret->numbers);
	ret->saved = state_changes(ret);
	ret->unbacked = !ret->lost;
	return 0;
}

void state_free(struct state *state)
{
	numberings_free(&state->numbers);
	free(state->path);
	*state = (struct state){};
}

static size_t write_numbering(FILE *out, const struct named_numbering *named)
{
	size_t n = 0;

	for (uint32_t number = 0; number < numbering_end(named->numbering); number++) {
		const char *key = numbering_key(named->numbering, number);
		json_t *row;

		if (!key)
			continue;
		row = json_pack("[s, I, s, s*]", named->name, (json_int_t)number, key,
				numbering_title(named->numbering, number));
		if (!row)
			continue;
		json_dumpf(row, out, 0);
		fputc('\n', out);
		json_decref(row);
		n++;
	}
	return n;
}

int state_save(struct state *state, struct error *error)
{
	struct named_numbering list[NUMBERINGS];
	uint64_t changes = state_changes(state);
	_cleanup_free_ char *body = NULL;
	size_t size, n = 0;
	FILE *out;
	int r;

	if (changes == state->saved)
		return 0;
	out = open_memstream(&body, &size);
	if (!out)
		return error_set(error, -errno, "%s can't be written: %s", state->path, strerror(errno));
	list_numberings(&state->numbers, list);
	for (int i = 0; i < NUMBERINGS; i++)
		n += write_numbering(out, &list[i]);
	if (state->ledger)
		n += ledger_write(state->ledger, out);
	if (fclose(out) != 0)
		return error_set(error, -errno, "%s can't be written: %s", state->path, strerror(errno));
	r = sealed_write(state->path, STATE_FORMAT, body, n, error);
	if (r < 0)
		return r;
	state->saved = changes;
	state->unbacked = true;
	return 0;
}

int state_back_up(struct state *state, struct error *error)
{
	int r = state->unbacked ? sealed_back_up(state->path, error) : 0;

	if (r == 0)
		state->unbacked = false;
	return r;
}
