/* SPDX-License-Identifier: BSD-2-Clause */
/* What people and metrics call verdicts, reasons and ports. */
#ifndef WEIR_POLICY_WORDS_H
#define WEIR_POLICY_WORDS_H

#include <stdint.h>

#include "weir/image.h"
#include "weir/reason.h"

/* What the reason's row says; NONE and NULL for a number that is nobody's. */
enum weir_verdict reason_verdict(unsigned reason);
const char *reason_name(unsigned reason);	     /* "policy-deny" */
const char *reason_meaning(unsigned reason);	     /* "a rule denies it" */
const char *verdict_name(enum weir_verdict verdict); /* "pass", "drop", "reject", "none" */
/* What becomes of a packet by a decision; "audit": it passes, and would have been dropped. */
const char *decision_word(enum weir_verdict verdict, unsigned flags);

enum weir_port_protocol ports_of_protocol(uint8_t protocol);
const char *ports_name(enum weir_port_protocol protocol); /* "TCP"; not of WEIR_PORTS_NONE */
/* "TCP/80"; "ICMP" for what has no ports. The caller frees. */
char *port_text(uint8_t protocol, uint16_t port);

#endif
