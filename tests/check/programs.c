// SPDX-License-Identifier: BSD-2-Clause
/*
 * What this kernel's verifier makes of an object's programs, a line for each:
 *
 *   NAME INSTRUCTIONS STACK FUNCTION:BYTES>FUNCTION:BYTES... WRITTEN XLATED JITED USEC
 *
 * the instructions that it walked; those of the program as it was compiled, as the
 * verifier has rewritten it, and the bytes of machine code that came of it; how
 * long verifying took; and the deepest chain of calls with the stack
 * that it takes where each frame is rounded up to 32 bytes. That is the rule of
 * kernels before 6.8; later ones round less, and would let a chain pass that
 * older ones refuse.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define LOG_TOTALS	 4
#define LOG_FAILING_PATH 1
#define LOG_BYTES	 (1u << 24)
#define LOG_TAIL_LINES	 12
#define FRAME_ROUNDING	 32u
#define FUNCTIONS_MAX	 256u /* the kernel's */
#define DEPTH_MAX	 8u   /* the kernel's */
#define PROGRAMS_MAX	 16u

struct function {
	uint32_t start;
	uint32_t bytes; /* of stack, as the verifier has found it */
	const char *name;
};

struct program {
	const struct bpf_insn *insns;
	uint32_t n_insns;
	uint32_t n_functions;
	struct function functions[FUNCTIONS_MAX];
};

struct chain {
	uint32_t bytes;
	uint32_t depth;
	uint32_t functions[DEPTH_MAX];
};

static int print_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Calls, and functions that are handed to a helper. */
static bool calls(const struct bpf_insn *insn)
{
	return (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL) ||
	       (insn->code == (BPF_LD | BPF_IMM | BPF_DW) && insn->src_reg == BPF_PSEUDO_FUNC);
}

static int by_start(const void *left, const void *right)
{
	const struct function *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static struct function *function_at(struct program *program, uint32_t start)
{
	const struct function wanted = { .start = start };

	return bsearch(&wanted, program->functions, program->n_functions, sizeof(wanted), by_start);
}

/* Functions begin where calls lead; the kernel numbers them by their beginnings. */
static int find_functions(struct program *program)
{
	program->n_functions = 1;
	for (uint32_t i = 0; i < program->n_insns; i++) {
		if (!calls(&program->insns[i]) || function_at(program, i + program->insns[i].imm + 1))
			continue;
		if (program->n_functions == FUNCTIONS_MAX)
			return -E2BIG;
		program->functions[program->n_functions++].start = i + program->insns[i].imm + 1;
		qsort(program->functions, program->n_functions, sizeof(program->functions[0]), by_start);
	}
	return 0;
}

static int name_functions(const struct bpf_program *loaded, struct btf **ret_btf, struct program *program)
{
	struct bpf_func_info known[FUNCTIONS_MAX] = {};
	struct bpf_prog_info info = {
		.func_info = (uintptr_t)known,
		.nr_func_info = FUNCTIONS_MAX,
		.func_info_rec_size = sizeof(known[0]),
	};
	uint32_t size = sizeof(info);
	int r = bpf_prog_get_info_by_fd(bpf_program__fd(loaded), &info, &size);

	if (r < 0)
		return r;
	if (info.nr_func_info != program->n_functions)
		return -EPROTO;
	*ret_btf = btf__load_from_kernel_by_id(info.btf_id);
	if (!*ret_btf)
		return -errno;
	for (uint32_t i = 0; i < program->n_functions; i++)
		program->functions[i].name =
			btf__name_by_offset(*ret_btf, btf__type_by_id(*ret_btf, known[i].type_id)->name_off);
	return 0;
}

/* "stack depth 216+64+0", a number for each function. */
static int read_stack(const char *log, struct program *program)
{
	const char *at = strstr(log, "stack depth ");

	if (!at)
		return -EPROTO;
	at += strlen("stack depth");
	for (uint32_t i = 0; i < program->n_functions; i++) {
		char *end;

		if (*at != (i == 0 ? ' ' : '+'))
			return -EPROTO;
		program->functions[i].bytes = strtoul(at + 1, &end, 10);
		at = end;
	}
	return *at == '\n' ? 0 : -EPROTO;
}

/* Verified programs don't recurse, and nest no deeper than DEPTH_MAX. */
static struct chain deepest_from(struct program *program, const struct function *function, uint32_t depth)
{
	const uint32_t number = function - program->functions;
	const uint32_t end =
		number + 1 < program->n_functions ? program->functions[number + 1].start : program->n_insns;
	const uint32_t frame = function->bytes ?: 1;
	struct chain deepest = {};

	for (uint32_t i = function->start; i < end && depth + 1 < DEPTH_MAX; i++) {
		if (!calls(&program->insns[i]))
			continue;
		struct chain chain =
			deepest_from(program, function_at(program, i + program->insns[i].imm + 1), depth + 1);
		if (chain.bytes > deepest.bytes)
			deepest = chain;
	}
	deepest.functions[depth] = number;
	deepest.depth = deepest.depth ?: depth + 1;
	deepest.bytes += (frame + FRAME_ROUNDING - 1) / FRAME_ROUNDING * FRAME_ROUNDING;
	return deepest;
}

/* What the kernel has made of it. */
static int tell_sizes(const struct bpf_program *loaded, const char *log)
{
	const char *took = strstr(log, "verification time ");
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_prog_get_info_by_fd(bpf_program__fd(loaded), &info, &size) < 0)
		return -errno;
	printf(" %zu %zu %u %lu\n", bpf_program__insn_cnt(loaded), info.xlated_prog_len / sizeof(struct bpf_insn),
	       info.jited_prog_len, took ? strtoul(took + strlen("verification time "), NULL, 10) : 0);
	return 0;
}

