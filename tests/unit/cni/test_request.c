// SPDX-License-Identifier: BSD-2-Clause
/* Environment and configuration as a runtime gives them, and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "cni/previous.h"
#include "cni/request.h"

#define RESULT                                                           \
	"\"prevResult\": {\"cniVersion\": \"1.0.0\","                    \
	" \"interfaces\": [{\"name\": \"cni0\"}, {\"name\": \"veth1\"}," \
	"  {\"name\": \"eth0\", \"sandbox\": \"/run/netns/x\"}],"        \
	" \"ips\": [{\"address\": \"10.0.0.2/24\", \"interface\": 2}, {\"address\": \"fd00::2/64\"}]}"
#define CONFIG(more) "{\"cniVersion\": \"1.0.0\", \"name\": \"net\", \"type\": \"weir-cni\"" more "}"
#define GOOD_CONFIG  CONFIG(", " RESULT)

static const struct cni_environment good = {
	.command = "ADD",
	.container = "0a1b2c",
	.netns = "/run/netns/x",
	.ifname = "eth0",
	.args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;K8S_POD_UID=1-2",
};

static int ask(const struct cni_environment *environment, const char *config, struct cni_request *ret,
	       struct cni_error *error)
{
	return cni_request_read(environment, config, strlen(config), ret, error);
}

static void a_whole_request_says_what_it_is_for(void **state)
{
	struct cni_error error = {};
	struct cni_request request;

	assert_int_equal(ask(&good,
			     CONFIG(", \"socket\": \"/s\", \"timeoutSeconds\": 3, \"agentDown\": \"pass\", "
				    "\"somebody-elses\": [1], " RESULT),
			     &request, &error),
			 0);
	assert_int_equal(request.command, CNI_ADD);
	assert_string_equal(request.version, "1.0.0");
	assert_string_equal(request.container, "0a1b2c");
	assert_string_equal(request.netns, "/run/netns/x");
	assert_string_equal(request.ifname, "eth0");
	assert_string_equal(request.namespace, "shop");
	assert_string_equal(request.pod, "web-0");
	assert_string_equal(request.uid, "1-2");
	assert_string_equal(request.network, "net");
	assert_string_equal(request.socket, "/s");
	assert_int_equal(request.timeout_seconds, 3);
	assert_true(request.pass_without_agent);
	assert_non_null(request.previous);
	cni_request_free(&request);
}

static void what_is_not_said_has_a_default(void **state)
{
	struct cni_environment bare = good;
	struct cni_error error = {};
	struct cni_request request;

	bare.args = NULL;
	assert_int_equal(ask(&bare, GOOD_CONFIG, &request, &error), 0);
	assert_string_equal(request.namespace, "default");
	assert_string_equal(request.pod, "0a1b2c");
	assert_null(request.uid);
	assert_string_equal(request.socket, CNI_SOCKET_DEFAULT);
	assert_int_equal(request.timeout_seconds, 10);
	assert_false(request.pass_without_agent);
	cni_request_free(&request);
}

static void each_command_asks_for_no_more_than_it_needs(void **state)
{
	static const struct {
		struct cni_environment environment;
		const char *config;
	} rows[] = {
		{ { .command = "VERSION" }, "" },
		{ { .command = "VERSION" }, "garbage" },
		{ { .command = "STATUS" }, CONFIG("") },
		{ { .command = "GC" }, CONFIG("") },
		{ { .command = "DEL", .container = "a", .ifname = "eth0" }, CONFIG("") },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cni_error error = {};
		struct cni_request request;

		if (ask(&rows[i].environment, rows[i].config, &request, &error) < 0)
			fail_msg("%s: %s: %s", rows[i].environment.command, error.text, error.details);
		cni_request_free(&request);
	}
}

struct bad {
	const char *name;
	struct cni_environment environment; /* what is NULL is as in good; "" is missing */
	const char *config;
	enum cni_code code;
	const char *says; /* among the details */
};

