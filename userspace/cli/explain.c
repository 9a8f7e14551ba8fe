// SPDX-License-Identifier: BSD-2-Clause
/* weir explain: what the loaded program would do with a connection, in sentences. */
#include <string.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/connection.h"
#include "cli/output.h"
#include "cli/wrap.h"
#include "weir/reason.h"

static const char *text_of(const json_t *object, const char *field)
{
	return json_string_value(json_object_get(object, field));
}

static bool is(const json_t *object, const char *field, const char *text)
{
	const char *value = text_of(object, field);

	return value && !strcmp(value, text);
}

/* What a reason means, by its name. */
static const char *reason_text(const char *name)
{
	static const struct {
		const char *name, *text;
	} reasons[] = {
#define REASON(number, symbol, name_, verdict, text_) { name_, text_ },
		WEIR_REASONS(REASON)
#undef REASON
	};

	for (size_t i = 0; name && i < ARRAY_SIZE(reasons); i++) {
		if (!strcmp(reasons[i].name, name))
			return reasons[i].text;
	}
	return "for a reason that this program doesn't know";
}

/* "NetworkPolicy shop/db", with " rule from-web" where a rule is meant. */
static void write_rule(FILE *out, const json_t *rule)
{
	const char *namespace = text_of(rule, "namespace"), *name = text_of(rule, "rule");

	fprintf(out, "%s %s%s%s", text_of(rule, "kind") ?: "?", namespace ?: "", namespace ? "/" : "",
		text_of(rule, "policy") ?: "?");
	if (name)
		fprintf(out, " rule %s", name);
}

static void write_rules(FILE *out, const json_t *rules)
{
	const size_t n = json_array_size(rules);

	for (size_t i = 0; i < n; i++) {
		fputs(i == 0 ? "" : i + 1 == n ? " and " : ", ", out);
		write_rule(out, json_array_get(rules, i));
	}
}

/* Who decided, as a sentence. The caller frees. */
static char *cause(const json_t *side)
{
	const json_t *rules = json_object_get(side, "rules");
	const bool audited = json_is_true(json_object_get(side, "audited"));
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (!json_array_size(rules)) {
		fputs(reason_text(text_of(side, "reason")), out);
	} else if (is(side, "reason", "policy-default")) {
		write_rules(out, rules);
		fprintf(out, " isolate%s it in this direction and no rule allows this",
			json_array_size(rules) == 1 ? "s" : "");
	} else {
		fputs(audited ? "a denial by " : "by ", out);
		write_rules(out, rules);
	}
	if (audited)
		fputs("; that is only audited, so it passes and is counted as the denial", out);
	fclose(out);
	return text;
}

static void print_limit(const json_t *limit)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	write_rule(out, limit);
	if (is(limit, "unit", "maxConnections"))
		fprintf(out, ": at most %.15g connections open at a time",
			json_number_value(json_object_get(limit, "rate")));
	else
		fprintf(out, ": at most %.15g %s, burst %s", json_number_value(json_object_get(limit, "rate")),
			text_of(limit, "unit") ?: "?",
			output_count(json_integer_value(json_object_get(limit, "burst"))));
	fprintf(out, ", per %s; not charged by asking%s", text_of(limit, "per") ?: "?",
		is(limit, "mode", "Audit") ? "; only audited, so what is over it passes and is counted" : "");
	fclose(out);
	wrap_print(stdout, printf("  limit: "), 4, text);
	free(text);
}

static void print_judge(const json_t *side)
{
	const char *note = text_of(side, "note");

	if (is(side, "judgedBy", "kernel"))
		printf("  asked: the loaded program, as on interface %s, revision %lld\n",
		       text_of(side, "interface") ?: "?",
		       (long long)json_integer_value(json_object_get(side, "revision")));
	if (note)
		wrap_print(stdout, printf("  note: "), 4, note);
}

/* asked: the port that was; a service's backend has its own. */
static void print_side(const json_t *side, const json_t *asked)
{
	const bool denied = is(side, "verdict", "deny");
	const json_t *port = json_object_get(side, "port");
	_cleanup_free_ char *why = cause(side);
	_cleanup_free_ char *at = json_is_integer(port) && !json_equal(port, asked)
					  ? xasprintf(":%lld", (long long)json_integer_value(port))
					  : NULL;
	const json_t *limit;
	size_t i;

	printf("\n%s of %s%s: %s%s\n", text_of(side, "direction") ?: "?", text_of(side, "pod") ?: "?", at ?: "",
	       denied ? "denied" : "allowed",
	       json_is_true(json_object_get(side, "answered")) ? ", and told so (onDeny: Reject)" : "");
	wrap_print(stdout, printf("  why: "), 4, why);
	if (text_of(side, "nearest"))
		wrap_print(stdout, printf("  nearest: "), 4, text_of(side, "nearest"));
	json_array_foreach (json_object_get(side, "limits"), i, limit)
		print_limit(limit);
	print_judge(side);
}

static const char *name_of(const json_t *end)
{
	return text_of(end, "pod") ?: text_of(end, "address") ?: "?";
}

static void print_answer(const struct invocation *invocation, const json_t *answer, bool denied)
{
	const json_t *port = json_object_get(answer, "port"), *side;
	const char *on = invocation->color ? (denied ? "\033[31m" : "\033[32m") : "";
	const char *off = invocation->color ? "\033[0m" : "";
	size_t i;

	printf("%s%s%s: %s -> %s %s", on, denied ? "denied" : "allowed", off, name_of(json_object_get(answer, "from")),
	       name_of(json_object_get(answer, "to")), text_of(answer, "protocol") ?: "?");
	if (json_is_integer(port))
		printf(" %lld", (long long)json_integer_value(port));
	putchar('\n');
	if (text_of(answer, "note"))
		wrap_print(stdout, 0, 0, text_of(answer, "note"));
	json_array_foreach (json_object_get(answer, "sides"), i, side)
		print_side(side, port);
}

int command_explain(const struct invocation *invocation)
{
	struct connection_target target _cleanup_(connection_target_free) = { 0 };
	json_auto_t *answer = NULL;
	struct error error = { 0 };
	bool denied;

	if (connection_target_parse(invocation->arguments.items[1], &target, &error) < 0)
		return wrong_usage(invocation, "%s", error.text);
	const struct query query[] = { { "from", invocation->arguments.items[0] },
				       { "to", target.to },
				       { "port", target.port },
				       { "protocol", target.protocol },
				       { NULL, NULL } };
	_cleanup_free_ char *path = client_path("/v1/explain", query);
	if (client_get(invocation->socket, path, &answer, &error))
		return say_error(&error);
	denied = !is(answer, "verdict", "allow");
	if (invocation->format == OUTPUT_JSON || invocation->format == OUTPUT_YAML)
		output_json(invocation->format, answer, stdout);
	else
		print_answer(invocation, answer, denied);
	return denied ? EXIT_FAILED : EXIT_DONE;
}
