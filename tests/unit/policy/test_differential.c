// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random clusters, policies and probes: the compiled image against the naive
 * reading of the objects. WEIR_SEED=N repeats one cluster, WEIR_CLUSTERS=N asks
 * for another number of them. A case that fails is made small before it is told.
 */
#include <inttypes.h>
#include <netinet/in.h>

#include "policy/naive.h"
#include "policy/words.h"
#include "unit/policy/fixture.h"
#include "unit/policy/random_cluster.h"
#include "unit/policy/shrink.h"

#define N_CLUSTERS 3400u
#define N_PROBES   60u
#define N_PODS	   14u
#define NODE_ADDR  "192.0.2.1"

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP };

static void random_end(struct random *r, const struct fixture *f, char text[static 64])
{
	const struct object *pod = f->world.pods.n ? f->world.pods.items[pick(r, (uint32_t)f->world.pods.n)] : NULL;

	if (pod && !one_in(r, 4))
		snprintf(text, 64, "%s/%s", pod->namespace, pod->name);
	else if (one_in(r, 3))
		random_addr6(r, text);
	else
		random_addr4(r, text);
}

static const struct addr *addr_of_family(const struct object *pod, enum weir_family family)
{
	vec_for_each (addr, &pod->pod.addrs) {
		if (addr->family == family)
			return addr;
	}
	return NULL;
}

static void speak(struct naive_end *end, const struct naive_end *other)
{
	const struct addr *addr = NULL;

	if (end->pod && end->has_addr && other->has_addr && end->addr.family != other->addr.family)
		addr = addr_of_family(end->pod, other->addr.family);
	if (addr)
		end->addr = *addr;
}

/* Both ends speak one family where both have it: that of an address that was given, else the sender's first. */
static void agree(struct naive_end *from, struct naive_end *to, bool to_is_named)
{
	if (to_is_named)
		speak(to, from);
	speak(from, to);
	speak(to, from);
}

static const struct object *owner(const struct world *world, const struct addr *addr)
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

static struct naive_end naive_end(const struct world *world, const char *text)
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

static void describe_answer(const struct naive_answer *answer, char *text, size_t size)
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

static void describe(const struct decision_info *decision, char *text, size_t size)
{
	text[0] = '\0';
	vec_for_each (rule, &decision->rules) {
		_cleanup_free_ char *name = rule_ref_format(rule, true);
		const size_t used = strlen(text);

		snprintf(text + used, size - used, "%s\n", name);
	}
}

/* "audit policy-deny, 2 limits, 1 only counting" */
static void describe_image(const struct fixture *f, const struct decision_info *info, char text[static 128])
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

static void describe_objects(const struct naive_answer *answer, char text[static 128])
{
	snprintf(text, 128, "%s %s%s, %zu limits, %zu only counting",
		 answer->audited ? "audit" : verdict_name(naive_verdict(answer)), answer->rejects ? "answered " : "",
		 reason_name(answer->reason), answer->n_limits, answer->n_audited_limits);
}

static bool agrees(const struct fixture *f, const struct decision_info *decision, const struct naive_answer *answer)
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

struct question {
	char from[64], to[64];
	uint8_t protocol;
	uint16_t port;
};

struct side {
	enum weir_direction direction;
	const struct decision_info *decision;
	const struct naive_answer *answer;
};

static void tell(const struct fixture *f, const struct question *question, const struct side *side, FILE *story)
{
	char by[2048] = "", expected[2048] = "", image[128] = "not judged", objects[128] = "not judged";

	if (side->decision) {
		describe(side->decision, by, sizeof(by));
		describe_image(f, side->decision, image);
	}
	if (side->answer->judged) {
		describe_answer(side->answer, expected, sizeof(expected));
		describe_objects(side->answer, objects);
	}
	fprintf(story, "%s -> %s protocol %u port %u, %s:\nimage: %s by\n%sobjects: %s by\n%s", question->from,
		question->to, question->protocol, question->port,
		side->direction == WEIR_INGRESS ? "ingress" : "egress", image, by, objects, expected);
}

/* True, and told to story (which may be NULL), when image and objects differ. */
static bool differ(const struct fixture *f, const struct question *question, FILE *story)
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
		if (found && story)
			tell(f, question, &(struct side){ direction, result.decision[direction], &answer }, story);
	}
	naive_answer_free(&answer);
	return found;
}

