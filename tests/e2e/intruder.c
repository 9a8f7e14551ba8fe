// SPDX-License-Identifier: BSD-2-Clause
/*
 * Somebody inside the agent: loaded into it (LD_PRELOAD), and on SIGUSR2 does what
 * the file $INTRUDER asks for by name, and writes behind it what came of it:
 * 0 or the errno. $INTRUDER_LANDLOCK is the Landlock ABI that the agent shall find,
 * 0: none.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define ORDER_MAX 64
#define PORT	  4444

static int orders = -1;

static int result_of(long r)
{
	return r < 0 ? errno : 0;
}

static int closed(int fd)
{
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static const char *environment(const char *name)
{
	return getenv(name) ?: "/nonexistent";
}

/* --- files ---------------------------------------------------------------------- */

static int read_shadow(void)
{
	return closed(open("/etc/shadow", O_RDONLY));
}

static int write_shadow(void)
{
	return closed(open("/etc/shadow", O_WRONLY | O_APPEND));
}

static int list_home(void)
{
	return closed(open("/root", O_RDONLY | O_DIRECTORY));
}

static int read_settings(void)
{
	return closed(open("/etc/passwd", O_RDONLY));
}

static int make_in(const char *directory)
{
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/intruder-%d", directory, getpid());
	r = closed(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	unlink(path);
	return r;
}

static int make_in_tmp(void)
{
	return make_in("/tmp");
}

static int make_in_state(void)
{
	return make_in(environment("INTRUDER_STATE"));
}

static int make_in_source(void)
{
	return make_in(environment("INTRUDER_SOURCE"));
}

static int read_source(void)
{
	return closed(open(environment("INTRUDER_SOURCE"), O_RDONLY | O_DIRECTORY));
}

static int make_pins(void)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/sys/fs/bpf/weir-intruder-%d", getpid());
	r = result_of(mkdir(path, 0700));
	rmdir(path);
	return r;
}

static int pin_below(const char *directory)
{
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	union bpf_attr pin = {};
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/intruder-%d", directory, getpid());
	pin.pathname = (uint64_t)(uintptr_t)path;
	pin.bpf_fd = (uint32_t)syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
	r = result_of(syscall(SYS_bpf, BPF_OBJ_PIN, &pin, sizeof(pin)));
	close((int)pin.bpf_fd);
	unlink(path);
	return r;
}

static int pin_elsewhere(void)
{
	return pin_below("/sys/fs/bpf");
}

static int pin_own(void)
{
	return pin_below(environment("INTRUDER_BPFFS"));
}

static int give_away(void)
{
	return result_of(chown(environment("INTRUDER_STATE"), 0, 0));
}

/* --- the network ------------------------------------------------------------------ */

static int with_address(int (*call)(int fd, const struct sockaddr *address, socklen_t size))
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(PORT),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	const int r = fd < 0 ? errno : result_of(call(fd, (const struct sockaddr *)&address, sizeof(address)));

	close(fd);
	return r;
}

static int connect_tcp(void)
{
	return with_address(connect);
}

static int bind_tcp(void)
{
	return with_address(bind);
}

static int listen_unix(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int r;

	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "intruder-%d", getpid());
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : result_of(listen(fd, 1));
	close(fd);
	return r;
}

static int packet_socket(void)
{
	return closed(socket(AF_PACKET, SOCK_RAW, 0));
}

static int raw_socket(void)
{
	return closed(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int netfilter_socket(void)
{
	return closed(socket(AF_NETLINK, SOCK_RAW, 12));
}

static int stream_socket(void)
{
	return closed(socket(AF_INET6, SOCK_STREAM, 0));
}

/* --- the process and the kernel ----------------------------------------------------- */

static void *nothing(void *data)
{
	return data;
}

static int make_thread(void)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, nothing, NULL);

	return r ?: pthread_join(thread, NULL);
}

static int make_process(void)
{
	const pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result_of(pid);
}

static int signal_parent(void)
{
	return result_of(kill(getppid(), 0));
}

static int map_code(int first, int later)
{
	void *memory = mmap(NULL, 4096, first, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r;

	if (memory == MAP_FAILED)
		return errno;
	r = later ? result_of(mprotect(memory, 4096, later)) : 0;
	munmap(memory, 4096);
	return r;
}

static int map_writable_code(void)
{
	return map_code(PROT_READ | PROT_WRITE | PROT_EXEC, 0);
}

static int run_data(void)
{
	return map_code(PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC);
}

static int raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_CORE, &limit);
	return result_of(setrlimit(RLIMIT_CORE, &limit));
}

static int change_user(void)
{
	return result_of(setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1));
}

static int watch_process(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_CPU_CLOCK };

	return closed((int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int run_program(void)
{
	char *const words[] = { "/bin/true", NULL };

	return result_of(execve(words[0], words, words));
}

static int mount_something(void)
{
	return result_of(mount("none", "/nonexistent", "tmpfs", 0, NULL));
}

static const struct {
	const char *name;
	int (*attempt)(void);
} attempts[] = {
	{ "read-shadow", read_shadow },
	{ "write-shadow", write_shadow },
	{ "read-passwd", read_settings },
	{ "list-home", list_home },
	{ "make-in-tmp", make_in_tmp },
	{ "make-in-source", make_in_source },
	{ "make-in-state", make_in_state },
	{ "read-source", read_source },
	{ "make-pins", make_pins },
	{ "pin-elsewhere", pin_elsewhere },
	{ "pin-own", pin_own },
	{ "give-away", give_away },
	{ "connect", connect_tcp },
	{ "bind", bind_tcp },
	{ "listen", listen_unix },
	{ "packet-socket", packet_socket },
	{ "raw-socket", raw_socket },
	{ "netfilter-socket", netfilter_socket },
	{ "stream-socket", stream_socket },
	{ "thread", make_thread },
	{ "fork", make_process },
	{ "signal", signal_parent },
	{ "writable-code", map_writable_code },
	{ "run-data", run_data },
	{ "limit", raise_limit },
	{ "user", change_user },
	{ "perf", watch_process },
	{ "exec", run_program },
	{ "mount", mount_something },
};

static void obey(int signal)
{
	char order[ORDER_MAX] = "", answer[32];
	const ssize_t n = pread(orders, order, sizeof(order) - 1, 0);

	for (size_t i = 0; n > 0 && i < sizeof(attempts) / sizeof(*attempts); i++) {
		if (strcmp(order, attempts[i].name) != 0)
			continue;
		const int length = snprintf(answer, sizeof(answer), " %d\n", attempts[i].attempt());

		if (pwrite(orders, answer, (size_t)length, n) < 0)
			abort();
	}
}

__attribute__((constructor)) static void enter(void)
{
	orders = open(environment("INTRUDER"), O_RDWR | O_CLOEXEC);
	signal(SIGUSR2, obey);
}

/* The agent's Landlock is that of an older kernel. */
long syscall(long number, ...)
{
	long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	const char *abi = getenv("INTRUDER_LANDLOCK");
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_landlock_create_ruleset && abi) {
		errno = EOPNOTSUPP;
		if (!atoi(abi))
			return -1;
		if (!a[0])
			return atoi(abi);
	}
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
