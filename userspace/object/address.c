// SPDX-License-Identifier: BSD-2-Clause
#include "object/address.h"

#include <stdlib.h>
#include <string.h>

bool read_address(const struct field *field, struct addr *ret)
{
	const char *text = field_string(field);

	if (text && addr_parse(text, ret) < 0) {
		field_error(field, QUOTE " must be an IPv4 or IPv6 address (IPv4 written as IPv4)", QUOTED(text));
		return false;
	}
	return text != NULL;
}

void read_address_into(const struct field *field, addr_list *list)
{
	struct addr addr;

	if (!read_address(field, &addr))
		return;
	vec_for_each (known, list) {
		if (addr_compare(known, &addr) == 0)
			return;
	}
	vec_push(list, addr);
}
