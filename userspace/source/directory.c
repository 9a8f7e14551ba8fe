// SPDX-License-Identifier: BSD-2-Clause
#include "source/directory.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>
#include <zlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "object/manifest.h"
#include "source/watch.h"

/* What a text looked like, to know it again without keeping it. */
struct fingerprint {
	size_t length;
	uLong crc32, adler32;
};

struct file {
	char *name;
	dev_t device;
	ino_t inode;
	bool read;    /* fingerprint holds */
	bool touched; /* an event named it since it was read */
	bool seen;    /* in this scan of the directory */
	bool broken;
	bool unknown; /* and was so in the first scan: there is no version to hold to */
	struct fingerprint fingerprint;
	struct objects good; /* of the last version that was right */
	struct diags diags;  /* of the last version, right or not */
	UT_hash_handle hh;
};

struct directory {
	char *path;
	struct watch *watch;
	struct file *files;
	struct objects all;	    /* borrows from files */
	struct objects old;	    /* that the last refresh replaced */
	struct objects_delta delta; /* of the last refresh */
	bool scanned;		    /* at least once */
	bool away;		    /* it could not be read last time */
};

static void delta_clear(struct directory *directory)
{
	objects_free(&directory->old);
	vec_free(&directory->delta.gone);
	vec_free(&directory->delta.come);
}

/* Gives a file its objects in place of those that it had. Leaves objects empty. */
static void take_objects(struct directory *directory, struct file *file, struct objects *objects)
{
	vec_for_each (object, &file->good.list) {
		vec_push(&directory->old.list, *object);
		vec_push(&directory->delta.gone, *object);
	}
	vec_free(&file->good.list);
	vec_for_each (object, &objects->list)
		vec_push(&directory->delta.come, *object);
	file->good = *objects;
	*objects = (struct objects){ 0 };
}

static void file_free(struct file *file)
{
	objects_free(&file->good);
	diags_free(&file->diags);
	free(file->name);
	free(file);
}

void directory_free(struct directory *directory)
{
	struct file *file, *next;

	if (!directory)
		return;
	HASH_ITER (hh, directory->files, file, next) {
		HASH_DEL(directory->files, file);
		file_free(file);
	}
	vec_free(&directory->all.list);
	delta_clear(directory);
	watch_free(directory->watch);
	free(directory->path);
	free(directory);
}

int directory_open(const char *path, struct directory **ret, struct error *error)
{
	_cleanup_(directory_freep) struct directory *directory = new0(struct directory);
	int r;

	directory->path = xstrdup(path);
	r = watch_open(path, &directory->watch);
	if (r == -ENOENT || r == -ENOTDIR)
		return error_set(error, r, "source dir:%s can't be opened: %s (create the directory, or name another)",
				 path, strerror(-r));
	if (r < 0)
		return error_set(error, r, "source dir:%s can't be watched: %s", path, strerror(-r));
	*ret = TAKE_PTR(directory);
	return 0;
}

int directory_fd(const struct directory *directory)
{
	return watch_fd(directory->watch);
}

const char *directory_path(const struct directory *directory)
{
	return directory->path;
}

const struct objects *directory_objects(const struct directory *directory)
{
	return &directory->all;
}

const struct objects_delta *directory_delta(const struct directory *directory)
{
	return &directory->delta;
}

size_t directory_broken(const struct directory *directory)
{
	size_t n = 0;

	for (struct file *file = directory->files; file; file = file->hh.next)
		n += file->broken;
	return n;
}

bool directory_unknown(const struct directory *directory)
{
	for (struct file *file = directory->files; file; file = file->hh.next) {
		if (file->unknown)
			return true;
	}
	return !directory->scanned;
}

static struct fingerprint fingerprint(const char *text, size_t length)
{
	return (struct fingerprint){
		.length = length,
		.crc32 = crc32_z(crc32_z(0, NULL, 0), (const Bytef *)text, length),
		.adler32 = adler32_z(adler32_z(0, NULL, 0), (const Bytef *)text, length),
	};
}

static bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
	return a->length == b->length && a->crc32 == b->crc32 && a->adler32 == b->adler32;
}

/* The file can't be read: it counts as broken until it is read again. */
static void file_unreadable(struct file *file, const char *path, int r)
{
	diags_free(&file->diags);
	diags_add(&file->diags, DIAG_ERROR, path, 0, 0, "", "can't be read: %s",
		  r == -EFBIG ? "larger than 64 MiB" : strerror(-r));
	file->broken = true;
	file->read = false;
}

