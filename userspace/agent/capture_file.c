// SPDX-License-Identifier: BSD-2-Clause
#include "agent/capture_file.h"

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/mem.h"
#include "version.h"

#define MAC_ADDRESSES	12u
#define VLAN_TAG	4u
#define ETHERNET_HEADER 14u
#define LOST_COMMENT	"ifdrop counts all interfaces of this capture"

void capture_file_begin(struct capture_file *file)
{
	_cleanup_free_ char *system = NULL;
	struct utsname name;

	if (uname(&name) == 0)
		system = xasprintf("%s %s", name.sysname, name.release);
	pcapng_section(&file->out, &(struct pcapng_section){
					   .hardware = system ? name.machine : NULL,
					   .os = system,
					   .application = "weir " WEIR_VERSION,
				   });
}

/* "shop/backend"; NULL: nobody is known behind it. The caller frees. */
static char *pod_name(const struct capture_file *file, uint32_t ifindex)
{
	const struct port *port = endpoints_port(&file->agent->endpoints, ifindex);

	if (!port || !port->endpoint)
		return NULL;
	return xasprintf("%s/%s", port->endpoint->namespace, port->endpoint->pod);
}

void capture_file_interface(struct capture_file *file, uint32_t ifindex)
{
	const struct port *port = endpoints_port(&file->agent->endpoints, ifindex);
	_cleanup_free_ char *pod = pod_name(file, ifindex);
	_cleanup_free_ char *description = pod	  ? xasprintf("pod %s", pod)
					   : port ? xstrdup("no pod is known behind it")
						  : xstrdup("uplink");
	char name[IF_NAMESIZE];

	if (!if_indextoname(ifindex, name))
		snprintf(name, sizeof(name), "%s", port ? port->name : "gone");
	pcapng_interface(&file->out, &(struct pcapng_interface){
					     .name = name,
					     .description = description,
					     .snaplen = file->snaplen,
				     });
	vec_push(&file->interfaces, (struct captured_interface){ .ifindex = ifindex });
}

static uint32_t find_interface(struct capture_file *file, uint32_t ifindex)
{
	for (uint32_t i = 0; i < file->interfaces.n; i++) {
		if (file->interfaces.items[i].ifindex == ifindex)
			return i;
	}
	capture_file_interface(file, ifindex);
	return (uint32_t)file->interfaces.n - 1;
}

/* Puts back what the kernel keeps beside the packet: the outermost VLAN tag, or a link header that got lost. */
static const uint8_t *mend_link(struct capture_file *file, const struct weir_captured *about, const uint8_t *bytes,
				uint32_t *ret_more)
{
	uint32_t at = 0, from = 0;

	*ret_more = 0;
	if (!about->bare && (!about->vlan || about->captured < MAC_ADDRESSES))
		return bytes;
	if (!about->bare) {
		memcpy(file->mended, bytes, MAC_ADDRESSES);
		from = MAC_ADDRESSES;
	} else {
		memset(file->mended, 0, MAC_ADDRESSES);
	}
	at = MAC_ADDRESSES;
	if (about->vlan) {
		memcpy(file->mended + at, &about->vlan, sizeof(about->vlan));
		memcpy(file->mended + at + 2, &about->vlan_control, sizeof(about->vlan_control));
		at += VLAN_TAG;
	}
	if (about->bare) {
		memcpy(file->mended + at, &about->bare, sizeof(about->bare));
		at += sizeof(about->bare);
	}
	memcpy(file->mended + at, bytes + from, about->captured - from);
	*ret_more = at - from;
	return file->mended;
}

static int64_t verdict_code(const struct weir_captured *about)
{
	if (about->xdp)
		return XDP_DROP;
	return about->verdict == WEIR_VERDICT_PASS     ? TC_ACT_UNSPEC
	       : about->verdict == WEIR_VERDICT_REJECT ? TC_ACT_REDIRECT
						       : TC_ACT_SHOT;
}

/* Inbound is what the interface receives: what its pod sends, or what comes to the node by an uplink. */
static enum pcapng_direction direction_of(const struct weir_captured *about)
{
	return about->xdp || about->direction == WEIR_EGRESS ? PCAPNG_INBOUND : PCAPNG_OUTBOUND;
}

void capture_file_packet(struct capture_file *file, const struct weir_captured *about, const uint8_t *bytes)
{
	const struct compiled *compiled = file->agent->compiled;
	_cleanup_free_ char *limit = about->bucket ? limit_rule_text(compiled, about->bucket - 1) : NULL;
	const char *rules = limit ?: rule_names_find(&file->rules, compiled, about->counter);
	_cleanup_free_ char *pod = pod_name(file, about->endpoint);
	_cleanup_free_ char *comment = packet_comment(about, rules, pod);
	struct pcapng_packet packet = {
		.interface = find_interface(file, about->ifindex),
		.time = (uint64_t)((int64_t)about->time + file->clock),
		.direction = direction_of(about),
		.verdict_of = about->xdp ? PCAPNG_XDP : PCAPNG_TC,
		.verdict = verdict_code(about),
		.comment = comment,
	};
	uint32_t more;

	packet.bytes = mend_link(file, about, bytes, &more);
	packet.captured = about->captured + more;
	packet.length = about->length + more;
	pcapng_packet(&file->out, &packet);
	file->interfaces.items[packet.interface].packets++;
}

/* Which interface a packet that was lost came by, nobody knows; so the first one tells of all. */
void capture_file_end(struct capture_file *file, uint64_t begin, uint64_t end, uint64_t lost)
{
	struct pcapng_statistics statistics = { .begin = begin, .end = end, .dropped = lost };

	for (uint32_t i = 0; i < file->interfaces.n; i++) {
		statistics.interface = i;
		statistics.received = file->interfaces.items[i].packets;
		statistics.comment = i == 0 && file->interfaces.n > 1 ? LOST_COMMENT : NULL;
		pcapng_statistics(&file->out, &statistics);
		statistics.dropped = 0;
	}
}

void capture_file_free(struct capture_file *file)
{
	rule_names_free(&file->rules);
	vec_free(&file->interfaces);
	vec_free(&file->out);
}
