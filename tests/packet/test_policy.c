// SPDX-License-Identifier: BSD-2-Clause
/* What policy says of a connection's first packet, and what is left of it. */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define SYN		.packet = { .tcp_flags = FRAME_TCP_SYN }
#define SYN_TO(number)	.packet = { .tcp_flags = FRAME_TCP_SYN, .port = number }
#define UDP_TO(number)	.packet = { .protocol = IPPROTO_UDP, .port = number }
#define SCTP_TO(number) .packet = { .protocol = IPPROTO_SCTP, .port = number, .sctp_chunk = FRAME_SCTP_INIT }
#define AUDITED		PASSED(AUDIT), .by = BY_AUDIT, .flow = FLOW_KEPT

static const struct scenario scenarios[] = {
	{ "a peer that a rule allows gets through on any port", .peer = PEER_FRIEND,
	  .steps = { { SENDS, SYN_TO(12345), ADMITTED } } },
	{ "a peer that no rule allows is dropped and leaves no flow", .peer = PEER_STRANGER,
	  .steps = { { SENDS, SYN, REFUSED } } },
	{ "a mid-stream packet of a peer that no rule allows is dropped and leaves no flow", .peer = PEER_STRANGER,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_ACK }, REFUSED } } },
	{ "a UDP packet of a peer that no rule allows is dropped", .peer = PEER_STRANGER,
	  .steps = { { SENDS, UDP_TO(53), REFUSED } } },
	{ "a peer that a rule denies is dropped by that rule", .peer = PEER_ENEMY,
	  .steps = { { SENDS, SYN, .verdict = WEIR_VERDICT_DROP, .reason = WEIR_REASON_POLICY_DENY, .by = BY_DENY } } },
	{ "a denial that asks for an answer gets one", .peer = PEER_REJECTED, .steps = { { SENDS, SYN, REJECTED } } },
	{ "what an audited rule would deny passes and is counted as audit", .peer = PEER_AUDITED,
	  .steps = { { SENDS, SYN, AUDITED },
		     { REPLIES, .packet = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK }, AUDITED },
		     { SENDS, .packet = { .tcp_flags = FRAME_TCP_ACK }, AUDITED },
		     { GENERATION },
		     { REPLIES, .packet = { .tcp_flags = FRAME_TCP_ACK }, AUDITED } } },
	{ "what an audited rule would deny passes by every protocol", .peer = PEER_AUDITED,
	  .steps = { { SENDS, UDP_TO(53), AUDITED }, { REPLIES, UDP_TO(53), AUDITED } } },
	{ "audit spares no packet that is impossible or another's", .peer = PEER_AUDITED,
	  .steps = { { SENDS, .packet = { .doff = 4, .payload = 8 }, MALFORMED(BAD_TRANSPORT) },
		     { SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_FIN }, MALFORMED(BAD_TRANSPORT) } } },
	{ "a connection that was audited ends when its denial is enforced", .peer = PEER_AUDITED,
	  .steps = { { SENDS, SYN, AUDITED },
		     { WITHDRAWS },
		     { REPLIES, .packet = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK }, WITHDRAWN },
		     { SENDS, .packet = { .tcp_flags = FRAME_TCP_ACK }, WITHDRAWN } } },
	{ "a connection that was enforced goes on as audited", .peer = PEER_AUDITED,
	  .steps = { { WITHDRAWS },
		     { SENDS, SYN, .verdict = WEIR_VERDICT_DROP, .reason = WEIR_REASON_POLICY_DENY,
		       .by = BY_WITHDRAWAL },
		     { GRANTS },
		     { SENDS, SYN, AUDITED } } },
	{ "without a policy that isolates, everything passes", .peer = PEER_OPEN,
	  .steps = { { SENDS, SYN, PASSED(NO_POLICY), .by = BY_OPEN, .flow = FLOW_KEPT } } },
	{ "the node reaches the pod", .peer = PEER_NODE,
	  .steps = { { SENDS, SYN, PASSED(NODE), .by = BY_NODE, .flow = FLOW_KEPT } } },
	{ "an address that is nobody's counts as the world", .peer = PEER_UNKNOWN,
	  .steps = { { SENDS, SYN, REFUSED } } },
	{ "an address in an allowed range gets through", .peer = PEER_ALLOWED_REGION,
	  .steps = { { SENDS, SYN, PASSED(POLICY_ALLOW), .by = BY_REGION, .flow = FLOW_KEPT } } },

	{ "an allowed TCP port gets through", .peer = PEER_WEB, .steps = { { SENDS, SYN_TO(80), ADMITTED } } },
	{ "a TCP port beside the allowed one is dropped", .peer = PEER_WEB,
	  .steps = { { SENDS, SYN_TO(81), REFUSED } } },
	{ "an allowed UDP port gets through", .peer = PEER_WEB, .steps = { { SENDS, UDP_TO(80), ADMITTED } } },
	{ "a UDP port beside the allowed one is dropped", .peer = PEER_WEB,
	  .steps = { { SENDS, UDP_TO(79), REFUSED } } },
	{ "an allowed SCTP port gets through", .peer = PEER_WEB, .steps = { { SENDS, SCTP_TO(80), ADMITTED } } },
	{ "an SCTP port beside the allowed one is dropped", .peer = PEER_WEB,
	  .steps = { { SENDS, SCTP_TO(81), REFUSED } } },
	{ "the first port of an allowed range gets through", .peer = PEER_WEB,
	  .steps = { { SENDS, SYN_TO(8000), ADMITTED } } },
	{ "the last port of an allowed range gets through", .peer = PEER_WEB,
	  .steps = { { SENDS, SYN_TO(8100), ADMITTED } } },
	{ "the port before an allowed range is dropped", .peer = PEER_WEB,
	  .steps = { { SENDS, SYN_TO(7999), REFUSED } } },
	{ "the port behind an allowed range is dropped", .peer = PEER_WEB,
	  .steps = { { SENDS, SYN_TO(8101), REFUSED } } },
	{ "the allowed port as the sender's own opens nothing", .peer = PEER_WEB,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN, .client = 80, .port = 22 }, REFUSED } } },
	{ "port 0 and port 65535 are ports like others", .peer = PEER_WEB,
	  .steps = { { SENDS, SYN_TO(FRAME_PORT_ZERO), REFUSED },
		     { SENDS, .packet = { .protocol = IPPROTO_UDP, .port = 65535 - 1 }, REFUSED } } },
	{ "a protocol without ports is not matched by rules with ports", .peer = PEER_WEB,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_GRE, .payload = 16 }, REFUSED } } },
	{ "a protocol without ports is matched by rules without", .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_GRE, .payload = 16 }, ADMITTED },
		     { REPLIES, .packet = { .protocol = IPPROTO_GRE, .payload = 16 }, ESTABLISHED } } },
	{ "a protocol that is all header is matched by rules without ports", .peer = PEER_FRIEND,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_ESP }, ADMITTED } } },

	{ "what is behind an unknown interface is closed, also to whom policy would allow", .peer = PEER_FRIEND,
	  .steps = { { NO_ENDPOINT },
		     { SENDS, SYN, MALFORMED(NO_ENDPOINT) },
		     { REPLIES, SYN, MALFORMED(NO_ENDPOINT) },
		     { ENDPOINT },
		     { SENDS, SYN, ADMITTED } } },
	{ "without an image everything is dropped", .peer = PEER_OPEN,
	  .steps = { { NO_IMAGE },
		     { SENDS, SYN, MALFORMED(NO_IMAGE) },
		     { GRANTS },
		     { SENDS, SYN, PASSED(NO_POLICY), .by = BY_OPEN, .flow = FLOW_KEPT } } },
	{ "before the first generation packets are decided but no flow is kept", .peer = PEER_FRIEND,
	  .steps = { { NO_GENERATION },
		     { SENDS, SYN, PASSED(POLICY_ALLOW), .by = BY_ALLOW },
		     { SENDS, .packet = { .tcp_flags = FRAME_TCP_ACK }, PASSED(POLICY_ALLOW), .by = BY_ALLOW } } },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet policy",
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
	});
}
