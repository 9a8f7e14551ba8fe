// SPDX-License-Identifier: BSD-2-Clause
/* What policy has refused is dropped by what is remembered of it; that must never be asked of anything else. */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define SYN .packet = { .tcp_flags = FRAME_TCP_SYN }
#define UDP .packet = { .protocol = IPPROTO_UDP }
/* Of a connection that never was. */
#define DENIED	.verdict = WEIR_VERDICT_DROP, .reason = WEIR_REASON_POLICY_DENY, .by = BY_WITHDRAWAL
#define ONE_WAY .peer = PEER_CALLEE, .peer_inbound = PEER_CALLER

/* By policy, and then by what is remembered of that. */
#define REFUSED_LATELY(packet)                                  \
	{ SENDS, packet, REFUSED }, { SENDS, packet, REFUSED }, \
	{                                                       \
		SENDS, packet, REFUSED                          \
	}

static const struct scenario scenarios[] = {
	{ "what was refused is let in as soon as policy says so", .peer = PEER_FRIEND,
	  .steps = { { UNHEARD },
		     { WITHDRAWS },
		     { SENDS, UDP, DENIED },
		     { SENDS, UDP, DENIED },
		     { GRANTS },
		     { SENDS, UDP, ADMITTED } } },
	{ "a connection that was refused is let in as soon as policy says so", .peer = PEER_FRIEND,
	  .steps = { { UNHEARD },
		     { WITHDRAWS },
		     { SENDS, SYN, DENIED },
		     { SENDS, SYN, DENIED },
		     { GRANTS },
		     { SENDS, SYN, ADMITTED } } },
	{ "what was refused is rejected once policy says so", .peer = PEER_STRANGER,
	  .steps = { { UNHEARD }, REFUSED_LATELY(UDP), { REJECTS }, { SENDS, UDP, REJECTED } } },
	{ "a generation that changes nothing refuses again", .peer = PEER_STRANGER,
	  .steps = { { UNHEARD }, REFUSED_LATELY(UDP), { GENERATION }, REFUSED_LATELY(UDP) } },
	{ "an answer is none of what is refused to its sender", ONE_WAY,
	  .steps = { { UNHEARD },
		     { REPLIES, UDP, REFUSED },
		     { REPLIES, UDP, REFUSED },
		     { SENDS, UDP, ADMITTED },
		     { REPLIES, UDP, ESTABLISHED },
		     { FORGETS },
		     { REPLIES, UDP, REFUSED } } },
	{ "another port is asked about anew", .peer = PEER_WEB,
	  .steps = { { UNHEARD },
		     { SENDS, .packet = { .protocol = IPPROTO_TCP, .tcp_flags = FRAME_TCP_SYN, .port = 81 }, REFUSED },
		     { SENDS, .packet = { .protocol = IPPROTO_TCP, .tcp_flags = FRAME_TCP_SYN, .port = 81 }, REFUSED },
		     { SENDS, .packet = { .protocol = IPPROTO_TCP, .tcp_flags = FRAME_TCP_SYN, .port = 80 },
		       ADMITTED } } },
	{ "another source port is not", .peer = PEER_STRANGER,
	  .steps = { { UNHEARD },
		     REFUSED_LATELY(UDP),
		     { SENDS, .packet = { .protocol = IPPROTO_UDP, .client = 4242 }, REFUSED },
		     { SENDS, .packet = { .protocol = IPPROTO_UDP, .client = 4243 }, REFUSED } } },
	{ "another MAC address is another reason", .peer = PEER_STRANGER, .openers = POD_OPENS,
	  .steps = { { UNHEARD },
		     REFUSED_LATELY(UDP),
		     { SENDS, .packet = { .protocol = IPPROTO_UDP, .other_mac = true }, MALFORMED(SPOOFED_MAC) },
		     { SENDS, UDP, REFUSED } } },
	{ "before the first generation nothing is remembered", .peer = PEER_STRANGER,
	  .steps = { { UNHEARD }, { NO_GENERATION }, REFUSED_LATELY(UDP), { GENERATION }, REFUSED_LATELY(UDP) } },
	{ "nobody behind the interface is another reason", .peer = PEER_STRANGER,
	  .steps = { { UNHEARD }, REFUSED_LATELY(UDP), { NO_ENDPOINT }, { SENDS, UDP, MALFORMED(NO_ENDPOINT) } } },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet refusal",
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
	});
}
