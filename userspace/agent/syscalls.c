// SPDX-License-Identifier: BSD-2-Clause
#include "agent/syscalls.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/vec.h"
#include "datapath/compat.h"

/* Nobody but an intruder asks for these: other programs, other processes' memory, mounts, namespaces, the kernel. */
static const char *const deadly[] = {
	"execve",
	"execveat",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"pidfd_getfd",
	"mount",
	"umount2",
	"pivot_root",
	"chroot",
	"move_mount",
	"open_tree",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"mount_setattr",
	"setns",
	"unshare",
	"init_module",
	"finit_module",
	"delete_module",
	"kexec_load",
	"kexec_file_load",
	"reboot",
	"swapon",
	"swapoff",
	"acct",
	"settimeofday",
	"clock_settime",
	"clock_adjtime",
	"adjtimex",
	"sethostname",
	"setdomainname",
	"iopl",
	"ioperm",
	"keyctl",
	"add_key",
	"request_key",
	"userfaultfd",
	"open_by_handle_at",
	"quotactl",
	"bdflush",
	"vhangup",
	"nfsservctl",
	"lookup_dcookie",
	"syslog",
};

/* Libraries try them, and do without. */
static const char *const absent[] = { "clone3", "io_uring_setup", "io_uring_enter", "io_uring_register" };

static const char *const allowed[] = {
	/* memory and threads; mmap, mprotect and clone see below */
	"brk",
	"munmap",
	"mremap",
	"madvise",
	"membarrier",
	"rseq",
	"set_robust_list",
	"get_robust_list",
	"futex",
	"futex_waitv",
	"sched_yield",
	"sched_getaffinity",
	"sched_getparam",
	"sched_getscheduler",
	"set_tid_address",
	"gettid",
	"getcpu",
	"exit",
	"exit_group",
	"restart_syscall",
	"getrandom",
	/* signals; tgkill see below */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigtimedwait",
	"rt_sigsuspend",
	"rt_sigpending",
	"sigaltstack",
	"signalfd4",
	/* time */
	"clock_gettime",
	"clock_getres",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
	"timerfd_create",
	"timerfd_settime",
	"timerfd_gettime",
	/* who it is */
	"getpid",
	"getppid",
	"getuid",
	"geteuid",
	"getresuid",
	"getgid",
	"getegid",
	"getresgid",
	"getgroups",
	"getcwd",
	"uname",
	"sysinfo",
	"getrusage",
	"getrlimit",
	"times",
	"capget",
	/* files, where Landlock lets it */
	"open",
	"openat",
	"openat2",
	"close",
	"close_range",
	"read",
	"write",
	"pread64",
	"pwrite64",
	"readv",
	"writev",
	"lseek",
	"stat",
	"fstat",
	"lstat",
	"newfstatat",
	"statx",
	"statfs",
	"fstatfs",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	"getdents64",
	"fcntl",
	"flock",
	"fsync",
	"fdatasync",
	"ftruncate",
	"fallocate",
	"fadvise64",
	"rename",
	"renameat",
	"renameat2",
	"unlink",
	"unlinkat",
	"rmdir",
	"mkdir",
	"mkdirat",
	"symlink",
	"symlinkat",
	"fchmod",
	"umask",
	"dup",
	"dup2",
	"dup3",
	"pipe",
	"pipe2",
	"eventfd2",
	"inotify_init1",
	"inotify_add_watch",
	"inotify_rm_watch",
	/* libbpf's place holders for maps, when programs are loaded again for larger images */
	"memfd_create",
	/* waiting */
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"poll",
	"ppoll",
	"select",
	"pselect6",
	/* the network; socket and socketpair see below. bind() is netlink's: Landlock has it for TCP */
	"connect",
	"bind",
	"accept",
	"accept4",
	"getsockname",
	"getpeername",
	"getsockopt",
	"setsockopt",
	"sendto",
	"sendmsg",
	"sendmmsg",
	"recvfrom",
	"recvmsg",
	"recvmmsg",
	"shutdown",
	"sendfile",
};

/* A call that is allowed when an argument is what it may be: its bits in mask are value. */
struct condition {
	const char *call;
	unsigned argument;
	uint64_t mask, value;
};

#define WHOLE UINT64_MAX
#define LOW32 UINT32_MAX

static const struct condition conditions[] = {
	/* no memory that is written and run: libraries are loaded by mmap() of their code, read-only */
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mmap", 2, PROT_EXEC | PROT_WRITE, PROT_EXEC },
	{ "mprotect", 2, PROT_EXEC, 0 },
	/* threads, and no processes */
	{ "clone", 0, CLONE_THREAD | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID, CLONE_THREAD },
	/* limits are asked for, and not set */
	{ "prlimit64", 2, WHOLE, 0 },
	{ "prctl", 0, LOW32, PR_SET_NAME },
	{ "prctl", 0, LOW32, PR_GET_NAME },
	{ "prctl", 0, LOW32, PR_SET_VMA },
	{ "prctl", 0, LOW32, PR_CAPBSET_READ },
	{ "prctl", 0, LOW32, PR_GET_SECUREBITS },
	{ "prctl", 0, LOW32, PR_GET_NO_NEW_PRIVS },
	/* no packet sockets, no protocol that nobody uses */
	{ "socket", 0, LOW32, AF_UNIX },
	{ "socket", 0, LOW32, AF_INET },
	{ "socket", 0, LOW32, AF_INET6 },
	{ "socketpair", 0, LOW32, AF_UNIX },
	/* a capture's packets come by a buffer of each CPU's, and of no process */
	{ "perf_event_open", 1, LOW32, LOW32 },
	{ "ioctl", 1, LOW32, PERF_EVENT_IOC_ENABLE },
	{ "ioctl", 1, LOW32, PERF_EVENT_IOC_DISABLE },
	/* what libraries ask of sockets and terminals, and the datapath of interfaces */
	{ "ioctl", 1, LOW32, TCGETS },
	{ "ioctl", 1, LOW32, TIOCGWINSZ },
	{ "ioctl", 1, LOW32, FIONBIO },
	{ "ioctl", 1, LOW32, FIOCLEX },
	{ "ioctl", 1, LOW32, FIONREAD },
	{ "ioctl", 1, LOW32, SIOCGIFNAME },
	{ "ioctl", 1, LOW32, SIOCGIFINDEX },
	{ "ioctl", 1, LOW32, SIOCETHTOOL },
};

