// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/observation.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void name_ports(__be16 local, __be16 remote, struct flow_name *ret)
{
	ret->local_port = ntohs(local);
	ret->remote_port = ntohs(remote);
}

void observation_name(enum weir_family family, const void *key, struct flow_name *ret)
{
	const struct weir_flow4_key *four = key;
	const struct weir_flow6_key *six = key;

	*ret = (struct flow_name){ .family = family };
	if (family == WEIR_IPV4) {
		memcpy(ret->local + 12, &four->local, 4);
		memcpy(ret->remote + 12, &four->remote, 4);
		ret->ifindex = four->ifindex;
		ret->protocol = four->protocol;
		return name_ports(four->local_port, four->remote_port, ret);
	}
	memcpy(ret->local, six->local, 16);
	memcpy(ret->remote, six->remote, 16);
	ret->ifindex = six->ifindex;
	ret->protocol = six->protocol;
	name_ports(six->local_port, six->remote_port, ret);
}

static int by_name(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct flow_name));
}

uint32_t observation_account(struct observation *observation, uint64_t tag)
{
	uint32_t i = 0;

	while (i < observation->n_accounts && observation->accounts[i].tag != tag)
		i++;
	if (i == OBSERVED_ACCOUNTS)
		abort();
	if (i == observation->n_accounts)
		observation->accounts[observation->n_accounts++] = (struct observed_account){ .tag = tag };
	return i;
}

void observation_name_accounts(struct observation *observation, const struct weir_pair pairs[SETTING_PAIRS],
			       const struct weir_account counted[SETTING_PAIRS])
{
	observation->n_accounts = 0;
	for (uint32_t row = 0; row < SETTING_PAIRS; row++) {
		if (pairs[row].tag)
			observation->accounts[observation_account(observation, pairs[row].tag)].counted = counted[row];
	}
	for (unsigned i = 0; i < observation->n_flows; i++) {
		struct weir_flow *flow = &observation->flows[i].flow;

		if (flow->account < SETTING_PAIRS)
			flow->account = observation_account(observation, pairs[flow->account].tag);
	}
}

static uint64_t tag_of(const struct observation *observation, const struct weir_flow *flow)
{
	return flow->account < observation->n_accounts ? observation->accounts[flow->account].tag : flow->account;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct weir_fragment_key));
}

static void sort(struct observation *o)
{
	qsort(o->flows, o->n_flows, sizeof(o->flows[0]), by_name);
	qsort(o->fragments, o->n_fragments, sizeof(o->fragments[0]), by_key);
}

static void print_flow(const char *who, const struct observed_flow *of, FILE *out)
{
	const struct flow_name *name = &of->name;
	const struct weir_flow *flow = &of->flow;
	const int family = name->family == WEIR_IPV4 ? AF_INET : AF_INET6, from = name->family == WEIR_IPV4 ? 12 : 0;
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];

	fprintf(out,
		"  %s: table %u protocol %u interface %u %s:%u %s:%u generation %u revision %u decision %u counter %u "
		"opener %u source %u state %u flags %x reason %u seen %u mac %02x%02x heard %x opened %u next %u %u "
		"ack %u %u held %x %x\n",
		who, name->table, name->protocol, name->ifindex,
		inet_ntop(family, name->local + from, local, sizeof(local)), name->local_port,
		inet_ntop(family, name->remote + from, remote, sizeof(remote)), name->remote_port, flow->generation,
		flow->revision, flow->decision, flow->account, flow->opener, flow->source, flow->state, flow->flags,
		flow->reason, flow->seen, flow->mac[0], flow->mac[5], flow->heard, flow->opened, flow->ends[0].next,
		flow->ends[1].next, flow->ends[0].ack, flow->ends[1].ack, flow->held[0], flow->held[1]);
}

/* Equal rows can have unequal indexes. */
static bool same_flow(const struct observation *model, const struct weir_flow *a, const struct observation *program,
		      const struct weir_flow *b)
{
	struct weir_flow same = *b;

	same.account = a->account;
	return !memcmp(a, &same, sizeof(same)) && tag_of(model, a) == tag_of(program, b);
}

static unsigned flows_differ(const struct observation *model, const struct observation *program, FILE *out)
{
	unsigned i = 0, j = 0, n = 0;

	while (i < model->n_flows || j < program->n_flows) {
		const struct observed_flow *a = i < model->n_flows ? &model->flows[i] : NULL;
		const struct observed_flow *b = j < program->n_flows ? &program->flows[j] : NULL;
		const int order = !a ? 1 : !b ? -1 : by_name(a, b);

		i += order <= 0;
		j += order >= 0;
		if (order == 0 && same_flow(model, &a->flow, program, &b->flow))
			continue;
		n++;
		if (out && order <= 0)
			print_flow("model", a, out);
		if (out && order >= 0)
			print_flow("program", b, out);
	}
	return n;
}

static void print_fragment(const char *who, const struct observed_fragment *of, FILE *out)
{
	fprintf(out, "  %s: fragment %08x of protocol %u, ports %u %u, seen %u, head %u, tail %u to %u, total %u\n",
		who, of->key.id, of->first.protocol, ntohs(of->first.source_port), ntohs(of->first.dest_port),
		of->first.seen, of->first.head, of->first.tail, of->first.tail_end, of->first.total);
}

/* What a tail's end says without a tail is nothing. */
static bool same_fragment(const struct observed_fragment *a, const struct observed_fragment *b)
{
	const struct weir_fragment *x = &a->first, *y = &b->first;

	return by_key(a, b) == 0 && x->source_port == y->source_port && x->dest_port == y->dest_port &&
	       x->protocol == y->protocol && x->seen == y->seen && x->head == y->head && x->tail == y->tail &&
	       (!x->tail || x->tail_end == y->tail_end) && x->total == y->total;
}

