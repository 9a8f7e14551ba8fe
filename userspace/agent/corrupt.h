/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to agent/. A compiler's fault, made to order: when the environment
 * variable WEIR_TEST_CORRUPT_CELL names a cell, as in
 *
 *   WEIR_TEST_CORRUPT_CELL="shop/backend ingress shop/frontend TCP/8080"
 *
 * (subject, direction, peer, protocol and port; the peer can be an address),
 * each compiled image says the opposite there before it is verified; with
 * " limit 0 bit 70" behind it, one bit of one of its limits is turned instead. It is how
 * the tests see that such an image is refused; what is in force is never
 * touched. A cell whose pods aren't there is left alone.
 */
#ifndef WEIR_AGENT_CORRUPT_H
#define WEIR_AGENT_CORRUPT_H

#include "policy/compile.h"

#define CORRUPT_VARIABLE "WEIR_TEST_CORRUPT_CELL"

/* cell: the variable's value. False when the image doesn't have the cell. */
bool corrupt_cell(const struct world *world, struct compiled *compiled, const char *cell);
/* As the environment asks. */
void corrupt_as_asked(const struct world *world, struct compiled *compiled);

#endif
