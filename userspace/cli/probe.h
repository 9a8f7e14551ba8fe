/* SPDX-License-Identifier: BSD-2-Clause */
/* One question of `weir eval`, as JSON, and its answer. */
#ifndef WEIR_CLI_PROBE_H
#define WEIR_CLI_PROBE_H

#include <jansson.h>
#include <stdbool.h>

#include "policy/eval.h"

/*
 * The answer to {"from", "to", "protocol", "port"}: the probe's own fields and
 * "verdict", "direction" and "policies", and "audit" where only audited policies
 * deny, and "backends" of a service; or, with false, the probe's fields and
 * "error". The caller owns *ret_answer.
 */
bool probe_answer(const struct world *world, const struct compiled *compiled, const json_t *probe, json_t **ret_answer);

/* probe_answer() of one line of text. */
bool probe_answer_line(const struct world *world, const struct compiled *compiled, const char *line,
		       json_t **ret_answer);

/* "allow: shop/a -> shop/b TCP 80, by NetworkPolicy shop/b"; the caller frees. */
char *probe_sentence(const json_t *answer);

#endif
