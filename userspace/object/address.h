/* SPDX-License-Identifier: BSD-2-Clause */
/* An address as the value of a field. */
#ifndef WEIR_OBJECT_ADDRESS_H
#define WEIR_OBJECT_ADDRESS_H

#include "base/addr.h"
#include "object/field.h"

/* Reports what is no address. */
bool read_address(const struct field *field, struct addr *ret);
/* Adds it to a list, each address once. */
void read_address_into(const struct field *field, addr_list *list);

#endif