static const struct bad bad[] = {
	{ "no command", { .command = "" }, NULL, 4, "ADD, DEL" },
	{ "a command in small letters", { .command = "add" }, NULL, 4, "ADD, DEL" },
	{ "no container", { .container = "" }, NULL, 4, "CNI_CONTAINERID" },
	{ "a container with a path in it", { .container = "a/../b" }, NULL, 4, "CNI_CONTAINERID" },
	{ "a container that begins with a dot", { .container = ".a" }, NULL, 4, "CNI_CONTAINERID" },
	{ "no namespace", { .netns = "" }, NULL, 4, "CNI_NETNS" },
	{ "a namespace that is no path", { .netns = "x" }, NULL, 4, "CNI_NETNS" },
	{ "no interface", { .ifname = "" }, NULL, 4, "CNI_IFNAME" },
	{ "an interface's name that is too long", { .ifname = "abcdefghijklmnop" }, NULL, 4, "CNI_IFNAME" },
	{ "an interface's name with a slash", { .ifname = "a/b" }, NULL, 4, "CNI_IFNAME" },
	{ "an interface's name with a space", { .ifname = "a b" }, NULL, 4, "CNI_IFNAME" },
	{ "an interface's name that is no ASCII", { .ifname = "\xc3\xa9" }, NULL, 4, "CNI_IFNAME" },
	{ "an interface called ..", { .ifname = ".." }, NULL, 4, "CNI_IFNAME" },
	{ "a pod that is no text", { .args = "K8S_POD_NAME=\xff\xfe" }, NULL, 4, "CNI_ARGS" },
	{ "a namespace of pods with a slash", { .args = "K8S_POD_NAMESPACE=a/b" }, NULL, 4, "CNI_ARGS" },
	{ "nothing on standard input", {}, "", 6, "line 1" },
	{ "half a configuration", {}, "{\"cniVersion\": \"1.0.0\"", 6, "line 1" },
	{ "a list for a configuration", {}, "[]", 6, "" },
	{ "a key that is there twice", {}, "{\"name\": \"a\", \"name\": \"b\"}", 6, "name" },
	{ "no version", {}, "{\"name\": \"net\"}", 1, "says none" },
	{ "a version that is a number", {}, "{\"cniVersion\": 1, \"name\": \"net\"}", 1, "no string" },
	{ "an ancient version", {}, "{\"cniVersion\": \"0.2.0\", \"name\": \"net\"}", 1, "0.2.0" },
	{ "a version of the future", {}, "{\"cniVersion\": \"2.0.0\", \"name\": \"net\"}", 1, "2.0.0" },
	{ "no name", {}, "{\"cniVersion\": \"1.0.0\"}", 7, "name" },
	{ "a name with a space", {}, "{\"cniVersion\": \"1.0.0\", \"name\": \"a b\"}", 7, "name" },
	{ "a socket that is no path", {}, CONFIG(", \"socket\": \"weir.sock\", " RESULT), 7, "socket" },
	{ "a socket that is a number", {}, CONFIG(", \"socket\": 1, " RESULT), 7, "socket" },
	{ "a timeout of nothing", {}, CONFIG(", \"timeoutSeconds\": 0, " RESULT), 7, "timeoutSeconds" },
	{ "a timeout of an hour", {}, CONFIG(", \"timeoutSeconds\": 3600, " RESULT), 7, "timeoutSeconds" },
	{ "a timeout in words", {}, CONFIG(", \"timeoutSeconds\": \"10\", " RESULT), 7, "timeoutSeconds" },
	{ "another word for a missing agent", {}, CONFIG(", \"agentDown\": \"open\", " RESULT), 7, "agentDown" },
	{ "no plugin before", {}, CONFIG(""), 7, "prevResult is missing" },
	{ "a result that is a list", {}, CONFIG(", \"prevResult\": []"), 7, "prevResult" },
};

static const char *either(const char *given, const char *otherwise)
{
	return given ? given : otherwise;
}