static void tell_chain(struct program *program)
{
	const struct chain chain = deepest_from(program, &program->functions[0], 0);

	printf("%u ", chain.bytes);
	for (uint32_t i = 0; i < chain.depth; i++)
		printf("%s%s:%u", i ? ">" : "", program->functions[chain.functions[i]].name,
		       program->functions[chain.functions[i]].bytes);
}

static int tell(const struct bpf_program *loaded, const char *log)
{
	_cleanup_free_ struct program *program = calloc(1, sizeof(*program));
	const char *processed = strstr(log, "processed ");
	struct btf *btf = NULL;
	int r;

	if (!program)
		return -ENOMEM;
	program->insns = bpf_program__insns(loaded);
	program->n_insns = bpf_program__insn_cnt(loaded);
	r = find_functions(program) ?: name_functions(loaded, &btf, program) ?: read_stack(log, program);
	if (r == 0 && processed) {
		printf("%s %lu ", bpf_program__name(loaded), strtoul(processed + strlen("processed "), NULL, 10));
		tell_chain(program);
		r = tell_sizes(loaded, log);
	}
	btf__free(btf);
	return processed ? r : -EPROTO;
}

static int set_word(const struct btf *btf, struct bpf_map *rodata, const char *name, uint32_t value)
{
	const struct btf_type *section = btf__type_by_id(btf, bpf_map__btf_value_type_id(rodata));
	const struct btf_var_secinfo *variables = section ? btf_var_secinfos(section) : NULL;
	size_t size = 0;
	char *values = bpf_map__initial_value(rodata, &size);

	for (uint32_t i = 0; variables && values && i < btf_vlen(section); i++) {
		const struct btf_type *variable = btf__type_by_id(btf, variables[i].type);

		if (strcmp(btf__name_by_offset(btf, variable->name_off), name) != 0)
			continue;
		if (variables[i].size != sizeof(value) || variables[i].offset + sizeof(value) > size)
			return -EPROTO;
		memcpy(values + variables[i].offset, &value, sizeof(value));
		return 0;
	}
	return -ENOENT;
}

/* As the agent sets them: masks that are known to be zero would spare the verifier most of its paths. */
static int set_constants(struct bpf_object *object)
{
	const struct btf *btf = bpf_object__btf(object);
	struct bpf_map *rodata = bpf_object__find_map_by_name(object, ".rodata");
	const struct bpf_map *images = bpf_object__find_map_by_name(object, "images");

	if (!btf || !rodata || !images)
		return -ENOENT;
	const uint32_t image_bytes = bpf_map__value_size(bpf_map__inner_map((struct bpf_map *)images));
	return set_word(btf, rodata, "weir_image_mask", image_bytes / sizeof(uint32_t) - 1) ?:
	       set_word(btf, rodata, "weir_pair_mask", (1u << 14) - 1) ?:
	       set_word(btf, rodata, "weir_account_limited", (1u << 14) + (1u << 16));
}

static void print_tail(const char *log)
{
	const char *at = log + strlen(log);

	for (int lines = 0; at > log && lines <= LOG_TAIL_LINES; lines += *at == '\n')
		at--;
	fprintf(stderr, "%s\n", at);
}

/* Loads every program with a log of its own, and tells of each what the log holds. */
static int check_object(const char *path, uint32_t log_level)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	char *logs[PROGRAMS_MAX] = {};
	struct bpf_program *program;
	uint32_t n = 0;
	int r = object ? 0 : -errno;

	for (program = NULL; r == 0 && n < PROGRAMS_MAX && (program = bpf_object__next_program(object, program)); n++) {
		logs[n] = calloc(1, LOG_BYTES);
		r = logs[n] ? bpf_program__set_log_level(program, log_level) : -ENOMEM;
		if (r == 0)
			r = bpf_program__set_log_buf(program, logs[n], LOG_BYTES);
	}
	r = r ?: set_constants(object) ?: bpf_object__load(object);
	n = 0;
	for (program = NULL; object && (program = bpf_object__next_program(object, program)); n++) {
		if (r == 0)
			r = tell(program, logs[n]);
		else if (log_level == LOG_FAILING_PATH && bpf_program__fd(program) < 0 && *logs[n])
			print_tail(logs[n]);
		free(logs[n]);
	}
	bpf_object__close(object);
	return r;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s OBJECT\n", argv[0]);
		return 2;
	}
	libbpf_set_print(NULL);
	if (check_object(argv[1], LOG_TOTALS) == 0)
		return 0;
	libbpf_set_print(print_warnings);
	check_object(argv[1], LOG_FAILING_PATH);
	return 1;
}
