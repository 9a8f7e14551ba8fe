// SPDX-License-Identifier: BSD-2-Clause
/* What the CNI plugin says: read strictly, kept across restarts of the agent, and given to the right pod. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/attachments.h"
#include "base/interned.h"
#include "base/mem.h"
#include "source/sealed.h"

#define ROW(more)                                                                                                     \
	"{\"containerId\": \"c1\", \"ifname\": \"eth0\", \"network\": \"net\", \"namespace\": \"shop\", "             \
	"\"pod\": \"web\", \"interface\": \"veth1\", \"ifindex\": 7, \"addresses\": [\"10.0.0.1\", \"fd00::1\"]" more \
	"}"

static struct attachment make(const char *container, const char *ifname, const char *pod, const char *uid)
{
	return (struct attachment){
		.container = xstrdup(container),
		.ifname = xstrdup(ifname),
		.network = xstrdup("net"),
		.namespace = xstrdup("shop"),
		.pod = xstrdup(pod),
		.uid = xstrdup(uid),
		.ifindex = 7,
		.interface = "veth1",
	};
}

static void put(struct attachments *attachments, struct attachment attachment)
{
	assert_int_equal(attachments_put(attachments, &attachment), 0);
}

static void what_is_written_is_read(void **state)
{
	json_t *json = json_loads(ROW(""), 0, NULL), *again;
	struct attachment attachment;
	struct error error = {};

	assert_int_equal(attachment_read(json, &attachment, &error), 0);
	assert_int_equal(attachment.ifindex, 7);
	assert_int_equal(attachment.addrs.n, 2);
	assert_null(attachment.uid);
	json_object_set_new(json, "uid", json_null());
	again = attachment_json(&attachment);
	assert_true(json_equal(json, again));
	json_decref(again);
	json_decref(json);
	attachment_free(&attachment);
}

/* One member in place of a right one. */
static void what_is_malformed_is_named(void **state)
{
	static const struct {
		const char *member, *value;
	} rows[] = {
		{ "containerId", "\"\"" },
		{ "containerId", "1" },
		{ "containerId", "null" },
		{ "ifname", "\"a/b\"" },
		{ "ifname", "\"abcdefghijklmnopq\"" },
		{ "network", "[]" },
		{ "namespace", "\"\"" },
		{ "pod", "{}" },
		{ "uid", "7" },
		{ "interface", "\"..\"" },
		{ "interface", "7" },
		{ "ifindex", "0" },
		{ "ifindex", "-1" },
		{ "ifindex", "4294967296" },
		{ "ifindex", "\"7\"" },
		{ "addresses", "null" },
		{ "addresses", "[\"10.0.0.1/24\"]" },
		{ "addresses", "[1]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *json = json_loads(ROW(""), 0, NULL);
		struct attachment attachment = {};
		struct error error = {};

		json_object_set_new(json, rows[i].member, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		if (attachment_read(json, &attachment, &error) != -EINVAL ||
		    strncmp(error.text, rows[i].member, strlen(rows[i].member)) != 0)
			fail_msg("%s: %s: \"%s\"", rows[i].member, rows[i].value, error.text);
		assert_null(attachment.container);
		json_decref(json);
	}
}

static struct object *pod_of(const char *name, const char *uid)
{
	struct object *pod = new0(struct object);

	pod->kind = KIND_POD;
	pod->namespace = interned("shop");
	pod->name = xstrdup(name);
	pod->uid = xstrdup(uid);
	return pod;
}

static void assert_container(const struct attachments *attachments, const char *pod, const char *uid,
			     const char *container, const char *ifname)
{
	_cleanup_(object_freep) struct object *object = pod_of(pod, uid);
	const struct attachment *found = attachments_of(attachments, object);

	if (!container) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found->container, container);
	assert_string_equal(found->ifname, ifname);
}

static void a_pod_has_the_first_interface_of_its_newest_sandbox(void **state)
{
	struct attachments attachments = {};

	put(&attachments, make("old", "eth0", "web", NULL));
	put(&attachments, make("new", "eth0", "web", NULL));
	put(&attachments, make("new", "net1", "web", NULL));
	put(&attachments, make("other", "eth0", "db", "uid-1"));
	assert_container(&attachments, "web", "any", "new", "eth0");
	assert_container(&attachments, "db", "uid-1", "other", "eth0");
	assert_container(&attachments, "db", NULL, "other", "eth0");
	assert_container(&attachments, "db", "uid-2", NULL, NULL);
	assert_container(&attachments, "nobody", NULL, NULL, NULL);
	put(&attachments, make("old", "eth0", "web", NULL)); /* said again: it is the newest now */
	assert_int_equal(attachments.list.n, 4);
	assert_container(&attachments, "web", NULL, "old", "eth0");
	attachments_free(&attachments);
}

static char *make_directory(void)
{
	char *directory = xstrdup("/tmp/weir-test-XXXXXX");

	assert_non_null(mkdtemp(directory));
	return directory;
}

static void remove_directory(char *directory)
{
	_cleanup_free_ char *path = xasprintf("%s/attachments.json", directory);

	unlink(path);
	rmdir(directory);
	free(directory);
}

static void they_are_kept_until_the_node_starts_anew(void **state)
{
	struct attachments first, second;
	char *directory = make_directory();
	struct error error = {};

	attachments_open(directory, &first, &error);
	assert_string_equal(error.text, "");
	put(&first, make("c1", "eth0", "web", "uid"));
	assert_int_equal(attachments_save(&first, &error), 0);
	attachments_open(directory, &second, &error);
	assert_int_equal(second.list.n, 1);
	assert_string_equal(second.list.items[0].uid, "uid");
	attachments_free(&second);

	free(first.boot);
	first.boot = xstrdup("of an earlier kernel");
	assert_int_equal(attachments_save(&first, &error), 0);
	attachments_open(directory, &second, &error);
	assert_int_equal(second.list.n, 0);
	assert_string_equal(error.text, "");
	attachments_free(&second);
	attachments_free(&first);
	remove_directory(directory);
}

static void a_file_that_is_wrong_anywhere_is_not_used_at_all(void **state)
{
	static const char *const bodies[] = { ROW("") "\n{}\n", ROW("") "\n[\n", ROW("") "\n7\n" };
	char *directory = make_directory();
	_cleanup_free_ char *path = xasprintf("%s/attachments.json", directory);

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct attachments attachments;
		struct error error = {};

		assert_int_equal(sealed_write(path, "weir attachments", bodies[i], 2, &error), 0);
		attachments_open(directory, &attachments, &error);
		assert_int_equal(attachments.list.n, 0);
		assert_non_null(strstr(error.text, "line 3"));
		attachments_free(&attachments);
	}
	remove_directory(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_malformed_is_named),
		cmocka_unit_test(a_pod_has_the_first_interface_of_its_newest_sandbox),
		cmocka_unit_test(they_are_kept_until_the_node_starts_anew),
		cmocka_unit_test(a_file_that_is_wrong_anywhere_is_not_used_at_all),
	};

	return cmocka_run_group_tests_name("agent: what the CNI plugin says", tests, NULL, NULL);
}
