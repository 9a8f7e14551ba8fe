// SPDX-License-Identifier: BSD-2-Clause
#include "packet/interpret.h"

#include <endian.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>

#include "packet/interpret_private.h"

#define INSTRUCTIONS_MAX 100000u
#define AT_END		 UINT32_MAX
#define LOW		 0x20000000ul /* where nothing else is */

static uint64_t narrow(uint64_t word, bool wide)
{
	return wide ? word : (uint32_t)word;
}

static int64_t extend(uint64_t word, bool wide)
{
	return wide ? (int64_t)word : (int32_t)word;
}

/* --- arithmetic -------------------------------------------------------------------- */

static int swap_bytes(uint64_t *word, bool to_big, int32_t bits)
{
	switch (bits) {
	case 16:
		*word = to_big ? htobe16((uint16_t)*word) : htole16((uint16_t)*word);
		return 0;
	case 32:
		*word = to_big ? htobe32((uint32_t)*word) : htole32((uint32_t)*word);
		return 0;
	case 64:
		*word = to_big ? htobe64(*word) : htole64(*word);
		return 0;
	default:
		return -ENOTSUP;
	}
}

static uint64_t shift_right_signed(uint64_t word, uint64_t by, bool wide)
{
	return (uint64_t)(extend(word, wide) >> (by & (wide ? 63 : 31)));
}

static int combine(uint8_t operation, bool wide, uint64_t *to, uint64_t by)
{
	const uint64_t a = narrow(*to, wide), b = narrow(by, wide), shift = b & (wide ? 63 : 31);

	switch (operation) {
	case BPF_ADD:
		*to = a + b;
		break;
	case BPF_SUB:
		*to = a - b;
		break;
	case BPF_MUL:
		*to = a * b;
		break;
	case BPF_DIV:
		*to = b ? a / b : 0;
		break;
	case BPF_MOD:
		*to = b ? a % b : a;
		break;
	case BPF_OR:
		*to = a | b;
		break;
	case BPF_AND:
		*to = a & b;
		break;
	case BPF_XOR:
		*to = a ^ b;
		break;
	case BPF_LSH:
		*to = a << shift;
		break;
	case BPF_RSH:
		*to = a >> shift;
		break;
	case BPF_ARSH:
		*to = shift_right_signed(a, shift, wide);
		break;
	case BPF_NEG:
		*to = -a;
		break;
	case BPF_MOV:
		*to = b;
		break;
	default:
		return -ENOTSUP;
	}
	*to = narrow(*to, wide);
	return 0;
}

static uint64_t operand(const struct machine *machine, const struct bpf_insn *insn)
{
	return BPF_SRC(insn->code) == BPF_X ? machine->r[insn->src_reg] : (uint64_t)(int64_t)insn->imm;
}

static int compute(struct machine *machine, const struct bpf_insn *insn)
{
	const bool wide = BPF_CLASS(insn->code) == BPF_ALU64;

	if (BPF_OP(insn->code) == BPF_END)
		return wide ? -ENOTSUP
			    : swap_bytes(&machine->r[insn->dst_reg], BPF_SRC(insn->code) == BPF_TO_BE, insn->imm);
	if (insn->off)
		return -ENOTSUP; /* signed ones of a later instruction set */
	return combine(BPF_OP(insn->code), wide, &machine->r[insn->dst_reg], operand(machine, insn));
}

/* --- memory ----------------------------------------------------------------------- */

static size_t size_of(uint8_t code)
{
	static const size_t sizes[] = { [BPF_W >> 3] = 4, [BPF_H >> 3] = 2, [BPF_B >> 3] = 1, [BPF_DW >> 3] = 8 };

	return sizes[BPF_SIZE(code) >> 3];
}

static void load(struct machine *machine, const struct bpf_insn *insn)
{
	uint64_t word = 0;

	memcpy(&word, (const void *)(uintptr_t)(machine->r[insn->src_reg] + (uint64_t)(int64_t)insn->off),
	       size_of(insn->code));
	machine->r[insn->dst_reg] = word;
}

static int change(struct machine *machine, const struct bpf_insn *insn, void *at)
{
	const bool wide = BPF_SIZE(insn->code) == BPF_DW;
	const uint64_t given = narrow(machine->r[insn->src_reg], wide);
	uint64_t old = 0, new;
	int r = 0;

	memcpy(&old, at, size_of(insn->code));
	new = old;
	if (insn->imm == BPF_CMPXCHG)
		new = old == narrow(machine->r[0], wide) ? given : old;
	else if (insn->imm == BPF_XCHG)
		new = given;
	else
		r = combine((uint8_t)(insn->imm & ~BPF_FETCH), wide, &new, given);
	memcpy(at, &new, size_of(insn->code));
	if (insn->imm == BPF_CMPXCHG)
		machine->r[0] = old;
	else if (insn->imm & BPF_FETCH)
		machine->r[insn->src_reg] = old;
	return r;
}

static int store(struct machine *machine, const struct bpf_insn *insn)
{
	void *at = (void *)(uintptr_t)(machine->r[insn->dst_reg] + (uint64_t)(int64_t)insn->off);
	const uint64_t word =
		BPF_CLASS(insn->code) == BPF_STX ? machine->r[insn->src_reg] : (uint64_t)(int64_t)insn->imm;

	if (BPF_MODE(insn->code) == BPF_ATOMIC)
		return change(machine, insn, at);
	memcpy(at, &word, size_of(insn->code));
	return 0;
}

