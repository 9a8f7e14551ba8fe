/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define READ_FIRST 16384

static int open_retry(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static int read_all(int fd, size_t limit, char **ret_text, size_t *ret_length)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0, capacity = 0;

	for (;;) {
		ssize_t n;

		if (capacity - length < 2) {
			capacity = capacity ? capacity * 2 : READ_FIRST;
			text = xrealloc(text, capacity, 1);
		}
		n = read(fd, text + length, capacity - length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
		if (length > limit)
			return -EFBIG;
	}
	text[length] = '\0';
	*ret_text = TAKE_PTR(text);
	*ret_length = length;
	return 0;
}

int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length)
{
	_cleanup_close_ int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, limit, ret_text, ret_length);
	fd = open_retry(path, O_RDONLY);
	if (fd < 0)
		return fd;
	return read_all(fd, limit, ret_text, ret_length);
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		length -= (size_t)n;
	}
	return 0;
}

/* The new file keeps the old one's mode. */
static int write_synced(int fd, const char *path, const char *text, size_t length, unsigned mode)
{
	struct stat old;
	int r;

	if (fchmod(fd, stat(path, &old) == 0 ? old.st_mode & 07777 : mode) < 0)
		return -errno;
	r = write_all(fd, text, length);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

struct replacement {
	char *directory, *temporary;
};

static void replacement_free(struct replacement *replacement)
{
	free(replacement->directory);
	free(replacement->temporary);
}

/* suffix: what makes the temporary file's name. It is hidden, so that whoever watches the directory leaves it alone. */
static struct replacement replacement_of(const char *path, const char *suffix)
{
	const char *slash = strrchr(path, '/');
	struct replacement replacement = {};

	replacement.directory = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("./");
	replacement.temporary = xasprintf("%s.%s.%s", replacement.directory, slash ? slash + 1 : path, suffix);
	return replacement;
}

/* fd: the temporary file's, or -errno. */
static int put_in_place(const struct replacement *replacement, int fd, int r, const char *path)
{
	_cleanup_close_ int directory_fd = -1;

	if (r == 0 && rename(replacement->temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		if (fd >= 0)
			unlink(replacement->temporary);
		return r;
	}
	/*
	 * From here on readers see the new file, whatever fsync says: an error
	 * would tell the caller that the old one is still there.
	 */
	directory_fd = open_retry(replacement->directory, O_RDONLY | O_DIRECTORY);
	if (directory_fd >= 0)
		(void)fsync(directory_fd);
	return 0;
}

int file_replace(const char *path, const char *text, size_t length)
{
	return file_replace_mode(path, text, length, S_IRUSR | S_IWUSR);
}

int file_replace_mode(const char *path, const char *text, size_t length, unsigned mode)
{
	_cleanup_(replacement_free) struct replacement replacement = replacement_of(path, "XXXXXX");
	_cleanup_close_ int fd = mkostemp(replacement.temporary, O_CLOEXEC);
	int r = fd < 0 ? -errno : write_synced(fd, path, text, length, mode);

	return put_in_place(&replacement, fd, r, path);
}

int file_replace_alone(const char *path, const char *text, size_t length)
{
	_cleanup_(replacement_free) struct replacement replacement = replacement_of(path, "new");
	_cleanup_close_ int fd =
		open(replacement.temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	int r = fd < 0 ? -errno : write_synced(fd, path, text, length, S_IRUSR | S_IWUSR);

	return put_in_place(&replacement, fd, r, path);
}

static int make_directory(const char *path, unsigned mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int make_directories(const char *path, unsigned mode)
{
	_cleanup_free_ char *copy = xstrdup(path);

	for (char *slash = copy + 1; *copy && (slash = strchr(slash, '/')); slash++) {
		int r;

		*slash = '\0';
		r = make_directory(copy, mode);
		if (r < 0)
			return r;
		*slash = '/';
	}
	return make_directory(copy, mode);
}
