// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/service.h"
#include "base/cleanup.h"

/* A manager's socket, in the abstract namespace or at a path. */
static int manager(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, strlen(name));
	if (*name == '@')
		address.sun_path[0] = '\0';
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + strlen(name)),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void assert_told(int fd, const char *state)
{
	char heard[64] = "";

	assert_int_equal(recv(fd, heard, sizeof(heard) - 1, 0), strlen(state));
	assert_string_equal(heard, state);
}

static void a_manager_at_a_path_hears_it(void **state)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/weir-unit-service-%d", getpid());
	_cleanup_close_ int fd = manager(path);
	assert_int_equal(service_tell("READY=1"), 0);
	unlink(path);
	assert_told(fd, "READY=1");
}

static void a_manager_in_the_abstract_namespace_hears_it(void **state)
{
	char name[64];

	snprintf(name, sizeof(name), "@weir-unit-service-%d", getpid());
	_cleanup_close_ int fd = manager(name);
	assert_int_equal(service_tell("STOPPING=1"), 0);
	assert_told(fd, "STOPPING=1");
}

static void without_a_manager_nothing_is_wrong(void **state)
{
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(service_tell("READY=1"), 0);
}

static void what_is_no_socket_is_an_error(void **state)
{
	char path[200] = "/";

	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(service_tell("READY=1"), -EINVAL);
	memset(path + 1, 'x', sizeof(path) - 2);
	setenv("NOTIFY_SOCKET", path, 1);
	assert_int_equal(service_tell("READY=1"), -EINVAL);
	setenv("NOTIFY_SOCKET", "/nobody/is/here", 1);
	assert_int_equal(service_tell("READY=1"), -ENOENT);
}

static void the_watchdog_is_fed_twice_as_often_as_it_asks(void **state)
{
	char pid[16];

	unsetenv("WATCHDOG_USEC");
	assert_int_equal(service_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "60000000", 1);
	unsetenv("WATCHDOG_PID");
	assert_int_equal(service_watchdog_ms(), 30000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(service_watchdog_ms(), 0);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(service_watchdog_ms(), 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manager_at_a_path_hears_it),
		cmocka_unit_test(a_manager_in_the_abstract_namespace_hears_it),
		cmocka_unit_test(without_a_manager_nothing_is_wrong),
		cmocka_unit_test(what_is_no_socket_is_an_error),
		cmocka_unit_test(the_watchdog_is_fed_twice_as_often_as_it_asks),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
