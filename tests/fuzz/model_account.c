// SPDX-License-Identifier: BSD-2-Clause
/* What is counted by decision and pair: who opens a connection, and to whom. */
#include "fuzz/model_packet.h"

/* What another pod of the node will see is counted for the pair there. */
uint32_t model_account(struct model *m, const struct packet *p, const struct flow_name *name,
		       enum weir_direction opener, const struct weir_image_decision *decision)
{
	uint32_t ifindex = 0;
	const uint32_t own = m->endpoints[p->pod].identity, peer = model_identity(p->family, name->remote, &ifindex);
	const bool in = opener == WEIR_INGRESS, onward = !in && ifindex && decision->verdict == WEIR_VERDICT_PASS;

	return observation_account(&m->seen, weir_pair_tag(decision->counter, in ? peer : own, in ? own : peer) |
						     (onward ? WEIR_PAIR_ONWARD : 0));
}

uint32_t model_account_limited(struct model *m, uint32_t account)
{
	const uint64_t tag = m->seen.accounts[account].tag;

	return observation_account(&m->seen,
				   weir_pair_tag(WEIR_PAIR_LIMITED, weir_pair_source(tag), weir_pair_destination(tag)));
}

/* The decision's that an account is of. */
static uint32_t counter_of(const struct model *m, uint32_t account)
{
	const uint32_t counter =
		account == WEIR_ACCOUNT_NONE ? WEIR_PAIR_LIMITED : weir_pair_counter(m->seen.accounts[account].tag);

	return counter == WEIR_PAIR_LIMITED ? WEIR_COUNTER_NONE : counter;
}

void model_count(struct model *m, struct judgement *judgement, enum weir_direction direction, uint32_t bytes)
{
	struct weir_counter *reason = &m->seen.reasons[judgement->reason * WEIR_DIRECTIONS + direction];
	struct weir_account *account;

	judgement->counter = counter_of(m, judgement->account);
	reason->packets++;
	reason->bytes += bytes;
	if (judgement->account == WEIR_ACCOUNT_NONE)
		return;
	account = &m->seen.accounts[judgement->account].counted;
	account->packets++;
	account->bytes += bytes;
}
