// SPDX-License-Identifier: BSD-2-Clause
#include "packet/counting.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/vec.h"

static int load(int target, struct counting_word word)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = 2,
		  .src_reg = 1,
		  .off = word.xdp ? offsetof(struct xdp_md, data) : offsetof(struct __sk_buff, data) },
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = 3,
		  .src_reg = 1,
		  .off = word.xdp ? offsetof(struct xdp_md, data_end) : offsetof(struct __sk_buff, data_end) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 4, .src_reg = 2 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 4, .imm = word.at + 4 },
		{ .code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = 4, .src_reg = 3, .off = 11 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 5, .src_reg = 2, .off = word.at },
		{ .code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = 5, .imm = 32 },
		{ .code = BPF_ALU | BPF_ADD | BPF_K, .dst_reg = 5, .imm = word.step },
		{ .code = BPF_JMP32 | BPF_JNE | BPF_K, .dst_reg = 5, .off = 1, .imm = (int)word.end },
		{ .code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = 5, .imm = (int)word.first },
		{ .code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = 5, .imm = 32 },
		{ .code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 5, .off = word.at },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = target },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const enum bpf_prog_type type = word.xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS;
	/* Only the like of a program reach it by a tail call. */
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = word.xdp ? BPF_F_XDP_HAS_FRAGS : 0,
		    .expected_attach_type = word.xdp ? BPF_XDP : 0);
	int fd = bpf_prog_load(type, "weir_counting", "GPL", insns, ARRAY_SIZE(insns), &opts);

	return fd < 0 ? -errno : fd;
}

int counting_open(int program, struct counting_word word, struct counting *ret)
{
	const uint32_t first = 0;
	int fd;

	_cleanup_close_ int target =
		bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "weir_counting", sizeof(uint32_t), sizeof(uint32_t), 1, NULL);
	if (target < 0 || bpf_map_update_elem(target, &first, &program, BPF_ANY) < 0)
		return -errno;
	fd = load(target, word);
	if (fd < 0)
		return fd;
	*ret = (struct counting){ fd, TAKE_FD(target) };
	return 0;
}

void counting_close(struct counting *counting)
{
	closep(&counting->program);
	closep(&counting->target);
	*counting = COUNTING_NONE;
}
