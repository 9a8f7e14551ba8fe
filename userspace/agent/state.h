/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers that kernel state refers to, kept on disk so that they mean the
 * same to the next agent. They are saved before the kernel sees them. With them
 * is what freed numbers had counted, saved before the kernel forgets it.
 */
#ifndef WEIR_AGENT_STATE_H
#define WEIR_AGENT_STATE_H

#include "base/error.h"
#include "observe/ledger.h"
#include "policy/numbering.h"

struct state {
	char *path;
	struct numberings numbers;
	struct ledger *ledger; /* borrowed: what it carries is kept with the numbers; NULL: nothing is */
	uint64_t saved;	       /* state_changes() of what is on disk */
	bool unbacked;	       /* its copy may be another */
	bool lost;	       /* there was no usable file: numbers begin afresh */
};

/*
 * A damaged file is no failure: its copy is used, or it is put aside and the
 * numbers are lost, and error says so ("" when nothing was wrong). One that can't
 * be read just now is.
 */
int state_open(const char *state_dir, struct ledger *ledger, struct state *ret, struct error *error);
void state_free(struct state *state); /* what it holds */
/* Writes the numbers, and what is carried, if anything is new since. */
int state_save(struct state *state, struct error *error);
/* Brings the copy up to date, if it isn't: some time after it was saved. */
int state_back_up(struct state *state, struct error *error);

#endif
