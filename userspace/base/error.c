/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	error->code = code;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

int error_prefix(struct error *error, const char *format, ...)
{
	char said[sizeof(error->text)];
	va_list args;
	size_t used;

	if (!error)
		return 0;
	memcpy(said, error->text, sizeof(said));
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	used = strlen(error->text);
	snprintf(error->text + used, sizeof(error->text) - used, ": %s", said[0] ? said : strerror(-error->code));
	return error->code;
}
