/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/names.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define LABEL_MAX     63
#define SUBDOMAIN_MAX 253
#define PORT_NAME_MAX 15
#define TEXT_MAX      100

#define LOWER	     "abcdefghijklmnopqrstuvwxyz"
#define DIGITS	     "0123456789"
#define ALPHANUMERIC LOWER DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* 1 to max characters: first and last of edge, those between of edge or inside. */
static bool is_word(const char *text, size_t n, size_t max, const char *edge, const char *inside)
{
	if (n < 1 || n > max || !strchr(edge, text[0]) || !strchr(edge, text[n - 1]))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!strchr(edge, text[i]) && !strchr(inside, text[i]))
			return false;
	}
	return true;
}

static bool is_subdomain(const char *text, size_t n)
{
	const char *end = text + n;

	if (n > SUBDOMAIN_MAX)
		return false;
	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		const char *stop = dot ?: end;

		if (!is_word(text, (size_t)(stop - text), SUBDOMAIN_MAX, LOWER DIGITS, "-"))
			return false;
		if (!dot)
			return true;
		text = dot + 1;
	}
}

const char *name_check_label(const char *text)
{
	if (is_word(text, strlen(text), LABEL_MAX, LOWER DIGITS, "-"))
		return NULL;
	return "must be 1 to 63 of a-z, 0-9 and '-', with a letter or digit first and last (RFC 1123 label)";
}

const char *name_check_subdomain(const char *text)
{
	if (is_subdomain(text, strlen(text)))
		return NULL;
	return "must be 1 to 253 of a-z, 0-9, '-' and '.', with a letter or digit first and last in each part "
	       "(RFC 1123 subdomain)";
}

const char *name_check_label_key(const char *text)
{
	const char *slash = strchr(text, '/');
	const char *name = slash ? slash + 1 : text;

	if ((!slash || is_subdomain(text, (size_t)(slash - text))) &&
	    is_word(name, strlen(name), LABEL_MAX, ALPHANUMERIC, "-_."))
		return NULL;
	return "must be a name of 1 to 63 letters, digits, '-', '_' and '.', with a letter or digit first and last, "
	       "behind an optional DNS name and '/'";
}

const char *name_check_label_value(const char *text)
{
	if (!*text || is_word(text, strlen(text), LABEL_MAX, ALPHANUMERIC, "-_."))
		return NULL;
	return "must be empty or at most 63 letters, digits, '-', '_' and '.', with a letter or digit first and last";
}

const char *name_check_port(const char *text)
{
	if (is_word(text, strlen(text), PORT_NAME_MAX, LOWER DIGITS, "-") && strpbrk(text, LOWER) &&
	    !strstr(text, "--"))
		return NULL;
	return "must be a port number without quotes, or a name of 1 to 15 of a-z, 0-9 and single '-', with a letter "
	       "in it and a letter or digit first and last";
}

const char *name_check_text(const char *text)
{
	size_t n = 0;
	bool valid = true;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		n += (*c & 0xc0) != 0x80;
		if (*c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
			valid = false;
	}
	return valid && n <= TEXT_MAX ? NULL : "must be at most 100 characters, none of them a control character";
}

/* As the kernel's dev_valid_name() has it, and without control characters. */
const char *name_check_interface(const char *text)
{
	size_t n = strlen(text);
	bool valid = n >= 1 && n < IF_NAMESIZE && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;

	for (const char *c = text; *c; c++) {
		if (*c == '/' || *c == ':' || (unsigned char)*c <= ' ' || *c == 0x7f)
			valid = false;
	}
	return valid ? NULL : "must be a network interface: 1 to 15 characters without '/', ':' and white space";
}
