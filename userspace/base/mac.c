// SPDX-License-Identifier: BSD-2-Clause
#include "base/mac.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/ether.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define GROUP 0x01 /* of the first byte: many stations */

/* ether_aton_r() takes far more than this. */
static bool is_well_formed(const char *text)
{
	if (strlen(text) != MAC_TEXT_MAX - 1)
		return false;
	for (size_t i = 0; text[i]; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

int mac_parse(const char *text, uint8_t ret[static MAC_LENGTH])
{
	static const struct ether_addr none;
	struct ether_addr mac;

	if (!is_well_formed(text) || !ether_aton_r(text, &mac))
		return -EINVAL;
	if (mac.ether_addr_octet[0] & GROUP || memcmp(&mac, &none, sizeof(mac)) == 0)
		return -EINVAL;
	memcpy(ret, mac.ether_addr_octet, MAC_LENGTH);
	return 0;
}

const char *mac_format(const uint8_t mac[static MAC_LENGTH], char text[static MAC_TEXT_MAX])
{
	snprintf(text, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return text;
}
