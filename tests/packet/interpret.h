/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a loaded program's own instructions once, one after the other, and counts
 * them: what a packet costs, exactly and without a clock. Maps are the kernel's,
 * but what the program writes to their values goes to copies, so that nothing
 * has happened afterwards; only global variables are the program's own.
 */
#ifndef WEIR_TESTS_PACKET_INTERPRET_H
#define WEIR_TESTS_PACKET_INTERPRET_H

#include <stdint.h>

#include "packet/frame.h"

struct bpf_object;
struct bpf_program;

struct steps {
	uint32_t code;	       /* that the program ends with */
	uint32_t instructions; /* a call of a helper is one */
	uint32_t calls;	       /* of helpers */
	uint32_t functions;    /* of its own that it called */
};

/* On a packet of the interface. -ENOTSUP: it does what is not known here; -EFAULT: nothing that a verifier lets pass.
 */
int interpret(const struct bpf_object *object, const struct bpf_program *program, const struct frame *frame,
	      uint32_t ifindex, struct steps *ret);

#endif
