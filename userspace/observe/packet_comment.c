// SPDX-License-Identifier: BSD-2-Clause
#include "observe/packet_comment.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "observe/names.h"
#include "weir/maps.h"

static const struct decision_info *find_decision(const struct compiled *compiled, uint32_t counter)
{
	vec_for_each (decision, &compiled->decisions) {
		if (decision->counter == counter)
			return decision;
	}
	return NULL;
}

/* "NetworkPolicy shop/db rule from-web"; of a default deny "NetworkPolicy shop/db isolates". NULL: none. */
static char *rules_text(const struct decision_info *decision)
{
	const bool isolates = decision->reason == WEIR_REASON_POLICY_DEFAULT;
	const char *comma = "";
	char *text = NULL;
	size_t n;

	if (!decision->rules.n)
		return NULL;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		return NULL;
	vec_for_each (rule, &decision->rules) {
		_cleanup_free_ char *name = rule_ref_format(rule, true);

		fprintf(out, "%s%s", comma, name);
		comma = ", ";
	}
	if (isolates)
		fputs(decision->rules.n > 1 ? " isolate" : " isolates", out);
	fclose(out);
	return text;
}

const char *rule_names_find(struct rule_names *names, const struct compiled *compiled, uint32_t counter)
{
	const struct decision_info *decision;
	struct rule_name *name;

	if (counter == WEIR_COUNTER_OVERFLOW || counter == WEIR_COUNTER_NONE)
		return NULL;
	while (compiled && names->by_counter.n <= counter)
		vec_push(&names->by_counter, (struct rule_name){});
	if (counter >= names->by_counter.n)
		return NULL;
	name = &names->by_counter.items[counter];
	if (!compiled || name->revision == compiled->revision)
		return name->text;
	name->revision = compiled->revision;
	decision = find_decision(compiled, counter);
	if (decision) {
		free(name->text);
		name->text = rules_text(decision);
	}
	return name->text;
}

char *limit_rule_text(const struct compiled *compiled, uint32_t bucket)
{
	const struct limit_info *limit = compiled ? compiled_limit(compiled, bucket) : NULL;
	_cleanup_free_ char *rule = limit ? rule_ref_format(&limit->rule, true) : NULL;

	return rule ? xasprintf("%s of %s", limit_name(limit->limit.unit), rule) : NULL;
}

void rule_names_free(struct rule_names *names)
{
	vec_for_each (name, &names->by_counter)
		free(name->text);
	vec_free(&names->by_counter);
}

char *packet_comment(const struct weir_captured *about, const char *rules, const char *pod)
{
	const char *direction = direction_text(about->direction == WEIR_EGRESS ? WEIR_EGRESS : WEIR_INGRESS);
	_cleanup_free_ char *revision = about->revision ? xasprintf("; revision %u", about->revision) : xstrdup("");

	return xasprintf("%s %s: %s%s; %s%s%s%s%s", verdict_name(about->verdict), reason_name(about->reason) ?: "?",
			 rules && about->reason == WEIR_REASON_AUDIT ? "would be dropped by " : "",
			 rules ?: reason_meaning(about->reason) ?: "?", direction, pod ? " of " : "", pod ?: "",
			 about->xdp ? ", by XDP" : "", revision);
}
