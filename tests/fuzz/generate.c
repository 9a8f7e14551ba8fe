// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/generate.h"

#include <netinet/in.h>
#include <string.h>

#include "fuzz/generate_packet.h"

#define CONVERSATIONS 4u

static void dress_ipv4(struct random *r, struct shape *shape)
{
	static const uint8_t kinds[] = { 1, 1, 1, 0, 7, 68, 131, 137, 148 };

	shape->n_options = 4 * (1 + random_below(r, 10));
	memset(shape->options, 1, sizeof(shape->options));
	for (unsigned at = 0; at + 4 <= shape->n_options; at += 4) {
		if (!one_in(r, 3))
			continue;
		shape->options[at] = random_of(r, kinds);
		shape->options[at + 1] = one_in(r, 4) ? random_below(r, 12) : 4;
	}
}

static void dress_ipv6(struct random *r, struct shape *shape)
{
	static const uint8_t kinds[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_AH,
					 IPPROTO_DSTOPTS };
	const unsigned n = one_in(r, 6) ? 1 + random_below(r, 9) : 1 + random_below(r, 2);

	for (unsigned i = 0; i < n && shape->n_extensions < SHAPE_EXTENSIONS - 2; i++)
		shape->extensions[shape->n_extensions++] = i == 0 ? random_of(r, kinds) : kinds[1 + random_below(r, 4)];
	shape->segments_left = one_in(r, 4);
}

/* Of few packets, so that pieces of one meet. */
static void cut(struct random *r, struct shape *shape)
{
	shape->cut = true;
	shape->id = 1 + random_below(r, 2);
	shape->offset = one_in(r, 2) ? 0 : random_below(r, 10);
	shape->more = !one_in(r, 3);
	if (shape->offset) /* no header */
		memset(shape->transport, 0xaa, sizeof(shape->transport));
	if (!one_in(r, 5))
		shape->n_transport = 8 * (1 + random_below(r, 6));
	if (shape->family == WEIR_IPV4)
		return;
	shape->extensions[shape->n_extensions++] = IPPROTO_FRAGMENT;
	if (one_in(r, 12))
		shape->extensions[shape->n_extensions++] = one_in(r, 3) ? IPPROTO_FRAGMENT : IPPROTO_DSTOPTS;
}

/* What has nothing to do with what the packet is about. */
static void dress(struct random *r, struct shape *shape)
{
	if (one_in(r, 12)) {
		shape->tags = 1 + random_below(r, 3);
		shape->tag_proto = one_in(r, 3) ? 0x88a8 : 0x8100;
	}
	if (one_in(r, 10) && shape->family == WEIR_IPV4)
		dress_ipv4(r, shape);
	if (one_in(r, 10) && shape->family == WEIR_IPV6)
		dress_ipv6(r, shape);
	if (one_in(r, 8) && !shape->eth_proto)
		cut(r, shape);
	if (one_in(r, 3))
		shape->traffic_class = random_below(r, 256);
	if (one_in(r, 10))
		shape->padding = random_below(r, 30);
	if (one_in(r, 60))
		memcpy(shape->mac, one_in(r, 2) ? (uint8_t[6]){ 0 } : setting_mac(one_in(r, 2)), 6);
	if (one_in(r, 60))
		memset(one_in(r, 2) ? shape->source : shape->destination, one_in(r, 2) ? 0 : 0xff, 16);
	if (one_in(r, 100))
		memcpy(shape->source, shape->destination, 16);
}

/* Single bytes, and a piece of the end. */
static void damage(struct random *r, struct step *step)
{
	static const uint8_t bytes[] = { 0, 1, 0x7f, 0x80, 0xff, 6, 17, 44, 0x45, 0x60 };

	for (unsigned n = random_below(r, 4); n; n--) {
		const uint32_t at = random_below(r, one_in(r, 2)	? step->length
						    : 62 < step->length ? 62
									: step->length);

		switch (random_below(r, 3)) {
		case 0:
			step->bytes[at] = random_bits(r);
			break;
		case 1:
			step->bytes[at] ^= 1 << random_below(r, 8);
			break;
		default:
			step->bytes[at] = random_of(r, bytes);
		}
	}
	if (one_in(r, 3))
		step->length = 14 + random_below(r, step->length - 13);
}

static void generate_packet_step(struct random *r, struct conversation *c, struct step *ret)
{
	struct shape shape;
	enum weir_direction direction;

	if (one_in(r, 12))
		direction = generate_error(r, c, &shape);
	else if (one_in(r, 16))
		direction = generate_neighbour(r, c, &shape);
	else
		direction = generate_packet(r, c, &shape);
	dress(r, &shape);
	*ret = (struct step){ .kind = STEP_PACKET };
	build_packet(&shape, ret);
	ret->argument = direction == WEIR_EGRESS ? PACKET_OUT : 0;
	if (c->pod ^ one_in(r, 60))
		ret->argument |= PACKET_SECOND;
	if (one_in(r, 2))
		ret->argument |= PACKET_XDP;
	if (one_in(r, 40))
		ret->argument |= PACKET_HAIRPIN;
	if (one_in(r, 8))
		damage(r, ret);
}

static void generate_event(struct random *r, struct step *ret)
{
	static const uint8_t kinds[] = {
		STEP_GENERATION, STEP_POLICY, STEP_POLICY, STEP_ENDPOINT, STEP_AGE, STEP_SWEEP
	};
	static const uint8_t ages[] = { 1, 2, 3, 10, 11, 20, 25, 26, 31, 60, 61, 100, 201 };
	const uint8_t begun = one_in(r, 4) ? 0 : STEP_BEGUN;

	*ret = (struct step){ .kind = random_of(r, kinds) };
	if (ret->kind == STEP_POLICY)
		ret->argument = begun | random_below(r, SETTING_POLICIES);
	else if (ret->kind == STEP_ENDPOINT)
		ret->argument = begun | (one_in(r, 2) ? random_below(r, STEP_BEGUN) : ENDPOINT_USUAL | one_in(r, 4));
	else if (ret->kind == STEP_AGE)
		ret->argument = random_of(r, ages);
	else if (ret->kind == STEP_SWEEP)
		ret->argument = one_in(r, 3) ? SWEEP_RECOUNT : random_below(r, WEIR_FLOW_TABLES * WEIR_FAMILIES);
}

void generate_sequence(struct random *r, unsigned steps, struct sequence *ret)
{
	struct conversation conversations[CONVERSATIONS];
	const unsigned n = 1 + random_below(r, CONVERSATIONS);

	for (unsigned i = 0; i < n; i++)
		generate_conversation(r, &conversations[i]);
	for (ret->n = 0; ret->n < steps; ret->n++) {
		struct step *step = &ret->steps[ret->n];

		if (one_in(r, 60))
			generate_conversation(r, &conversations[random_below(r, n)]);
		if (ret->n == 0 && one_in(r, 2))
			*step = (struct step){ .kind = STEP_GENERATION };
		else if (one_in(r, 24))
			generate_event(r, step);
		else
			generate_packet_step(r, &conversations[random_below(r, n)], step);
	}
}
