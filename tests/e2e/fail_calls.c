// SPDX-License-Identifier: BSD-2-Clause
/*
 * Preloaded into the agent: makes bpf() fail as the file $FAIL_CALLS says, one
 * 32-bit errno for each command, 0 for none. The file is mapped once, so a test
 * changes it while the agent runs, whatever the agent may open then. Programs
 * that are larger than what libbpf asks the kernel's abilities with are refused
 * with words of a verifier. test_resources.py compiles it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COMMANDS    64
#define PROBE_INSNS 64

static const volatile uint32_t *faults;
static long (*real)(long number, ...);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAIL_CALLS");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *page = fd < 0 ? MAP_FAILED : mmap(NULL, COMMANDS * sizeof(*faults), PROT_READ, MAP_SHARED, fd, 0);

	if (page != MAP_FAILED)
		faults = page;
	if (fd >= 0)
		close(fd);
}

static int refuses(long command, const union bpf_attr *attr)
{
	if (command < 0 || command >= COMMANDS || !faults || !faults[command])
		return 0;
	return command == BPF_PROG_LOAD && attr->insn_cnt <= PROBE_INSNS ? 0 : (int)faults[command];
}

static void explain(const union bpf_attr *attr)
{
	if (attr->log_level && attr->log_buf && attr->log_size)
		snprintf((char *)(uintptr_t)attr->log_buf, attr->log_size,
			 "0: (79) r0 = *(u64 *)(r1 +0)\nR1 is not a pointer that this kernel follows\n"
			 "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0\n");
}

long syscall(long number, ...)
{
	long words[6];
	va_list args;
	int refused;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		words[i] = va_arg(args, long);
	va_end(args);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_bpf && (refused = refuses(words[0], (const union bpf_attr *)words[1]))) {
		if (words[0] == BPF_PROG_LOAD)
			explain((const union bpf_attr *)words[1]);
		errno = refused;
		return -1;
	}
	return real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
