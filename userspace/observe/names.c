// SPDX-License-Identifier: BSD-2-Clause
#include "observe/names.h"

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

const char *limit_scope_name(enum limit_scope scope)
{
	static const char *const names[] = {
		[LIMIT_PER_RULE] = "Rule",
		[LIMIT_PER_IDENTITY] = "Identity",
		[LIMIT_PER_ADDRESS] = "Address",
	};

	return names[scope];
}