/* Reads a file, last written at a time, again if its content differs. True when its objects are others now. */
static bool file_refresh(struct directory *directory, struct file *file, const char *path, time_t written)
{
	struct objects objects = { 0 };
	struct fingerprint now;
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	file->touched = false;
	r = file_read(path, MANIFEST_SIZE_MAX, &text, &length);
	if (r < 0) {
		file_unreadable(file, path, r);
		return false;
	}
	now = fingerprint(text, length);
	if (file->read && fingerprint_equal(&file->fingerprint, &now))
		return false;
	file->fingerprint = now;
	file->read = true;
	diags_free(&file->diags);
	file->broken = manifest_parse(path, text, length, 0, &objects, &file->diags) < 0;
	if (file->broken) {
		objects_free(&objects);
		return false;
	}
	vec_for_each (object, &objects.list)
		(*object)->changed = written;
	take_objects(directory, file, &objects);
	return true;
}

/* Finds the file's entry, or makes one. */
static struct file *file_entry(struct directory *directory, const char *name)
{
	struct file *file;

	HASH_FIND_STR(directory->files, name, file);
	if (!file) {
		file = new0(struct file);
		file->name = xstrdup(name);
		HASH_ADD_KEYPTR(hh, directory->files, file->name, strlen(file->name), file);
	}
	return file;
}

/*
 * Reads one file of the directory where it must be. A file that is the same
 * inode as before is left alone until an event says that its writer closed it:
 * in between it may be cut short, which would look like a shorter policy.
 */
static bool scan_file(struct directory *directory, const char *name, bool everything)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", directory->path, name);
	struct file *file;
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			return false;
		file = file_entry(directory, name);
		file->seen = true;
		file_unreadable(file, path, -errno);
		return false;
	}
	if (!S_ISREG(st.st_mode))
		return false;
	file = file_entry(directory, name);
	file->seen = true;
	if (!everything && !file->touched && file->read && st.st_dev == file->device && st.st_ino == file->inode)
		return false;
	file->device = st.st_dev;
	file->inode = st.st_ino;
	return file_refresh(directory, file, path, st.st_mtime);
}

/* Forgets the files that this scan did not see. True when objects went with them. */
static bool drop_unseen(struct directory *directory)
{
	struct file *file, *next;
	bool changed = false;

	HASH_ITER (hh, directory->files, file, next) {
		if (file->seen)
			continue;
		changed |= file->good.list.n > 0;
		take_objects(directory, file, &(struct objects){ 0 });
		HASH_DEL(directory->files, file);
		file_free(file);
	}
	return changed;
}

static int scan(struct directory *directory, bool everything, bool *ret_changed)
{
	DIR *dir = opendir(directory->path);
	const struct dirent *entry;
	bool changed = false;

	if (!dir)
		return -errno;
	for (struct file *file = directory->files; file; file = file->hh.next)
		file->seen = false;
	errno = 0;
	while ((entry = readdir(dir))) {
		if (manifest_file_name(entry->d_name))
			changed |= scan_file(directory, entry->d_name, everything);
		errno = 0;
	}
	if (errno) {
		int r = -errno;

		closedir(dir);
		return r;
	}
	closedir(dir);
	*ret_changed = drop_unseen(directory) | changed;
	return 0;
}

static int by_name(const struct file *a, const struct file *b)
{
	return strcmp(a->name, b->name);
}

/* Puts the files' objects in one list, by file name, so that its order doesn't depend on history. */
static void gather(struct directory *directory)
{
	HASH_SORT(directory->files, by_name);
	vec_free(&directory->all.list);
	for (struct file *file = directory->files; file; file = file->hh.next) {
		vec_for_each (object, &file->good.list)
			vec_push(&directory->all.list, *object);
	}
}

static void report(const struct directory *directory, struct diags *diags)
{
	for (const struct file *file = directory->files; file; file = file->hh.next) {
		vec_for_each (diag, &file->diags.list)
			diags_add(diags, diag->level, diag->file, diag->line, diag->column, diag->path, "%s",
				  diag->text);
	}
}

static void mark_touched(void *data, const char *name)
{
	struct directory *directory = data;
	struct file *file;

	HASH_FIND_STR(directory->files, name, file);
	if (file)
		file->touched = true;
}

static void note_unknown(struct directory *directory)
{
	for (struct file *file = directory->files; file; file = file->hh.next)
		file->unknown = file->broken && (file->unknown || !directory->scanned);
}

int directory_refresh(struct directory *directory, bool everything, bool *ret_changed, struct diags *diags,
		      struct error *error)
{
	struct watch_news news = watch_take(directory->watch, mark_touched, directory);
	bool changed = false;
	int r = 0;

	delta_clear(directory);
	if (everything || news.any || directory->away || !directory->scanned) {
		r = scan(directory, everything || news.everything, &changed);
		note_unknown(directory);
		directory->away = r < 0;
		directory->scanned |= r == 0;
	}
	if (changed)
		gather(directory);
	report(directory, diags);
	*ret_changed = changed;
	if (r < 0)
		return error_set(
			error, r,
			"source dir:%s can't be read: %s (what it held stays in force; bring the directory back)",
			directory->path, strerror(-r));
	return 0;
}
