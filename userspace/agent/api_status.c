// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "agent/api.h"
#include "agent/cluster.h"
#include "agent/packet_events.h"
#include "agent/reconcile.h"
#include "base/mem.h"
#include "observe/names.h"
#include "version.h"

static json_t *kernel(const struct agent *agent)
{
	struct utsname name = { .release = "unknown" };

	uname(&name);
	return json_pack("{s:o, s:s}", "release", api_text(name.release), "hook",
			 api_hook_name(datapath_probe_hook(agent->datapath)));
}

static json_t *policy(const struct agent *agent)
{
	const struct compiled none = {}, *compiled = agent->compiled ?: &none;
	struct world world = {};
	json_t *json;

	api_world(agent, &world);
	json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "policies", (json_int_t)world.policies.n,
			 "pods", (json_int_t)world.pods.n, "identities", (json_int_t)compiled->identities.n,
			 "subjectClasses", (json_int_t)compiled->n_subjects, "peerClasses",
			 (json_int_t)compiled->n_peer_classes, "portClasses", (json_int_t)compiled->n_port_classes,
			 "regions", (json_int_t)compiled->n_regions, "imageWords", (json_int_t)compiled->n_words,
			 "imageCapacity", (json_int_t)datapath_image_words(agent->datapath));
	world_free(&world);
	return json;
}

/* How the image in force was verified before it was put there; null before the first one of this agent's. */
static json_t *verified(const struct agent *agent)
{
	const struct verification *verification = &agent->verification;

	if (!agent->compiled)
		return json_null();
	return json_pack("{s:I, s:I, s:b, s:I, s:f}", "cells", (json_int_t)verification->cells, "of",
			 (json_int_t)verification->of, "sampled", verification->sampled, "seed",
			 (json_int_t)verification->seed, "ms", verification->ms);
}

static json_t *sources(const struct agent *agent)
{
	json_t *list = json_array();

	vec_for_each (source, &agent->sources.list) {
		json_t *json = json_pack("{s:o, s:b, s:o, s:o, s:I, s:o, s:o}", "name", api_text(source->name),
					 "synced", source->errors.list.n == 0, "since", api_time(source->since), "away",
					 api_time(source->kube ? kube_away_since(source->kube) : 0), "objects",
					 (json_int_t)source_objects(&agent->sources, source)->list.n, "errors",
					 api_notes(&source->errors), "feedback",
					 source->kube ? cluster_json(agent) : json_null());

		json_array_append_new(list, json);
	}
	return list;
}

static json_t *interface(const struct port *port)
{
	_cleanup_free_ char *pod =
		port->endpoint ? xasprintf("%s/%s", port->endpoint->namespace, port->endpoint->pod) : NULL;

	return json_pack("{s:o, s:I, s:s, s:s, s:s, s:o, s:o, s:o}", "interface", api_text(port->name), "ifindex",
			 (json_int_t)port->ifindex, "hook", api_hook_name(port->hook), "xdp", api_xdp_name(port->xdp),
			 "state", api_port_state(port), "checks", api_checks(port), "pod", api_text(pod), "ahead",
			 api_text(port->hooks.ahead));
}

static int compare_ports(const void *a, const void *b)
{
	return strcmp((*(const struct port *const *)a)->name, (*(const struct port *const *)b)->name);
}

static json_t *interfaces(const struct agent *agent)
{
	VEC(const struct port *) ports = {};
	json_t *list = json_array();

	for (const struct port *port = agent->endpoints.ports; port; port = port->hh.next)
		vec_push(&ports, port);
	if (ports.n)
		qsort(ports.items, ports.n, sizeof(*ports.items), compare_ports);
	vec_for_each (port, &ports)
		json_array_append_new(list, interface(*port));
	vec_free(&ports);
	return list;
}

static json_t *uplinks(const struct agent *agent)
{
	json_t *list = json_array();

	vec_for_each (uplink, &agent->uplinks.list)
		json_array_append_new(list, json_pack("{s:o, s:I, s:s, s:s, s:o}", "interface", api_text(uplink->name),
						      "ifindex", (json_int_t)uplink->ifindex, "xdp",
						      api_xdp_name(uplink->attached ? uplink->is.xdp : XDP_OFF),
						      "state", uplink->attached ? "enforced" : "missing", "note",
						      api_text(uplink->attached ? uplink->is.note : uplink->failure)));
	return list;
}

