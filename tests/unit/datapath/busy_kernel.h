/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel that refuses a command of bpf(2) as often as a test says: its maps are busy. For one source file. */
#ifndef TESTS_UNIT_DATAPATH_BUSY_KERNEL_H
#define TESTS_UNIT_DATAPATH_BUSY_KERNEL_H

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/vec.h"

/* What of bpf(2) is refused, how often yet, and how often it was asked for. */
static struct {
	long command;
	unsigned left, asked;
} busy = { .command = -1 };

/* In place of the C library's, which libbpf would call. */
long syscall(long number, ...)
{
	static long (*real)(long number, ...);
	long words[6];
	va_list args;

	va_start(args, number);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = va_arg(args, long);
	va_end(args);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_bpf && words[0] == busy.command) {
		busy.asked++;
		if (busy.left) {
			busy.left--;
			errno = EBUSY;
			return -1;
		}
	}
	return real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

static void refuse(long command, unsigned times)
{
	busy.command = command;
	busy.left = times;
	busy.asked = 0;
}

#endif
