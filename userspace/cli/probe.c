// SPDX-License-Identifier: BSD-2-Clause
#include "cli/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/mem.h"

struct question {
	struct eval_end from, to;
	uint8_t protocol;
	uint16_t port;
};

static int text_field(const json_t *probe, const char *field, const char **ret, struct error *error)
{
	const json_t *value = json_object_get(probe, field);

	if (!value)
		return error_set(error, -EINVAL, "%s: missing", field);
	if (!json_is_string(value))
		return error_set(error, -EINVAL, "%s: must be a string", field);
	*ret = json_string_value(value);
	return 0;
}

static int parse_ends(const struct world *world, const json_t *probe, struct question *question, struct error *error)
{
	const char *from, *to;

	return text_field(probe, "from", &from, error)
		       ?: text_field(probe, "to", &to, error)
		       ?: eval_ends_parse(world, &(struct eval_names){ from, to }, &question->from, &question->to, error);
}

static int parse_protocol(const json_t *probe, struct question *question, struct error *error)
{
	const json_t *value = json_object_get(probe, "protocol");

	question->protocol = IPPROTO_TCP;
	if (!value)
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= 255) {
		question->protocol = json_integer_value(value);
		return 0;
	}
	if (!json_is_string(value) || eval_protocol_parse(json_string_value(value), &question->protocol))
		return error_set(error, -EINVAL, "protocol: must be TCP, UDP, SCTP, ICMP or a number up to 255");
	return 0;
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static int parse_port(const json_t *probe, struct question *question, struct error *error)
{
	const json_t *value = json_object_get(probe, "port");

	if (!has_ports(question->protocol))
		return 0;
	if (!value)
		return error_set(error, -EINVAL, "port: missing");
	if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > 65535)
		return error_set(error, -EINVAL, "port: must be a number from 1 to 65535");
	question->port = json_integer_value(value);
	return 0;
}

static void add_policies(json_t *policies, const struct decision_info *decision)
{
	if (!decision)
		return;
	vec_for_each (rule, &decision->rules) {
		_cleanup_free_ char *name = rule_ref_format(rule, false);
		bool known = false;
		const json_t *item;
		size_t i;

		json_array_foreach (policies, i, item)
			known = known || !strcmp(json_string_value(item), name);
		if (!known)
			json_array_append_new(policies, json_string(name));
	}
}

/* What is said of a connection; of one to a service by each of its backends on the way in. */
struct judged {
	struct eval_result result;
	eval_backends backends;
	VEC(struct eval_result) by; /* like backends */
};

static void judged_free(struct judged *judged)
{
	vec_free(&judged->backends);
	vec_free(&judged->by);
}

/* A client can't choose its backend: one that denies counts for all. */
static void judge(const struct world *world, const struct compiled *compiled, const struct question *question,
		  struct judged *judged)
{
	struct eval_result *all = &judged->result;

	eval(compiled, &question->from, &question->to, question->protocol, question->port, all);
	eval_service(world, &question->to, question->protocol, question->port, &judged->backends);
	vec_for_each (backend, &judged->backends) {
		struct eval_result one;

		eval(compiled, &question->from, &backend->end, question->protocol, backend->port, &one);
		all->denied_by[WEIR_INGRESS] |= one.denied_by[WEIR_INGRESS];
		all->audited[WEIR_INGRESS] |= one.audited[WEIR_INGRESS];
		vec_push(&judged->by, one);
	}
	all->allowed &= !all->denied_by[WEIR_INGRESS];
}

/* Those of the backends that say what all of them come to. */
static void add_ingress_policies(json_t *policies, const struct judged *judged)
{
	const struct eval_result *all = &judged->result;

	add_policies(policies, all->decision[WEIR_INGRESS]);
	vec_for_each (one, &judged->by) {
		if (one->denied_by[WEIR_INGRESS] == all->denied_by[WEIR_INGRESS] &&
		    (all->denied_by[WEIR_INGRESS] || one->audited[WEIR_INGRESS] == all->audited[WEIR_INGRESS]))
			add_policies(policies, one->decision[WEIR_INGRESS]);
	}
}

/* Who decided; of audited policies those that would have denied, were they enforced. */
static void add_allowing(json_t *answer, json_t *policies, const struct judged *judged)
{
	const bool *audited = judged->result.audited;
	const bool any = audited[WEIR_EGRESS] || audited[WEIR_INGRESS];

	if (any)
		json_object_set_new(answer, "audit", json_true());
	if (!any || audited[WEIR_EGRESS])
		add_policies(policies, judged->result.decision[WEIR_EGRESS]);
	if (!any || audited[WEIR_INGRESS])
		add_ingress_policies(policies, judged);
}

