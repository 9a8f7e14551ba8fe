// SPDX-License-Identifier: BSD-2-Clause
/* Services -> the addresses that stand for others, and for whom at each port. */
#include <stdlib.h>
#include <string.h>

#include "policy/world.h"

static bool same_name(const char *a, const char *b)
{
	return strcmp(a ?: "", b ?: "") == 0;
}

static bool is_slice_of(const struct object *slice, const struct object *service)
{
	return slice->slice.service && strcmp(slice->slice.service, service->name) == 0 &&
	       strcmp(slice->namespace, service->namespace) == 0;
}

static int compare_backends(const void *a, const void *b)
{
	const struct world_backend *x = a, *y = b;

	return addr_compare(&x->addr, &y->addr) ?: (int)x->port - y->port;
}

static void add_backends(const struct service_port *port, const struct object *slice, enum weir_family family,
			 struct world_service_port *to)
{
	vec_for_each (target, &slice->slice.ports) {
		if (target->protocol != port->protocol || !same_name(target->name, port->name))
			continue;
		vec_for_each (addr, &slice->slice.ready) {
			if (addr->family == family)
				vec_push(&to->backends,
					 (struct world_backend){ .addr = *addr, .port = target->port ?: port->port });
		}
	}
}

/* The API has each protocol and port once; of more the first counts. */
static bool has_port(const struct world_service *service, const struct service_port *port)
{
	vec_for_each (known, &service->ports) {
		if (known->protocol == port->protocol && known->port == port->port)
			return true;
	}
	return false;
}

/* slices: those of the service. */
static void add_service(struct world *world, const struct object *object, const struct object **slices, size_t n)
{
	vec_for_each (addr, &object->service.addrs) {
		struct world_service *service;

		if (world_is_owned(world, addr))
			continue;
		service = vec_push(&world->services, (struct world_service){ .addr = *addr, .object = object });
		vec_for_each (port, &object->service.ports) {
			struct world_service_port *to;

			if (!port->port || has_port(service, port))
				continue;
			to = vec_push(&service->ports,
				      (struct world_service_port){ .protocol = port->protocol, .port = port->port });

			for (size_t i = 0; i < n; i++)
				add_backends(port, slices[i], addr->family, to);
			if (to->backends.n)
				qsort(to->backends.items, to->backends.n, sizeof(*to->backends.items),
				      compare_backends);
		}
	}
}

static int compare_slices(const void *a, const void *b)
{
	const struct object *x = *(const struct object *const *)a, *y = *(const struct object *const *)b;

	return strcmp(x->namespace, y->namespace) ?: strcmp(x->slice.service ?: "", y->slice.service ?: "")
							     ?: strcmp(x->name, y->name);
}

/* The first of the slices that aren't before the service's. */
static size_t first_slice(const struct world *world, const struct object *service)
{
	size_t low = 0, high = world->slices.n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct object *slice = world->slices.items[middle];
		const int order = strcmp(slice->namespace, service->namespace)
					  ?: strcmp(slice->slice.service ?: "", service->name);

		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int compare_services(const void *a, const void *b)
{
	const struct world_service *x = a, *y = b;

	return addr_compare(&x->addr, &y->addr) ?: strcmp(x->object->namespace, y->object->namespace)
							    ?: strcmp(x->object->name, y->object->name);
}

static void service_free(struct world_service *service)
{
	vec_for_each (port, &service->ports)
		vec_free(&port->backends);
	vec_free(&service->ports);
}

/* Of several services with one address the first by name keeps it. */
static void drop_doubles(struct world *world)
{
	size_t n = 0;

	for (size_t i = 0; i < world->services.n; i++) {
		struct world_service *this = &world->services.items[i];

		if (n && addr_compare(&world->services.items[n - 1].addr, &this->addr) == 0)
			service_free(this);
		else
			world->services.items[n++] = *this;
	}
	world->services.n = n;
}

void world_find_services(struct world *world)
{
	if (world->slices.n)
		qsort(world->slices.items, world->slices.n, sizeof(*world->slices.items), compare_slices);
	for (size_t i = 0; i < world->service_objects.n; i++) {
		const struct object *object = world->service_objects.items[i];
		const size_t first = first_slice(world, object);
		size_t end = first;

		while (end < world->slices.n && is_slice_of(world->slices.items[end], object))
			end++;
		add_service(world, object, end > first ? &world->slices.items[first] : NULL, end - first);
	}
	if (world->services.n)
		qsort(world->services.items, world->services.n, sizeof(*world->services.items), compare_services);
	drop_doubles(world);
}

void world_free_services(struct world *world)
{
	vec_for_each (service, &world->services)
		service_free(service);
	vec_free(&world->services);
	vec_free(&world->service_objects);
	vec_free(&world->slices);
}

static int compare_to_service(const void *key, const void *item)
{
	return addr_compare(key, &((const struct world_service *)item)->addr);
}

const struct world_service *world_service_by_addr(const struct world *world, const struct addr *addr)
{
	return world->services.n ? bsearch(addr, world->services.items, world->services.n,
					   sizeof(*world->services.items), compare_to_service)
				 : NULL;
}
