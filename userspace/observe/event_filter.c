// SPDX-License-Identifier: BSD-2-Clause
#include "observe/event_filter.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "observe/names.h"
#include "policy/eval.h"

_Static_assert(EVENT_TYPES_END <= 32, "types are bits of a word");

/* --- words ------------------------------------------------------------------- */

static int bit_of_type(const char *word)
{
	enum event_type type;

	return event_type_by_name(word, &type) ? (int)type : -1;
}

static int bit_of_reason(const char *word)
{
	for (int reason = WEIR_REASON_NONE + 1; reason < WEIR_REASON_MAX; reason++) {
		if (reason_name((unsigned)reason) && strcasecmp(reason_name((unsigned)reason), word) == 0)
			return reason;
	}
	return -1;
}

static int bit_of_verdict(const char *word)
{
	for (int verdict = WEIR_VERDICT_PASS; verdict < WEIR_VERDICT_MAX; verdict++) {
		if (strcasecmp(verdict_name(verdict), word) == 0)
			return verdict;
	}
	return -1;
}

/* A word of a list that commas separate, as the parameter has it. */
struct list_of {
	const char *parameter;
	int (*bit)(const char *word);
	const char *hint;
};

static int parse_list(const struct list_of *of, const char *text, uint64_t *ret, struct error *error)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		const int bit = of->bit(word);

		if (bit < 0)
			return error_set(error, -EINVAL, "%s: there is none called \"%s\" (%s)", of->parameter, word,
					 of->hint);
		*ret |= 1ull << bit;
	}
	return 0;
}

static int parse_lists(const struct event_filter_words *words, struct event_filter *filter, struct error *error)
{
	static const struct list_of types = { "type", bit_of_type, "like denied, opened or policy-applied" },
				    reasons = { "reason", bit_of_reason, "like policy-default or limit" },
				    verdicts = { "verdict", bit_of_verdict, "pass, drop or reject" };
	uint64_t of_types = 0, of_verdicts = 0;
	int r = parse_list(&types, words->type, &of_types, error);

	if (r == 0)
		r = parse_list(&reasons, words->reason, &filter->reasons, error);
	if (r == 0)
		r = parse_list(&verdicts, words->verdict, &of_verdicts, error);
	/* What is rejected is dropped too, and an answer is sent. */
	if (of_verdicts & 1u << WEIR_VERDICT_DROP)
		of_verdicts |= 1u << WEIR_VERDICT_REJECT;
	filter->types = (uint32_t)of_types;
	filter->verdicts = (uint32_t)of_verdicts;
	return r;
}

/* "shop/db", or "db" of any namespace. */
static void parse_name(const char *text, struct event_peer *peer)
{
	const char *slash = strchr(text, '/');

	peer->namespace = slash ? xstrndup(text, (size_t)(slash - text)) : NULL;
	peer->name = xstrdup(slash ? slash + 1 : text);
}

static int parse_end(const char *parameter, const char *text, struct event_peer *peer, struct error *error)
{
	struct addr addr;

	if (!text)
		return 0;
	peer->asked = true;
	peer->by_net = true;
	if (addr_parse(text, &addr) == 0) {
		peer->net = (struct cidr){ .addr = addr, .length = (uint8_t)addr_bits(addr.family) };
		return 0;
	}
	if (cidr_parse(text, &peer->net, NULL) == 0)
		return 0;
	peer->by_net = false;
	parse_name(text, peer);
	if (!*peer->name || strchr(peer->name, '/') || (peer->namespace && !*peer->namespace))
		return error_set(error, -EINVAL, "%s: \"%s\" is neither NAMESPACE/NAME, NAME, address nor CIDR",
				 parameter, text);
	return 0;
}

static int parse_pod(const char *text, struct event_peer *peer, struct error *error)
{
	if (!text)
		return 0;
	peer->asked = true;
	parse_name(text, peer);
	if (!peer->namespace || !*peer->namespace || !*peer->name || strchr(peer->name, '/'))
		return error_set(error, -EINVAL, "pod: \"%s\" is not NAMESPACE/POD", text);
	return 0;
}

static int parse_labels(const char *text, struct labels *labels, struct error *error)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *word, *value;

	while ((word = strsep(&rest, ","))) {
		value = strchr(word, '=');
		if (!value || value == word)
			return error_set(error, -EINVAL, "label: \"%s\" is not KEY=VALUE", word);
		*value++ = '\0';
		labels_set(labels, word, value);
	}
	return 0;
}

static int parse_port(const char *text, uint16_t *ret, struct error *error)
{
	char *end;
	unsigned long port;

	if (!text)
		return 0;
	port = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
	if (port < 1 || port > UINT16_MAX || *end)
		return error_set(error, -EINVAL, "port: \"%s\" is not a number from 1 to 65535", text);
	*ret = (uint16_t)port;
	return 0;
}