static unsigned fragments_differ(const struct observation *model, const struct observation *program, FILE *out)
{
	const unsigned most = model->n_fragments > program->n_fragments ? model->n_fragments : program->n_fragments;
	unsigned n = 0;

	for (unsigned i = 0; i < most; i++) {
		const bool a = i < model->n_fragments, b = i < program->n_fragments;

		if (a && b && same_fragment(&model->fragments[i], &program->fragments[i]))
			continue;
		n++;
		if (out && a)
			print_fragment("model", &model->fragments[i], out);
		if (out && b)
			print_fragment("program", &program->fragments[i], out);
	}
	return n;
}

static unsigned counters_differ(const char *what, const struct weir_counter *model, const struct weir_counter *program,
				unsigned count, FILE *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!memcmp(&model[i], &program[i], sizeof(model[i])))
			continue;
		n++;
		if (out)
			fprintf(out,
				"  %s %u: model %" PRIu64 " packets %" PRIu64 " bytes, program %" PRIu64
				" packets %" PRIu64 " bytes\n",
				what, i, (uint64_t)model[i].packets, (uint64_t)model[i].bytes,
				(uint64_t)program[i].packets, (uint64_t)program[i].bytes);
	}
	return n;
}

static unsigned numbers_differ(const char *what, unsigned index, uint64_t model, uint64_t program, FILE *out)
{
	if (model == program)
		return 0;
	if (out)
		fprintf(out, "  %s %u: model %" PRIu64 ", program %" PRIu64 "\n", what, index, model, program);
	return 1;
}

/* What number the last recount has put on it says nothing. */
static void forget_recounts(struct observation *o)
{
	for (unsigned i = 0; i < o->n_flows; i++) {
		for (unsigned k = 0; k < WEIR_FLOW_HELD; k++)
			o->flows[i].flow.held[k] &= ~WEIR_HELD_RECOUNT;
	}
}

/* The model counts nothing: its flows say. */
static unsigned open_in(const struct observation *o, uint32_t bucket)
{
	unsigned n = 0;

	for (unsigned i = 0; i < o->n_flows; i++) {
		for (unsigned k = 0; k < WEIR_FLOW_HELD; k++)
			n += o->flows[i].flow.held[k] == bucket + 1;
	}
	return n;
}

static unsigned account_differs(const struct weir_account *model, const struct weir_account *program, uint64_t tag,
				FILE *out)
{
	if (!memcmp(model, program, sizeof(*model)))
		return 0;
	if (out)
		fprintf(out,
			"  decision counter %u from %u to %u%s: model %" PRIu64 " packets %" PRIu64 " bytes %" PRIu64
			" connections, program %" PRIu64 " packets %" PRIu64 " bytes %" PRIu64 " connections\n",
			weir_pair_counter(tag), weir_pair_source(tag), weir_pair_destination(tag),
			tag & WEIR_PAIR_ONWARD ? " on its way" : "", (uint64_t)model->packets, (uint64_t)model->bytes,
			(uint64_t)model->connections, (uint64_t)program->packets, (uint64_t)program->bytes,
			(uint64_t)program->connections);
	return 1;
}

/* A row that counts nothing may be there or not. */
static unsigned accounts_differ(struct observation *model, struct observation *program, FILE *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < program->n_accounts; i++)
		observation_account(model, program->accounts[i].tag);
	for (unsigned i = 0; i < model->n_accounts; i++) {
		const struct observed_account *a = &model->accounts[i];
		const uint32_t j = observation_account(program, a->tag);

		n += account_differs(&a->counted, &program->accounts[j].counted, a->tag, out);
	}
	return n;
}

static unsigned charged_differs(unsigned bucket, const struct weir_charged *model, const struct weir_charged *program,
				FILE *out)
{
	return numbers_differ("packets within limit", bucket, model->passed_packets, program->passed_packets, out) +
	       numbers_differ("bytes within limit", bucket, model->passed_bytes, program->passed_bytes, out) +
	       numbers_differ("packets charged in vain", bucket, model->dropped_packets, program->dropped_packets,
			      out) +
	       numbers_differ("bytes charged in vain", bucket, model->dropped_bytes, program->dropped_bytes, out) +
	       numbers_differ("packets marked", bucket, model->marked_packets, program->marked_packets, out) +
	       numbers_differ("packets paced", bucket, model->paced_packets, program->paced_packets, out);
}

unsigned observation_differs(struct observation *model, struct observation *program, FILE *out)
{
	unsigned n;

	forget_recounts(program);
	sort(model);
	sort(program);
	n = flows_differ(model, program, out) + fragments_differ(model, program, out);
	n += counters_differ("reason * 2 + direction", model->reasons, program->reasons,
			     WEIR_REASON_MAX * WEIR_DIRECTIONS, out);
	n += accounts_differ(model, program, out);
	for (unsigned i = 0; i < WEIR_TALLIES; i++)
		n += numbers_differ("tally", i, model->tallies[i], program->tallies[i], out);
	for (unsigned i = 0; i < SETTING_BUCKETS; i++) {
		n += numbers_differ("packets over limit", i, model->buckets[i].dropped_packets,
				    program->buckets[i].dropped_packets, out);
		n += numbers_differ("bytes over limit", i, model->buckets[i].dropped_bytes,
				    program->buckets[i].dropped_bytes, out);
		n += numbers_differ("open connections of limit", i, open_in(model, i),
				    program->buckets[i].slots & WEIR_SLOTS_OPEN, out);
		n += charged_differs(i, &model->charged[i], &program->charged[i], out);
	}
	return n;
}
