/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets as the programs saw them, with what became of them. One capture at a time. */
#ifndef WEIR_DATAPATH_CAPTURE_H
#define WEIR_DATAPATH_CAPTURE_H

#include "datapath/datapath.h"
#include "weir/capture.h"

struct datapath_capture;

/* Which packets; zero or NULL: any. */
struct datapath_capture_filter {
	bool drops;	   /* only what is denied, or would be if it were not audited */
	bool headers_only; /* without payload */
	uint32_t snaplen;  /* bytes of a packet */
	uint32_t endpoint; /* ifindex */
	const struct addr *host;
	uint16_t port;	  /* host order */
	bool by_protocol; /* as 0 is a protocol */
	uint8_t protocol;
	uint64_t packets; /* not more than these */
	uint32_t packets_per_second;
};

struct datapath_capture_sink {
	void (*take)(void *data, const struct weir_captured *about, const uint8_t *bytes);
	void *data;
};

/* Packets that were wanted and are not among those that were handed over. */
struct datapath_capture_losses {
	uint64_t over; /* came faster than packets_per_second */
	uint64_t lost; /* were not read in time */
};

/* -EBUSY: there is one. */
int datapath_capture_begin(struct datapath *datapath, const struct datapath_capture_filter *filter,
			   const struct datapath_capture_sink *sink, struct datapath_capture **ret,
			   struct error *error);
/* Readable when there is much to read; the rest should be asked for now and then. */
int datapath_capture_fd(const struct datapath_capture *capture);
/* Hands all that is there to the sink. */
void datapath_capture_read(struct datapath_capture *capture);
struct datapath_capture_losses datapath_capture_losses(const struct datapath_capture *capture);
/* One of those that were handed over does not count: another one may come in its place. */
void datapath_capture_another(struct datapath_capture *capture);
/* From now on nothing is captured; what is there may still be read. */
void datapath_capture_stop(struct datapath_capture *capture);
void datapath_capture_end(struct datapath_capture *capture);
DEFINE_CLEANUP(struct datapath_capture, datapath_capture_end);

/* Ends what an earlier life, which crashed, has left running. */
void datapath_capture_clear(struct datapath *datapath);

#endif
