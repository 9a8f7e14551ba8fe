// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "source/kube_config.h"

struct fixture {
	char root[64];
	char *path; /* of the kubeconfig */
	struct kube_config config;
	struct error error;
};

static int setup(void **state)
{
	struct fixture *f = new0(struct fixture);

	strcpy(f->root, "/tmp/weir-kube-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->path = xasprintf("%s/config", f->root);
	*state = f;
	return 0;
}

static void remove_file(const struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", f->root, name);

	unlink(path);
}

static int teardown(void **state)
{
	static const char *const names[] = { "config", "ca.crt", "token", "client.key" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		remove_file(f, names[i]);
	rmdir(f->root);
	kube_config_free(&f->config);
	free(f->path);
	free(f);
	return 0;
}

static void write_file(const struct fixture *f, const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", f->root, name);

	assert_int_equal(file_replace(path, text, strlen(text)), 0);
}

#define CONTEXT                                                       \
	"current-context: prod\n"                                     \
	"contexts:\n"                                                 \
	"- {name: test, context: {cluster: nowhere, user: nobody}}\n" \
	"- {name: prod, context: {cluster: east, user: weir}}\n"
#define CLUSTER "clusters:\n- name: east\n  cluster: {server: 'https://10.0.0.1:6443/'}\n"
#define USER	"users:\n- name: weir\n  user: {token: secret}\n"

static void a_kubeconfig_is_read_by_its_current_context(void **state)
{
	struct fixture *f = *state;

	write_file(f, "config",
		   "apiVersion: v1\nkind: Config\npreferences: {}\n" CONTEXT
		   "clusters:\n- name: west\n  cluster: {server: 'https://192.0.2.1'}\n- name: east\n  cluster:\n    "
		   "server: "
		   "https://10.0.0.1:6443/\n    certificate-authority-data: Q0EK\n    proxy-url: http://proxy:3128\n"
		   "users:\n- name: weir\n  user: {client-certificate-data: Q0VSVA==, client-key: client.key}\n");
	write_file(f, "client.key", "KEY\n");
	assert_int_equal(kube_config_read(f->path, &f->config, &f->error), 0);
	assert_string_equal(f->config.server, "https://10.0.0.1:6443");
	assert_string_equal(f->config.ca, "CA\n");
	assert_string_equal(f->config.cert, "CERT");
	assert_string_equal(f->config.key, "KEY\n");
	assert_string_equal(f->config.proxy, "http://proxy:3128");
	assert_null(f->config.token);
	assert_false(f->config.insecure);
}

static void a_token_file_is_named_and_not_read(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *expected = xasprintf("%s/later", f->root);

	write_file(f, "config", CONTEXT CLUSTER "users:\n- name: weir\n  user: {tokenFile: later}\n");
	assert_int_equal(kube_config_read(f->path, &f->config, &f->error), 0);
	assert_string_equal(f->config.token_file, expected);
}

static void what_is_wrong_with_a_kubeconfig_is_said_where(void **state)
{
	static const struct {
		const char *text;
		const char *said;
	} cases[] = {
		{ "", "the file is empty" },
		{ "kind: Config\n", "current-context is missing" },
		{ "current-context: prod\n", "contexts has no context \"prod\"" },
		{ "current-context: prod\ncontexts: [{name: prod}]\n", "must name a cluster and a user" },
		{ CONTEXT USER, "clusters has no cluster \"east\"" },
		{ CONTEXT CLUSTER, "users has no user \"weir\"" },
		{ CONTEXT USER "clusters:\n- name: east\n  cluster: {}\n", "the cluster has no server" },
		{ CONTEXT USER "clusters:\n- name: east\n  cluster: {server: 'http://10.0.0.1'}\n",
		  "must begin with https://" },
		{ CONTEXT USER
		  "clusters:\n- name: east\n  cluster: {server: 'https://a', certificate-authority: none}\n",
		  "clusters[0].cluster.certificate-authority: can't be read: No such file" },
		{ CONTEXT USER
		  "clusters:\n- name: east\n  cluster: {server: 'https://a', certificate-authority-data: '%'}\n",
		  "is no base64" },
		{ CONTEXT CLUSTER "users:\n- name: weir\n  user:\n    exec: {command: aws}\n",
		  ":11:5: users[0].user.exec: is a way to authenticate that weir doesn't have" },
		{ CONTEXT CLUSTER "users:\n- name: weir\n  user: {auth-provider: {name: gcp}}\n",
		  "users[0].user.auth-provider" },
		{ CONTEXT CLUSTER "users:\n- name: weir\n  user: {username: a, password: b}\n",
		  "users[0].user.username" },
		{ "]", "not YAML" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_file(f, "config", cases[i].text);
		assert_int_equal(kube_config_read(f->path, &f->config, &f->error), -EINVAL);
		if (!strstr(f->error.text, cases[i].said))
			fail_msg("\"%s\" does not say \"%s\"", f->error.text, cases[i].said);
		assert_null(f->config.server);
	}
	remove_file(f, "config");
	assert_int_equal(kube_config_read(f->path, &f->config, &f->error), -ENOENT);
}

static void a_pod_is_told_where_the_server_is_by_its_environment(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *token = xasprintf("%s/token", f->root);

	write_file(f, "ca.crt", "CA\n");
	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_int_equal(kube_config_in_cluster(f->root, &f->config, &f->error), -ENOENT);
	assert_non_null(strstr(f->error.text, "this is no pod"));

	setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_int_equal(kube_config_in_cluster(f->root, &f->config, &f->error), 0);
	assert_string_equal(f->config.server, "https://10.96.0.1:443");
	assert_string_equal(f->config.token_file, token);
	assert_string_equal(f->config.ca, "CA\n");
	kube_config_free(&f->config);

	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	assert_int_equal(kube_config_in_cluster(f->root, &f->config, &f->error), 0);
	assert_string_equal(f->config.server, "https://[fd00::1]:443");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_kubeconfig_is_read_by_its_current_context, setup, teardown),
		cmocka_unit_test_setup_teardown(a_token_file_is_named_and_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_wrong_with_a_kubeconfig_is_said_where, setup, teardown),
		cmocka_unit_test_setup_teardown(a_pod_is_told_where_the_server_is_by_its_environment, setup, teardown),
	};

	return cmocka_run_group_tests_name("kube_config", tests, NULL, NULL);
}
