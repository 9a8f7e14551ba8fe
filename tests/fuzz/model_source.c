// SPDX-License-Identifier: BSD-2-Clause
/* Who speaks: source addresses, ARP (RFC 826, RFC 5227), neighbour discovery (RFC 4861, RFC 4862), RFC 6105 for
 * routers. */
#include <netinet/in.h>
#include <string.h>

#include "fuzz/model_packet.h"

enum { ROUTER_ADVERTISEMENT = 134, SOLICITATION, ADVERTISEMENT, REDIRECT };

static const uint8_t nobody[16];

static const struct weir_endpoint *endpoint_of(const struct model *m, const struct packet *p)
{
	return m->known[p->pod] ? &m->endpoints[p->pod] : NULL;
}

bool model_carries_mac(const struct packet *p, const uint8_t *mac)
{
	return !memcmp(p->bytes + 6, mac, 6);
}

uint32_t model_identity(enum weir_family family, const uint8_t *addr, uint32_t *ret_ifindex)
{
	const unsigned from = family == WEIR_IPV4 ? 12 : 0;
	struct setting_address known;

	*ret_ifindex = 0;
	for (unsigned i = 0; setting_address(i, &known); i++) {
		if (known.family != family || memcmp(known.addr, addr + from, 16 - from))
			continue;
		*ret_ifindex = known.whose.ifindex;
		return known.whose.identity;
	}
	return WEIR_IDENTITY_WORLD;
}

/* RFC 4291 appendix A: the interface identifier that is made of a MAC address. */
static bool is_eui64(const uint8_t *id, const uint8_t *mac)
{
	const uint8_t expected[8] = { mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };

	return !memcmp(id, expected, sizeof(expected));
}

bool model_is_own(const struct model *m, const struct packet *p, enum weir_family family, const uint8_t *addr)
{
	static const uint8_t link_local[8] = { 0xfe, 0x80 };
	const struct weir_endpoint *endpoint = endpoint_of(m, p);
	const uint8_t *own = family == WEIR_IPV4 ? (const uint8_t *)&endpoint->ipv4 : endpoint->ipv6;
	const unsigned from = family == WEIR_IPV4 ? 12 : 0;
	uint32_t ifindex;

	if (!memcmp(addr, nobody, sizeof(nobody)))
		return false;
	if (!memcmp(addr + from, own, 16 - from))
		return true;
	if (family == WEIR_IPV6 && !memcmp(addr, link_local, sizeof(link_local)) &&
	    (!(endpoint->flags & WEIR_ENDPOINT_CHECK_MAC) || is_eui64(addr + 8, endpoint->mac)))
		return true;
	model_identity(family, addr, &ifindex);
	return endpoint->flags & WEIR_ENDPOINT_MORE_ADDRESSES && ifindex == setting_ifindex(p->pod);
}

enum weir_reason model_check_mac(const struct model *m, const struct packet *p)
{
	const struct weir_endpoint *endpoint = endpoint_of(m, p);

	if (p->direction == WEIR_EGRESS && endpoint->flags & WEIR_ENDPOINT_CHECK_MAC &&
	    !model_carries_mac(p, endpoint->mac))
		return WEIR_REASON_SPOOFED_MAC;
	return WEIR_REASON_NONE;
}

static bool checks_address(const struct model *m, const struct packet *p)
{
	return p->direction == WEIR_EGRESS && endpoint_of(m, p)->flags & WEIR_ENDPOINT_CHECK_ADDRESS;
}

/* RFC 2131: whoever has no address yet asks for one. */
static bool is_dhcp_request(const struct packet *p)
{
	return p->family == WEIR_IPV4 && !memcmp(p->source, nobody, sizeof(nobody)) && p->ports == WEIR_PORTS_UDP &&
	       p->source_port == 68 && p->destination_port == 67;
}

enum weir_reason model_check_source(const struct model *m, const struct packet *p)
{
	enum weir_reason fault = model_check_mac(m, p);

	if (fault || !checks_address(m, p) || is_dhcp_request(p) || model_is_own(m, p, p->family, p->source))
		return fault;
	return WEIR_REASON_SPOOFED_ADDRESS;
}

enum weir_reason model_judge_arp(const struct model *m, const struct packet *p)
{
	static const uint8_t ethernet_ipv4[7] = { 0, 1, 8, 0, 6, 4, 0 };
	const uint8_t *arp = p->bytes + p->network;
	const uint8_t *sender_mac = arp + 8, *sender = arp + 14;
	uint8_t addr[16] = {};
	enum weir_reason fault;

	if (!endpoint_of(m, p))
		return WEIR_REASON_NO_ENDPOINT;
	fault = model_check_mac(m, p);
	if (fault)
		return fault;
	if (p->length - p->network < 28 || memcmp(arp, ethernet_ipv4, sizeof(ethernet_ipv4)) ||
	    (arp[7] != 1 && arp[7] != 2))
		return WEIR_REASON_BAD_ARP;
	if (!checks_address(m, p))
		return WEIR_REASON_ARP;
	if (endpoint_of(m, p)->flags & WEIR_ENDPOINT_CHECK_MAC && memcmp(sender_mac, endpoint_of(m, p)->mac, 6))
		return WEIR_REASON_SPOOFED_NEIGHBOUR;
	memcpy(addr + 12, sender, 4);
	/* A probe (RFC 5227) says nothing of itself. */
	if (memcmp(addr, nobody, sizeof(nobody)) && !model_is_own(m, p, WEIR_IPV4, addr))
		return WEIR_REASON_SPOOFED_NEIGHBOUR;
	return WEIR_REASON_ARP;
}

/* Neighbour discovery has a hop limit of 255, multicast listener messages (RFC 2710, RFC 3810) of 1: nobody routes
 * them. */
bool model_is_neighbour(const struct packet *p)
{
	if (p->family != WEIR_IPV6 || p->protocol != IPPROTO_ICMPV6 || p->later)
		return false;
	if (p->hop_limit == 255)
		return p->type >= 133 && p->type <= 137;
	return p->hop_limit == 1 && ((p->type >= 130 && p->type <= 132) || p->type == 143);
}

enum weir_reason model_judge_neighbour(const struct model *m, const struct packet *p)
{
	const uint8_t *target = p->bytes + p->transport + 8;
	const bool has_target = p->type == SOLICITATION || p->type == ADVERTISEMENT;
	const bool from_nobody = !memcmp(p->source, nobody, sizeof(nobody));
	enum weir_reason fault;

	if (!endpoint_of(m, p))
		return WEIR_REASON_NO_ENDPOINT;
	fault = model_check_mac(m, p);
	if (fault)
		return fault;
	if (has_target && p->transport + 24 > p->end)
		return WEIR_REASON_BAD_TRANSPORT;
	if (!checks_address(m, p))
		return WEIR_REASON_NEIGHBOUR;
	if (p->type == ROUTER_ADVERTISEMENT || p->type == REDIRECT)
		return WEIR_REASON_SPOOFED_NEIGHBOUR;
	if (!from_nobody && !model_is_own(m, p, WEIR_IPV6, p->source))
		return WEIR_REASON_SPOOFED_NEIGHBOUR;
	/* Whoever has no address yet asks whether the one that it wants is free: it must be its own then. */
	if ((p->type == ADVERTISEMENT || (p->type == SOLICITATION && from_nobody)) &&
	    !model_is_own(m, p, WEIR_IPV6, target))
		return WEIR_REASON_SPOOFED_NEIGHBOUR;
	return WEIR_REASON_NEIGHBOUR;
}
