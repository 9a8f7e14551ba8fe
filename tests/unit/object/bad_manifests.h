/* SPDX-License-Identifier: BSD-2-Clause */
/* Manifests that must be refused, and how each is told what is wrong with it. */
#ifndef WEIR_TESTS_BAD_MANIFESTS_H
#define WEIR_TESTS_BAD_MANIFESTS_H

#define EXPECTED_MAX 6

struct bad_manifest {
	const char *name;
	const char *text;
	/* What each error begins with behind the file's name, in order: "LINE:COLUMN: path: text". */
	const char *expected[EXPECTED_MAX];
};

/* What begins on line 5 is the spec. */
#define NETWORK_POLICY                       \
	"apiVersion: networking.k8s.io/v1\n" \
	"kind: NetworkPolicy\n"              \
	"metadata: {name: p}\n"              \
	"spec:\n"
#define TRAFFIC_POLICY                    \
	"apiVersion: weir.dev/v1alpha1\n" \
	"kind: TrafficPolicy\n"           \
	"metadata: {name: p}\n"           \
	"spec:\n"
#define POD                \
	"apiVersion: v1\n" \
	"kind: Pod\n"      \
	"metadata: {name: p}\n"

#endif
