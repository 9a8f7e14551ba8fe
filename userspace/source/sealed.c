// SPDX-License-Identifier: BSD-2-Clause
#include "source/sealed.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

#define SEALED_VERSION	1
#define SEALED_SIZE_MAX ((size_t)1 << 31)

static uint32_t checksum(const char *text, size_t length)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), (const Bytef *)text, length);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

int sealed_write(const char *path, const char *format, const char *body, size_t n, struct error *error)
{
	size_t length = strlen(body);
	_cleanup_free_ char *text =
		xasprintf("{\"format\": \"%s\", \"version\": %d, \"lines\": %zu, \"crc32\": \"%08x\"}\n%s", format,
			  SEALED_VERSION, n, checksum(body, length), body);
	int r = file_replace_alone(path, text, strlen(text));

	if (r < 0)
		return error_set(error, r, "%s can't be written: %s%s", path, strerror(-r),
				 r == -ENOSPC || r == -EDQUOT ? " (free some space there)" : "");
	return 0;
}

/* What the header doesn't vouch for, in words; NULL when the body is whole. */
static const char *find_damage(const char *header, const char *format, const char *body)
{
	json_t *root = json_loads(header, 0, NULL);
	const char *its_format, *crc = NULL, *damage = NULL;
	json_int_t version, lines;

	if (!root || json_unpack(root, "{s:s, s:I, s:I, s:s}", "format", &its_format, "version", &version, "lines",
				 &lines, "crc32", &crc) < 0)
		damage = "its first line is not a header";
	else if (strcmp(its_format, format) != 0)
		damage = "it is a file of another kind";
	else if (version != SEALED_VERSION)
		damage = "it is of a version that this weir doesn't know";
	else if ((size_t)lines != count_lines(body))
		damage = "it is cut short";
	else if (strtoul(crc, NULL, 16) != checksum(body, strlen(body)))
		damage = "its checksum is wrong";
	json_decref(root);
	return damage;
}

/* Of the file, rather than of this moment. */
static bool is_lasting(int r)
{
	return r == -EISDIR || r == -ENOTDIR || r == -EACCES || r == -EPERM || r == -EIO || r == -EUCLEAN ||
	       r == -ELOOP || r == -ENXIO || r == -EFBIG;
}

int sealed_read(const char *path, const char *format, char **ret_body, struct error *error)
{
	_cleanup_free_ char *text = NULL;
	const char *damage;
	char *body;
	size_t length;
	int r = file_read(path, SEALED_SIZE_MAX, &text, &length);

	if (r < 0)
		return error_set(error, is_lasting(r) ? -EBADMSG : r, "%s can't be read: %s", path, strerror(-r));
	body = strchr(text, '\n');
	if (body)
		*body++ = '\0';
	if (!body || strlen(text) + 1 + strlen(body) != length)
		damage = "it is cut short or holds NUL bytes";
	else
		damage = find_damage(text, format, body);
	if (damage)
		return error_set(error, -EBADMSG, "%s can't be used: %s", path, damage);
	*ret_body = xstrdup(body);
	return 0;
}

/* What the copy says is no less true where it can't be written now. */
static void restore(const char *path, const char *format, const char *body, struct error *error)
{
	_cleanup_free_ char *said = NULL;

	if (error->code == -EBADMSG)
		sealed_put_aside(path, error);
	said = xstrdup(error->text);
	error_set(error, 0, "%s; its copy is used", said);
	sealed_write(path, format, body, count_lines(body), NULL);
}

int sealed_read_either(const char *path, const char *format, char **ret_body, struct error *error)
{
	_cleanup_free_ char *copy = xasprintf("%s.copy", path), *body = NULL;
	struct error of_file = {}, of_copy = {};
	int r = sealed_read(path, format, ret_body, &of_file), r_copy;

	if (r == 0)
		return 0;
	if (r != -ENOENT && r != -EBADMSG)
		return error_set(error, r, "%s", of_file.text);
	r_copy = sealed_read(copy, format, &body, &of_copy);
	if (r_copy == 0) {
		restore(path, format, body, &of_file);
		*ret_body = TAKE_PTR(body);
		return error_set(error, 0, "%s", of_file.text);
	}
	if (r_copy != -ENOENT && r_copy != -EBADMSG)
		return error_set(error, r_copy, "%s", of_copy.text);
	return error_set(error, r == r_copy ? r : -EBADMSG, "%s; nor can its copy: %s", of_file.text, of_copy.text);
}

int sealed_back_up(const char *path, struct error *error)
{
	_cleanup_free_ char *copy = xasprintf("%s.copy", path), *text = NULL, *old = NULL;
	size_t length, old_length;
	int r = file_read(path, SEALED_SIZE_MAX, &text, &length);

	if (r == 0 && file_read(copy, SEALED_SIZE_MAX, &old, &old_length) == 0 && old_length == length &&
	    memcmp(old, text, length) == 0)
		return 0;
	if (r == 0)
		r = file_replace_alone(copy, text, length);
	return r < 0 && r != -ENOENT ? error_set(error, r, "%s can't be written: %s", copy, strerror(-r)) : 0;
}

void sealed_put_aside(const char *path, struct error *error)
{
	_cleanup_free_ char *bad = xasprintf("%s.bad", path), *said = xstrdup(error->text);

	if (unlink(bad) < 0 && errno == EISDIR)
		rmdir(bad);
	if (rename(path, bad) == 0)
		error_set(error, error->code, "%s (it is kept as %s)", said, bad);
	else if (errno != ENOENT)
		error_set(error, error->code, "%s (and it can't be put aside as %s: %s)", said, bad, strerror(errno));
}
