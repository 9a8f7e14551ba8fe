// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random clusters, policies and probes: the compiled image against the naive
 * reading of the objects. WEIR_SEED=N repeats one cluster, WEIR_CLUSTERS=N asks
 * for another number of them.
 */
#include <inttypes.h>
#include <netinet/in.h>

#include "policy/naive.h"
#include "unit/policy/fixture.h"
#include "unit/policy/random_cluster.h"

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
		snprintf(text + used, size - used, "%s %s/%s%s%s\n", kind_info(by->policy->kind)->kind,
			 by->policy->namespace, by->policy->name, by->rule ? " rule " : "",
			 by->rule && by->rule->name ? by->rule->name : number);
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

static bool agrees(const struct decision_info *decision, const struct naive_answer *answer)
{
	char by[2048], expected[2048];

	if (!decision || !answer->judged)
		return !decision && !answer->judged;
	describe(decision, by, sizeof(by));
	describe_answer(answer, expected, sizeof(expected));
	return decision->reason == answer->reason && !strcmp(by, expected);
}

static void probe(struct random *r, const struct fixture *f, const struct world *world, uint64_t seed, const char *yaml)
{
	const uint8_t protocol = PICK(r, protocols);
	const uint16_t port = (uint16_t)(PICK(r, random_ports) + pick(r, 2));
	struct naive_probe probe = { .protocol = protocol, .port = port };
	struct naive_answer answer = {};
	struct eval_result result;
	char from[64], to[64], by[2048] = "", expected[2048] = "";

	random_end(r, f, from);
	random_end(r, f, to);
	fixture_eval(f, from, to, protocol, port, &result);
	probe.from = naive_end(world, from);
	probe.to = naive_end(world, to);
	agree(&probe.from, &probe.to, strchr(to, '/'));
	if (probe.from.pod && probe.from.pod == probe.to.pod) {
		assert_true(result.allowed);
		return;
	}
	for (int direction = 0; direction < WEIR_DIRECTIONS; direction++) {
		const struct decision_info *decision = result.decision[direction];

		naive_judge(world, &probe, direction, &answer);
		if (agrees(decision, &answer))
			continue;
		if (decision)
			describe(decision, by, sizeof(by));
		describe_answer(&answer, expected, sizeof(expected));
		fprintf(stderr, "%s", yaml);
		fail_msg("WEIR_SEED=%" PRIu64 ": %s -> %s protocol %u port %u, %s:\n"
			 "compiled: reason %d by\n%snaive: reason %d by\n%s",
			 seed, from, to, protocol, port, direction == WEIR_INGRESS ? "ingress" : "egress",
			 decision ? (int)decision->reason : -1, by, answer.judged ? (int)answer.reason : -1, expected);
	}
	naive_answer_free(&answer);
}

static void run_cluster(uint64_t seed)
{
	struct random r = { .state = seed };
	_cleanup_free_ char *yaml = random_cluster(&r, N_PODS);
	struct fixture f;

	fixture_read(&f, yaml, NODE_ADDR);
	fixture_compile(&f, 1);
	for (unsigned i = 0; i < N_PROBES; i++)
		probe(&r, &f, &f.world, seed, yaml);
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_says_what_the_objects_say),
	};

	return cmocka_run_group_tests_name("policy/differential", tests, NULL, NULL);
}
