// SPDX-License-Identifier: BSD-2-Clause
#include "agent/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"

/* Newer than the oldest headers that weir is built with. */
#define FS_TRUNCATE	    (1ull << 14) /* ABI 3 */
#define FS_IOCTL_DEV	    (1ull << 15) /* ABI 5 */
#define NET_BIND	    (1ull << 0)
#define NET_CONNECT	    (1ull << 1)
#define RULE_PORT	    2
#define SCOPE_ABSTRACT_UNIX (1ull << 0)
#define SCOPE_SIGNAL	    (1ull << 1)

struct ruleset {
	uint64_t fs;
	uint64_t net;	 /* ABI 4 */
	uint64_t scoped; /* ABI 6 */
};

struct port_rule {
	uint64_t access;
	uint64_t port;
};

#define OF_FILES                                                                                                   \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | \
	 FS_IOCTL_DEV)

static const uint64_t accesses[] = {
	[LANDLOCK_READ_FILES] = LANDLOCK_ACCESS_FS_READ_FILE,
	[LANDLOCK_READ] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	[LANDLOCK_WRITE] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
			   FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
			   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR,
};

/* Everything that this ABI can refuse. */
static uint64_t known_fs(int abi)
{
	uint64_t known = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		known |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		known |= FS_TRUNCATE;
	if (abi >= 5)
		known |= FS_IOCTL_DEV;
	return known;
}

static size_t size_of(int abi)
{
	return abi >= LANDLOCK_ABI_SCOPES  ? sizeof(struct ruleset)
	       : abi >= LANDLOCK_ABI_PORTS ? offsetof(struct ruleset, scoped)
					   : offsetof(struct ruleset, net);
}

int landlock_open(bool is_notified, struct landlock *ret)
{
	const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset ruleset = {
		.fs = known_fs((int)abi),
		.net = NET_BIND | NET_CONNECT,
		.scoped = SCOPE_SIGNAL | (is_notified ? 0 : SCOPE_ABSTRACT_UNIX),
	};
	long fd;

	if (abi < 0)
		return -errno;
	fd = syscall(SYS_landlock_create_ruleset, &ruleset, size_of((int)abi), 0);
	if (fd < 0)
		return -errno;
	*ret = (struct landlock){ .fd = (int)fd, .abi = (int)abi };
	return 0;
}

int landlock_allow(const struct landlock *landlock, const char *path, enum landlock_access access)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	rule.allowed_access =
		access == LANDLOCK_PIN ? accesses[LANDLOCK_WRITE] | LANDLOCK_ACCESS_FS_MAKE_SYM : accesses[access];
	rule.allowed_access &= known_fs(landlock->abi);
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	return syscall(SYS_landlock_add_rule, landlock->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int landlock_connect(const struct landlock *landlock, uint16_t port)
{
	const struct port_rule rule = { NET_CONNECT, port };

	if (landlock->abi < LANDLOCK_ABI_PORTS)
		return 0;
	return syscall(SYS_landlock_add_rule, landlock->fd, RULE_PORT, &rule, 0) < 0 ? -errno : 0;
}

int landlock_enforce(struct landlock *landlock)
{
	_cleanup_close_ int fd = TAKE_FD(landlock->fd);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}
