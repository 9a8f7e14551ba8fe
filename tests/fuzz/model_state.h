/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of a connection. */
#ifndef WEIR_TESTS_FUZZ_MODEL_STATE_H
#define WEIR_TESTS_FUZZ_MODEL_STATE_H

#include "fuzz/model_packet.h"

/* The packet that made this entry, sent again. */
bool model_is_repeated_opening(const struct packet *p, const struct weir_flow *flow);
/* What the first packet tells of its sender. */
void model_hear_first(const struct packet *p, struct weir_flow *flow);
/* opening: the entry is in that table. True when the packet completes it. */
bool model_next_state(const struct packet *p, struct weir_flow *flow, bool opening);

#endif
