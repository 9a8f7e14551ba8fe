// SPDX-License-Identifier: BSD-2-Clause
#include "agent/ports.h"

#include <string.h>

#include "base/interned.h"
#include "base/mem.h"

struct ignored_link {
	uint32_t ifindex;
	UT_hash_handle hh;
};

struct port *ports_find(const struct endpoints *endpoints, uint32_t ifindex)
{
	struct port *port;

	HASH_FIND(hh, endpoints->ports, &ifindex, sizeof(ifindex), port);
	return port;
}

const struct port *endpoints_port(const struct endpoints *endpoints, uint32_t ifindex)
{
	return ports_find(endpoints, ifindex);
}

static struct port *port_new(struct endpoints *endpoints, uint32_t ifindex, const char *name)
{
	struct port *port = new0(struct port);

	port->ifindex = ifindex;
	snprintf(port->name, sizeof(port->name), "%s", name);
	HASH_ADD(hh, endpoints->ports, ifindex, sizeof(port->ifindex), port);
	return port;
}

struct port *port_get(struct endpoints *endpoints, const struct link_info *link)
{
	struct port *port = ports_find(endpoints, link->ifindex);

	if (!port)
		return port_new(endpoints, link->ifindex, link->name);
	snprintf(port->name, sizeof(port->name), "%s", link->name);
	return port;
}

static void port_free(struct endpoints *endpoints, struct port *port)
{
	HASH_DEL(endpoints->ports, port);
	free(port->failure);
	hook_health_free(&port->hooks);
	interned_unref(port->namespace);
	interned_unref(port->pod);
	free(port);
}

/* Interfaces that are there already, and that nobody attached to, are somebody else's until a pod names them. */
static void ignore_present(struct endpoints *endpoints)
{
	link_infos links = {};

	links_list(endpoints->links, &links);
	vec_for_each (link, &links) {
		struct port *port = ports_find(endpoints, link->ifindex);
		struct ignored_link *ignored;

		if (port) {
			snprintf(port->name, sizeof(port->name), "%s", link->name);
			continue;
		}
		ignored = new0(struct ignored_link);
		ignored->ifindex = link->ifindex;
		HASH_ADD(hh, endpoints->ignored, ifindex, sizeof(ignored->ifindex), ignored);
	}
	vec_free(&links);
}

void ports_load(struct endpoints *endpoints, const datapath_endpoints *kernel)
{
	datapath_attachments attachments = {};

	datapath_list_attachments(endpoints->datapath, &attachments);
	vec_for_each (attachment, &attachments) {
		struct port *port = port_new(endpoints, attachment->ifindex, "");

		port->hook = attachment->hook;
		port->xdp = attachment->xdp;
	}
	vec_free(&attachments);
	vec_for_each (endpoint, kernel) {
		struct port *port =
			ports_find(endpoints, endpoint->ifindex) ?: port_new(endpoints, endpoint->ifindex, "");

		port->has_identity = true;
		port->since = time(NULL);
		port->entry = endpoint->is;
	}
	ignore_present(endpoints);
}

void ports_free(struct endpoints *endpoints)
{
	struct ignored_link *ignored, *next_ignored;
	struct port *port, *next_port;

	HASH_ITER (hh, endpoints->ports, port, next_port)
		port_free(endpoints, port);
	HASH_ITER (hh, endpoints->ignored, ignored, next_ignored) {
		HASH_DEL(endpoints->ignored, ignored);
		free(ignored);
	}
}

bool ports_is_ignored(const struct endpoints *endpoints, uint32_t ifindex)
{
	struct ignored_link *ignored;

	HASH_FIND(hh, endpoints->ignored, &ifindex, sizeof(ifindex), ignored);
	return ignored != NULL;
}

void ports_forget_ignored(struct endpoints *endpoints, uint32_t ifindex)
{
	struct ignored_link *ignored;

	HASH_FIND(hh, endpoints->ignored, &ifindex, sizeof(ifindex), ignored);
	if (ignored)
		HASH_DEL(endpoints->ignored, ignored);
	free(ignored);
}

