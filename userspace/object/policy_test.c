// SPDX-License-Identifier: BSD-2-Clause
#include "object/policy_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "object/documents.h"
#include "object/field.h"
#include "object/manifest.h"
#include "object/names.h"

#define KIND	"PolicyTest"
#define VERSION "weir.dev/v1alpha1"

static void case_free(struct policy_case *one)
{
	free(one->name);
	free(one->from);
	free(one->to);
	free(one->protocol);
}

static void test_free(struct policy_test *test)
{
	free(test->name);
	free(test->file);
	vec_for_each (path, &test->policies)
		free(*path);
	vec_free(&test->policies);
	vec_for_each (one, &test->cases)
		case_free(one);
	vec_free(&test->cases);
}

void policy_tests_free(struct policy_tests *tests)
{
	vec_for_each (test, &tests->list)
		test_free(test);
	vec_free(&tests->list);
}

/* A text that is not empty; a field that comes twice is reported elsewhere. */
static void read_text(const struct field *field, char **to)
{
	const char *text = field_string(field);

	if (text && !*text)
		field_error(field, "must not be empty");
	free(*to);
	*to = text ? xstrdup(text) : NULL;
}

static void read_case_name(const struct field *field, void *target)
{
	read_text(field, &((struct policy_case *)target)->name);
}

static void read_from(const struct field *field, void *target)
{
	read_text(field, &((struct policy_case *)target)->from);
}

static void read_to(const struct field *field, void *target)
{
	read_text(field, &((struct policy_case *)target)->to);
}

static void read_protocol(const struct field *field, void *target)
{
	static const char *const names[] = { "TCP", "UDP", "SCTP", "ICMP", "ICMPv6" };
	const int name = field_word(field, names, ARRAY_SIZE(names));
	struct policy_case *one = target;

	if (name < 0)
		return;
	free(one->protocol);
	one->protocol = xstrdup(names[name]);
}

static void read_port(const struct field *field, void *target)
{
	int64_t port;

	if (field_integer(field, 1, UINT16_MAX, &port))
		((struct policy_case *)target)->port = (uint16_t)port;
}

static void read_expect(const struct field *field, void *target)
{
	static const char *const names[] = { "allow", "deny" };

	((struct policy_case *)target)->allow = field_word(field, names, ARRAY_SIZE(names)) == 0;
}

static const struct member case_members[] = {
	{ "name", read_case_name },    { "from", read_from }, { "to", read_to },
	{ "protocol", read_protocol }, { "port", read_port }, { "expect", read_expect },
};

static void need(const struct field *field, const char *name)
{
	struct field member;

	if (!field_member(field, name, &member))
		field_missing(field, name, "is missing");
}

static void check_port(const struct field *field, const struct policy_case *one)
{
	const bool has_ports = strncmp(one->protocol, "ICMP", 4) != 0;
	struct field port;

	if (has_ports)
		need(field, "port");
	else if (field_member(field, "port", &port))
		field_key_error(&port, "must be absent: %s has no ports", one->protocol);
}

static void read_case(const struct field *field, void *target)
{
	struct policy_test *test = target;
	struct policy_case *one = vec_push(&test->cases, (struct policy_case){
								 .line = field->node->line,
								 .column = field->node->column,
								 .index = field->index,
							 });

	if (!field_read_members(field, case_members, ARRAY_SIZE(case_members), MEMBERS_STRICT, one))
		return;
	one->protocol = one->protocol ?: xstrdup("TCP");
	need(field, "from");
	need(field, "to");
	need(field, "expect");
	check_port(field, one);
	if (!one->name)
		one->name = xasprintf("%s reaches %s", one->from ?: "", one->to ?: "");
}

static void read_policy_path(const struct field *field, void *target)
{
	char *path = NULL;

	read_text(field, &path);
	if (path)
		vec_push(&((struct policy_test *)target)->policies, path);
}

static void read_policies(const struct field *field, void *target)
{
	field_read_items(field, read_policy_path, target);
}

static void read_cases(const struct field *field, void *target)
{
	if (field_read_items(field, read_case, target) && !field->node->n)
		field_error(field, "must have at least one case");
}

static const struct member spec_members[] = {
	{ "policies", read_policies },
	{ "cases", read_cases },
};

static void read_spec(const struct field *field, void *target)
{
	if (field_read_members(field, spec_members, ARRAY_SIZE(spec_members), MEMBERS_STRICT, target))
		need(field, "cases");
}

static void read_name(const struct field *field, void *target)
{
	struct policy_test *test = target;

	free(test->name);
	test->name = field_checked(field, name_check_subdomain);
}

static const struct member metadata_members[] = {
	{ "name", read_name },
	{ "labels", field_ignore },
	{ "annotations", field_ignore },
};

static void read_metadata(const struct field *field, void *target)
{
	if (field_read_members(field, metadata_members, ARRAY_SIZE(metadata_members), MEMBERS_STRICT, target))
		need(field, "name");
}

/* Whether the document is one of these at all; if not, that is all there is to say about it. */
static bool is_test(const struct field *document)
{
	static const char *const kinds[] = { KIND }, *const versions[] = { VERSION };
	struct field kind, version;

	if (!field_is_mapping(document))
		return false;
	need(document, "kind");
	need(document, "apiVersion");
	return field_member(document, "kind", &kind) && field_word(&kind, kinds, 1) == 0 &&
	       field_member(document, "apiVersion", &version) && field_word(&version, versions, 1) == 0;
}

static const struct member members[] = {
	{ "apiVersion", field_ignore },
	{ "kind", field_ignore },
	{ "metadata", read_metadata },
	{ "spec", read_spec },
};

static void read_test(const struct field *document, struct policy_tests *tests)
{
	struct policy_test *test;

	if (!is_test(document))
		return;
	test = vec_push(&tests->list, (struct policy_test){ .file = xstrdup(document->report->file) });
	field_read_members(document, members, ARRAY_SIZE(members), MEMBERS_STRICT, test);
	need(document, "metadata");
	need(document, "spec");
}

int policy_test_parse(const char *file, const char *text, size_t length, struct policy_tests *tests,
		      struct diags *diags)
{
	struct report report = { .file = file, .diags = diags };
	_cleanup_(documents_closep) struct documents *documents = documents_open(&report, text, length);
	_cleanup_(policy_tests_free) struct policy_tests found = {};
	const struct node *root;

	while ((root = documents_next(documents)) && !report_full(&report)) {
		const struct field document = { .report = &report, .node = root };

		if (node_is_null(root))
			continue;
		field_check_duplicates(&document);
		read_test(&document, &found);
	}
	if (!report.n_errors && !found.list.n)
		report_error(&report, 0, 0, "holds no PolicyTest");
	if (report.n_errors)
		return -EINVAL;
	vec_for_each (test, &found.list)
		vec_push(&tests->list, *test);
	found.list.n = 0;
	return 0;
}

int policy_test_read(const char *path, struct policy_tests *tests, struct diags *diags)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r = file_read(path, MANIFEST_SIZE_MAX, &text, &length);

	if (r < 0) {
		diags_add(diags, DIAG_ERROR, path, 0, 0, "", "%s", strerror(-r));
		return -EINVAL;
	}
	return policy_test_parse(path, text, length, tests, diags);
}
