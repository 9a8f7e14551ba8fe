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

/* Who decided; of audited policies those that would have denied, were they enforced. */
static void add_allowing(json_t *answer, json_t *policies, const struct eval_result *result)
{
	static const enum weir_direction sides[] = { WEIR_EGRESS, WEIR_INGRESS };
	const bool audited = result->audited[WEIR_EGRESS] || result->audited[WEIR_INGRESS];

	if (audited)
		json_object_set_new(answer, "audit", json_true());
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		if (!audited || result->audited[sides[i]])
			add_policies(policies, result->decision[sides[i]]);
	}
}

/* A packet meets egress first, so that side is named when both deny. */
static void add_result(json_t *answer, const struct eval_result *result)
{
	static const char *const names[] = { [WEIR_INGRESS] = "ingress", [WEIR_EGRESS] = "egress" };
	json_t *policies = json_array();
	enum weir_direction denier;

	json_object_set_new(answer, "verdict", json_string(result->allowed ? "allow" : "deny"));
	if (result->allowed) {
		json_object_set_new(answer, "direction", json_null());
		add_allowing(answer, policies, result);
	} else {
		denier = result->denied_by[WEIR_EGRESS] ? WEIR_EGRESS : WEIR_INGRESS;
		json_object_set_new(answer, "direction", json_string(names[denier]));
		add_policies(policies, result->decision[denier]);
	}
	json_object_set_new(answer, "policies", policies);
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
	struct eval_result result = { 0 };
	struct error error = { 0 };
	json_t *answer;

	if (!json_is_object(probe))
		return refuse(json_object(), "a probe must be a JSON object with from, to, protocol and port",
			      ret_answer);
	answer = json_copy((json_t *)probe);
	if (parse_ends(world, probe, &question, &error) || parse_protocol(probe, &question, &error) ||
	    parse_port(probe, &question, &error))
		return refuse(answer, error.text, ret_answer);
	eval(compiled, &question.from, &question.to, question.protocol, question.port, &result);
	add_result(answer, &result);
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
