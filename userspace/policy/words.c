// SPDX-License-Identifier: BSD-2-Clause
#include "policy/words.h"

#include <netinet/in.h>
#include <stddef.h>

#include "base/mem.h"

static const struct {
	const char *name;
	const char *meaning;
	enum weir_verdict verdict;
} reasons[WEIR_REASON_MAX] = {
#define REASON_ROW(number, symbol, text, verdict_, meaning) [number] = { text, meaning, WEIR_VERDICT_##verdict_ },
	WEIR_REASONS(REASON_ROW)
#undef REASON_ROW
};

enum weir_verdict reason_verdict(unsigned reason)
{
	return reason < WEIR_REASON_MAX ? reasons[reason].verdict : WEIR_VERDICT_NONE;
}

const char *reason_name(unsigned reason)
{
	return reason < WEIR_REASON_MAX ? reasons[reason].name : NULL;
}

const char *reason_meaning(unsigned reason)
{
	return reason < WEIR_REASON_MAX ? reasons[reason].meaning : NULL;
}

const char *verdict_name(enum weir_verdict verdict)
{
	static const char *const names[WEIR_VERDICT_MAX] = { "none", "pass", "drop", "reject" };

	return verdict < WEIR_VERDICT_MAX ? names[verdict] : "?";
}

const char *decision_word(enum weir_verdict verdict, unsigned flags)
{
	return flags & WEIR_DECISION_AUDIT ? "audit" : verdict_name(verdict);
}

enum weir_port_protocol ports_of_protocol(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return WEIR_PORTS_TCP;
	case IPPROTO_UDP:
		return WEIR_PORTS_UDP;
	case IPPROTO_SCTP:
		return WEIR_PORTS_SCTP;
	default:
		return WEIR_PORTS_NONE;
	}
}

const char *ports_name(enum weir_port_protocol protocol)
{
	static const char *const names[WEIR_PORT_PROTOCOLS] = { "TCP", "UDP", "SCTP" };

	return names[protocol];
}

char *port_text(uint8_t protocol, uint16_t port)
{
	const enum weir_port_protocol ports = ports_of_protocol(protocol);

	return ports == WEIR_PORTS_NONE ? xstrdup("ICMP") : xasprintf("%s/%u", ports_name(ports), port);
}
