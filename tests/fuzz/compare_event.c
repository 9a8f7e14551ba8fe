// SPDX-License-Identifier: BSD-2-Clause
/* What is told of a packet, against what became of it. */
#include <arpa/inet.h>
#include <string.h>

#include "fuzz/compare.h"

/* By the name that the connection has from the pod's side. */
static bool is_about(const struct weir_event *event, const struct flow_name *name)
{
	return !memcmp(event->local, name->local, sizeof(event->local)) &&
	       !memcmp(event->remote, name->remote, sizeof(event->remote)) &&
	       ntohs(event->local_port) == name->local_port && ntohs(event->remote_port) == name->remote_port &&
	       event->ifindex == name->ifindex && event->protocol == name->protocol;
}

/* Nothing was told before it, so it is told of if there is anything to tell. */
bool compare_event(const struct engine *engine, const struct step *step, const struct judgement *judgement, bool xdp,
		   FILE *out)
{
	const enum weir_direction direction = step->argument & PACKET_OUT ? WEIR_EGRESS : WEIR_INGRESS;
	struct weir_event event = { 0 };
	const int n = engine->told(&event);

	if (n == 0 && !judgement->told)
		return false;
	if (n == 1 && event.kind == judgement->told && event.verdict == judgement->verdict &&
	    event.reason == judgement->reason && event.counter == judgement->counter && event.direction == direction &&
	    event.length == step->length && event.xdp == xdp &&
	    (!judgement->named || is_about(&event, &judgement->name)))
		return false;
	if (out)
		fprintf(out, "  %d event(s): kind %u, reason %u, counter %u, ports %u %u; model: kind %d, reason %u\n",
			n, event.kind, event.reason, event.counter, ntohs(event.local_port), ntohs(event.remote_port),
			judgement->told, judgement->reason);
	return true;
}
