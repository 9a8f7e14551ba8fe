// SPDX-License-Identifier: BSD-2-Clause
#include "agent/packet_events.h"

#include <inttypes.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/core.h"
#include "base/interned.h"
#include "base/timestamp.h"
#include "policy/workload.h"

#define NS_PER_SECOND 1000000000ull

/* What of one reading is the same for all its records. */
struct reading {
	struct agent *agent;
	uint64_t epoch; /* ns since 1970 at the beginning of the kernel's clock */
};

static uint64_t monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* --- who ------------------------------------------------------------------------- */

static bool is_zero(const uint8_t address[static 16])
{
	static const uint8_t zeros[16];

	return memcmp(address, zeros, sizeof(zeros)) == 0;
}

static bool has_ports(const struct weir_event *record)
{
	return (record->local_port || record->remote_port) &&
	       (record->protocol == IPPROTO_TCP || record->protocol == IPPROTO_UDP || record->protocol == IPPROTO_SCTP);
}

static struct addr addr_of(const struct weir_event *record, const uint8_t address[static 16])
{
	struct addr addr = { .family = ntohs(record->eth_proto) == ETH_P_IPV6 ? WEIR_IPV6 : WEIR_IPV4 };

	memcpy(addr.bytes, address + (addr.family == WEIR_IPV4 ? 12 : 0), addr_bits(addr.family) / 8);
	return addr;
}

static void name_pod(struct event_end *end, const char *namespace, const char *pod)
{
	end->namespace = interned(namespace);
	end->pod = interned(pod);
}

static int by_addr(const void *key, const void *item)
{
	return addr_compare(key, &((const struct datapath_address *)item)->addr);
}

/* An address of this node's pods is known by its interface, also while the compiled policy's pods are not to be asked.
 */
static const struct port *port_of(const struct agent *agent, const struct addr *addr)
{
	const datapath_addresses *placed = &agent->addresses.placed;
	const struct datapath_address *found =
		placed->n ? bsearch(addr, placed->items, placed->n, sizeof(*placed->items), by_addr) : NULL;

	return found && found->ifindex ? endpoints_port(&agent->endpoints, found->ifindex) : NULL;
}

static void name_owner(const struct agent *agent, struct event_end *end)
{
	const struct address_owner *owner =
		agent->compiled && !agent->stale ? compiled_owner(agent->compiled, &end->address) : NULL;
	const struct port *port = port_of(agent, &end->address);

	if (owner && owner->pod)
		name_pod(end, owner->pod->namespace, owner->pod->name);
	else if (owner && owner->service)
		end->namespace = interned(owner->service->namespace);
	else if (port && port->pod)
		name_pod(end, port->namespace, port->pod);
}

static void name_identity(const struct agent *agent, struct event_end *end)
{
	const struct identity_info *info =
		agent->compiled && end->identity ? compiled_identity(agent->compiled, end->identity) : NULL;
	const char *workload, *slash;

	if (!info)
		return;
	if (!end->namespace)
		end->namespace = interned(info->namespace);
	if (end->pod || info->namespace)
		end->labels = event_labels(&info->labels);
	workload = workload_of(agent->state.numbers.identities, end->identity);
	slash = workload ? strchr(workload, '/') : NULL;
	if (slash)
		end->workload = interned(slash + 1);
}

/* What spoke for an address that is not its own is not the one whose address that is. */
static bool is_believed(const struct weir_event *record, bool local)
{
	return !(local && record->direction == WEIR_EGRESS &&
		 (record->reason == WEIR_REASON_SPOOFED_ADDRESS || record->reason == WEIR_REASON_SPOOFED_NEIGHBOUR));
}

static struct event_end end_of(const struct agent *agent, const struct weir_event *record, bool local)
{
	struct event_end end = { .identity = local ? record->identity : record->peer };
	const struct port *port = local ? endpoints_port(&agent->endpoints, record->ifindex) : NULL;

