/* SPDX-License-Identifier: BSD-2-Clause */
/* Of the laboratory's own files. */
#ifndef WEIR_TESTS_PACKET_LAB_PRIVATE_H
#define WEIR_TESTS_PACKET_LAB_PRIVATE_H

#include "packet/event_ring.h"
#include "packet/lab.h"
#include "weir/capture.h"
#include "weir.skel.h"

struct lab {
	struct weir_bpf *skeleton;
	uint32_t image_words;
	int n_cpus;
	struct event_ring events;
};

/* Their part of what was counted. */
int lab_accounts(struct lab *lab, struct lab_counters *ret);

#endif
