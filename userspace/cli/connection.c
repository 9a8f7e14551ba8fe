// SPDX-License-Identifier: BSD-2-Clause
#include "cli/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/mem.h"

void connection_target_free(struct connection_target *target)
{
	free(TAKE_PTR(target->to));
	free(TAKE_PTR(target->port));
	free(TAKE_PTR(target->protocol));
}

/* Where the end's name stops: behind the bracket of an IPv6 address, else at the colon of the port. */
static const char *end_of_name(const char *text)
{
	const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
	const char *colon = strchr(bracket ?: text, ':');

	return bracket ? bracket + 1 : colon ?: text + strlen(text);
}

/* "shop/db/ICMP" and "10.0.0.1/ICMP": what follows the name behind a slash of its own. */
static const char *protocol_behind_name(const char *text)
{
	const char *slash = strrchr(text, '/');
	_cleanup_free_ char *name = slash ? xstrndup(text, (size_t)(slash - text)) : NULL;
	struct addr addr;

	return name && (strchr(name, '/') || addr_parse(name, &addr) == 0) ? slash : NULL;
}

static char *name_of(const char *text, const char *end)
{
	const size_t length = (size_t)(end - text);

	return length >= 2 && text[0] == '[' && end[-1] == ']' ? xstrndup(text + 1, length - 2)
							       : xstrndup(text, length);
}

int connection_target_parse(const char *text, struct connection_target *ret, struct error *error)
{
	const char *end = end_of_name(text), *slash;

	if (*end == ':' && strchr(end + 1, ':'))
		return error_set(error, -EINVAL, "%s: an IPv6 address goes into brackets, as in [fd00::1]:80", text);
	if (*end == ':') {
		slash = strchr(end, '/');
		ret->port = slash ? xstrndup(end + 1, (size_t)(slash - end - 1)) : xstrdup(end + 1);
	} else {
		slash = *end == '/' ? end : protocol_behind_name(text);
		if (!slash)
			return error_set(error, -EINVAL, "%s: needs a port, as in %s:80 or %s:53/UDP", text, text,
					 text);
		end = slash;
	}
	ret->to = name_of(text, end);
	ret->protocol = xstrdup(slash ? slash + 1 : "TCP");
	return 0;
}
