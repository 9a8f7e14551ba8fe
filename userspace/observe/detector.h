/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What many events of packets say together: a port scan, a pod that spoofs.
 * Each is said once and then not again until it has been calm for a minute. A
 * fixed number of senders is watched; one more takes the place of the one that
 * was quiet for longest among a few, so that no number of made-up addresses
 * costs memory or time.
 */
#ifndef WEIR_OBSERVE_DETECTOR_H
#define WEIR_OBSERVE_DETECTOR_H

#include "observe/event.h"

#define DETECTOR_SENDERS 1024u /* watched at a time, of each kind */
#define SCAN_TARGETS	 20u   /* denied (address, port) pairs of one sender within the window */
#define DETECTOR_WINDOW	 60u   /* seconds */

struct sender;

struct detector {
	struct sender *scanners, *spoofers;
};

void detector_init(struct detector *detector);
void detector_free(struct detector *detector); /* what it holds */
/* Looks at an event of a packet. True: there is something to say, in ret, without a time. */
bool detector_see(struct detector *detector, const struct event *event, struct event *ret);

#endif
