/* SPDX-License-Identifier: BSD-2-Clause */
/* "TO:PORT[/PROTO]", as `weir explain` takes it. */
#ifndef WEIR_CLI_CONNECTION_H
#define WEIR_CLI_CONNECTION_H

#include "base/error.h"

struct connection_target {
	char *to;	/* "NS/POD" or an address */
	char *port;	/* NULL: none, as with ICMP */
	char *protocol; /* "TCP" unless given */
};

/*
 * "shop/db:5432", "10.0.0.1:53/UDP", "[fd00::1]:80", "shop/db/ICMP". The text of
 * each part is taken as it is: the agent knows which are right. -EINVAL when a
 * part is missing.
 */
int connection_target_parse(const char *text, struct connection_target *ret, struct error *error);
void connection_target_free(struct connection_target *target); /* what it holds */

#endif