/* Whether a smaller case is one at all, and its two ends are there. */
static bool load(struct fixture *f, const char *yaml, const struct question *question)
{
	const char *const ends[] = { question->from, question->to };
	struct error error = {};
	struct eval_end end;
	struct addr node;

	*f = (struct fixture){};
	numberings_init(&f->numberings);
	if (manifest_parse("case", yaml, strlen(yaml), 0, &f->objects, &f->diags) < 0)
		return false;
	assert_int_equal(addr_parse(NODE_ADDR, &node), 0);
	vec_push(&f->world.node_addrs, node);
	world_add(&f->world, &f->objects, &f->diags);
	world_finish(&f->world, &f->diags);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (eval_end_parse(&f->world, ends[i], NULL, &end, &error) < 0)
			return false;
	}
	return compile(&f->world, &f->numberings, 1, IMAGE_WORDS, &f->compiled, &error) == 0;
}

static bool still_differs(const char *yaml, const void *data)
{
	struct fixture f;
	const bool differs = load(&f, yaml, data) && differ(&f, data, NULL);

	fixture_free(&f);
	return differs;
}

static void fail_small(uint64_t seed, const char *yaml, const struct question *question)
{
	_cleanup_free_ char *small = shrink(yaml, still_differs, question, NULL);
	_cleanup_free_ char *story = NULL;
	size_t size;
	FILE *out = open_memstream(&story, &size);
	struct fixture f;

	load(&f, small, question);
	differ(&f, question, out);
	fclose(out);
	fixture_free(&f);
	fprintf(stderr, "%s", small);
	fail_msg("WEIR_SEED=%" PRIu64 ": the manifests above (made small), %s", seed, story);
}

static void run_cluster(uint64_t seed)
{
	struct random r = { .state = seed };
	_cleanup_free_ char *yaml = random_cluster(&r, N_PODS);
	struct fixture f;

	fixture_read(&f, yaml, NODE_ADDR);
	fixture_compile(&f, 1);
	for (unsigned i = 0; i < N_PROBES; i++) {
		struct question question = { .protocol = PICK(&r, protocols) };

		question.port = (uint16_t)(PICK(&r, random_ports) + pick(&r, 2));
		random_end(&r, &f, question.from);
		random_end(&r, &f, question.to);
		if (differ(&f, &question, NULL))
			fail_small(seed, yaml, &question);
	}
	fixture_free(&f);
}

static void the_image_says_what_the_objects_say(void **state)
{
	const char *seed = getenv("WEIR_SEED"), *clusters = getenv("WEIR_CLUSTERS");
	const uint64_t n = clusters ? strtoull(clusters, NULL, 10) : N_CLUSTERS;

	if (seed) {
		run_cluster(strtoull(seed, NULL, 10));
		return;
	}
	for (uint64_t i = 1; i <= n; i++)
		run_cluster(i);
	print_message("# %" PRIu64 " probes of %" PRIu64 " clusters\n", n * N_PROBES, n);
}

static bool is_denied(const char *yaml, const void *data)
{
	const struct question *question = data;
	struct eval_result result = { .allowed = true };
	struct fixture f;

	if (load(&f, yaml, question))
		fixture_eval(&f, question->from, question->to, question->protocol, question->port, &result);
	fixture_free(&f);
	return !result.allowed;
}

/* Any property will do: here, that a connection is denied. */
static void a_failing_case_is_made_small(void **state)
{
	static const char yaml[] =
		"{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: web}}}\n---\n"
		"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop, labels: {app: a}}, status: {podIP: "
		"10.0.0.1}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: shop, labels: {app: b, x: "
		"y}}, status: {podIP: 10.0.0.2}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: c, namespace: "
		"shop}}\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: other, "
		"namespace: "
		"shop}, spec: {podSelector: {matchLabels: {app: c}}}}\n---\n{apiVersion: networking.k8s.io/v1, kind: "
		"NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {podSelector: {matchLabels: {app: b}}, "
		"ingress: "
		"[{ports: [{port: 1}]}, {from: [{podSelector: {matchLabels: {app: c}}}]}]}}";
	const struct question question = { "shop/a", "shop/b", IPPROTO_TCP, 80 };
	size_t n;
	_cleanup_free_ char *small = shrink(yaml, is_denied, &question, &n);

	assert_true(is_denied(small, &question));
	assert_int_equal(n, 3);
	assert_null(strstr(small, "labels"));
	assert_null(strstr(small, "port"));
	assert_non_null(strstr(small, "NetworkPolicy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_says_what_the_objects_say),
		cmocka_unit_test(a_failing_case_is_made_small),
	};

	return cmocka_run_group_tests_name("policy/differential", tests, NULL, NULL);
}