static json_t *shields(const struct agent *agent)
{
	json_t *list = json_array();
	char text[ADDR_TEXT_MAX];

	vec_for_each (addr, &agent->shields.up)
		json_array_append_new(list, json_string(addr_format(addr, text)));
	return list;
}

/* The limits that drop now. */
static json_t *bites(const struct agent *agent)
{
	json_t *list = json_array();

	vec_for_each (limit, &agent->limits.list)
		if (limit->bite.bites)
			json_array_append_new(list, json_pack("{s:o, s:b, s:o}", "limit", api_text(limit->name),
							      "audit", limit->audit, "bites", api_bite(limit)));
	return list;
}

static json_t *maps(const struct agent *agent)
{
	struct datapath_map_info infos[DATAPATH_MAPS_MAX];
	json_t *list = json_array();
	unsigned n = 0;

	if (datapath_list_maps(agent->datapath, &agent->sweeper.counts, infos, &n) < 0)
		return list;
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "name", infos[i].name, "entries",
						      (json_int_t)infos[i].entries, "capacity",
						      (json_int_t)infos[i].capacity));
	return list;
}

static json_t *flows(const struct agent *agent)
{
	const struct datapath_flow_counts *counts = &agent->sweeper.counts;
	json_t *list = json_array();

	for (int i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		const int table = i / WEIR_FAMILIES, family = i % WEIR_FAMILIES;

		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "table", flow_table_name(table),
						      "family", family_name(family), "flows",
						      (json_int_t)counts->present[table][family], "capacity",
						      (json_int_t)sweeper_capacity(&agent->config->capacities, table),
						      "entered", (json_int_t)counts->entered[table][family], "evicted",
						      (json_int_t)counts->evicted[table][family]));
	}
	return list;
}

static json_t *events(const struct agent *agent)
{
	const struct packet_events count = packet_events_count(agent);

	return json_pack("{s:I, s:I, s:I}", "told", (json_int_t)count.told, "heldBack", (json_int_t)count.held_back,
			 "lost", (json_int_t)count.lost);
}

/* What is worth a word and takes nothing from what is enforced. */
static json_t *warnings(const struct agent *agent)
{
	const struct notes *const others[] = { &agent->found, &agent->warnings, &agent->hooks.warnings,
					       &agent->unsaved };
	json_t *list = api_notes(&agent->sweeper.problems);

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		json_t *more = api_notes(others[i]);

		json_array_extend(list, more);
		json_decref(more);
	}
	cluster_warnings(agent, list);
	return list;
}

/* For who asks again and again: no table is walked for it, the flows are those of the last sweep. */
static json_t *brief(const struct agent *agent)
{
	return json_pack("{s:s, s:o, s:b, s:o, s:I, s:b, s:o, s:o, s:o, s:o}", "version", WEIR_VERSION, "node",
			 api_text(agent->config->node), "enforcing", agent->revision != 0, "since",
			 api_time(agent->since), "revision", (json_int_t)agent->revision, "settled",
			 agent_settled(agent), "degraded", api_degraded(agent), "warnings", warnings(agent), "shields",
			 shields(agent), "flows", flows(agent));
}

void api_status(void *data, const struct http_request *request, struct http_reply *reply)
{
	const char *wanted = http_query(request, "brief");
	struct agent *agent = data;

	if (wanted && strcmp(wanted, "true") == 0) {
		reply->json = brief(agent);
		return;
	}
	sweeper_run(&agent->sweeper, agent->datapath, &agent->config->capacities);
	reply->json = json_pack(
		"{s:s, s:o, s:b, s:o, s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o}",
		"version", WEIR_VERSION, "node", api_text(agent->config->node), "enforcing", agent->revision != 0,
		"since", api_time(agent->since), "revision", (json_int_t)agent->revision, "settled",
		agent_settled(agent), "degraded", api_degraded(agent), "warnings", warnings(agent), "kernel",
		kernel(agent), "policy", policy(agent), "verified", verified(agent), "sources", sources(agent),
		"interfaces", interfaces(agent), "newcomers", gatekeeper_json(&agent->gatekeeper), "uplinks",
		uplinks(agent), "shields", shields(agent), "limits", bites(agent), "flows", flows(agent), "maps",
		maps(agent), "events", events(agent), "confinement", confinement_json(&agent->confinement));
}
