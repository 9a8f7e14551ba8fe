/* SPDX-License-Identifier: BSD-2-Clause */
/* The demo's traffic: real sockets in the pods' namespaces, all held by this process. */
#ifndef WEIR_CLI_DEMO_TRAFFIC_H
#define WEIR_CLI_DEMO_TRAFFIC_H

#include "cli/demo_net.h"

struct traffic {
	const struct demo_net *net;
	int listeners[DEMO_PODS]; /* TCP, both families */
	int intruder, db;	  /* the two ends of one connection that stays open */
};

#define TRAFFIC_NONE                             \
	{                                        \
		NULL, { -1, -1, -1, -1 }, -1, -1 \
	}

/* Every pod serves its TCP port. */
int traffic_listen(struct traffic *traffic, const struct demo_net *net, struct error *error);
void traffic_close(struct traffic *traffic);

struct traffic_matrix {
	bool reached[DEMO_PODS][DEMO_PODS][WEIR_FAMILIES]; /* from, to */
};

/* Everybody connects to everybody at once. */
int traffic_try_all(const struct traffic *traffic, struct traffic_matrix *ret, struct error *error);

/* Opens the connection from the intruder to the database that stays open. */
int traffic_hold(struct traffic *traffic, struct error *error);
/* Does what the intruder writes into it still arrive? */
bool traffic_held_works(const struct traffic *traffic);

struct traffic_stream {
	enum demo_pod from;
	unsigned rate;			  /* offered, datagrams per second */
	unsigned long offered, delivered; /* measured, per second */
};

/* UDP from several pods to one, for about three seconds. */
int traffic_flood(const struct traffic *traffic, enum demo_pod to, struct traffic_stream *streams, size_t n,
		  struct error *error);

#endif
