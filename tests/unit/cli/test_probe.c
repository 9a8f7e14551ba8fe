// SPDX-License-Identifier: BSD-2-Clause
/* Lines of `weir eval --probes`: each answer, whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cli/probe.h"
#include "object/manifest.h"

static const char manifests[] =
	"{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},"
	" status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}\n"
	"---\n"
	"{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}},"
	" status: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}}\n"
	"---\n"
	"{apiVersion: v1, kind: Pod, metadata: {name: six, namespace: shop, labels: {app: six}},"
	" status: {podIPs: [{ip: 'fd00::3'}]}}\n"
	"---\n"
	"{apiVersion: v1, kind: Pod, metadata: {name: vault, namespace: shop, labels: {app: vault}},"
	" status: {podIPs: [{ip: 10.0.0.4}]}}\n"
	"---\n"
	"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: vault, namespace: shop},"
	" spec: {podSelector: {matchLabels: {app: vault}}}}\n"
	"---\n"
	"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: shop},"
	" spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress],"
	"  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{protocol: TCP, port: 5432}]}]}}\n"
	"---\n"
	"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db-too, namespace: shop},"
	" spec: {podSelector: {matchLabels: {app: db}},"
	"  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{protocol: TCP, port: 5432}]},"
	"            {from: [{podSelector: {matchLabels: {app: web}}}], ports: [{protocol: TCP, port: 5432}]}]}}\n"
	"---\n"
	"{apiVersion: weir.dev/v1alpha1, kind: TrafficPolicy, metadata: {name: six, namespace: shop},"
	" spec: {podSelector: {matchLabels: {app: six}}, mode: Audit, ingress: [{ports: [{port: 1}]}]}}\n"
	"---\n"
	"{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop}, spec: {clusterIP: 10.96.0.1,"
	" ports: [{name: a, port: 80}, {name: b, port: 81}]}}\n"
	"---\n"
	"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s, namespace: shop, labels:"
	" {kubernetes.io/service-name: s}}, addressType: IPv4, ports: [{name: a, port: 5432}, {name: b, port: 22}],"
	" endpoints: [{addresses: [10.0.0.2]}]}\n";

static struct objects objects;
static struct world world;
static struct numberings numberings;
static struct compiled *compiled;

static int set_up(void **state)
{
	struct diags diags _cleanup_(diags_free) = { 0 };
	struct error error = { 0 };

	numberings_init(&numberings);
	if (manifest_parse("test", manifests, strlen(manifests), 0, &objects, &diags)) {
		diags_print(&diags, stderr);
		return -1;
	}
	world_add(&world, &objects, &diags);
	world_finish(&world, &diags);
	return compile(&world, &numberings, 1, 1u << 18, &compiled, &error);
}

static int tear_down(void **state)
{
	compiled_free(compiled);
	numberings_free(&numberings);
	world_free(&world);
	objects_free(&objects);
	return 0;
}

struct line {
	const char *says;
	const char *probe;
	bool answered;
	const char *answer; /* with quotes as ' */
};

