// SPDX-License-Identifier: BSD-2-Clause
#include "observe/names.h"

#include <strings.h>

const char *direction_text(enum weir_direction direction)
{
	return direction == WEIR_INGRESS ? "ingress" : "egress";
}

const char *policy_mode_name(enum policy_mode mode)
{
	return mode == POLICY_AUDIT ? "Audit" : "Enforce";
}

const char *policy_on_deny_name(enum policy_on_deny on_deny)
{
	return on_deny == POLICY_REJECT ? "Reject" : "Drop";
}

const char *family_name(enum weir_family family)
{
	return family == WEIR_IPV4 ? "IPv4" : "IPv6";
}

const char *interface_found_name(enum interface_found found)
{
	static const char *const names[] = {
		[FOUND_ANNOTATION] = "annotation",
		[FOUND_PLUGIN] = "plugin",
		[FOUND_ROUTE] = "route",
		[FOUND_PEER] = "peer",
		[FOUND_BRIDGE] = "bridge",
		[FOUND_NEIGHBOUR] = "neighbour",
		[FOUND_KEPT] = "kept",
	};

	return names[found];
}

const char *flow_table_name(enum weir_flow_table table)
{
	static const char *const names[WEIR_FLOW_TABLES] = {
		[WEIR_OPENINGS] = "openings",
		[WEIR_CONNECTIONS] = "connections",
		[WEIR_EXCHANGES] = "exchanges",
	};

	return names[table];
}

static const char *const flow_states[WEIR_FLOW_STATES] = {
	[WEIR_FLOW_SYN_SENT] = "SYN_SENT",
	[WEIR_FLOW_SYN_RECEIVED] = "SYN_RECEIVED",
	[WEIR_FLOW_ESTABLISHED] = "ESTABLISHED",
	[WEIR_FLOW_FIN_WAIT] = "FIN_WAIT",
	[WEIR_FLOW_CLOSE_WAIT] = "CLOSE_WAIT",
	[WEIR_FLOW_TIME_WAIT] = "TIME_WAIT",
	[WEIR_FLOW_CLOSED] = "CLOSED",
	[WEIR_FLOW_UNANSWERED] = "UNANSWERED",
	[WEIR_FLOW_ANSWERED] = "ANSWERED",
	[WEIR_FLOW_ECHO] = "ECHO",
	[WEIR_FLOW_OTHER] = "OTHER",
};

const char *flow_state_name(enum weir_flow_state state)
{
	return state < WEIR_FLOW_STATES && flow_states[state] ? flow_states[state] : "?";
}

bool flow_state_by_name(const char *name, enum weir_flow_state *ret)
{
	for (enum weir_flow_state state = 0; state < WEIR_FLOW_STATES; state++) {
		if (!flow_states[state] || strcasecmp(flow_states[state], name) != 0)
			continue;
		*ret = state;
		return true;
	}
	return false;
}

const char *limit_name(enum limit_unit unit)
{
	static const char *const names[] = {
		[LIMIT_PACKETS] = "packetsPerSecond",
		[LIMIT_BYTES] = "bytesPerSecond",
		[LIMIT_CONNECTIONS] = "connectionsPerSecond",
		[LIMIT_MAX_CONNECTIONS] = "maxConnections",
	};

	return names[unit];
}

const char *limit_on_exceed_name(enum limit_on_exceed on_exceed)
{
	static const char *const names[] = {
		[LIMIT_DROPS] = "Drop",
		[LIMIT_MARKS] = "Mark",
		[LIMIT_PACES] = "Pace",
	};

	return names[on_exceed];
}

const char *limit_scope_name(enum limit_scope scope)
{
	static const char *const names[] = {
		[LIMIT_PER_RULE] = "Rule",
		[LIMIT_PER_IDENTITY] = "Identity",
		[LIMIT_PER_ADDRESS] = "Address",
	};

	return names[scope];
}
