// SPDX-License-Identifier: BSD-2-Clause
/* Connections: who may answer, and what becomes of them when policy changes. */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define SYN .packet = { .tcp_flags = FRAME_TCP_SYN }
#define SYN_ACK .packet = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK }
#define ACK .packet = { .tcp_flags = FRAME_TCP_ACK }
#define FIN .packet = { .tcp_flags = FRAME_TCP_FIN | FRAME_TCP_ACK }
#define RST .packet = { .tcp_flags = FRAME_TCP_RST }
#define UDP .packet = { .protocol = IPPROTO_UDP }
#define SCTP .packet = { .protocol = IPPROTO_SCTP }

/* The opener's side may open, the other may not. */
#define ONE_WAY .peer = PEER_CALLEE, .peer_inbound = PEER_CALLER
/* The other way round. */
#define WRONG_WAY .peer = PEER_CALLER, .peer_inbound = PEER_CALLEE

static const struct scenario scenarios[] = {
	{ "a TCP connection runs from handshake to close by one permission", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ REPLIES, SYN_ACK, ESTABLISHED },
		{ SENDS, ACK, ESTABLISHED },
		{ REPLIES, ACK, ESTABLISHED },
		{ SENDS, FIN, ESTABLISHED },
		{ REPLIES, FIN, ESTABLISHED },
		{ REPLIES, RST, ESTABLISHED } } },
	{ "the side that may not open connections gets nothing through by itself", WRONG_WAY, .steps = {
		{ SENDS, SYN, REFUSED },
		{ SENDS, ACK, REFUSED },
		{ SENDS, SYN_ACK, REFUSED },
		{ SENDS, RST, REFUSED },
		{ SENDS, UDP, REFUSED } } },
	{ "UDP answers follow the question", ONE_WAY, .steps = {
		{ SENDS, UDP, ADMITTED }, { REPLIES, UDP, ESTABLISHED }, { SENDS, UDP, ESTABLISHED } } },
	{ "SCTP answers follow the question", ONE_WAY, .steps = {
		{ SENDS, SCTP, ADMITTED }, { REPLIES, SCTP, ESTABLISHED }, { SENDS, SCTP, ESTABLISHED } } },
	{ "an answer from another port is no answer", ONE_WAY, .steps = {
		{ SENDS, UDP, ADMITTED },
		{ REPLIES, .packet = { .protocol = IPPROTO_UDP, .port = 81 }, REFUSED, .flow = FLOW_KEPT } } },
	{ "an answer to another port is no answer", ONE_WAY, .steps = {
		{ SENDS, UDP, ADMITTED },
		{ REPLIES, .packet = { .protocol = IPPROTO_UDP, .client = 40001 }, REFUSED, .flow = FLOW_KEPT } } },
	{ "an answer by another protocol is no answer", ONE_WAY, .steps = {
		{ SENDS, UDP, ADMITTED }, { REPLIES, ACK, REFUSED, .flow = FLOW_KEPT } } },
	{ "a mid-stream packet takes a lost connection up again", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ FORGETS },
		{ REPLIES, ACK, REFUSED },
		{ SENDS, ACK, ADMITTED },
		{ REPLIES, ACK, ESTABLISHED } } },

	/* SYN on an existing entry */
	{ "a SYN is decided anew on a connection that exists", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ SENDS, ACK, ESTABLISHED },
		{ SENDS, SYN, ADMITTED } } },
	{ "a SYN from the side that may not open is dropped and leaves the connection alone", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ REPLIES, SYN, REFUSED, .flow = FLOW_KEPT },
		{ REPLIES, SYN_ACK, ESTABLISHED },
		{ SENDS, ACK, ESTABLISHED } } },
	{ "a SYN from the other side, if allowed, makes the connection its own", .peer = PEER_FRIEND, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ REPLIES, SYN, ADMITTED, .opened_by_replier = true },
		{ SENDS, SYN_ACK, ESTABLISHED, .opened_by_replier = true } } },
	{ "a SYN with FIN or RST is a SYN, and with ACK is not", WRONG_WAY, .steps = {
		{ REPLIES, SYN, ADMITTED, .opened_by_replier = true },
		{ SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_FIN }, REFUSED, .flow = FLOW_KEPT,
		  .opened_by_replier = true },
		{ SENDS, .packet = { .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_RST }, REFUSED, .flow = FLOW_KEPT,
		  .opened_by_replier = true },
		{ SENDS, SYN_ACK, ESTABLISHED, .opened_by_replier = true } } },

	/* Generations */
	{ "a new generation that changes nothing decides again and goes on", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ SENDS, ACK, ESTABLISHED },
		{ GENERATION },
		{ SENDS, ACK, ADMITTED },
		{ SENDS, ACK, ESTABLISHED },
		{ REPLIES, ACK, ESTABLISHED } } },
	{ "a reply after a new generation is decided as the opener's", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ GENERATION },
		{ REPLIES, ACK, ADMITTED },
		{ REPLIES, ACK, ESTABLISHED },
		{ SENDS, ACK, ESTABLISHED } } },
	{ "a reply after a new generation is decided by the port that was connected to", .peer = PEER_WEB, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ GENERATION },
		{ REPLIES, ACK, ADMITTED },
		{ GENERATION },
		{ SENDS, ACK, ADMITTED } } },
	{ "a revoked permission ends the connection at the opener's next packet", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ WITHDRAWS },
		{ SENDS, ACK, WITHDRAWN },
		{ SENDS, ACK, WITHDRAWN },
		{ REPLIES, ACK, WITHDRAWN } } },
	{ "a revoked permission ends the connection at the other side's next packet", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ WITHDRAWS },
		{ REPLIES, ACK, WITHDRAWN },
		{ SENDS, ACK, WITHDRAWN } } },
	{ "a revoked permission ends a UDP exchange too", ONE_WAY, .steps = {
		{ SENDS, UDP, ADMITTED },
		{ WITHDRAWS },
		{ REPLIES, UDP, WITHDRAWN },
		{ SENDS, UDP, WITHDRAWN } } },
	{ "a revoked connection comes back to life when it is allowed again", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ WITHDRAWS },
		{ SENDS, ACK, WITHDRAWN },
		{ GRANTS },
		{ REPLIES, ACK, ADMITTED },
		{ SENDS, ACK, ESTABLISHED } } },
	{ "a revoked connection stays revoked through a generation that changes nothing", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ WITHDRAWS },
		{ SENDS, ACK, WITHDRAWN },
		{ GENERATION },
		{ REPLIES, ACK, WITHDRAWN } } },
	{ "a connection that was never touched while revoked goes on when allowed again", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ WITHDRAWS },
		{ GRANTS },
		{ REPLIES, ACK, ADMITTED } } },
	{ "a revoked connection is not re-opened by the other side's next packet, though it may open its own", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ REPLIES, SYN_ACK, ESTABLISHED },
		{ REVERSES },
		{ REPLIES, ACK, REFUSED, .flow = FLOW_REVOKED },
		{ REPLIES, ACK, REFUSED, .flow = FLOW_REVOKED },
		{ SENDS, ACK, REFUSED, .flow = FLOW_REVOKED },
		{ REPLIES, SYN, ADMITTED, .opened_by_replier = true },
		{ SENDS, SYN_ACK, ESTABLISHED, .opened_by_replier = true } } },
	{ "a SYN is refused on a revoked connection and leaves the tombstone", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ WITHDRAWS },
		{ SENDS, ACK, WITHDRAWN },
		{ SENDS, SYN, WITHDRAWN },
		{ REPLIES, SYN_ACK, WITHDRAWN } } },
	{ "a SYN after the permission is back opens the revoked connection anew", ONE_WAY, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ WITHDRAWS },
		{ SENDS, ACK, WITHDRAWN },
		{ GRANTS },
		{ SENDS, SYN, ADMITTED },
		{ REPLIES, SYN_ACK, ESTABLISHED } } },
	{ "an endpoint that goes closes its connections", .peer = PEER_FRIEND, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ NO_ENDPOINT },
		{ SENDS, ACK, MALFORMED(NO_ENDPOINT), .flow = FLOW_REVOKED },
		{ REPLIES, ACK, MALFORMED(NO_ENDPOINT), .flow = FLOW_REVOKED },
		{ ENDPOINT },
		{ REPLIES, ACK, ADMITTED } } },
	{ "an image that goes closes all connections", .peer = PEER_FRIEND, .steps = {
		{ SENDS, SYN, ADMITTED },
		{ NO_IMAGE },
		{ REPLIES, ACK, MALFORMED(NO_IMAGE), .flow = FLOW_REVOKED },
		{ SENDS, ACK, MALFORMED(NO_IMAGE), .flow = FLOW_REVOKED } } },
	{ "in a flow of fragments the first opens it and the later are decided by themselves", IPV4_ONLY, ONE_WAY, .steps = {
		{ SENDS, .packet = { .protocol = IPPROTO_UDP, .more_fragments = true, .payload = 8, .udp_length = 24 }, ADMITTED },
		{ SENDS, .packet = { .protocol = IPPROTO_UDP, .fragment_offset = 2, .payload = 8 }, ADMITTED },
		{ REPLIES, .packet = { .protocol = IPPROTO_UDP, .fragment_offset = 2, .payload = 8 }, REFUSED,
		  .flow = FLOW_KEPT } } },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet flow",
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
	});
}
