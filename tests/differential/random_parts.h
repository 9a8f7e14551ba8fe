/* SPDX-License-Identifier: BSD-2-Clause */
/* What random manifests are made of: few enough words that policies and pods often meet. */
#ifndef WEIR_TESTS_RANDOM_PARTS_H
#define WEIR_TESTS_RANDOM_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct random {
	uint64_t state;
	unsigned limits_left; /* so that no decision has too many */
};

/* splitmix64 */
static inline uint32_t pick(struct random *r, uint32_t n)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

static inline bool one_in(struct random *r, uint32_t n)
{
	return pick(r, n) == 0;
}

#define PICK(r, list) ((list)[pick(r, sizeof(list) / sizeof((list)[0]))])

static const char *const random_namespaces[] = { "shop", "lab", "lost" };
static const char *const random_keys[] = { "app", "tier" };
static const char *const random_values[] = { "x", "y", "z" };
static const char *const random_names[] = { "web", "dns" };
static const char *const random_protocols[] = { "TCP", "UDP", "SCTP" };
static const unsigned random_ports[] = { 1, 53, 80, 81, 8000, 8080, 65535 };

static inline void put_labels(FILE *out, struct random *r)
{
	const char *before = "";

	for (size_t i = 0; i < 2; i++) {
		if (one_in(r, 4))
			continue;
		fprintf(out, "%s%s: %s", before, random_keys[i], PICK(r, random_values));
		before = ", ";
	}
}

static inline void put_selector(FILE *out, struct random *r)
{
	static const char *const operators[] = { "In", "NotIn", "Exists", "DoesNotExist" };
	const uint32_t kind = pick(r, 4);

	if (one_in(r, 4)) {
		fprintf(out, "{}");
	} else if (one_in(r, 2)) {
		fprintf(out, "{matchLabels: {%s: %s}}", PICK(r, random_keys), PICK(r, random_values));
	} else {
		fprintf(out, "{matchExpressions: [{key: %s, operator: %s", PICK(r, random_keys), operators[kind]);
		if (kind < 2)
			fprintf(out, ", values: [%s, %s]", PICK(r, random_values), PICK(r, random_values));
		fprintf(out, "}]}");
	}
}

static inline void put_namespace_selector(FILE *out, struct random *r)
{
	if (one_in(r, 3))
		fprintf(out, "{matchLabels: {kubernetes.io/metadata.name: %s}}", PICK(r, random_namespaces));
	else
		put_selector(out, r);
}

static inline void random_addr4(struct random *r, char text[static 64])
{
	if (one_in(r, 6))
		snprintf(text, 64, "192.0.2.%u", pick(r, 4));
	else
		snprintf(text, 64, "10.%u.%u.%u", pick(r, 2), pick(r, 3), pick(r, 8));
}

static inline void random_addr6(struct random *r, char text[static 64])
{
	snprintf(text, 64, "fd00:%u::%u:%u", pick(r, 2), pick(r, 2), pick(r, 8));
}

#endif
