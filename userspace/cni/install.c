// SPDX-License-Identifier: BSD-2-Clause
#include "cni/install.h"

#include <dirent.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "cni/conflist.h"
#include "cni/request.h"

#define PROGRAM_MAX ((size_t)64 << 20)
#define SELF	    "/proc/self/exe"
#define SINGLE	    ".conf"
#define LIST	    ".conflist"
#define LOOK_AGAIN                   \
	(const struct timespec)      \
	{                            \
		.tv_nsec = 200000000 \
	}
#define LOOKS_SECOND 5

/* --- the program --------------------------------------------------------------- */

static int copy_program(const char *bin_dir, struct error *error)
{
	_cleanup_free_ char *path = xasprintf("%s/" CONFLIST_TYPE, bin_dir), *text = NULL;
	size_t length;
	int r = file_read(SELF, PROGRAM_MAX, &text, &length);

	if (r == 0)
		r = make_directories(bin_dir, 0755);
	if (r == 0)
		r = file_replace_mode(path, text, length, 0755);
	return r < 0 ? error_set(error, r, "%s can't be written: %s", path, strerror(-r)) : 0;
}

/* --- the list ------------------------------------------------------------------ */

static bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text), part = strlen(end);

	return length > part && strcmp(text + length - part, end) == 0;
}

static int is_config(const struct dirent *entry)
{
	return *entry->d_name != '.' && (ends_with(entry->d_name, LIST) || ends_with(entry->d_name, SINGLE) ||
					 ends_with(entry->d_name, ".json"));
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The one that runtimes take: the first by name. -ENOENT: there is none. */
static int first_config(const char *conf_dir, char **ret_path, struct error *error)
{
	struct dirent **entries = NULL;
	int n = scandir(conf_dir, &entries, is_config, compare_names);

	if (n < 0 && errno != ENOENT)
		return error_set(error, -errno, "%s can't be read: %s", conf_dir, strerror(errno));
	if (n > 0)
		*ret_path = xasprintf("%s/%s", conf_dir, entries[0]->d_name);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	return n > 0 ? 0 : error_set(error, -ENOENT, "there is no network configuration in %s", conf_dir);
}

static int wait_for_config(const struct install_options *options, char **ret_path, struct error *error)
{
	int r = first_config(options->conf_dir, ret_path, error);

	for (unsigned i = 0; r == -ENOENT && i < options->wait_seconds * LOOKS_SECOND; i++) {
		nanosleep(&LOOK_AGAIN, NULL);
		r = first_config(options->conf_dir, ret_path, error);
	}
	return r;
}

static int read_config(const char *path, json_t **ret, struct error *error)
{
	_cleanup_free_ char *text = NULL;
	json_error_t why;
	size_t length;
	int r = file_read(path, CNI_CONFIG_MAX, &text, &length);

	if (r < 0)
		return error_set(error, r, "%s can't be read: %s (it was left alone)", path, strerror(-r));
	*ret = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
	if (!*ret)
		return error_set(error, -EBADMSG, "%s: line %d: %s (it was left alone)", path, why.line, why.text);
	return 0;
}

static int write_config(const char *path, const json_t *config, struct error *error)
{
	_cleanup_free_ char *json = json_dumps(config, JSON_INDENT(2));
	_cleanup_free_ char *text = xasprintf("%s\n", json ?: "");
	int r = json ? file_replace_mode(path, text, strlen(text), 0644) : -ENOMEM;

	return r < 0 ? error_set(error, r, "%s can't be written: %s", path, strerror(-r)) : 0;
}

/* Of a single plugin a list is made, with the name that comes next to it, and then the single one goes. */
static char *list_path(const char *path)
{
	const char *dot = strrchr(path, '.');

	return ends_with(path, LIST) ? xstrdup(path) : xasprintf("%.*s" LIST, (int)(dot - path), path);
}

static int add_to_list(const struct install_options *options, char **ret_said, struct error *error)
{
	_cleanup_free_ char *path = NULL, *to = NULL;
	json_auto_t *config = NULL, *list = NULL;
	int r = wait_for_config(options, &path, error) ?: read_config(path, &config, error);

	if (r < 0)
		return r;
	if (conflist_add(config, options->socket, &list, error) < 0)
		return error_prefix(error, "%s", path);
	to = list_path(path);
	if (strcmp(path, to) == 0 && json_equal(config, list)) {
		*ret_said = xasprintf("%s has " CONFLIST_TYPE " already", path);
		return 0;
	}
	r = write_config(to, list, error);
	if (r < 0)
		return r;
	if (strcmp(path, to) != 0 && unlink(path) < 0)
		return error_set(error, -errno, "%s can't be removed: %s", path, strerror(errno));
	*ret_said = strcmp(path, to) == 0
			    ? xasprintf(CONFLIST_TYPE " is the first and the last plugin of %s", path)
			    : xasprintf("%s was one plugin and is %s now, with " CONFLIST_TYPE " as its first and last",
					path, to);
	return 0;
}

int install(const struct install_options *options, char **ret_said, struct error *error)
{
	/* The program first: a list that names a plugin that isn't there starts no pods. */
	return copy_program(options->bin_dir, error) ?: add_to_list(options, ret_said, error);
}

/* --- and away again ------------------------------------------------------------- */

static int remove_from(const char *path, unsigned *n, struct error *error)
{
	json_auto_t *config = NULL, *list = NULL;
	int r = read_config(path, &config, error);

	if (r < 0)
		return r;
	if (!conflist_has(config))
		return 0;
	if (conflist_remove(config, &list, error) < 0)
		return error_prefix(error, "%s", path);
	*n += 1;
	if (json_array_size(json_object_get(list, "plugins")))
		return write_config(path, list, error);
	return unlink(path) < 0 ? error_set(error, -errno, "%s can't be removed: %s", path, strerror(errno)) : 0;
}

/* All of them: it may have been the first of them once. */
static int remove_from_lists(const char *conf_dir, unsigned *ret_n, struct error *error)
{
	struct dirent **entries = NULL;
	int r = 0, n = scandir(conf_dir, &entries, is_config, compare_names);

	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", conf_dir, entries[i]->d_name);
		int failed = remove_from(path, ret_n, error);

		r = r < 0 ? r : failed;
		free(entries[i]);
	}
	free(entries);
	return n < 0 && errno != ENOENT ? error_set(error, -errno, "%s can't be read: %s", conf_dir, strerror(errno))
					: r;
}

int uninstall(const struct install_options *options, char **ret_said, struct error *error)
{
	_cleanup_free_ char *path = xasprintf("%s/" CONFLIST_TYPE, options->bin_dir);
	unsigned n = 0;
	int r = remove_from_lists(options->conf_dir, &n, error);

	/* As long as a list may name it, it has to be there. */
	if (r < 0)
		return r;
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set(error, -errno, "%s can't be removed: %s", path, strerror(errno));
	*ret_said = xasprintf("%s is gone, and from %u lists in %s", path, n, options->conf_dir);
	return 0;
}
