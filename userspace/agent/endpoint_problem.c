// SPDX-License-Identifier: BSD-2-Clause
/* Why a pod of this node has no interface, and what to do about it. */
#include <string.h>

#include "agent/endpoints.h"
#include "base/mem.h"

/* Where no pod at all is found one cause has many lines. */
#define NOT_FOUND_MAX 16

#define HELP "annotate the pod with weir.dev/interface, or install the CNI plugin"

static char *problem_of_named(const struct endpoints *endpoints, const struct endpoint *endpoint)
{
	const struct port *port;
	struct link_info link;

	if (links_by_name(endpoints->links, endpoint->interface, &link)) {
		port = endpoints_port(endpoints, link.ifindex);
		if (port && port->endpoint)
			return xasprintf("pod %s/%s: interface %s is pod %s/%s's already (name another)",
					 endpoint->namespace, endpoint->pod, endpoint->interface,
					 port->endpoint->namespace, port->endpoint->pod);
	}
	return xasprintf("pod %s/%s: interface %s isn't there (it will be attached when it appears)",
			 endpoint->namespace, endpoint->pod, endpoint->interface);
}

static void name_link(const struct endpoints *endpoints, uint32_t ifindex, char name[static IF_NAMESIZE])
{
	link_infos links = {};

	snprintf(name, IF_NAMESIZE, "%u", ifindex);
	links_list(endpoints->links, &links);
	vec_for_each (link, &links) {
		if (link->ifindex == ifindex)
			memcpy(name, link->name, IF_NAMESIZE);
	}
	vec_free(&links);
}

static const struct endpoint *other_at(const struct endpoints *endpoints, const struct endpoint *than)
{
	const struct port *port = endpoints_port(endpoints, than->search.ifindex);

	if (than->search.match == MATCH_TAKEN)
		return port ? port->endpoint : NULL;
	vec_for_each (other, &endpoints->list) {
		if (other != than && !other->is_named && other->search.match == MATCH_SHARED &&
		    other->search.ifindex == than->search.ifindex)
			return other;
	}
	return NULL;
}

static char *problem_of_sought(const struct endpoints *endpoints, const struct endpoint *endpoint)
{
	_cleanup_free_ char *pod = xasprintf("pod %s/%s", endpoint->namespace, endpoint->pod);
	_cleanup_free_ char *owner = NULL;
	const struct endpoint *other = other_at(endpoints, endpoint);
	char at[IF_NAMESIZE], rival[IF_NAMESIZE], addr[ADDR_TEXT_MAX];

	if (!endpoint->addrs.n)
		return xasprintf(
			"%s: no interface can be found for it: its addresses count as another pod's (" HELP ")", pod);
	if (!endpoint->search.is_late)
		return NULL;
	addr_format(&endpoint->addrs.items[0], addr);
	name_link(endpoints, endpoint->search.ifindex, at);
	name_link(endpoints, endpoint->search.rival, rival);
	switch (endpoint->search.match) {
	case MATCH_SEVERAL:
		return xasprintf("%s: no interface found for its address %s: it is seen behind %s and behind %s, so "
				 "neither is taken (remove it from one, or " HELP ")",
				 pod, addr, at, rival);
	case MATCH_TAKEN:
	case MATCH_SHARED:
		owner = other ? xasprintf("pod %s/%s's as well", other->namespace, other->pod)
			      : xstrdup("another pod's, as the CNI plugin said");
		return xasprintf("%s: no interface found for its address %s: %s, where it is seen, is %s (" HELP ")",
				 pod, addr, at, owner);
	default:
		return xasprintf("%s: no interface found for its address %s: neither a route for it, nor the other end "
				 "of a veth, nor a bridge has it (" HELP ")",
				 pod, addr);
	}
}

char *endpoint_problem(const struct endpoints *endpoints, const struct endpoint *endpoint)
{
	if (endpoint->ifindex)
		return NULL;
	return endpoint->interface ? problem_of_named(endpoints, endpoint) : problem_of_sought(endpoints, endpoint);
}

void endpoints_note_problems(const struct endpoints *endpoints, struct notes *problems)
{
	size_t not_found = 0;

	vec_for_each (endpoint, &endpoints->list) {
		_cleanup_free_ char *problem = endpoint_problem(endpoints, endpoint);

		if (problem && !endpoint->interface && ++not_found > NOT_FOUND_MAX)
			continue;
		if (problem)
			notes_add(problems, "%s", problem);
	}
	if (not_found > NOT_FOUND_MAX)
		notes_add(problems, "pods: no interface found for %zu more (weir get endpoints lists them)",
			  not_found - NOT_FOUND_MAX);
}
