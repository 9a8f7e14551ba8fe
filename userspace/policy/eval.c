// SPDX-License-Identifier: BSD-2-Clause
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "policy/eval.h"
#include "policy/ruleset.h"
#include "policy/words.h"

static const struct addr *pod_addr(const struct object *pod, const enum weir_family *family)
{
	vec_for_each (addr, &pod->pod.addrs) {
		if (!family || addr->family == *family)
			return addr;
	}
	return NULL;
}

static int parse_pod(const struct world *world, const char *text, const enum weir_family *family, struct eval_end *ret,
		     struct error *error)
{
	const char *slash = strchr(text, '/');
	_cleanup_free_ char *namespace = xstrndup(text, (size_t)(slash - text));
	struct eval_end end = { .pod = world_pod(world, namespace, slash + 1) };
	const struct addr *addr;

	if (!end.pod)
		return error_set(error, -ENOENT, "%s: no such pod (finished pods don't count)", text);
	addr = (family ? pod_addr(end.pod, family) : NULL) ?: pod_addr(end.pod, NULL);
	if (addr) {
		end.addr = *addr;
		end.has_addr = true;
	}
	*ret = end;
	return 0;
}

int eval_end_parse(const struct world *world, const char *text, const enum weir_family *family, struct eval_end *ret,
		   struct error *error)
{
	struct eval_end end = { .has_addr = true };

	if (strchr(text, '/'))
		return parse_pod(world, text, family, ret, error);
	if (addr_parse(text, &end.addr) < 0)
		return error_set(error, -EINVAL, "%s: neither NAMESPACE/POD nor an address", text);
	end.pod = world_pod_by_addr(world, &end.addr);
	*ret = end;
	return 0;
}

static bool in_one_family(const struct eval_end *a, const struct eval_end *b)
{
	return !a->has_addr || !b->has_addr || a->addr.family == b->addr.family;
}

int eval_ends_parse(const struct world *world, const struct eval_names *names, struct eval_end *ret_from,
		    struct eval_end *ret_to, struct error *error)
{
	struct eval_end from, to;
	int r;

	r = eval_end_parse(world, names->from, NULL, &from, error);
	if (r < 0)
		return error_prefix(error, "from");
	r = eval_end_parse(world, names->to, from.has_addr ? &from.addr.family : NULL, &to, error);
	if (r < 0)
		return error_prefix(error, "to");
	if (!in_one_family(&from, &to)) {
		r = eval_end_parse(world, names->from, &to.addr.family, &from, error);
		if (r < 0)
			return error_prefix(error, "from");
	}
	if (!in_one_family(&from, &to))
		return error_set(error, -EINVAL, "to: no address of the same family as %s has", names->from);
	*ret_from = from;
	*ret_to = to;
	return 0;
}

int eval_protocol_parse(const char *text, uint8_t *ret)
{
	static const struct {
		const char *name;
		uint8_t number;
	} names[] = {
		{ "TCP", IPPROTO_TCP },	  { "UDP", IPPROTO_UDP },	{ "SCTP", IPPROTO_SCTP },
		{ "ICMP", IPPROTO_ICMP }, { "ICMPv6", IPPROTO_ICMPV6 },
	};
	unsigned long number;
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcasecmp(names[i].name, text)) {
			*ret = names[i].number;
			return 0;
		}
	}
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	number = strtoul(text, &end, 10);
	if (*end || number > UINT8_MAX)
		return -EINVAL;
	*ret = (uint8_t)number;
	return 0;
}

/* A dual-stack pod speaks the family that the other end has. */
static struct eval_end meet(const struct eval_end *end, const struct eval_end *other)
{
	struct eval_end met = *end;
	const struct addr *addr = NULL;

	if (end->pod && end->has_addr && other->has_addr && end->addr.family != other->addr.family)
		addr = pod_addr(end->pod, &other->addr.family);
	if (addr)
		met.addr = *addr;
	return met;
}

/* A pod on the host's network is the node to the pods of the same node, and somebody's address to all others. */
static bool is_same_node(const struct object *host_pod, const struct object *pod)
{
	return !pod || !pod->pod.node || !host_pod->pod.node || !strcmp(pod->pod.node, host_pod->pod.node);
}

/*
 * What runs a pod may always enter it. Offline there can be Node objects of many
 * nodes and none that is known to be this one.
 */
