// SPDX-License-Identifier: BSD-2-Clause
#include "policy/verify.h"

#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "policy/naive.h"
#include "policy/representatives.h"
#include "policy/verdict.h"
#include "policy/verify_limits.h"
#include "policy/words.h"

/*
 * Ports of a pair that are looked at together, between two looks at the clock: selectors are asked once for all of
 * them. Not more, so that a sample is spread over the pairs.
 */
#define PORTS_AT_ONCE 16u

/* Where all cells are soon done, they are done again with other members of their classes, this often. */
#define ROUNDS 8u

/* Members of one class, by number. */
struct members {
	uint32_t *items;
	size_t n, capacity;
};

/* One dimension of the table: its classes that have members. */
struct axis {
	struct members *of; /* by class */
	uint32_t n;	    /* classes that the image says it has */
	VEC(uint32_t) used;
};

struct peer {
	struct addr addr;
	const struct object *pod; /* or NULL */
};

/* Who stands for a subject class in a round, and the policies about it: they are many, and few are about anybody. */
struct subject {
	const struct object *pod; /* NULL: not chosen yet */
	naive_policies about;
};

struct verifier {
	const struct world *world;
	const struct compiled *compiled;
	struct weir_image image;
	struct representatives representatives;
	VEC(struct peer) peers;
	struct axis subject_axis, peer_axis, port_axis;
	struct subject *subjects; /* by index of subject_axis.used */
	struct naive_answer answer;
	uint64_t random;
	struct timespec begun;
};

static void axis_free(struct axis *axis)
{
	for (uint32_t i = 0; axis->of && i < axis->n; i++)
		vec_free(&axis->of[i]);
	free(axis->of);
	vec_free(&axis->used);
}

static void forget_subjects(struct verifier *v)
{
	for (size_t i = 0; v->subjects && i < v->subject_axis.used.n; i++) {
		vec_free(&v->subjects[i].about);
		v->subjects[i].pod = NULL;
	}
}

static void verifier_free(struct verifier *v)
{
	forget_subjects(v);
	free(v->subjects);
	axis_free(&v->subject_axis);
	axis_free(&v->peer_axis);
	axis_free(&v->port_axis);
	vec_free(&v->peers);
	representatives_free(&v->representatives);
	naive_answer_free(&v->answer);
}

/* splitmix64 (Steele, Lea & Flood, OOPSLA 2014). */
static uint64_t next_random(struct verifier *v)
{
	uint64_t z = v->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static double ms_since(const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begun->tv_sec) * 1e3 + (double)(now.tv_nsec - begun->tv_nsec) / 1e6;
}

static void axis_open(struct axis *axis, uint32_t n)
{
	axis->of = xcalloc((size_t)n + 1, sizeof(*axis->of));
	axis->n = n;
}

static int axis_add(struct axis *axis, uint32_t class, uint32_t member, const char *what, struct error *error)
{
	if (class >= axis->n)
		return error_set(error, -EBADMSG, "image refused: %s class %u of only %u", what, class, axis->n);
	if (!axis->of[class].n)
		vec_push(&axis->used, class);
	vec_push(&axis->of[class], member);
	return 0;
}

static int add_subjects(struct verifier *v, struct error *error)
{
	const struct world *world = v->world;
	uint32_t identity;
	int r = 0;

	axis_open(&v->subject_axis, v->compiled->n_subjects);
	for (uint32_t i = 0; r == 0 && i < world->pods.n; i++) {
		if (!world->pods.items[i]->pod.host_network &&
		    compiled_pod_identity(v->compiled, world->pods.items[i], &identity) == 0)
			r = axis_add(&v->subject_axis, weir_image_subject_class(&v->image, identity), i, "subject",
				     error);
	}
	return r;
}

/* As the kernel would take it: by address, whose identity is in a table. */
static int add_peer(struct verifier *v, const struct addr *addr, const struct object *pod, struct error *error)
{
	const struct address_owner *owner = compiled_owner(v->compiled, addr);
	const uint32_t identity = owner ? owner->identity : (uint32_t)WEIR_IDENTITY_WORLD;
	const uint32_t class = weir_image_peer_class(&v->image, identity, addr->family, addr->bytes);

	vec_push(&v->peers, (struct peer){ *addr, pod });
	return axis_add(&v->peer_axis, class, (uint32_t)v->peers.n - 1, "peer", error);
}

static int add_peers(struct verifier *v, struct error *error)
{
	const struct world *world = v->world;
	int r = 0;

	axis_open(&v->peer_axis, v->compiled->n_peer_classes);
	for (size_t i = 0; r == 0 && i < world->pod_addrs.n; i++)
		r = add_peer(v, &world->pod_addrs.items[i].addr, world->pods.items[world->pod_addrs.items[i].pod],
			     error);
	for (size_t i = 0; r == 0 && i < v->representatives.addrs.n; i++) {
		const struct addr *addr = &v->representatives.addrs.items[i];

		if (!world_pod_by_addr(world, addr))
			r = add_peer(v, addr, NULL, error);
	}
	return r;
}

