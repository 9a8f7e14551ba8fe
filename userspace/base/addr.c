/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

int addr_parse(const char *text, struct addr *ret)
{
	struct addr addr = { .family = WEIR_IPV4 };

	if (inet_pton(AF_INET, text, addr.bytes) == 1) {
		*ret = addr;
		return 0;
	}
	addr = (struct addr){ .family = WEIR_IPV6 };
	if (inet_pton(AF_INET6, text, addr.bytes) != 1)
		return -EINVAL;
	/* One address must have one form, or a policy for the one would miss the other. */
	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)addr.bytes))
		return -EINVAL;
	*ret = addr;
	return 0;
}

/* Decimal without sign or leading zeros, at most max. */
static int length_parse(const char *text, unsigned max, uint8_t *ret)
{
	unsigned value = 0;
	size_t n = strlen(text);

	if (n < 1 || n > 3 || (n > 1 && text[0] == '0'))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(*text - '0');
	}
	if (value > max)
		return -EINVAL;
	*ret = (uint8_t)value;
	return 0;
}

/* The bits of byte i that a prefix of this length covers. */
static uint8_t mask_byte(unsigned length, unsigned i)
{
	unsigned covered = length > i * 8 ? length - i * 8 : 0;

	return covered >= 8 ? 0xff : (uint8_t)(0xff00u >> covered);
}

int cidr_parse(const char *text, struct cidr *ret, bool *ret_host_bits)
{
	const char *slash = strchr(text, '/');
	char address[ADDR_TEXT_MAX];
	struct cidr cidr;
	bool host_bits = false;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (addr_parse(address, &cidr.addr) < 0 ||
	    length_parse(slash + 1, addr_bits(cidr.addr.family), &cidr.length) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < addr_bits(cidr.addr.family) / 8; i++) {
		uint8_t mask = mask_byte(cidr.length, i);

		host_bits |= (cidr.addr.bytes[i] & ~mask) != 0;
		cidr.addr.bytes[i] &= mask;
	}
	*ret = cidr;
	if (ret_host_bits)
		*ret_host_bits = host_bits;
	return 0;
}

const char *addr_format(const struct addr *addr, char text[static ADDR_TEXT_MAX])
{
	return inet_ntop(addr->family == WEIR_IPV4 ? AF_INET : AF_INET6, addr->bytes, text, ADDR_TEXT_MAX);
}

const char *cidr_format(const struct cidr *cidr, char text[static CIDR_TEXT_MAX])
{
	size_t used = strlen(addr_format(&cidr->addr, text));

	snprintf(text + used, CIDR_TEXT_MAX - used, "/%u", cidr->length);
	return text;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool addr_lists_equal(const addr_list *a, const addr_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (addr_compare(&a->items[i], &b->items[i]) != 0)
			return false;
	}
	return true;
}

int cidr_compare(const struct cidr *a, const struct cidr *b)
{
	return addr_compare(&a->addr, &b->addr) ?: (int)a->length - (int)b->length;
}

bool cidr_contains(const struct cidr *cidr, const struct addr *addr)
{
	if (cidr->addr.family != addr->family)
		return false;
	for (unsigned i = 0; i * 8 < cidr->length; i++) {
		if ((cidr->addr.bytes[i] ^ addr->bytes[i]) & mask_byte(cidr->length, i))
			return false;
	}
	return true;
}

bool cidr_contains_cidr(const struct cidr *outer, const struct cidr *inner)
{
	return outer->length <= inner->length && cidr_contains(outer, &inner->addr);
}
