// SPDX-License-Identifier: BSD-2-Clause
/* The directory on the BPF file system that holds everything that outlives the agent. */
#include <dirent.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "datapath/datapath_private.h"

#define BPFFS_MOUNT "/sys/fs/bpf"

static unsigned long file_system(const char *path)
{
	struct statfs s;

	/* f_type is signed on some machines, and the magic has its top bit set. */
	return statfs(path, &s) < 0 ? 0 : (uint32_t)s.f_type;
}

bool bpffs_is(const char *path)
{
	return file_system(path) == BPF_FS_MAGIC;
}

static void strip_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		strcpy(path, ".");
	else if (slash == path)
		path[1] = '\0';
	else
		*slash = '\0';
}

static void nearest_existing(const char *path, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s", path);
	while (access(ret, F_OK) < 0 && strcmp(ret, ".") && strcmp(ret, "/"))
		strip_last(ret);
}

/* Mounts only where the kernel meant it to be and nobody has put anything else. */
static int mount_if_missing(const char *existing, struct error *error)
{
	if (strcmp(existing, BPFFS_MOUNT) != 0 || file_system(existing) != SYSFS_MAGIC)
		return 0;
	if (mount("bpf", BPFFS_MOUNT, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") == 0)
		return 0;
	return error_set(error, -errno, "mount the BPF file system at " BPFFS_MOUNT ": %s (run as root)",
			 strerror(errno));
}

static int make_directory(const char *path, struct error *error)
{
	int r = make_directories(path, 0700);

	return r < 0 ? error_set(error, r, "make directory %s: %s%s", path, strerror(-r),
				 r == -EACCES || r == -EPERM ? " (run as root)" : "")
		     : 0;
}

int bpffs_prepare(const char *root, struct error *error)
{
	static const char *const parts[] = { "links", "clsact", "offloads" };
	char existing[PATH_MAX], path[PIN_PATH_MAX];
	int r;

	if (!*root || strlen(root) >= PATH_MAX)
		return error_set(error, -EINVAL, "open BPF directory: its path is empty or too long");
	nearest_existing(root, existing);
	r = mount_if_missing(existing, error);
	if (r < 0)
		return r;
	nearest_existing(root, existing);
	if (!bpffs_is(existing))
		return error_set(error, -ENOTSUP,
				 "open BPF directory %s: not on a BPF file system (mount -t bpf bpf " BPFFS_MOUNT
				 ", and give a directory in it)",
				 root);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		pin_path(path, root, "%s", parts[i]);
		r = make_directory(path, error);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The path without symbolic links, as far as it exists, and without needless slashes beyond. */
static void canonical(const char *path, char ret[static PIN_PATH_MAX])
{
	char existing[PATH_MAX], real[PATH_MAX], rest[PATH_MAX];
	char *saved = NULL;

	nearest_existing(path, existing);
	snprintf(rest, sizeof(rest), "%s", strcmp(existing, ".") == 0 ? path : path + strlen(existing));
	if (!realpath(existing, real))
		strcpy(real, existing);
	int n = snprintf(ret, PIN_PATH_MAX, "%s", strcmp(real, "/") == 0 ? "" : real);
	for (char *part = strtok_r(rest, "/", &saved); part && n < PATH_MAX; part = strtok_r(NULL, "/", &saved))
		if (strcmp(part, ".") != 0)
			n += snprintf(ret + n, PIN_PATH_MAX - n, "/%s", part);
}

/* FNV-1a. */
uint32_t bpffs_number(const char *root)
{
	char path[PIN_PATH_MAX];
	uint32_t hash = 2166136261u;

	canonical(root, path);
	for (const char *c = path; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	return hash ?: 1;
}

void pin_path(char ret[static PIN_PATH_MAX], const char *root, const char *format, ...)
{
	int n = snprintf(ret, PATH_MAX, "%s/", root);
	va_list args;

	if (n < 0 || n >= PATH_MAX)
		n = PATH_MAX - 1;
	va_start(args, format);
	vsnprintf(ret + n, PIN_NAME_MAX, format, args);
	va_end(args);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int pins_visit(const char *directory, int (*visit)(void *data, const char *path, const char *name), void *data)
{
	struct dirent **names = NULL;
	int n = scandir(directory, &names, not_hidden, alphasort);
	int r = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		char path[PIN_PATH_MAX + NAME_MAX];

		snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);
		if (r == 0)
			r = visit(data, path, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return r;
}