void ports_disown(struct endpoints *endpoints)
{
	for (struct port *port = endpoints->ports; port; port = port->hh.next)
		port->endpoint = NULL;
}

bool ports_drop_gone(struct endpoints *endpoints)
{
	struct port *port, *next;
	link_infos links = {};
	bool changed = false;

	links_list(endpoints->links, &links);
	HASH_ITER (hh, endpoints->ports, port, next) {
		bool there = false;

		for (size_t i = 0; i < links.n && !there; i++)
			there = links.items[i].ifindex == port->ifindex;
		if (there)
			continue;
		if (port->has_identity)
			port_tell_removed(endpoints, port, "gone");
		else
			log_info("interface %s: gone", *port->name ? port->name : "of an earlier agent");
		changed |= port->has_identity;
		datapath_delete_endpoint(endpoints->datapath, port->ifindex);
		datapath_detach(endpoints->datapath, port->ifindex);
		port_free(endpoints, port);
	}
	vec_free(&links);
	return changed;
}

/* What the datapath says of the port now. */
static void read_attachment(struct endpoints *endpoints, struct port *port)
{
	datapath_attachments attachments = {};

	port->hook = HOOK_NONE;
	port->xdp = XDP_OFF;
	datapath_list_attachments(endpoints->datapath, &attachments);
	vec_for_each (attachment, &attachments) {
		if (attachment->ifindex != port->ifindex)
			continue;
		port->hook = attachment->hook;
		port->xdp = attachment->xdp;
	}
	vec_free(&attachments);
}

void port_attach(struct endpoints *endpoints, struct port *port, enum datapath_xdp xdp)
{
	struct error error = {};
	int r;

	if (port->attached && port->xdp == xdp && !port->failure)
		return;
	r = datapath_attach(endpoints->datapath, port->ifindex, port->name, xdp, &error);
	read_attachment(endpoints, port);
	port->attached = port->hook != HOOK_NONE;
	free(port->failure);
	port->failure = r < 0 ? xstrdup(error.text) : NULL;
}

/* --- who is behind it -------------------------------------------------------- */

static bool is_mac(const uint8_t mac[static MAC_LENGTH])
{
	static const uint8_t none[MAC_LENGTH];

	return memcmp(mac, none, MAC_LENGTH) != 0;
}

void port_forget_peer(struct port *port)
{
	memset(port->peer_mac, 0, sizeof(port->peer_mac));
}

static const uint8_t *mac_of(const struct endpoints *endpoints, struct port *port)
{
	if (is_mac(port->endpoint->mac))
		return port->endpoint->mac;
	if (!is_mac(port->peer_mac))
		links_peer_mac(endpoints->links, port->ifindex, port->peer_mac);
	return port->peer_mac;
}

/* The first address of each family is found without a further look-up. */
static void add_addresses(const struct endpoint *endpoint, struct weir_endpoint *entry)
{
	bool has[WEIR_FAMILIES] = {};

	vec_for_each (addr, &endpoint->addrs) {
		if (has[addr->family])
			entry->flags |= WEIR_ENDPOINT_MORE_ADDRESSES;
		else if (addr->family == WEIR_IPV4)
			memcpy(&entry->ipv4, addr->bytes, sizeof(entry->ipv4));
		else
			memcpy(entry->ipv6, addr->bytes, sizeof(entry->ipv6));
		has[addr->family] = true;
	}
}

static struct weir_endpoint entry_of(const struct endpoints *endpoints, struct port *port)
{
	const struct endpoint *endpoint = port->endpoint;
	struct weir_endpoint entry = { .identity = endpoint->identity };

	memcpy(entry.mac, mac_of(endpoints, port), sizeof(entry.mac));
	if (!endpoint->may_spoof)
		entry.flags = WEIR_ENDPOINT_CHECK_ADDRESS | (is_mac(entry.mac) ? WEIR_ENDPOINT_CHECK_MAC : 0);
	add_addresses(endpoint, &entry);
	return entry;
}

