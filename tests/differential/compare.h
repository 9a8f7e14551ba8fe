/* SPDX-License-Identifier: BSD-2-Clause */
/* One connection, answered from the compiled image and from the objects: do the two agree? */
#ifndef WEIR_TESTS_COMPARE_H
#define WEIR_TESTS_COMPARE_H

#include "differential/random_parts.h"
#include "policy/naive.h"
#include "policy/words.h"
#include "unit/policy/fixture.h"

struct question {
	char from[64], to[64]; /* as `weir eval` reads them */
	uint8_t protocol;
	uint16_t port;
	unsigned number; /* in its cluster */
};

static inline const struct addr *addr_of_family(const struct object *pod, enum weir_family family)
{
	vec_for_each (addr, &pod->pod.addrs) {
		if (addr->family == family)
			return addr;
	}
	return NULL;
}

static inline void speak(struct naive_end *end, const struct naive_end *other)
{
	const struct addr *addr = NULL;

	if (end->pod && end->has_addr && other->has_addr && end->addr.family != other->addr.family)
		addr = addr_of_family(end->pod, other->addr.family);
	if (addr)
		end->addr = *addr;
}

/* Both ends speak one family where both have it: that of an address that was given, else the sender's first. */
static inline void agree(struct naive_end *from, struct naive_end *to, bool to_is_named)
{
	if (to_is_named)
		speak(to, from);
	speak(from, to);
	speak(to, from);
}

static inline const struct object *owner(const struct world *world, const struct addr *addr)
{
	for (size_t i = 0; i < world->pods.n; i++) {
		const struct object *pod = world->pods.items[i];

		if (pod->pod.host_network)
			continue;
		vec_for_each (own, &pod->pod.addrs) {
			if (addr_compare(own, addr) == 0)
				return pod;
		}
	}
	return NULL;
}

static inline struct naive_end naive_end(const struct world *world, const char *text)
{
	struct naive_end end = {};

	if (!strchr(text, '/')) {
		end.has_addr = true;
		assert_int_equal(addr_parse(text, &end.addr), 0);
		end.pod = owner(world, &end.addr);
		return end;
	}
	for (size_t i = 0; i < world->pods.n; i++) {
		const struct object *pod = world->pods.items[i];
		char title[64];

		snprintf(title, sizeof(title), "%s/%s", pod->namespace, pod->name);
		if (!strcmp(title, text))
			end.pod = pod;
	}
	assert_non_null(end.pod);
	end.has_addr = end.pod->pod.addrs.n > 0;
	if (end.has_addr)
		end.addr = end.pod->pod.addrs.items[0];
	return end;
}

static inline void describe_answer(const struct naive_answer *answer, char *text, size_t size)
{
	text[0] = '\0';
	vec_for_each (by, &answer->by) {
		const size_t used = strlen(text);
		char number[24] = "";

		if (by->rule)
			snprintf(number, sizeof(number), "%zu", by->index);
		snprintf(text + used, size - used, "%s %s%s%s%s%s\n", kind_info(by->policy->kind)->kind,
			 by->policy->namespace ?: "", by->policy->namespace ? "/" : "", by->policy->name,
			 by->rule ? " rule " : "", by->rule && by->rule->name ? by->rule->name : number);
	}
}

static inline void describe(const struct decision_info *decision, char *text, size_t size)
{
	text[0] = '\0';
	vec_for_each (rule, &decision->rules) {
		_cleanup_free_ char *name = rule_ref_format(rule, true);
		const size_t used = strlen(text);

		snprintf(text + used, size - used, "%s\n", name);
	}
}

/* "audit policy-deny, 2 limits, 1 only counting" */
static inline void describe_image(const struct fixture *f, const struct decision_info *info, char text[static 128])
{
	const struct weir_image image = compiled_image(f->compiled);
	const struct weir_image_decision record = weir_image_decision_at(&image, info->at);
	unsigned n_audited = 0;

	for (uint32_t i = 0; i < record.n_limits; i++)
		n_audited += weir_image_limit_at(&image, info->at, i).flags & WEIR_LIMIT_AUDIT;
	snprintf(text, 128, "%s %s%s, %u limits, %u only counting", decision_word(record.verdict, record.flags),
		 record.flags & WEIR_DECISION_REJECT ? "answered " : "", reason_name(record.reason), record.n_limits,
		 n_audited);
}

static inline void describe_objects(const struct naive_answer *answer, char text[static 128])
{
	snprintf(text, 128, "%s %s%s, %zu limits, %zu only counting",
		 answer->audited ? "audit" : verdict_name(naive_verdict(answer)), answer->rejects ? "answered " : "",
		 reason_name(answer->reason), answer->n_limits, answer->n_audited_limits);
}

static inline bool agrees(const struct fixture *f, const struct decision_info *decision,
			  const struct naive_answer *answer)
{
	char by[2048], expected[2048], image[128], objects[128];

	if (!decision || !answer->judged)
		return !decision && !answer->judged;
	describe(decision, by, sizeof(by));
	describe_answer(answer, expected, sizeof(expected));
	describe_image(f, decision, image);
	describe_objects(answer, objects);
	return !strcmp(image, objects) && !strcmp(by, expected);
}

static inline void tell_question(const struct question *question, enum weir_direction direction, FILE *story)
{
	fprintf(story, "%s -> %s protocol %u port %u, %s:\n", question->from, question->to, question->protocol,
		question->port, direction == WEIR_INGRESS ? "ingress" : "egress");
}

static inline void tell_answers(const struct fixture *f, const struct decision_info *decision,
				const struct naive_answer *answer, FILE *story)
{
	char by[2048] = "", expected[2048] = "", image[128] = "not judged", objects[128] = "not judged";

	if (decision) {
		describe(decision, by, sizeof(by));
		describe_image(f, decision, image);
	}
	if (answer->judged) {
		describe_answer(answer, expected, sizeof(expected));
		describe_objects(answer, objects);
	}
	fprintf(story, "image: %s by\n%sobjects: %s by\n%s", image, by, objects, expected);
}

/* True, and told to story (which may be NULL), when image and objects differ. *ret_image: what the image says. */
static inline bool differ(const struct fixture *f, const struct question *question, struct eval_result *ret_image,
			  FILE *story)
{
	struct naive_probe probe = { .protocol = question->protocol, .port = question->port };
	struct naive_answer answer = {};
	struct eval_result result;
	bool found = false;

	fixture_eval(f, question->from, question->to, question->protocol, question->port, &result);
	probe.from = naive_end(&f->world, question->from);
	probe.to = naive_end(&f->world, question->to);
	agree(&probe.from, &probe.to, strchr(question->to, '/'));
	for (int direction = 0; !found && direction < WEIR_DIRECTIONS; direction++) {
		naive_judge(&f->world, &probe, direction, &answer);
		found = !agrees(f, result.decision[direction], &answer);
		if (found && story) {
			tell_question(question, direction, story);
			tell_answers(f, result.decision[direction], &answer, story);
		}
	}
	naive_answer_free(&answer);
	*ret_image = result;
	return found;
}

#endif
