// SPDX-License-Identifier: BSD-2-Clause
/* ICMP errors: they follow the flow that they are about, and are otherwise judged as what they are. */
#define GROUP	     "packet icmp errors"
#define FAM	     IPV4_ONLY
#define ICMP	     IPPROTO_ICMP
#define IP_BYTES     20
#define KIND_A	     3 /* unreachable, among it "fragmentation needed" */
#define KIND_B	     11
#define KIND_C	     12
#define KIND_NONE    5 /* redirect */
#define KIND_NEITHER 4
#define ECHO_REQUEST 8
#define ROUTER	     "203.0.113.9"
#define NODE	     "10.0.1.5"
#define STRANGER     "10.0.1.6"

#define FAMILY_ROWS                                                                                                  \
	{ "an error about a packet with options follows", FAM, ONE_WAY,                                              \
	  .steps = { { SENDS, UDP, ADMITTED }, { REPLIES, ERR({ UDP_OF, .options = 12 }), FOLLOWS } } },             \
		{ "an error with options follows", FAM, ONE_WAY,                                                     \
		  .steps = { { SENDS, UDP, ADMITTED },                                                               \
			     { REPLIES,                                                                              \
			       .packet = { .protocol = ICMP, .icmp_type = KIND_A, .options = 8, QUOTE({ UDP_OF }) }, \
			       FOLLOWS } } },

#include "packet/icmp_errors.h"
