// SPDX-License-Identifier: BSD-2-Clause
/*
 * libbpf's output. It has one print function a process and no context pointer,
 * so what it says to a thread is kept here until that makes an error of it: the first
 * line that means something (what libbpf tried), and the last (of a verifier's
 * log, the reason).
 */
#include <string.h>

#include "base/vec.h"
#include "datapath/datapath_private.h"

static _Thread_local struct {
	char first[160];
	char last[160];
} said;

/* Frames and totals of the verifier's log, and what libbpf repeats on the way out. */
static const char *const noise[] = {
	"-- BEGIN", "-- END", "processed ", "verification time", "stack depth", "failed to load",
};

static bool means_something(const char *line)
{
	if (!*line)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(noise); i++)
		if (strstr(line, noise[i]))
			return false;
	return true;
}

static void keep_line(const char *line)
{
	if (strncmp(line, "libbpf: ", 8) == 0)
		line += 8;
	if (!means_something(line))
		return;
	char *to = *said.first ? said.last : said.first;
	snprintf(to, sizeof(said.first), "%s", line);
}

__attribute__((format(printf, 2, 0))) static int keep(enum libbpf_print_level level, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;
	char *rest;

	if (level == LIBBPF_DEBUG)
		return 0;
	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return 0;
	}
	rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		keep_line(line);
	return 0;
}

void bpf_log_begin(void)
{
	libbpf_set_print(keep);
	*said.first = *said.last = '\0';
}

/* The verifier has its own words for whom it doesn't let reckon with pointers, which takes CAP_PERFMON. */
static bool lacks_right(int code)
{
	return code == -EPERM || (code == -EACCES && strstr(said.last, "prohibited for !root"));
}

int bpf_error(struct error *error, int code, const char *what)
{
	if (lacks_right(code))
		return error_set(error, code,
				 "%s: not permitted (run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)",
				 what);
	if (code == -EROFS)
		return error_set(error, code, "%s: %s (mount -o remount,rw, of the BPF file system)", what,
				 strerror(-code));
	if (!*said.first)
		return error_set(error, code, "%s: %s", what, strerror(-code));
	return error_set(error, code, "%s: %s%s%s (%s)", what, said.first, *said.last ? "; " : "", said.last,
			 strerror(-code));
}