/* A number of 64 bits: two instructions' room, and one that is executed. */
static int load_number(struct machine *machine, const struct bpf_insn *insn)
{
	uint64_t *to = &machine->r[insn->dst_reg];

	*to = (uint32_t)insn[0].imm | (uint64_t)(uint32_t)insn[1].imm << 32;
	if (insn->src_reg == BPF_PSEUDO_MAP_FD)
		*to = (uint32_t)insn->imm;
	else if (insn->src_reg == BPF_PSEUDO_MAP_VALUE)
		*to = machine_variable(machine, insn->imm, (uint32_t)insn[1].imm);
	else if (insn->src_reg)
		return -ENOTSUP;
	machine->at++;
	return *to || !insn->src_reg ? 0 : -EFAULT;
}

/* --- where it goes on --------------------------------------------------------------- */

static int compare(uint8_t operation, bool wide, uint64_t left, uint64_t right)
{
	const uint64_t a = narrow(left, wide), b = narrow(right, wide);
	const int64_t sa = extend(left, wide), sb = extend(right, wide);

	switch (operation) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return (a & b) != 0;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default:
		return -ENOTSUP;
	}
}

static int enter(struct machine *machine, int32_t offset)
{
	struct called *called = &machine->called[machine->depth];

	if (machine->depth + 1 == DEPTH)
		return -EFAULT;
	machine->steps.functions++;
	called->back = machine->at;
	memcpy(called->kept, &machine->r[6], sizeof(called->kept));
	machine->r[10] = (uintptr_t)(machine->stack[++machine->depth] + STACK);
	machine->at += (uint32_t)offset;
	return 0;
}

static void leave(struct machine *machine)
{
	const struct called *called;

	if (machine->depth == 0) {
		machine->at = AT_END;
		return;
	}
	called = &machine->called[--machine->depth];
	machine->at = called->back;
	memcpy(&machine->r[6], called->kept, sizeof(called->kept));
	machine->r[10] = (uintptr_t)(machine->stack[machine->depth] + STACK);
}

static int jump(struct machine *machine, const struct bpf_insn *insn)
{
	const bool wide = BPF_CLASS(insn->code) == BPF_JMP;
	int r;

	switch (BPF_OP(insn->code)) {
	case BPF_EXIT:
		leave(machine);
		return 0;
	case BPF_CALL:
		return insn->src_reg == BPF_PSEUDO_CALL ? enter(machine, insn->imm)
		       : insn->src_reg			? -ENOTSUP
							: machine_call(machine, insn->imm);
	case BPF_JA:
		machine->at += (uint32_t)(wide ? insn->off : insn->imm);
		return 0;
	default:
		r = compare(BPF_OP(insn->code), wide, machine->r[insn->dst_reg], operand(machine, insn));
		if (r > 0)
			machine->at += (uint32_t)(int32_t)insn->off;
		return r < 0 ? r : 0;
	}
}

static int step(struct machine *machine)
{
	const struct bpf_insn *insn = &machine->insns[machine->at++];

	machine->steps.instructions++;
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return compute(machine, insn);
	case BPF_JMP:
	case BPF_JMP32:
		return jump(machine, insn);
	case BPF_LDX:
		if (BPF_MODE(insn->code) != BPF_MEM)
			return -ENOTSUP;
		load(machine, insn);
		return 0;
	case BPF_LD:
		return load_number(machine, insn);
	default:
		return store(machine, insn);
	}
}

static int run(struct machine *machine)
{
	int r = 0;

	while (r == 0 && machine->at != AT_END) {
		if (machine->at >= machine->n_insns || machine->steps.instructions == INSTRUCTIONS_MAX)
			return -EFAULT;
		r = step(machine);
	}
	machine->steps.code = (uint32_t)machine->r[0];
	return r;
}

/* --- what it runs with --------------------------------------------------------------- */

/* Programs see 32 bits of where the packet is, so it must be below. */
static uint8_t *place(const struct frame *frame)
{
	uint8_t *bytes = mmap((void *)LOW, frame->length, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	return bytes == MAP_FAILED ? NULL : memcpy(bytes, frame->bytes, frame->length);
}

int interpret(const struct bpf_object *object, const struct bpf_program *program, const struct frame *frame,
	      uint32_t ifindex, struct steps *ret)
{
	static struct machine machine;
	uint8_t *bytes = place(frame);
	const uint32_t data = (uint32_t)(uintptr_t)bytes;
	struct __sk_buff skb = {
		.len = frame->length, .data = data, .data_end = data + frame->length, .ifindex = ifindex
	};
	struct xdp_md xdp = {
		.data = data, .data_meta = data, .data_end = data + frame->length, .ingress_ifindex = ifindex
	};
	int r;

	if (!bytes)
		return -errno;
	machine = (struct machine){ .object = object,
				    .insns = bpf_program__insns(program),
				    .n_insns = (uint32_t)bpf_program__insn_cnt(program),
				    .frame = frame };
	memcpy(&skb.protocol, bytes + 12, sizeof(uint16_t));
	machine.r[1] = bpf_program__type(program) == BPF_PROG_TYPE_XDP ? (uintptr_t)&xdp : (uintptr_t)&skb;
	machine.r[10] = (uintptr_t)(machine.stack[0] + STACK);
	r = run(&machine);
	if (r == 0)
		*ret = machine.steps;
	machine_forget(&machine);
	munmap(bytes, frame->length);
	return r;
}
