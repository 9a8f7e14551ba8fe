/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A large cluster as manifests: 50 namespaces, each with a number of kinds of
 * pod, and policies that let two kinds, and a block of addresses each, in to
 * a third by ports of its own.
 */
#ifndef WEIR_TESTS_PACKET_CLUSTER_H
#define WEIR_TESTS_PACKET_CLUSTER_H

#include <stdint.h>
#include <stdio.h>

#define CLUSTER_NAMESPACES 50u

struct cluster {
	unsigned kinds; /* in each namespace */
	unsigned policies;
	unsigned pods;
};

/* Pods [first, end). Pod i is called pod-I in namespace ns-(I % CLUSTER_NAMESPACES). */
void cluster_write_pods(FILE *out, const struct cluster *cluster, unsigned first, unsigned end);
void cluster_write_policies(FILE *out, const struct cluster *cluster);
/* All of it; the caller frees. */
char *cluster_manifests(const struct cluster *cluster);
/* The address of pod i, in network order. */
void cluster_address(unsigned i, uint8_t ret[static 4]);
/* The TCP port by which pods of the next kind come in to pod 0's. */
#define CLUSTER_PORT 8000

#endif