	if (!is_zero(record->local) || !is_zero(record->remote)) {
		end.has_address = true;
		end.address = addr_of(record, local ? record->local : record->remote);
	}
	if (has_ports(record)) {
		end.has_port = true;
		end.port = ntohs(local ? record->local_port : record->remote_port);
	}
	if (port && port->pod)
		name_pod(&end, port->namespace, port->pod);
	else if (end.has_address && is_believed(record, local))
		name_owner(agent, &end);
	name_identity(agent, &end);
	return end;
}

/* --- why ------------------------------------------------------------------------- */

static enum event_type type_of(uint8_t kind)
{
	static const enum event_type types[] = {
		[WEIR_EVENT_DENIED] = EVENT_DENIED,
		[WEIR_EVENT_OPENED] = EVENT_OPENED,
		[WEIR_EVENT_AUDITED] = EVENT_AUDITED,
		[WEIR_EVENT_WITHDRAWN] = EVENT_WITHDRAWN,
	};

	return kind < ARRAY_SIZE(types) ? types[kind] : EVENT_NONE;
}

/* A limit speaks for itself. Of decisions that share a counter only the image in force tells which one it was. */
static void name_decider(const struct agent *agent, const struct weir_event *record, struct event *event)
{
	const struct decision_info *decision = NULL;

	if (record->bucket)
		return rulebook_name_bucket(&agent->rulebook, record->bucket - 1, event);
	if (record->counter != WEIR_COUNTER_OVERFLOW)
		return rulebook_name_counter(&agent->rulebook, record->counter, event);
	if (agent->compiled && record->revision == agent->compiled->revision)
		decision = compiled_decision(agent->compiled, record->decision);
	for (size_t i = 0; decision && i < decision->rules.n; i++)
		event_add_policy(event, &decision->rules.items[i]);
}

static void take(void *data, const struct weir_event *record)
{
	const struct reading *reading = data;
	const struct agent *agent = reading->agent;
	const struct port *port = endpoints_port(&agent->endpoints, record->ifindex);
	const bool out = record->direction == WEIR_EGRESS;
	struct event event = {
		.time = reading->epoch + record->time,
		.type = type_of(record->kind),
		.verdict = record->verdict,
		.reason = record->reason,
		.direction = record->direction,
		.protocol = record->protocol,
		.flags = record->flags,
		.icmp_type = record->type,
		.eth_proto = ntohs(record->eth_proto),
		.bytes = record->length,
		.repeats = record->repeats,
		.revision = record->revision,
		.source = end_of(agent, record, out),
		.destination = end_of(agent, record, !out),
	};

	if (port) {
		event.interface = interned(port->name);
		event.namespace = interned(port->namespace);
		event.endpoint = interned(port->pod);
	}
	name_decider(agent, record, &event);
	events_add(&reading->agent->events, &event);
}

bool packet_events_read(struct agent *agent)
{
	struct reading reading = { .agent = agent, .epoch = timestamp_now() - monotonic_now() };

	return datapath_read_events(agent->datapath, take, &reading) > 0;
}

/* --- how many -------------------------------------------------------------------- */

struct packet_events packet_events_count(const struct agent *agent)
{
	uint64_t tallies[WEIR_TALLIES];

	if (datapath_read_tallies(agent->datapath, tallies) < 0)
		return (struct packet_events){};
	return (struct packet_events){
		.told = tallies[WEIR_TALLY_TOLD],
		.held_back = tallies[WEIR_TALLY_HELD_BACK],
		.lost = tallies[WEIR_TALLY_LOST],
	};
}

void packet_events_check(struct agent *agent)
{
	const struct packet_events count = packet_events_count(agent);
	struct event event;

	if (count.lost > agent->events_lost) {
		event = event_make(EVENT_EVENTS_LOST,
				   "%" PRIu64
				   " records of packets found no room in the ring buffer (give eventBytes more)",
				   count.lost - agent->events_lost);
		event.count = count.lost - agent->events_lost;
		events_add(&agent->events, &event);
	}
	agent->events_lost = count.lost;
}