/* But for what packets write. */
static bool same_entry(const struct weir_endpoint *a, const struct weir_endpoint *b)
{
	return a->identity == b->identity && a->flags == b->flags && a->ipv4 == b->ipv4 &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && memcmp(a->ipv6, b->ipv6, sizeof(a->ipv6)) == 0;
}

static struct event event_of(enum event_type type, const struct port *port, const char *what, const char *remark)
{
	struct event event = port->pod ? event_make(type, "interface %s: %s pod %s/%s%s", port->name, what,
						    port->namespace, port->pod, remark)
				       : event_make(type, "interface %s: %s%s",
						    *port->name ? port->name : "of an earlier agent", what, remark);

	event.interface = interned(port->name);
	event.namespace = interned_ref(port->namespace);
	event.endpoint = interned_ref(port->pod);
	return event;
}

static void tell_attached(const struct endpoints *endpoints, const struct port *port)
{
	const bool unchecked = !port->endpoint->may_spoof && !(port->entry.flags & WEIR_ENDPOINT_CHECK_MAC);
	struct event event = event_of(
		EVENT_ENDPOINT_ATTACHED, port, "enforced as",
		unchecked ? "; its MAC address can't be known here and is not checked (weir.dev/mac can say it)" : "");

	events_add(endpoints->events, &event);
}

void port_tell_removed(const struct endpoints *endpoints, const struct port *port, const char *why)
{
	_cleanup_free_ char *what = xasprintf("%s%s", why, port->pod ? ", was" : "");
	struct event event = event_of(EVENT_ENDPOINT_REMOVED, port, what, "");

	events_add(endpoints->events, &event);
}

/* Takes its pod's name. True when it was another's, as far as is known. */
static bool rename_port(struct port *port)
{
	const struct endpoint *endpoint = port->endpoint;
	const bool same =
		port->pod && strcmp(port->pod, endpoint->pod) == 0 && strcmp(port->namespace, endpoint->namespace) == 0;
	const bool other = port->pod && !same;

	if (same)
		return false;
	interned_unref(port->namespace);
	interned_unref(port->pod);
	port->namespace = interned(endpoint->namespace);
	port->pod = interned(endpoint->pod);
	return other;
}

bool port_identify(struct endpoints *endpoints, struct port *port)
{
	const struct weir_endpoint entry = entry_of(endpoints, port);
	const bool known = port->has_identity && !rename_port(port);
	int r;

	if (known && same_entry(&port->entry, &entry))
		return false;
	r = datapath_set_endpoint(endpoints->datapath, port->ifindex, &entry);
	if (r < 0) {
		free(port->failure);
		port->failure =
			xasprintf("interface %s: the kernel won't take its identity: %s", port->name, strerror(-r));
		return false;
	}
	port->has_identity = true;
	port->since = known ? port->since : time(NULL);
	port->entry = entry;
	if (known || !port->attached)
		return true;
	rename_port(port);
	tell_attached(endpoints, port);
	return true;
}

bool port_close(struct endpoints *endpoints, struct port *port)
{
	int r = datapath_delete_endpoint(endpoints->datapath, port->ifindex);

	if (r < 0) {
		free(port->failure);
		port->failure = xasprintf("interface %s: it can't be closed: %s", port->name, strerror(-r));
		return false;
	}
	port->has_identity = false;
	return true;
}

void ports_note_failures(const struct endpoints *endpoints, struct notes *problems)
{
	for (const struct port *port = endpoints->ports; port; port = port->hh.next) {
		if (port->failure)
			notes_add(problems, "%s; it is tried again", port->failure);
	}
}

bool endpoints_failed(const struct endpoints *endpoints)
{
	for (const struct port *port = endpoints->ports; port; port = port->hh.next) {
		if (port->failure)
			return true;
	}
	return false;
}
