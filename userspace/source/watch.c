// SPDX-License-Identifier: BSD-2-Clause
#include "source/watch.h"

#include <libgen.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/mem.h"

#define FILES_MASK                                                                                              \
	(IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | \
	 IN_ONLYDIR | IN_MASK_ADD)
#define ANCESTOR_MASK (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD)

struct watch {
	int fd;
	char *path;
	int files;     /* watch descriptor of the directory, or -1 while it is away */
	int ancestor;  /* of the nearest directory above it that is there */
	char *awaited; /* the name in that directory that leads to ours */
};

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->path);
	free(watch->awaited);
	free(watch);
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

/* Watches what the path leads to now. True when that is another directory than before. */
static bool rearm_files(struct watch *watch)
{
	int old = watch->files;

	watch->files = inotify_add_watch(watch->fd, watch->path, FILES_MASK);
	if (old >= 0 && old != watch->files && old != watch->ancestor)
		inotify_rm_watch(watch->fd, old);
	return watch->files != old;
}

/* Watches the nearest directory above path that is there, for the name that leads to path. */
static void rearm_ancestor(struct watch *watch)
{
	_cleanup_free_ char *below = xstrdup(watch->path);

	for (;;) {
		_cleanup_free_ char *for_dirname = xstrdup(below);
		_cleanup_free_ char *for_basename = xstrdup(below);
		const char *parent = dirname(for_dirname);
		int old = watch->ancestor;

		watch->ancestor = inotify_add_watch(watch->fd, parent, ANCESTOR_MASK);
		if (old >= 0 && old != watch->ancestor && old != watch->files)
			inotify_rm_watch(watch->fd, old);
		free(watch->awaited);
		watch->awaited = xstrdup(basename(for_basename));
		if (watch->ancestor >= 0 || strcmp(parent, below) == 0)
			return;
		free(below);
		below = xstrdup(parent);
	}
}

int watch_open(const char *path, struct watch **ret)
{
	_cleanup_(watch_freep) struct watch *watch = new0(struct watch);

	watch->files = watch->ancestor = -1;
	watch->path = xstrdup(path);
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		return -errno;
	watch->files = inotify_add_watch(watch->fd, path, FILES_MASK);
	if (watch->files < 0)
		return -errno;
	rearm_ancestor(watch);
	*ret = TAKE_PTR(watch);
	return 0;
}

/* One event's share of the news. */
static void take_event(struct watch *watch, const struct inotify_event *event, struct watch_news *news)
{
	if (event->mask & IN_Q_OVERFLOW) {
		news->any = news->everything = true;
	} else if (event->wd == watch->files) {
		news->any = true;
		if (event->mask & IN_IGNORED)
			watch->files = -1;
	} else if (event->wd == watch->ancestor) {
		if (event->mask & IN_IGNORED)
			watch->ancestor = -1;
		if (event->mask & (IN_IGNORED | IN_MOVE_SELF) ||
		    (event->len && strcmp(event->name, watch->awaited) == 0))
			news->any = true;
	}
}

struct watch_news watch_take(struct watch *watch, void (*touched)(void *data, const char *name), void *data)
{
	struct watch_news news = { 0 };
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(watch->fd, buffer, sizeof(buffer))) > 0) {
		const struct inotify_event *event;

		for (char *p = buffer; p < buffer + n; p += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)p;
			take_event(watch, event, &news);
			if (event->wd == watch->files && event->len && event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO))
				touched(data, event->name);
		}
	}
	if (!news.any)
		return news;
	rearm_ancestor(watch);
	if (rearm_files(watch))
		news.everything = true;
	return news;
}