static void what_is_wrong_is_named_with_its_code(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct cni_environment environment = {
			.command = either(bad[i].environment.command, good.command),
			.container = either(bad[i].environment.container, good.container),
			.netns = either(bad[i].environment.netns, good.netns),
			.ifname = either(bad[i].environment.ifname, good.ifname),
			.args = either(bad[i].environment.args, good.args),
		};
		struct cni_error error = {};
		struct cni_request request;

		if (ask(&environment, either(bad[i].config, GOOD_CONFIG), &request, &error) == 0)
			fail_msg("%s: is taken", bad[i].name);
		if (error.code != bad[i].code || !*error.text || !strstr(error.details, bad[i].says))
			fail_msg("%s: code %d, %s: %s", bad[i].name, error.code, error.text, error.details);
		cni_request_free(&request);
	}
}

static void a_configuration_without_end_is_refused(void **state)
{
	const size_t length = CNI_CONFIG_MAX + 1;
	char *config = xcalloc(1, length + 1);
	struct cni_error error = {};
	struct cni_request request;

	memset(config, '[', length);
	assert_int_equal(cni_request_read(&good, config, length, &request, &error), -1);
	assert_int_equal(error.code, CNI_INVALID_CONFIG);
	cni_request_free(&request);
	assert_int_equal(cni_request_read(&good, config, length - 1, &request, &error), -1);
	assert_int_equal(error.code, CNI_UNDECODABLE);
	cni_request_free(&request);
	free(config);
}

/* --- the result of the plugins before ------------------------------------------ */

static void addresses_are_those_of_the_interface(void **state)
{
	struct cni_error error = {};
	struct cni_request request;
	json_t *addresses;

	assert_int_equal(ask(&good, GOOD_CONFIG, &request, &error), 0);
	assert_int_equal(previous_check(request.previous, &error), 0);
	addresses = previous_addresses(request.previous, "eth0");
	assert_int_equal(json_array_size(addresses), 2);
	assert_string_equal(json_string_value(json_array_get(addresses, 0)), "10.0.0.2");
	assert_string_equal(json_string_value(json_array_get(addresses, 1)), "fd00::2");
	json_decref(addresses);
	addresses = previous_addresses(request.previous, "net1");
	assert_int_equal(json_array_size(addresses), 1);
	json_decref(addresses);
	cni_request_free(&request);
}

static void a_result_that_says_nothing_sensible_is_refused(void **state)
{
	static const char *const results[] = {
		"{\"ips\": {}}",
		"{\"ips\": [1]}",
		"{\"ips\": [{}]}",
		"{\"ips\": [{\"address\": \"10.0.0.2\"}]}",
		"{\"ips\": [{\"address\": \"10.0.0.2/33\"}]}",
		"{\"ips\": [{\"address\": \"10.0.0.2/24\", \"interface\": 0}]}",
		"{\"ips\": [{\"address\": \"10.0.0.2/24\", \"interface\": -1}], \"interfaces\": [{}]}",
		"{\"ips\": [{\"address\": \"10.0.0.2/24\", \"interface\": \"a\"}], \"interfaces\": [{}]}",
		"{\"interfaces\": [[]]}",
		"{\"interfaces\": \"eth0\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		json_t *result = json_loads(results[i], 0, NULL);
		struct cni_error error = {};

		assert_non_null(result);
		if (previous_check(result, &error) == 0)
			fail_msg("%s is taken", results[i]);
		assert_int_equal(error.code, CNI_INVALID_CONFIG);
		assert_non_null(strstr(error.details, "prevResult."));
		json_decref(result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_request_says_what_it_is_for),
		cmocka_unit_test(what_is_not_said_has_a_default),
		cmocka_unit_test(each_command_asks_for_no_more_than_it_needs),
		cmocka_unit_test(what_is_wrong_is_named_with_its_code),
		cmocka_unit_test(a_configuration_without_end_is_refused),
		cmocka_unit_test(addresses_are_those_of_the_interface),
		cmocka_unit_test(a_result_that_says_nothing_sensible_is_refused),
	};

	return cmocka_run_group_tests_name("cni: what a runtime asks", tests, NULL, NULL);
}