static bool is_own_node(const struct eval_end *end, const struct address_owner *owner, const struct object *seen_by)
{
	if (end->pod)
		return end->pod->pod.host_network && is_same_node(end->pod, seen_by);
	return owner && owner->node && seen_by->pod.node && !strcmp(owner->node->name, seen_by->pod.node);
}

static uint32_t peer_identity(const struct compiled *compiled, const struct eval_end *end, const struct object *seen_by,
			      enum weir_direction direction)
{
	const struct address_owner *owner = end->has_addr ? compiled_owner(compiled, &end->addr) : NULL;
	uint32_t identity;

	if (end->pod && !end->pod->pod.host_network && compiled_pod_identity(compiled, end->pod, &identity) == 0)
		return identity;
	if (direction == WEIR_INGRESS && is_own_node(end, owner, seen_by))
		return WEIR_IDENTITY_NODE;
	return owner ? owner->identity : WEIR_IDENTITY_WORLD;
}

/* Somebody without an address is in no CIDR. */
static uint32_t peer_class(const struct weir_image *image, uint32_t identity, const struct eval_end *peer)
{
	uint32_t word;

	if (peer->has_addr)
		return weir_image_peer_class(image, identity, peer->addr.family, peer->addr.bytes);
	word = weir_image_word(image, weir_image_identity_at(image, identity) + 1 + WEIR_IPV4);
	return word & WEIR_PEER_BY_REGION ? weir_image_word(image, word & ~WEIR_PEER_BY_REGION) : word;
}

struct side {
	enum weir_direction direction;
	const struct eval_end *subject, *peer;
};

static void judge(const struct compiled *compiled, const struct side *side, uint32_t port_class,
		  struct eval_result *result)
{
	const struct weir_image image = compiled_image(compiled);
	const struct decision_info *decision;
	uint32_t identity = WEIR_IDENTITY_WORLD, subject, peer, cell;

	if (!side->subject->pod || side->subject->pod->pod.host_network)
		return;
	(void)compiled_pod_identity(compiled, side->subject->pod, &identity);
	subject = weir_image_subject_class(&image, identity);
	identity = peer_identity(compiled, side->peer, side->subject->pod, side->direction);
	peer = peer_class(&image, identity, side->peer);
	cell = weir_image_cell(&image, subject, side->direction, peer, port_class);
	decision = compiled_decision(compiled, cell);
	result->decision[side->direction] = decision;
	/* Fails closed, should the cell hold no decision. */
	result->denied_by[side->direction] = !decision || !decision_passes(decision);
	result->audited[side->direction] = decision && decision->flags & WEIR_DECISION_AUDIT;
}

void eval(const struct compiled *compiled, const struct eval_end *from, const struct eval_end *to, uint8_t protocol,
	  uint16_t port, struct eval_result *ret)
{
	const struct weir_image image = compiled_image(compiled);
	const uint32_t port_class = weir_image_port_class(&image, ports_of_protocol(protocol), port);
	const struct eval_end near = meet(from, to), far = meet(to, &near);
	struct eval_result result = {};

	/* A pod always reaches itself: that never leaves it. */
	if (!from->pod || from->pod != to->pod) {
		judge(compiled, &(struct side){ WEIR_EGRESS, &near, &far }, port_class, &result);
		judge(compiled, &(struct side){ WEIR_INGRESS, &far, &near }, port_class, &result);
	}
	result.allowed = !result.denied_by[WEIR_INGRESS] && !result.denied_by[WEIR_EGRESS];
	*ret = result;
}

void eval_service(const struct world *world, const struct eval_end *to, uint8_t protocol, uint16_t port,
		  eval_backends *ret)
{
	const struct world_service *service = to->has_addr && !to->pod ? world_service_by_addr(world, &to->addr) : NULL;

	for (size_t i = 0; service && i < service->ports.n; i++) {
		if (service->ports.items[i].protocol != protocol || service->ports.items[i].port != port)
			continue;
		vec_for_each (backend, &service->ports.items[i].backends)
			vec_push(ret, (struct eval_backend){
					      .end = { .pod = world_pod_by_addr(world, &backend->addr),
						       .addr = backend->addr,
						       .has_addr = true },
					      .port = backend->port,
				      });
	}
}
