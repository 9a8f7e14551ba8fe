// SPDX-License-Identifier: BSD-2-Clause
#include "agent/flow_filter.h"

#include <netinet/in.h>
#include <string.h>

#include "base/mem.h"
#include "observe/names.h"
#include "policy/eval.h"

struct flow_ends flow_ends(const struct datapath_flow *flow)
{
	const bool local = flow->is.opener == WEIR_EGRESS;
	const bool ports = ports_of_protocol(flow->protocol) != WEIR_PORTS_NONE;

	return (struct flow_ends){
		.from = local ? &flow->local : &flow->remote,
		.to = local ? &flow->remote : &flow->local,
		.from_port = !ports  ? 0
			     : local ? flow->local_port
				     : flow->remote_port,
		.to_port = !ports  ? 0
			   : local ? flow->remote_port
				   : flow->local_port,
		.from_is_local = local,
	};
}

/* --- words ------------------------------------------------------------------- */

static void add_addr(flow_nets *nets, const struct addr *addr)
{
	vec_push(nets, (struct cidr){ .addr = *addr, .length = (uint8_t)addr_bits(addr->family) });
}

/* NULL: no such pod. */
static const struct object *find_pod(const struct world *world, const char *text)
{
	const char *slash = strchr(text, '/');
	_cleanup_free_ char *namespace = slash ? xstrndup(text, (size_t)(slash - text)) : NULL;

	return slash ? world_pod(world, namespace, slash + 1) : NULL;
}

static int no_pod(const char *parameter, const char *text, struct error *error)
{
	if (!strchr(text, '/'))
		return error_set(error, -EINVAL, "%s: \"%s\" is not NAMESPACE/POD", parameter, text);
	return error_set(error, -ENOENT, "%s: %s: no such pod (finished pods don't count)", parameter, text);
}

static int parse_end(const char *parameter, const char *text, const struct world *world, flow_nets *ret,
		     struct error *error)
{
	const struct object *pod;
	struct addr addr;
	struct cidr cidr;

	if (addr_parse(text, &addr) == 0) {
		add_addr(ret, &addr);
		return 0;
	}
	if (cidr_parse(text, &cidr, NULL) == 0) {
		vec_push(ret, cidr);
		return 0;
	}
	pod = find_pod(world, text);
	if (!pod && !strchr(text, '/'))
		return error_set(error, -EINVAL, "%s: \"%s\" is neither NAMESPACE/POD nor an address or CIDR",
				 parameter, text);
	if (!pod)
		return no_pod(parameter, text, error);
	vec_for_each (own, &pod->pod.addrs)
		add_addr(ret, own);
	return 0;
}

static int parse_pod(const char *text, const struct world *world, const struct endpoints *endpoints,
		     struct flow_filter *filter, struct error *error)
{
	const struct object *pod = find_pod(world, text);

	if (!pod)
		return no_pod("pod", text, error);
	filter->by_pod = true;
	vec_for_each (endpoint, &endpoints->list)
		if (strcmp(endpoint->pod, pod->name) == 0 && strcmp(endpoint->namespace, pod->namespace) == 0)
			filter->ifindex = endpoint->ifindex;
	vec_for_each (addr, &pod->pod.addrs)
		add_addr(&filter->pod_nets, addr);
	return 0;
}

static int parse_port(const char *text, uint16_t *ret, struct error *error)
{
	char *end;
	const unsigned long port = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

	if (port < 1 || port > UINT16_MAX || *end)
		return error_set(error, -EINVAL, "port: \"%s\" is not a number from 1 to 65535", text);
	*ret = (uint16_t)port;
	return 0;
}

static int parse_words(const struct flow_filter_words *words, const struct world *world,
		       const struct endpoints *endpoints, struct flow_filter *filter, struct error *error)
{
	int r = 0;

	if (words->pod)
		r = parse_pod(words->pod, world, endpoints, filter, error);
	if (r == 0 && words->from)
		r = parse_end("from", words->from, world, &filter->from, error);
	if (r == 0 && words->to)
		r = parse_end("to", words->to, world, &filter->to, error);
	if (r == 0 && words->port)
		r = parse_port(words->port, &filter->port, error);
	if (r < 0)
		return r;
	if (words->protocol && eval_protocol_parse(words->protocol, &filter->protocol) < 0)
		return error_set(error, -EINVAL, "protocol: \"%s\" is not TCP, UDP, SCTP, ICMP or a number up to 255",
				 words->protocol);
	if (words->state && !flow_state_by_name(words->state, &filter->state))
		return error_set(error, -EINVAL, "state: \"%s\" is none that a flow can be in (like ESTABLISHED)",
				 words->state);
	filter->namespace = words->namespace ? xstrdup(words->namespace) : NULL;
	filter->by_from = words->from;
	filter->by_to = words->to;
	filter->by_protocol = words->protocol;
	filter->by_state = words->state;
	return 0;
}

int flow_filter_parse(const struct flow_filter_words *words, const struct world *world,
		      const struct endpoints *endpoints, struct flow_filter *ret, struct error *error)
{
	struct flow_filter filter = {};
	int r = parse_words(words, world, endpoints, &filter, error);

	if (r < 0)
		flow_filter_free(&filter);
	else
		*ret = filter;
	return r;
}

void flow_filter_free(struct flow_filter *filter)
{
	vec_free(&filter->pod_nets);
	vec_free(&filter->from);
	vec_free(&filter->to);
	free(filter->namespace);
	*filter = (struct flow_filter){};
}

/* --- flows ------------------------------------------------------------------- */

static bool contains(const flow_nets *nets, const struct addr *addr)
{
	vec_for_each (net, nets)
		if (cidr_contains(net, addr))
			return true;
	return false;
}

static bool is_pods(const struct flow_filter *filter, const struct datapath_flow *flow)
{
	return filter->ifindex ? flow->ifindex == filter->ifindex : contains(&filter->pod_nets, &flow->remote);
}

static bool is_in_namespace(const struct flow_filter *filter, const struct endpoints *endpoints,
			    const struct datapath_flow *flow)
{
	const struct port *port = endpoints_port(endpoints, flow->ifindex);

	return port && port->endpoint && strcmp(port->endpoint->namespace, filter->namespace) == 0;
}

/* ICMP is one word for both families. */
static bool is_protocol(uint8_t wanted, uint8_t protocol)
{
	return protocol == wanted || (wanted == IPPROTO_ICMP && protocol == IPPROTO_ICMPV6);
}

bool flow_filter_matches(const struct flow_filter *filter, const struct endpoints *endpoints,
			 const struct datapath_flow *flow)
{
	const struct flow_ends ends = flow_ends(flow);

	return (!filter->by_protocol || is_protocol(filter->protocol, flow->protocol)) &&
	       (!filter->by_state || flow->is.state == filter->state) &&
	       (!filter->port || ends.to_port == filter->port) && (!filter->by_pod || is_pods(filter, flow)) &&
	       (!filter->by_from || contains(&filter->from, ends.from)) &&
	       (!filter->by_to || contains(&filter->to, ends.to)) &&
	       (!filter->namespace || is_in_namespace(filter, endpoints, flow));
}
