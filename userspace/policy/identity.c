// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "policy/identity.h"

/* Names and labels of a valid object hold none of these; of any other object they stay unambiguous all the same. */
static void put_escaped(FILE *out, const char *text)
{
	for (; text && *text; text++) {
		if ((unsigned char)*text <= ' ' || strchr(",;=%", *text))
			fprintf(out, "%%%02x", (unsigned char)*text);
		else
			putc_unlocked(*text, out);
	}
}

static int compare_ports(const void *a, const void *b)
{
	const struct pod_port *x = *(const struct pod_port *const *)a, *y = *(const struct pod_port *const *)b;

	return strcmp(x->name, y->name) ?: (int)x->protocol - y->protocol ?: (int)x->port - y->port;
}

static void put_ports(FILE *out, const struct pod *pod)
{
	_cleanup_free_ const struct pod_port **sorted = xcalloc(pod->ports.n + 1, sizeof(*sorted));

	for (size_t i = 0; i < pod->ports.n; i++)
		sorted[i] = &pod->ports.items[i];
	qsort(sorted, pod->ports.n, sizeof(*sorted), compare_ports);
	for (size_t i = 0; i < pod->ports.n; i++) {
		put_escaped(out, sorted[i]->name);
		fprintf(out, "=%u/%u,", sorted[i]->protocol, sorted[i]->port);
	}
}

/*
 * The stable key: "namespace;label=value,label=value,;service account;port=protocol/number,". One stream serves all
 * keys of a compilation, as opening one costs more than a key.
 */
static void put_key(FILE *out, const struct object *pod)
{
	put_escaped(out, pod->namespace);
	putc_unlocked(';', out);
	vec_for_each (label, &pod->labels.list) {
		put_escaped(out, label->key);
		putc_unlocked('=', out);
		put_escaped(out, label->value);
		putc_unlocked(',', out);
	}
	putc_unlocked(';', out);
	put_escaped(out, pod->pod.service_account);
	putc_unlocked(';', out);
	put_ports(out, &pod->pod);
	putc_unlocked('\0', out);
}

static uint32_t find_namespace(struct identities *identities, const struct world *world, const char *name)
{
	const uint32_t number = intern(&identities->namespace_keys, name, strlen(name));

	if (number == identities->namespaces.n) {
		struct labels scratch = {};
		const struct labels *labels = world_namespace_labels(world, name, &scratch);

		/* A struct of the list moves as it grows, so its own scratch is told by NULL. */
		vec_push(&identities->namespaces, (struct pod_namespace){ .name = name,
									  .labels = labels == &scratch ? NULL : labels,
									  .scratch = scratch });
	}
	return number;
}

static void add_identity(struct identities *identities, const struct world *world, const struct object *pod,
			 uint32_t number)
{
	const uint32_t namespace = find_namespace(identities, world, pod->namespace);

	vec_push(&identities->namespaces.items[namespace].identities, (uint32_t)identities->list.n);
	vec_push(&identities->list, (struct identity){ .number = number, .pod = pod, .namespace = namespace });
}

int identities_build(struct identities *identities, const struct world *world, struct numbering *numbers,
		     struct error *error)
{
	_cleanup_free_ char *key = NULL;
	_cleanup_fclose_ FILE *out = NULL;
	size_t size;

	out = open_memstream(&key, &size);
	identities->of_pod = xcalloc(world->pods.n + 1, sizeof(*identities->of_pod));
	for (size_t i = 0; i < world->pods.n; i++) {
		const struct object *pod = world->pods.items[i];
		uint32_t index, number;

		if (pod->pod.host_network) {
			identities->of_pod[i] = IDENTITY_IS_NODE;
			continue;
		}
		rewind(out);
		put_key(out, pod);
		fflush(out);
		index = intern(&identities->keys, key, strlen(key));
		if (index == identities->list.n) {
			number = numbering_get(numbers, key, WEIR_IDENTITY_WORLD);
			if (number == WEIR_IDENTITY_WORLD)
				return error_set(error, -ENOSPC,
						 "identities: all %u numbers are taken (use fewer labels)",
						 IDENTITIES_MAX);
			add_identity(identities, world, pod, number);
		}
		identities->of_pod[i] = index;
		identities->list.items[index].n_pods++;
	}
	vec_for_each (ns, &identities->namespaces) {
		if (!ns->labels)
			ns->labels = &ns->scratch;
	}
	return 0;
}

void identities_locate(struct identities *identities, const struct world *world, const struct weir_image *image)
{
	_cleanup_free_ bool *located = xcalloc(world->pods.n + 1, sizeof(*located));

	vec_for_each (owned, &world->pod_addrs) {
		const enum weir_family family = owned->addr.family;
		struct identity *identity = &identities->list.items[identities->of_pod[owned->pod]];

		vec_push(&identity->regions[family], weir_image_region(image, family, owned->addr.bytes));
		located[owned->pod] = true;
	}
	/* A pod without an address is in no CIDR. */
	for (size_t i = 0; i < world->pods.n; i++) {
		if (!located[i] && identities->of_pod[i] != IDENTITY_IS_NODE)
			vec_push(&identities->list.items[identities->of_pod[i]].regions[WEIR_IPV4], 0);
	}
	vec_for_each (identity, &identities->list) {
		for (int family = 0; family < WEIR_FAMILIES; family++)
			ids_sort(&identity->regions[family]);
	}
}

void identities_free(struct identities *identities)
{
	vec_for_each (identity, &identities->list) {
		vec_free(&identity->terms);
		vec_free(&identity->policies);
		vec_free(&identity->marks);
		for (int family = 0; family < WEIR_FAMILIES; family++)
			vec_free(&identity->regions[family]);
	}
	vec_for_each (ns, &identities->namespaces) {
		labels_free(&ns->scratch);
		vec_free(&ns->identities);
	}
	vec_free(&identities->list);
	vec_free(&identities->namespaces);
	free(TAKE_PTR(identities->of_pod));
	interner_free(&identities->keys);
	interner_free(&identities->namespace_keys);
}
