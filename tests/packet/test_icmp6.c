// SPDX-License-Identifier: BSD-2-Clause
/* ICMPv6 errors: they follow the flow that they are about, and are otherwise judged as what they are. */
#define GROUP	     "packet icmpv6 errors"
#define FAM	     IPV6_ONLY
#define ICMP	     IPPROTO_ICMPV6
#define IP_BYTES     40
#define KIND_A	     2 /* packet too big */
#define KIND_B	     1
#define KIND_C	     3
#define KIND_NONE    5 /* not assigned */
#define KIND_NEITHER 127
#define ECHO_REQUEST 128
#define ROUTER	     "2001:db9::9"
#define NODE	     "fd01::5"
#define STRANGER     "fd01::6"

#define FAMILY_ROWS                                                                                            \
	{ "a parameter problem follows", FAM, ONE_WAY,                                                         \
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERROR(4, 1, { UDP_OF }), FOLLOWS } } },              \
		{ "an error behind extension headers follows", FAM, ONE_WAY,                                   \
		  .steps = { { SENDS, UDP, ADMITTED },                                                         \
			     { REPLIES,                                                                        \
			       .packet = { .protocol = ICMP,                                                   \
					   .icmp_type = KIND_A,                                                \
					   .n_extensions = 2,                                                  \
					   .extensions = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS },                 \
					   QUOTE({ UDP_OF }) },                                                \
			       FOLLOWS } } },                                                                  \
		{ "an error about a packet with other extension headers is for policy", FAM, ONE_WAY,          \
		  .steps = { { SENDS, UDP, ADMITTED },                                                         \
			     { REPLIES, ERR({ UDP_OF, .n_extensions = 1, .extensions = { IPPROTO_DSTOPTS } }), \
			       NOT_FOLLOWED } } },

#include "packet/icmp_errors.h"
