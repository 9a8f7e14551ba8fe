/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inotify on one directory by path: it may be deleted, come back, or be
 * another directory after a symbolic link on its way was swapped. While it is
 * away its nearest ancestor is watched instead.
 */
#ifndef WEIR_SOURCE_WATCH_H
#define WEIR_SOURCE_WATCH_H

#include <stdbool.h>

#include "base/cleanup.h"

struct watch;

int watch_open(const char *path, struct watch **ret);
void watch_free(struct watch *watch);
DEFINE_CLEANUP(struct watch, watch_free);

int watch_fd(const struct watch *watch);

/* What the events taken say must be looked at. */
struct watch_news {
	bool any;	 /* the directory's list of files may have changed */
	bool everything; /* events were lost, or the directory is another one: nothing known of a file holds */
};

/*
 * Takes every pending event. A name that was written or moved into place is
 * passed to touched(). To be called before the directory is read, so that no
 * change falls between.
 */
struct watch_news watch_take(struct watch *watch, void (*touched)(void *data, const char *name), void *data);

#endif
