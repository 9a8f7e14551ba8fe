// SPDX-License-Identifier: BSD-2-Clause
/* GET /v1/services: addresses that stand for others, and who answers for them. */
#include <stdlib.h>
#include <string.h>

#include "agent/api.h"
#include "agent/origins.h"
#include "base/mem.h"
#include "policy/words.h"

static json_t *addresses(const struct object *service)
{
	json_t *list = json_array();
	char text[ADDR_TEXT_MAX];

	vec_for_each (addr, &service->service.addrs)
		json_array_append_new(list, json_string(addr_format(addr, text)));
	return list;
}

static const struct world_service_port *port_of(const struct world_service *service, const struct service_port *port)
{
	vec_for_each (known, &service->ports) {
		if (known->protocol == port->protocol && known->port == port->port)
			return known;
	}
	return NULL;
}

static json_t *backend_json(const struct world *world, const struct world_backend *backend)
{
	const struct object *pod = world_pod_by_addr(world, &backend->addr);
	_cleanup_free_ char *name = pod ? xasprintf("%s/%s", pod->namespace, pod->name) : NULL;
	char text[ADDR_TEXT_MAX];

	return json_pack("{s:o, s:s, s:I}", "pod", api_text(name), "address", addr_format(&backend->addr, text), "port",
			 (json_int_t)backend->port);
}

/* Of both families, as a service may have an address of each. */
static json_t *backends(const struct world *world, const struct object *object, const struct service_port *port)
{
	json_t *list = json_array();

	vec_for_each (addr, &object->service.addrs) {
		const struct world_service *service = world_service_by_addr(world, addr);
		const struct world_service_port *known =
			service && service->object == object ? port_of(service, port) : NULL;

		for (size_t i = 0; known && i < known->backends.n; i++)
			json_array_append_new(list, backend_json(world, &known->backends.items[i]));
	}
	return list;
}

static json_t *service_json(const struct world *world, const struct object *object)
{
	json_t *ports = json_array();

	vec_for_each (port, &object->service.ports)
		json_array_append_new(ports,
				      json_pack("{s:o, s:s, s:I, s:o}", "name", api_text(port->name), "protocol",
						ports_name(ports_of_protocol(port->protocol)), "port",
						(json_int_t)port->port, "backends", backends(world, object, port)));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "namespace", api_text(object->namespace), "name",
			 api_text(object->name), "addresses", addresses(object), "ports", ports, "since",
			 api_time(object->changed));
}

static int compare_names(const void *left, const void *right)
{
	const struct object *a = *(const struct object *const *)left, *b = *(const struct object *const *)right;

	return strcmp(a->namespace, b->namespace) ?: strcmp(a->name, b->name);
}

void api_services(void *data, const struct http_request *request, struct http_reply *reply)
{
	const struct agent *agent = data;
	json_t *list = json_array();
	struct origins origins;
	struct world world = {};

	api_world(agent, &world);
	if (world.service_objects.n)
		qsort(world.service_objects.items, world.service_objects.n, sizeof(*world.service_objects.items),
		      compare_names);
	origins_find(&agent->sources, ORIGINS_OF(KIND_SERVICE), &origins);
	vec_for_each (object, &world.service_objects) {
		json_t *item = service_json(&world, *object);

		origin_tell(origin_of(&origins, KIND_SERVICE, (*object)->namespace, (*object)->name), item);
		json_array_append_new(list, item);
	}
	origins_free(&origins);
	world_free(&world);
	reply->json = api_items(list);
}
