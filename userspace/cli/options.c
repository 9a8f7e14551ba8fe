// SPDX-License-Identifier: BSD-2-Clause
/* What a command asks of its parsed options. */
#include <errno.h>
#include <string.h>

#include "cli/command.h"

const char *option_next(const struct invocation *invocation, const char *name, size_t *position)
{
	while (*position < invocation->options.n) {
		const struct option_value *value = &invocation->options.items[(*position)++];

		if (!strcmp(value->option->name, name))
			return value->value;
	}
	return NULL;
}

bool option_given(const struct invocation *invocation, const char *name)
{
	vec_for_each (value, &invocation->options) {
		if (!strcmp(value->option->name, name))
			return true;
	}
	return false;
}

const char *option_value(const struct invocation *invocation, const char *name, const char *fallback)
{
	const char *value, *last = fallback;
	size_t position = 0;

	while ((value = option_next(invocation, name, &position)))
		last = value;
	return last;
}

int option_number(const struct invocation *invocation, const char *name, unsigned min, unsigned max, unsigned *ret)
{
	const char *text = option_value(invocation, name, NULL);
	unsigned long number;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || number < min || number > max) {
		wrong_usage(invocation, "--%s %s: not a number from %u to %u", name, text, min, max);
		return -EINVAL;
	}
	*ret = number;
	return 0;
}
