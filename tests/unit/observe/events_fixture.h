/* SPDX-License-Identifier: BSD-2-Clause */
/* Events that the tests speak of. */
#ifndef WEIR_TESTS_EVENTS_FIXTURE_H
#define WEIR_TESTS_EVENTS_FIXTURE_H

#include <assert.h>
#include <net/ethernet.h>
#include <netinet/in.h>

#include "base/interned.h"
#include "object/labels.h"
#include "observe/event.h"

static inline struct event_end end_of(const char *address, uint16_t port, const char *namespace, const char *pod)
{
	struct event_end end = { .has_address = true, .has_port = port != 0, .port = port };
	struct labels labels = {};

	assert(addr_parse(address, &end.address) == 0);
	end.namespace = interned(namespace);
	end.pod = interned(pod);
	if (pod) {
		labels_set(&labels, "app", pod);
		end.workload = interned(pod);
		end.labels = event_labels(&labels);
		end.identity = 70;
		labels_free(&labels);
	}
	return end;
}

/* TCP SYN from shop/web to shop/db:5432, denied there. */
static inline struct event denied_event(void)
{
	struct event event = {
		.time = 1767323045678901234ull, /* 2026-01-02T03:04:05.678901Z */
		.type = EVENT_DENIED,
		.verdict = WEIR_VERDICT_DROP,
		.reason = WEIR_REASON_POLICY_DEFAULT,
		.direction = WEIR_INGRESS,
		.protocol = IPPROTO_TCP,
		.flags = 0x02,
		.eth_proto = ETHERTYPE_IP,
		.bytes = 74,
		.revision = 3,
	};
	const struct rule_ref rule = { .kind = KIND_NETWORK_POLICY, .namespace = "shop", .policy = "db" };

	event.namespace = interned("shop");
	event.endpoint = interned("db");
	event.interface = interned("veth-db");
	event.source = end_of("10.0.0.1", 40000, "shop", "web");
	event.destination = end_of("10.0.0.2", 5432, "shop", "db");
	event_add_policy(&event, &rule);
	return event;
}

#endif