static const struct line lines[] = {
	{ "allowed by two policies, each named once", "{'from':'shop/web','to':'shop/db','protocol':'TCP','port':5432}",
	  true,
	  "{'from':'shop/web','to':'shop/db','protocol':'TCP','port':5432,'verdict':'allow','direction':null,"
	  "'policies':['NetworkPolicy shop/db','NetworkPolicy shop/db-too']}" },
	{ "denied on the way in", "{'from':'shop/web','to':'shop/db','protocol':'TCP','port':22}", true,
	  "{'from':'shop/web','to':'shop/db','protocol':'TCP','port':22,'verdict':'deny','direction':'ingress',"
	  "'policies':['NetworkPolicy shop/db','NetworkPolicy shop/db-too']}" },
	{ "denied on the way out", "{'from':'shop/db','to':'shop/web','protocol':'UDP','port':53}", true,
	  "{'from':'shop/db','to':'shop/web','protocol':'UDP','port':53,'verdict':'deny','direction':'egress',"
	  "'policies':['NetworkPolicy shop/db']}" },
	{ "denied on the way to an address that is nobody's; TCP where no protocol is given",
	  "{'from':'shop/db','to':'8.8.8.8','port':53}", true,
	  "{'from':'shop/db','to':'8.8.8.8','port':53,'verdict':'deny','direction':'egress',"
	  "'policies':['NetworkPolicy shop/db']}" },
	{ "denied by both sides: the way out is named", "{'from':'shop/db','to':'shop/vault','port':1}", true,
	  "{'from':'shop/db','to':'shop/vault','port':1,'verdict':'deny','direction':'egress',"
	  "'policies':['NetworkPolicy shop/db']}" },
	{ "an address that is a pod's", "{'from':'10.0.0.1','to':'10.0.0.2','protocol':'TCP','port':5432}", true,
	  "{'from':'10.0.0.1','to':'10.0.0.2','protocol':'TCP','port':5432,'verdict':'allow','direction':null,"
	  "'policies':['NetworkPolicy shop/db','NetworkPolicy shop/db-too']}" },
	{ "a pod with one family decides for one with two",
	  "{'from':'shop/web','to':'shop/six','protocol':'TCP','port':1}", true,
	  "{'from':'shop/web','to':'shop/six','protocol':'TCP','port':1,'verdict':'allow','direction':null,"
	  "'policies':['TrafficPolicy shop/six']}" },
	{ "what only an audited policy denies is allowed, and that policy named",
	  "{'from':'shop/web','to':'shop/six','port':2}", true,
	  "{'from':'shop/web','to':'shop/six','port':2,'verdict':'allow','direction':null,'audit':true,"
	  "'policies':['TrafficPolicy shop/six']}" },
	{ "what another policy denies is denied by that one", "{'from':'shop/db','to':'shop/six','port':2}", true,
	  "{'from':'shop/db','to':'shop/six','port':2,'verdict':'deny','direction':'egress',"
	  "'policies':['NetworkPolicy shop/db']}" },
	{ "ICMP needs no port", "{'from':'shop/web','to':'shop/db','protocol':'ICMP'}", true,
	  "{'from':'shop/web','to':'shop/db','protocol':'ICMP','verdict':'deny','direction':'ingress',"
	  "'policies':['NetworkPolicy shop/db','NetworkPolicy shop/db-too']}" },
	{ "fields that mean nothing are repeated too", "{'id':7,'from':'shop/db','to':'shop/db','port':1}", true,
	  NULL },
	{ "a service, whose backend decides on the way in", "{'from':'shop/web','to':'10.96.0.1','port':80}", true,
	  "{'from':'shop/web','to':'10.96.0.1','port':80,'verdict':'allow','direction':null,"
	  "'policies':['NetworkPolicy shop/db','NetworkPolicy shop/db-too'],"
	  "'backends':[{'to':'shop/db','port':5432,'ingress':'allow',"
	  "'policies':['NetworkPolicy shop/db','NetworkPolicy shop/db-too']}]}" },
	{ "a service whose backend denies at the port that it means", "{'from':'shop/web','to':'10.96.0.1','port':81}",
	  true,
	  "{'from':'shop/web','to':'10.96.0.1','port':81,'verdict':'deny','direction':'ingress',"
	  "'policies':['NetworkPolicy shop/db','NetworkPolicy shop/db-too'],"
	  "'backends':[{'to':'shop/db','port':22,'ingress':'deny',"
	  "'policies':['NetworkPolicy shop/db','NetworkPolicy shop/db-too']}]}" },
	{ "a port that a service doesn't have is an address like any other",
	  "{'from':'shop/web','to':'10.96.0.1','port':5432}", true,
	  "{'from':'shop/web','to':'10.96.0.1','port':5432,'verdict':'allow','direction':null,'policies':[]}" },
	{ "no port", "{'from':'shop/web','to':'shop/db','protocol':'TCP'}", false,
	  "{'from':'shop/web','to':'shop/db','protocol':'TCP','error':'port: missing'}" },
	{ "port 0", "{'from':'shop/web','to':'shop/db','port':0}", false,
	  "{'from':'shop/web','to':'shop/db','port':0,'error':'port: must be a number from 1 to 65535'}" },
	{ "port 65536", "{'from':'shop/web','to':'shop/db','port':65536}", false,
	  "{'from':'shop/web','to':'shop/db','port':65536,'error':'port: must be a number from 1 to 65535'}" },
	{ "port as text", "{'from':'shop/web','to':'shop/db','port':'80'}", false,
	  "{'from':'shop/web','to':'shop/db','port':'80','error':'port: must be a number from 1 to 65535'}" },
	{ "no from", "{'to':'shop/db','port':1}", false, "{'to':'shop/db','port':1,'error':'from: missing'}" },
	{ "to as a number", "{'from':'shop/web','to':1,'port':1}", false,
	  "{'from':'shop/web','to':1,'port':1,'error':'to: must be a string'}" },
	{ "an unknown protocol", "{'from':'shop/web','to':'shop/db','protocol':'XYZ','port':1}", false,
	  "{'from':'shop/web','to':'shop/db','protocol':'XYZ','port':1,"
	  "'error':'protocol: must be TCP, UDP, SCTP, ICMP or a number up to 255'}" },
	{ "addresses of two families", "{'from':'10.0.0.9','to':'fd00::9','port':1}", false, NULL },
	{ "a pod that is not there", "{'from':'shop/nobody','to':'shop/db','port':1}", false, NULL },
	{ "no JSON", "from shop/web", false, NULL },
	{ "JSON that is no object", "['shop/web']", false,
	  "{'error':'a probe must be a JSON object with from, to, protocol and port'}" },
	{ "more after the object", "{'from':'shop/web'} x", false, NULL },
};

