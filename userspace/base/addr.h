/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 and IPv6 addresses and prefixes. Bytes are in network order. */
#ifndef WEIR_BASE_ADDR_H
#define WEIR_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "weir/image.h"

struct addr {
	enum weir_family family;
	uint8_t bytes[16]; /* IPv4 uses the first four, the rest are zero */
};

typedef VEC(struct addr) addr_list;

struct cidr {
	struct addr addr; /* host bits are zero */
	uint8_t length;
};

#define ADDR_TEXT_MAX 46
#define CIDR_TEXT_MAX 50

/* Strict: what inet_pton takes. IPv4-mapped IPv6 addresses are refused. 0 or -EINVAL. */
int addr_parse(const char *text, struct addr *ret);
/* "ADDR/LENGTH". Host bits are cleared; *ret_host_bits (may be NULL) says that there were some. 0 or -EINVAL. */
int cidr_parse(const char *text, struct cidr *ret, bool *ret_host_bits);

const char *addr_format(const struct addr *addr, char text[static ADDR_TEXT_MAX]);
const char *cidr_format(const struct cidr *cidr, char text[static CIDR_TEXT_MAX]);

int addr_compare(const struct addr *a, const struct addr *b);  /* by family, then bytes; for qsort */
bool addr_lists_equal(const addr_list *a, const addr_list *b); /* in the same order */
int cidr_compare(const struct cidr *a, const struct cidr *b);  /* by address, then shorter prefix first */

static inline unsigned addr_bits(enum weir_family family)
{
	return family == WEIR_IPV4 ? 32 : 128;
}

bool cidr_contains(const struct cidr *cidr, const struct addr *addr);
bool cidr_contains_cidr(const struct cidr *outer, const struct cidr *inner);

#endif
