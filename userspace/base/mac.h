/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet addresses as text. */
#ifndef WEIR_BASE_MAC_H
#define WEIR_BASE_MAC_H

#include <stdint.h>

#define MAC_LENGTH   6
#define MAC_TEXT_MAX sizeof("02:00:5e:00:53:01")

/* "02:00:5e:00:53:01", of one station: -EINVAL for anything else, groups and zeros too. */
int mac_parse(const char *text, uint8_t ret[static MAC_LENGTH]);
/* Writes into text and returns it. */
const char *mac_format(const uint8_t mac[static MAC_LENGTH], char text[static MAC_TEXT_MAX]);

#endif