static char *with_quotes(const char *text)
{
	char *copy = strdup(text);

	for (char *c = copy; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	return copy;
}

static void answers(void **state)
{
	const struct line *line = *state;
	_cleanup_free_ char *probe = with_quotes(line->probe), *text = NULL, *expected = NULL;
	json_auto_t *answer = NULL;

	assert_int_equal(probe_answer_line(&world, compiled, probe, &answer), line->answered);
	assert_int_equal(json_object_get(answer, "error") == NULL, line->answered);
	assert_int_equal(json_object_get(answer, "verdict") != NULL, line->answered);
	if (!line->answer)
		return;
	expected = with_quotes(line->answer);
	text = json_dumps(answer, JSON_COMPACT);
	assert_string_equal(text, expected);
}

static void sentence_of(const char *probe, const char *expected)
{
	_cleanup_free_ char *quoted = with_quotes(probe), *sentence = NULL;
	json_auto_t *answer = NULL;

	assert_true(probe_answer_line(&world, compiled, quoted, &answer));
	sentence = probe_sentence(answer);
	assert_string_equal(sentence, expected);
}

static void sentence_says_who_decided(void **state)
{
	sentence_of("{'from':'shop/web','to':'shop/db','protocol':'TCP','port':5432}",
		    "allow: shop/web -> shop/db TCP 5432, by NetworkPolicy shop/db, NetworkPolicy shop/db-too");
	sentence_of("{'from':'shop/db','to':'shop/web','protocol':'UDP','port':53}",
		    "deny: shop/db -> shop/web UDP 53, denied at egress by NetworkPolicy shop/db");
	sentence_of("{'from':'shop/six','to':'shop/web','port':1}",
		    "allow: shop/six -> shop/web TCP 1, no policy isolates either side");
	sentence_of("{'from':'shop/web','to':'shop/six','port':2}",
		    "allow: shop/web -> shop/six TCP 2, audited: would be denied by TrafficPolicy shop/six");
}

int main(void)
{
	VEC(struct CMUnitTest) tests = { 0 };
	int failures;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		vec_push(&tests, (struct CMUnitTest){ lines[i].says, answers, NULL, NULL, (void *)&lines[i] });
	vec_push(&tests, (struct CMUnitTest)cmocka_unit_test(sentence_says_who_decided));
	failures = _cmocka_run_group_tests("probe", tests.items, tests.n, set_up, tear_down);
	vec_free(&tests);
	return failures;
}