static int parse_since(const char *text, uint64_t now, uint64_t *ret, struct error *error)
{
	uint64_t ago;

	if (!text || timestamp_parse(text, ret) == 0)
		return 0;
	if (duration_parse(text, &ago) < 0)
		return error_set(error, -EINVAL,
				 "since: \"%s\" is neither how long ago, as in 5m, nor a time, as in "
				 "2026-01-02T03:04:05Z",
				 text);
	*ret = ago < now ? now - ago : 0;
	return 0;
}

static int parse_protocol(const char *text, struct event_filter *filter, struct error *error)
{
	if (!text)
		return 0;
	if (eval_protocol_parse(text, &filter->protocol) < 0)
		return error_set(error, -EINVAL, "protocol: \"%s\" is not TCP, UDP, SCTP, ICMP or a number up to 255",
				 text);
	filter->by_protocol = true;
	return 0;
}

int event_filter_parse(const struct event_filter_words *words, uint64_t now, struct event_filter *ret,
		       struct error *error)
{
	struct event_filter filter = { .namespace = xstrdup(words->namespace) };
	int r = parse_since(words->since, now, &filter.since, error) ?:
		parse_lists(words, &filter, error) ?:
		parse_pod(words->pod, &filter.pod, error) ?:
		parse_end("from", words->from, &filter.from, error) ?:
		parse_end("to", words->to, &filter.to, error) ?:
		parse_labels(words->label, &filter.labels, error) ?:
		parse_port(words->port, &filter.port, error) ?:
		parse_protocol(words->protocol, &filter, error);

	if (r < 0)
		event_filter_free(&filter);
	else
		*ret = filter;
	return r;
}

static void peer_free(struct event_peer *peer)
{
	free(peer->namespace);
	free(peer->name);
}

void event_filter_free(struct event_filter *filter)
{
	free(filter->namespace);
	peer_free(&filter->pod);
	peer_free(&filter->from);
	peer_free(&filter->to);
	labels_free(&filter->labels);
	*filter = (struct event_filter){};
}

/* --- events ------------------------------------------------------------------ */

static bool same(const char *wanted, const char *text)
{
	return text && strcmp(wanted, text) == 0;
}

static bool is_peer(const struct event_peer *peer, const struct event_end *end)
{
	if (!peer->asked)
		return true;
	if (peer->by_net)
		return end->has_address && cidr_contains(&peer->net, &end->address);
	return (!peer->namespace || same(peer->namespace, end->namespace)) &&
	       (same(peer->name, end->pod) || same(peer->name, end->workload));
}

static bool is_pods(const struct event_peer *pod, const struct event *event)
{
	const struct event_end *ends[] = { &event->source, &event->destination };

	if (!pod->asked || (same(pod->namespace, event->namespace) && same(pod->name, event->endpoint)))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (same(pod->namespace, ends[i]->namespace) && same(pod->name, ends[i]->pod))
			return true;
	}
	return false;
}

static bool is_in_namespace(const char *namespace, const struct event *event)
{
	if (!namespace || same(namespace, event->namespace) || same(namespace, event->source.namespace) ||
	    same(namespace, event->destination.namespace))
		return true;
	for (size_t i = 0; i < event->n_policies; i++) {
		if (same(namespace, event->policies[i].namespace))
			return true;
	}
	return false;
}

/* text: "app=db,tier=data" */
static bool has_label(const char *text, const struct label *label)
{
	const size_t key = strlen(label->key), value = strlen(label->value);

	for (const char *at = text; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, label->key, key) == 0 && at[key] == '=' &&
		    strncmp(at + key + 1, label->value, value) == 0 &&
		    (at[key + 1 + value] == ',' || at[key + 1 + value] == '\0'))
			return true;
	}
	return false;
}

static bool has_labels(const struct labels *labels, const struct event_end *end)
{
	vec_for_each (label, &labels->list) {
		if (!has_label(end->labels, label))
			return false;
	}
	return true;
}

static bool has_port(uint16_t port, const struct event *event)
{
	return !port || (event->destination.has_port && event->destination.port == port) ||
	       (event->source.has_port && event->source.port == port);
}

/* ICMP is one word for both families. What is no IP has no protocol. */
static bool is_protocol(const struct event_filter *filter, const struct event *event)
{
	char word[EVENT_WORD_MAX], wanted[EVENT_WORD_MAX];
	const struct event like = { .protocol = filter->protocol };

	return !filter->by_protocol ||
	       (event_is_packet(event) && strcmp(event_protocol(event, word), event_protocol(&like, wanted)) == 0);
}

bool event_filter_matches(const struct event_filter *filter, const struct event *event)
{
	return event->time >= filter->since && (!filter->types || filter->types & 1u << event->type) &&
	       (!filter->verdicts || filter->verdicts & 1u << event->verdict) &&
	       (!filter->reasons || filter->reasons & 1ull << event->reason) && has_port(filter->port, event) &&
	       is_protocol(filter, event) && is_in_namespace(filter->namespace, event) &&
	       is_pods(&filter->pod, event) && is_peer(&filter->from, &event->source) &&
	       is_peer(&filter->to, &event->destination) &&
	       (has_labels(&filter->labels, &event->source) || has_labels(&filter->labels, &event->destination));
}