static int add_ports(struct verifier *v, struct error *error)
{
	int r = 0;

	axis_open(&v->port_axis, v->compiled->n_port_classes);
	for (uint32_t i = 0; r == 0 && i < v->representatives.ports.n; i++) {
		const struct port_representative *port = &v->representatives.ports.items[i];
		const uint32_t class = weir_image_port_class(&v->image, ports_of_protocol(port->protocol), port->port);

		r = axis_add(&v->port_axis, class, i, "port", error);
	}
	return r;
}

static uint32_t pick(struct verifier *v, const struct axis *axis, uint64_t at)
{
	const struct members *members = &axis->of[axis->used.items[at]];

	return members->items[next_random(v) % members->n];
}

/* A connection that belongs to one cell. */
struct example {
	uint32_t cell; /* offset of the record */
	enum weir_direction direction;
	uint32_t subject_class, peer_class;
	const struct subject *subject;
	const struct peer *peer;
	const struct port_representative *port;
};

static const struct subject *choose_subject(struct verifier *v, uint64_t at)
{
	struct subject *subject = &v->subjects[at];

	if (!subject->pod) {
		subject->pod = v->world->pods.items[pick(v, &v->subject_axis, at)];
		naive_about(v->world, subject->pod, &subject->about);
	}
	return subject;
}

static uint64_t blocks_of_ports(const struct verifier *v)
{
	return (v->port_axis.used.n + PORTS_AT_ONCE - 1) / PORTS_AT_ONCE;
}

/* Who meets whom in a block, whose first port is *ret_port; the port is still to be chosen. */
static struct example choose(struct verifier *v, uint64_t block, uint64_t *ret_port)
{
	const uint64_t n_blocks = blocks_of_ports(v), pair = block / n_blocks;
	const size_t n_peers = v->peer_axis.used.n;
	const uint64_t peer = pair % n_peers, row = pair / n_peers;

	*ret_port = block % n_blocks * PORTS_AT_ONCE;
	return (struct example){
		.direction = row % WEIR_DIRECTIONS,
		.subject_class = v->subject_axis.used.items[row / WEIR_DIRECTIONS],
		.peer_class = v->peer_axis.used.items[peer],
		.subject = choose_subject(v, row / WEIR_DIRECTIONS),
		.peer = &v->peers.items[pick(v, &v->peer_axis, peer)],
	};
}

static void choose_port(struct verifier *v, uint64_t port, struct example *example)
{
	example->cell = weir_image_cell(&v->image, example->subject_class, example->direction, example->peer_class,
					v->port_axis.used.items[port]);
	example->port = &v->representatives.ports.items[pick(v, &v->port_axis, port)];
}

static char *describe(const struct example *example)
{
	const struct object *pod = example->peer->pod;
	_cleanup_free_ char *port = port_text(example->port->protocol, example->port->port);
	char addr[ADDR_TEXT_MAX];

	return xasprintf("subject %s/%s %s %s%s%s %s", example->subject->pod->namespace, example->subject->pod->name,
			 example->direction == WEIR_INGRESS ? "ingress from" : "egress to", pod ? pod->namespace : "",
			 pod ? "/" : "", pod ? pod->name : addr_format(&example->peer->addr, addr), port);
}

static int refuse(const struct example *example, const struct verdict *image, const struct verdict *objects,
		  struct error *error)
{
	const bool limits = verdict_same_decision(image, objects);
	_cleanup_free_ char *what = describe(example);
	_cleanup_free_ char *of_image = limits ? verdict_limits(image) : verdict_decision(image);
	_cleanup_free_ char *of_objects = limits ? verdict_limits(objects) : verdict_decision(objects);

	return error_set(error, -EBADMSG, "image refused: %s: image says %s, objects say %s", what, of_image,
			 of_objects);
}

static int check_limits(const struct verifier *v, const struct example *example, struct error *error)
{
	_cleanup_free_ char *wrong = limits_difference(v->compiled, example->cell, example->direction, &v->answer);
	_cleanup_free_ char *what = wrong ? describe(example) : NULL;

	return wrong ? error_set(error, -EBADMSG, "image refused: %s: %s", what, wrong) : 0;
}

static int check(struct verifier *v, const struct example *example, struct error *error)
{
	const struct verdict image = verdict_of_image(&v->image, example->cell);
	const struct naive_end subject = { .pod = example->subject->pod };
	const struct naive_end peer = { .pod = example->peer->pod, .addr = example->peer->addr, .has_addr = true };
	const struct naive_probe probe = {
		.from = example->direction == WEIR_INGRESS ? peer : subject,
		.to = example->direction == WEIR_INGRESS ? subject : peer,
		.about = &example->subject->about,
		.protocol = example->port->protocol,
		.port = example->port->port,
	};
	struct verdict objects;

	naive_judge(v->world, &probe, example->direction, &v->answer);
	objects = verdict_of_objects(&v->answer);
	/* What a pod sends to itself never leaves it. */
	if (!v->answer.judged)
		return 0;
	if (!verdict_same_decision(&image, &objects) || !verdict_same_limits(&image, &objects))
		return refuse(example, &image, &objects, error);
	return check_limits(v, example, error);
}

