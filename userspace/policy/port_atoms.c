// SPDX-License-Identifier: BSD-2-Clause
#include "policy/port_atoms.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "policy/words.h"

#define RUNS_TOLD 12u

typedef VEC(struct port_run) port_runs;

static void add(struct port_atoms *atoms, const struct weir_image images[static 2], enum weir_port_protocol protocol,
		uint16_t port)
{
	const uint32_t classes[2] = { weir_image_port_class(&images[0], protocol, port),
				      weir_image_port_class(&images[1], protocol, port) };
	const uint32_t number = intern(&atoms->keys, classes, sizeof(classes));
	struct port_atom *atom;
	struct port_run *last;

	if (number == atoms->list.n)
		vec_push(&atoms->list, (struct port_atom){ .class = { classes[0], classes[1] } });
	atom = &atoms->list.items[number];
	last = atom->runs.n ? &atom->runs.items[atom->runs.n - 1] : NULL;
	if (last && last->protocol == protocol && last->last + 1 == port)
		last->last = port;
	else
		vec_push(&atom->runs, (struct port_run){ protocol, port, port });
}

void port_atoms_build(struct port_atoms *atoms, const struct weir_image images[static 2])
{
	for (int protocol = 0; protocol < WEIR_PORT_PROTOCOLS; protocol++) {
		for (uint32_t port = 0; port <= UINT16_MAX; port++)
			add(atoms, images, protocol, (uint16_t)port);
	}
	add(atoms, images, WEIR_PORTS_NONE, 0);
}

void port_atoms_free(struct port_atoms *atoms)
{
	vec_for_each (atom, &atoms->list)
		vec_free(&atom->runs);
	vec_free(&atoms->list);
	interner_free(&atoms->keys);
}

static int compare_runs(const void *a, const void *b)
{
	const struct port_run *x = a, *y = b;

	return x->protocol != y->protocol ? (int)x->protocol - (int)y->protocol : (int)x->first - (int)y->first;
}

/* Sorted, neighbours made one. */
static void collect(const struct port_atoms *atoms, const bool *chosen, port_runs *runs)
{
	size_t n = 0;

	for (size_t i = 0; i < atoms->list.n; i++) {
		for (size_t k = 0; chosen[i] && k < atoms->list.items[i].runs.n; k++)
			vec_push(runs, atoms->list.items[i].runs.items[k]);
	}
	if (runs->n)
		qsort(runs->items, runs->n, sizeof(*runs->items), compare_runs);
	for (size_t i = 0; i < runs->n; i++) {
		struct port_run *last = n ? &runs->items[n - 1] : NULL;

		if (last && last->protocol == runs->items[i].protocol && last->last + 1 == runs->items[i].first)
			last->last = runs->items[i].last;
		else
			runs->items[n++] = runs->items[i];
	}
	runs->n = n;
}

static void put(FILE *out, const struct port_run *run)
{
	if (run->protocol == WEIR_PORTS_NONE)
		fputs("ICMP and others", out);
	else if (run->first == 0 && run->last == UINT16_MAX)
		fputs(ports_name(run->protocol), out);
	else if (run->first == run->last)
		fprintf(out, "%s/%u", ports_name(run->protocol), run->first);
	else
		fprintf(out, "%s/%u-%u", ports_name(run->protocol), run->first, run->last);
}

static bool is_everything(const port_runs *runs)
{
	if (runs->n != WEIR_PORT_PROTOCOLS + 1)
		return false;
	for (size_t i = 0; i < WEIR_PORT_PROTOCOLS; i++) {
		if (runs->items[i].first != 0 || runs->items[i].last != UINT16_MAX)
			return false;
	}
	return true;
}

char *port_atoms_format(const struct port_atoms *atoms, const bool *chosen)
{
	port_runs runs = {};
	char *text = NULL;
	size_t size;
	FILE *out = xmemstream(&text, &size);

	collect(atoms, chosen, &runs);
	if (is_everything(&runs))
		fputs("everything", out);
	for (size_t i = 0; !is_everything(&runs) && i < runs.n && i < RUNS_TOLD; i++) {
		fputs(i ? ", " : "", out);
		put(out, &runs.items[i]);
	}
	if (runs.n > RUNS_TOLD)
		fprintf(out, " and %zu ranges more", runs.n - RUNS_TOLD);
	vec_free(&runs);
	fclose(out);
	return text;
}
