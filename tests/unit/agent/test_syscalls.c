// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/syscalls.h"
#include "base/vec.h"

#define NO_FILTER 255 /* what a child ends with that could not be confined */

/* In a child, as there is no way back: what it ends with, as of waitpid(). */
static int confined(long (*attempt)(const void *data), const void *data)
{
	const pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscalls_confine(NULL) < 0)
			_exit(NO_FILTER);
		_exit(attempt(data) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

struct attempt {
	const char *name;
	long number, a[3];
};

/* Arguments that an unconfined process is refused for another reason, or that change nothing. */
static long make_call(const void *data)
{
	const struct attempt *attempt = data;

	return syscall(attempt->number, attempt->a[0], attempt->a[1], attempt->a[2], 0, 0, 0);
}

static const struct attempt deadly[] = {
	{ "running a program", SYS_execve, {} },
	{ "running a program by descriptor", SYS_execveat, { -1 } },
	{ "tracing", SYS_ptrace, { 0x4206, 1 } },
	{ "reading another process's memory", SYS_process_vm_readv, { 1 } },
	{ "writing it", SYS_process_vm_writev, { 1 } },
	{ "taking another process's descriptor", SYS_pidfd_getfd, { -1 } },
	{ "mounting", SYS_mount, {} },
	{ "unmounting", SYS_umount2, {} },
	{ "mounting the new way", SYS_move_mount, { -1, 0, -1 } },
	{ "another root", SYS_chroot, {} },
	{ "another namespace", SYS_setns, { -1 } },
	{ "a namespace of its own", SYS_unshare, { CLONE_NEWUSER } },
	{ "loading a module", SYS_finit_module, { -1 } },
	{ "another kernel", SYS_kexec_load, {} },
	{ "rebooting", SYS_reboot, {} },
	{ "setting the clock", SYS_clock_settime, { -1 } },
	{ "keys", SYS_keyctl, { -1 } },
	{ "handling page faults", SYS_userfaultfd, { -1 } },
	{ "opening files by number", SYS_open_by_handle_at, { -1 } },
	{ "the kernel's log", SYS_syslog, { 10 } },
};

static void what_nobody_but_an_intruder_asks_for_ends_the_process(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
		const int status = confined(make_call, &deadly[i]);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %#x", deadly[i].name, status);
	}
}

static const struct {
	struct attempt attempt;
	int answer;
} answered[] = {
	{ { "a process", SYS_clone, { SIGCHLD } }, EPERM },
	{ { "a thread in a namespace of its own", SYS_clone, { CLONE_THREAD | CLONE_NEWNET } }, EPERM },
	{ { "a thread whose flags can't be looked at", SYS_clone3, {} }, ENOSYS },
	{ { "calls by shared memory", SYS_io_uring_setup, {} }, ENOSYS },
	{ { "a call that nobody has thought of", 1000, {} }, EPERM },
	{ { "a packet socket", SYS_socket, { AF_PACKET, SOCK_RAW } }, EPERM },
	{ { "the kernel's ciphers", SYS_socket, { AF_ALG, SOCK_SEQPACKET } }, EPERM },
	{ { "netfilter", SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER } }, EPERM },
	{ { "the audit log", SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_AUDIT } }, EPERM },
	{ { "rtnetlink", SYS_socket, { AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE } }, 0 },
	{ { "a stream", SYS_socket, { AF_INET6, SOCK_STREAM | SOCK_NONBLOCK } }, 0 },
	{ { "tracepoints", SYS_bpf, { BPF_RAW_TRACEPOINT_OPEN } }, EPERM },
	{ { "programs on cgroups", SYS_bpf, { BPF_PROG_ATTACH } }, EPERM },
	{ { "BPF iterators", SYS_bpf, { BPF_ITER_CREATE } }, EPERM },
	{ { "a map that is none", SYS_bpf, { BPF_MAP_LOOKUP_ELEM } }, EINVAL },
	{ { "code in writable memory", SYS_mprotect, { 0, 0, PROT_READ | PROT_EXEC } }, EPERM },
	{ { "reading memory", SYS_mprotect, { 0, 0, PROT_READ } }, 0 },
	{ { "memory that is written and run", SYS_mmap, { 0, 0, PROT_WRITE | PROT_EXEC } }, EPERM },
	{ { "a library's code", SYS_mmap, { 0, 0, PROT_READ | PROT_EXEC } }, EINVAL },
	{ { "another process's end", SYS_kill, { 1 } }, EPERM },
	{ { "a signal to another process's thread", SYS_tgkill, { 1, 1 } }, EPERM },
	{ { "an owner", SYS_fchown, { -1 } }, EPERM },
	{ { "capabilities", SYS_capset, {} }, EPERM },
	{ { "writing to a terminal's input", SYS_ioctl, { -1, 0x5412 } }, EPERM },
	{ { "a terminal's settings", SYS_ioctl, { -1, 0x5401 } }, EBADF },
	{ { "being traced again", SYS_prctl, { PR_SET_DUMPABLE, 1 } }, EPERM },
	{ { "a filter less", SYS_prctl, { PR_SET_SECCOMP, 0 } }, EPERM },
};

static void anything_else_is_answered(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(answered); i++) {
		const int status = confined(make_call, &answered[i].attempt);

		if (!WIFEXITED(status) || WEXITSTATUS(status) != answered[i].answer)
			fail_msg("%s: status %#x, not %d", answered[i].attempt.name, status, answered[i].answer);
	}
}

static long do_abort(const void *data)
{
	abort();
}

static void a_fault_of_its_own_still_ends_it_as_such(void **state)
{
	const int status = confined(do_abort, NULL);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_but_an_intruder_asks_for_ends_the_process),
		cmocka_unit_test(anything_else_is_answered),
		cmocka_unit_test(a_fault_of_its_own_still_ends_it_as_such),
	};

	return cmocka_run_group_tests_name("syscalls", tests, NULL, NULL);
}