static int check_block(struct verifier *v, uint64_t block, uint64_t *cells, struct error *error)
{
	uint64_t first;
	struct example example = choose(v, block, &first);

	for (uint64_t port = first; port < first + PORTS_AT_ONCE && port < v->port_axis.used.n; port++) {
		int r;

		choose_port(v, port, &example);
		r = check(v, &example, error);
		if (r < 0)
			return r;
		(*cells)++;
	}
	return 0;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		const uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* How long a sweep may take; 0: for ever. */
struct patience {
	double whole_ms;  /* told from when verifying began */
	double sample_ms; /* told from when the sweep began */
	double began_ms;
	bool whole; /* it looks as if all cells could be done */
};

/* What can't be told after an eighth of a sample's time is told later. */
static bool is_over(const struct verifier *v, struct patience *patience, uint64_t done, uint64_t n)
{
	double elapsed;

	if (patience->whole_ms == 0 || !done)
		return false;
	elapsed = ms_since(&v->begun) - patience->began_ms;
	if (elapsed > patience->sample_ms / 8 && !patience->whole)
		patience->whole = patience->began_ms + elapsed / (double)done * (double)n < patience->whole_ms;
	if (patience->whole)
		return patience->began_ms + elapsed > patience->whole_ms;
	return elapsed > patience->sample_ms;
}

/*
 * Visits the blocks of cells by steps of about the golden section of their number, which
 * come by each once and are spread evenly wherever they end.
 */
static int sweep(struct verifier *v, uint64_t n, struct patience patience, uint64_t *ret_cells, struct error *error)
{
	uint64_t stride = (uint64_t)((double)n * 0.6180339887) | 1u, at = next_random(v) % n, done, cells = 0;

	while (gcd(stride, n) != 1)
		stride += 2;
	stride %= n;
	patience.began_ms = ms_since(&v->begun);
	forget_subjects(v);
	for (done = 0; done < n && !is_over(v, &patience, done, n); done++) {
		int r = check_block(v, at, &cells, error);

		if (r < 0)
			return r;
		at = at >= n - stride ? at - (n - stride) : at + stride;
	}
	*ret_cells = cells;
	return 0;
}

/*
 * Where all cells were soon done, they are done again with other members of
 * their classes, for a sixteenth of a sample: a change waits for it.
 */
static int check_cells(struct verifier *v, const struct verify_options *options, struct verification *verification,
		       struct error *error)
{
	const uint64_t n =
		(uint64_t)v->subject_axis.used.n * WEIR_DIRECTIONS * v->peer_axis.used.n * blocks_of_ports(v);
	const double more_ms = options->sample_ms / 16.0;
	uint64_t again;
	int r;

	if (!verification->of)
		return 0;
	r = sweep(v, n, (struct patience){ .whole_ms = options->budget_ms, .sample_ms = options->sample_ms },
		  &verification->cells, error);
	for (unsigned round = 1; r == 0 && round < ROUNDS; round++) {
		if (options->budget_ms && ms_since(&v->begun) > more_ms)
			break;
		r = sweep(v, n, (struct patience){ .whole_ms = options->budget_ms ? more_ms : 0, .sample_ms = more_ms },
			  &again, error);
	}
	return r;
}

int verify(const struct world *world, const struct compiled *compiled, const struct verify_options *options,
	   struct verification *ret, struct error *error)
{
	struct verification verification = { .seed = options->seed };
	_cleanup_(verifier_free) struct verifier v = {
		.world = world,
		.compiled = compiled,
		.image = compiled_image(compiled),
		.random = options->seed,
	};
	int r;

	clock_gettime(CLOCK_MONOTONIC, &v.begun);
	representatives_add(&v.representatives, world);
	representatives_finish(&v.representatives);
	r = add_subjects(&v, error) ?: add_peers(&v, error) ?: add_ports(&v, error);
	if (r < 0)
		return r;
	v.subjects = xcalloc(v.subject_axis.used.n + 1, sizeof(*v.subjects));
	verification.of = (uint64_t)v.subject_axis.used.n * WEIR_DIRECTIONS * v.peer_axis.used.n * v.port_axis.used.n;
	r = check_cells(&v, options, &verification, error);
	if (r < 0)
		return r;
	verification.sampled = verification.cells < verification.of;
	verification.ms = ms_since(&v.begun);
	*ret = verification;
	return 0;
}