static void add_backends(json_t *answer, const struct judged *judged)
{
	json_t *list = json_array();

	for (size_t i = 0; i < judged->backends.n; i++) {
		const struct eval_backend *backend = &judged->backends.items[i];
		const struct eval_result *one = &judged->by.items[i];
		const struct object *pod = backend->end.pod;
		_cleanup_free_ char *name = pod ? xasprintf("%s/%s", pod->namespace, pod->name) : NULL;
		json_t *policies = json_array();
		char addr[ADDR_TEXT_MAX];

		add_policies(policies, one->decision[WEIR_INGRESS]);
		json_array_append_new(list,
				      json_pack("{ss, si, ss, so}", "to", name ?: addr_format(&backend->end.addr, addr),
						"port", backend->port, "ingress",
						one->denied_by[WEIR_INGRESS] ? "deny" : "allow", "policies", policies));
	}
	json_object_set_new(answer, "backends", list);
}

/* A packet meets egress first, so that side is named when both deny. */
static void add_result(json_t *answer, const struct judged *judged)
{
	const struct eval_result *result = &judged->result;
	json_t *policies = json_array();

	json_object_set_new(answer, "verdict", json_string(result->allowed ? "allow" : "deny"));
	if (result->allowed) {
		json_object_set_new(answer, "direction", json_null());
		add_allowing(answer, policies, judged);
	} else if (result->denied_by[WEIR_EGRESS]) {
		json_object_set_new(answer, "direction", json_string("egress"));
		add_policies(policies, result->decision[WEIR_EGRESS]);
	} else {
		json_object_set_new(answer, "direction", json_string("ingress"));
		add_ingress_policies(policies, judged);
	}
	json_object_set_new(answer, "policies", policies);
	if (judged->backends.n)
		add_backends(answer, judged);
}

static bool refuse(json_t *answer, const char *why, json_t **ret_answer)
{
	json_object_set_new(answer, "error", json_string(why));
	*ret_answer = answer;
	return false;
}

bool probe_answer(const struct world *world, const struct compiled *compiled, const json_t *probe, json_t **ret_answer)
{
	struct question question = { 0 };
	struct judged judged _cleanup_(judged_free) = { 0 };
	struct error error = { 0 };
	json_t *answer;

	if (!json_is_object(probe))
		return refuse(json_object(), "a probe must be a JSON object with from, to, protocol and port",
			      ret_answer);
	answer = json_copy((json_t *)probe);
	if (parse_ends(world, probe, &question, &error) || parse_protocol(probe, &question, &error) ||
	    parse_port(probe, &question, &error))
		return refuse(answer, error.text, ret_answer);
	judge(world, compiled, &question, &judged);
	add_result(answer, &judged);
	*ret_answer = answer;
	return true;
}

bool probe_answer_line(const struct world *world, const struct compiled *compiled, const char *line,
		       json_t **ret_answer)
{
	json_error_t why;
	json_t *probe = json_loads(line, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	_cleanup_free_ char *text = NULL;
	bool answered;

	if (!probe) {
		text = xasprintf("not JSON: %s (column %d)", why.text, why.column);
		return refuse(json_object(), text, ret_answer);
	}
	answered = probe_answer(world, compiled, probe, ret_answer);
	json_decref(probe);
	return answered;
}

static const char *field(const json_t *answer, const char *name)
{
	return json_string_value(json_object_get(answer, name));
}

static void write_policies(FILE *out, const json_t *policies)
{
	const json_t *policy;
	size_t i;

	json_array_foreach (policies, i, policy)
		fprintf(out, "%s%s", i ? ", " : " by ", json_string_value(policy));
}

char *probe_sentence(const json_t *answer)
{
	const json_t *port = json_object_get(answer, "port"), *policies = json_object_get(answer, "policies");
	const char *direction = field(answer, "direction");
	char *sentence = NULL;
	size_t size;
	FILE *out = open_memstream(&sentence, &size);

	if (!out)
		abort();
	fprintf(out, "%s: %s -> %s %s", field(answer, "verdict"), field(answer, "from"), field(answer, "to"),
		field(answer, "protocol") ?: "TCP");
	if (port)
		fprintf(out, " %lld", (long long)json_integer_value(port));
	fputc(',', out);
	if (json_is_true(json_object_get(answer, "audit")))
		fputs(" audited: would be denied", out);
	else if (direction)
		fprintf(out, " denied at %s", direction);
	else if (!json_array_size(policies))
		fputs(" no policy isolates either side", out);
	write_policies(out, policies);
	fclose(out);
	return sentence;
}