/* What capabilities allow of them is another question: numbers of other programs take CAP_SYS_ADMIN. */
static const int bpf_commands[] = {
	BPF_MAP_CREATE,
	BPF_MAP_LOOKUP_ELEM,
	BPF_MAP_UPDATE_ELEM,
	BPF_MAP_DELETE_ELEM,
	BPF_MAP_GET_NEXT_KEY,
	BPF_MAP_FREEZE,
	BPF_MAP_LOOKUP_BATCH,
	BPF_MAP_LOOKUP_AND_DELETE_BATCH,
	BPF_MAP_UPDATE_BATCH,
	BPF_MAP_DELETE_BATCH,
	BPF_MAP_LOOKUP_AND_DELETE_ELEM,
	BPF_PROG_LOAD,
	BPF_PROG_TEST_RUN,
	BPF_PROG_QUERY,
	BPF_PROG_BIND_MAP,
	BPF_PROG_GET_FD_BY_ID,
	BPF_PROG_GET_NEXT_ID,
	BPF_MAP_GET_FD_BY_ID,
	BPF_MAP_GET_NEXT_ID,
	BPF_LINK_GET_FD_BY_ID,
	BPF_LINK_GET_NEXT_ID,
	BPF_OBJ_PIN,
	BPF_OBJ_GET,
	BPF_OBJ_GET_INFO_BY_FD,
	BPF_BTF_LOAD,
	BPF_BTF_GET_FD_BY_ID,
	BPF_LINK_CREATE,
	BPF_LINK_UPDATE,
	BPF_LINK_DETACH,
};

/* Interfaces, routes and neighbours; what drivers can do. */
static const int netlink_protocols[] = { NETLINK_ROUTE, NETLINK_GENERIC };

/* A name that this machine, or this libseccomp, doesn't know has no number to be called by. */
static int rule(scmp_filter_ctx filter, uint32_t action, const char *call, unsigned n, const struct scmp_arg_cmp *args)
{
	const int number = seccomp_syscall_resolve_name(call);
	int r;

	if (number == __NR_SCMP_ERROR)
		return 0;
	r = seccomp_rule_add_array(filter, action, number, n, args);
	return r == -EDOM || r == -EEXIST ? 0 : r;
}

static int add_names(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = rule(filter, action, names[i], 0, NULL);
	return r;
}

static int add_conditions(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(conditions); i++) {
		const struct condition *is = &conditions[i];
		const struct scmp_arg_cmp arg = SCMP_CMP(is->argument, SCMP_CMP_MASKED_EQ, is->mask, is->value);

		r = rule(filter, SCMP_ACT_ALLOW, is->call, 1, &arg);
	}
	return r;
}

static int add_bpf(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(bpf_commands); i++) {
		const struct scmp_arg_cmp arg = SCMP_A0(SCMP_CMP_MASKED_EQ, LOW32, (uint32_t)bpf_commands[i]);

		r = rule(filter, SCMP_ACT_ALLOW, "bpf", 1, &arg);
	}
	return r;
}

static int add_netlink(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(netlink_protocols); i++) {
		const struct scmp_arg_cmp args[] = {
			SCMP_A0(SCMP_CMP_MASKED_EQ, LOW32, AF_NETLINK),
			SCMP_A2(SCMP_CMP_MASKED_EQ, LOW32, (uint32_t)netlink_protocols[i]),
		};

		r = rule(filter, SCMP_ACT_ALLOW, "socket", ARRAY_SIZE(args), args);
	}
	return r;
}

/* For abort(), of a thread of its own. */
static int add_abort(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp arg = SCMP_A0(SCMP_CMP_MASKED_EQ, LOW32, (uint32_t)getpid());

	return rule(filter, SCMP_ACT_ALLOW, "tgkill", 1, &arg);
}

static int fill(scmp_filter_ctx filter)
{
	/* Threads that a library has made already are meant too; and what is refused is in the kernel's log. */
	return seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1)
		       ?: seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1)
		       ?: seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)
		       ?: seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2)
		       ?: add_names(filter, SCMP_ACT_KILL_PROCESS, deadly, ARRAY_SIZE(deadly))
		       ?: add_names(filter, SCMP_ACT_ERRNO(ENOSYS), absent, ARRAY_SIZE(absent))
		       ?: add_names(filter, SCMP_ACT_ALLOW, allowed, ARRAY_SIZE(allowed))
		       ?: add_conditions(filter)
		       ?: add_bpf(filter)
		       ?: add_netlink(filter)
		       ?: add_abort(filter);
}

int syscalls_confine(struct error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!filter)
		return error_set(error, -ENOMEM, "system calls: libseccomp does not start");
	r = fill(filter) ?: seccomp_load(filter);
	seccomp_release(filter);
	return r < 0 ? error_set(error, r, "system calls: %s", strerror(-r)) : 0;
}
