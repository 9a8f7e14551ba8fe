/* SPDX-License-Identifier: BSD-2-Clause */
/* What test_walk and test_steps count: the packets of a way through the programs, and what came before them. */
#ifndef WEIR_TESTS_PACKET_WAYS_H
#define WEIR_TESTS_PACKET_WAYS_H

#include "packet/frame.h"

enum before {
	NOTHING,
	ONCE,	     /* the same packet */
	OPENED,	     /* the peer has opened a connection */
	CALLED,	     /* the pod has */
	OPENED_THEN, /* and policy has changed since */
};

#define TCP(flags, n, acknowledged)                                     \
	{                                                               \
		.tcp_flags = (flags), .seq = (n), .ack = (acknowledged) \
	}
#define SYN                                \
	{                                  \
		.tcp_flags = FRAME_TCP_SYN \
	}
#define ACK TCP(FRAME_TCP_ACK, 1, 1)
#define UDP                                            \
	{                                              \
		.protocol = IPPROTO_UDP, .payload = 18 \
	}

#endif
