/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "unit/object/reading.h"

#define NAMESPACE(name) "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"" name "\"}}\n"

static char directory[] = "/tmp/weir-manifest-XXXXXX";

static int set_up(void **state)
{
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	return remove(path);
}

static int tear_down(void **state)
{
	return chdir("/") || nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text)), 0);
}

static void assert_diag(const struct read_text *read, size_t at, const char *expected)
{
	_cleanup_free_ char *line = NULL;

	assert_true(at < read->diags.list.n);
	line = diag_format(&read->diags.list.items[at]);
	assert_string_equal(line, expected);
}

static void test_empty_documents(void **state)
{
	static const char *const texts[] = {
		"",  "\n",	     "# nothing\n",	   "---\n", "---\n---\n", "---\n# a\n...\n---\n", "null\n",
		"~", "\xef\xbb\xbf", &"--- {}\n...\n"[11],
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct read_text read;

		read_good(&read, texts[i]);
		assert_int_equal(read.objects.list.n, 0);
		read_free(&read);
	}
}

static void test_several_documents(void **state)
{
	struct read_text read;

	read_good(&read, "# first\n" NAMESPACE("a") "---\n\n---\n" NAMESPACE(
				 "b") "...\n---\n"
				      "apiVersion: v1\r\nkind: Namespace\r\nmetadata:\r\n  name: c\r\n");
	assert_int_equal(read.objects.list.n, 3);
	assert_int_equal(read.objects.list.items[0]->line, 2);
	assert_int_equal(read.objects.list.items[1]->line, 6);
	assert_string_equal(read.objects.list.items[2]->name, "c");
	assert_int_equal(read.objects.list.items[2]->line, 9);
	read_free(&read);
}

static void test_lists(void **state)
{
	struct read_text read;

	read_good(&read, "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: \"\"}\nitems:\n"
			 "- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n"
			 "- apiVersion: v1\n  kind: List\n  items: [" NAMESPACE(
				 "b") "]\n"
				      "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems: "
				      "[{metadata: {name: p}}]\n"
				      "---\napiVersion: v1\nkind: List\n");
	assert_int_equal(read.objects.list.n, 3);
	assert_int_equal(read.objects.list.items[0]->line, 5);
	assert_string_equal(read.objects.list.items[0]->json,
			    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}");
	assert_string_equal(read.objects.list.items[1]->name, "b");
	assert_int_equal(read.objects.list.items[2]->kind, KIND_NETWORK_POLICY);
	read_free(&read);
}

/* The store reads it back from there. */
static void test_typed_items_keep_their_kind(void **state)
{
	struct read_text read, again;

	read_good(&read, "{apiVersion: v1, kind: PodList, items: [{metadata: {name: a, labels: {x: \"1\"}}}]}");
	assert_string_equal(
		read.objects.list.items[0]->json,
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"labels\":{\"x\":\"1\"},\"name\":\"a\"}}");
	read_good(&again, read.objects.list.items[0]->json);
	assert_string_equal(again.objects.list.items[0]->json, read.objects.list.items[0]->json);
	read_free(&again);
	read_free(&read);
}

static void test_unknown_kinds(void **state)
{
	struct read_text read;

	read_text(&read, "apiVersion: apps/v1\nkind: Deployment\nspec: {}\n---\n" NAMESPACE(
				 "a") "---\n"
				      "apiVersion: v1\nkind: ConfigMapList\nitems: []\n");
	assert_int_equal(read.result, 0);
	assert_int_equal(read.objects.list.n, 1);
	assert_int_equal(read.diags.list.n, 2);
	assert_diag(
		&read, 0,
		"t:2:7: warning: kind: \"Deployment\" of apiVersion \"apps/v1\" is no kind that weir knows: skipped");
	assert_diag(&read, 1,
		    "t:8:7: warning: kind: \"ConfigMapList\" of apiVersion \"v1\" is no kind that weir knows: skipped");
	read_free(&read);
}

static void test_unknown_annotation(void **state)
{
	struct read_text read;

	read_text(&read, "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {weir.dev/xpd: \"on\"}}}");
	assert_int_equal(read.result, 0);
	assert_diag(&read, 0,
		    "t:1:77: warning: metadata.annotations[\"weir.dev/xpd\"]: unknown annotation "
		    "(known: weir.dev/interface, weir.dev/xdp, weir.dev/mac, weir.dev/anti-spoofing)");
	read_free(&read);
}

static void test_nothing_of_a_bad_text(void **state)
{
	struct read_text read;

	read_text(&read, NAMESPACE("a") "---\n" NAMESPACE("B"));
	assert_int_equal(read.result, -EINVAL);
	assert_int_equal(read.objects.list.n, 0);
	assert_int_equal(manifest_parse("u", NAMESPACE("b"), strlen(NAMESPACE("b")), 0, &read.objects, &read.diags), 0);
	assert_int_equal(read.objects.list.n, 1);
	assert_null(read.objects.list.items[0]->json);
	read_free(&read);
}

static void test_json(void **state)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{ "s: \"quo\\\"te\\n\\u00e9\"", "\"s\":\"quo\\\"te\\n\xc3\xa9\"" },
		{ "s: |\n  two\n  lines\n", "\"s\":\"two\\nlines\\n\"" },
		{ "s: yes", "\"s\":\"yes\"" },
		{ "s: \"true\"", "\"s\":\"true\"" },
		{ "s: 'null'", "\"s\":\"null\"" },
		{ "s: \"8080\"", "\"s\":\"8080\"" },
		{ "s: !!str 8080", "\"s\":\"8080\"" },
		{ "s: True", "\"s\":true" },
		{ "s:", "\"s\":null" },
		{ "s: -12", "\"s\":-12" },
		{ "s: 0x1F", "\"s\":31" },
		{ "s: 0o17", "\"s\":15" },
		{ "s: 0.1", "\"s\":0.1" },
		{ "s: 1e3", "\"s\":1000.0" },
		{ "s: 18446744073709551616", "\"s\":1.84467440737096e19" },
		{ "s: .inf", "\"s\":\".inf\"" },
		{ "s: [a, {b: [], a: {}}]", "\"s\":[\"a\",{\"a\":{},\"b\":[]}]" },
		{ "s: &x [1]\nt: *x", "\"s\":[1],\"t\":[1]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text =
			xasprintf("kind: Pod\napiVersion: v1\nmetadata: {name: a}\n%s\n", cases[i].yaml);
		_cleanup_free_ char *expected = xasprintf(
			"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"},%s}", cases[i].json);
		struct read_text read;
		json_t *json;

		read_good(&read, text);
		assert_int_equal(read.objects.list.n, 1);
		assert_string_equal(read.objects.list.items[0]->json, expected);
		json = json_loads(read.objects.list.items[0]->json, 0, NULL);
		assert_non_null(json);
		json_decref(json);
		read_free(&read);
	}
}

static void test_directory(void **state)
{
	struct read_text read = {};

	assert_int_equal(mkdir("d", 0755), 0);
	write_file("d/b.yaml", NAMESPACE("b"));
	write_file("d/a.yml", NAMESPACE("a"));
	write_file("d/c.json", NAMESPACE("c"));
	write_file("d/.hidden.yaml", "kind: [");
	write_file("d/notes.txt", "kind: [");
	write_file("d/b.yaml~", "kind: [");
	assert_int_equal(symlink("c.json", "d/d.json"), 0);
	assert_int_equal(manifest_read("d", 0, &read.objects, &read.diags), 0);
	assert_int_equal(read.objects.list.n, 4);
	assert_string_equal(read.objects.list.items[0]->name, "a");
	assert_string_equal(read.objects.list.items[1]->name, "b");
	assert_string_equal(read.objects.list.items[1]->file, "d/b.yaml");
	assert_string_equal(read.objects.list.items[2]->name, "c");
	read_free(&read);
}

static void test_directory_with_faults(void **state)
{
	struct read_text read = {};

	assert_int_equal(mkdir("e", 0755), 0);
	write_file("e/1.yaml", NAMESPACE("a"));
	write_file("e/2.yaml", NAMESPACE("B"));
	write_file("e/3.yaml", "kind: [\n");
	assert_int_equal(mkfifo("e/4.yaml", 0600), 0);
	assert_int_equal(mkdir("e/5.yaml", 0700), 0);
	assert_int_equal(symlink("nowhere", "e/6.yaml"), 0);
	assert_int_equal(manifest_read("e", 0, &read.objects, &read.diags), -EINVAL);
	assert_int_equal(read.objects.list.n, 0);
	assert_int_equal(read.diags.n_errors, 5);
	assert_string_equal(read.diags.list.items[0].file, "e/2.yaml");
	assert_string_equal(read.diags.list.items[1].file, "e/3.yaml");
	assert_diag(&read, 2, "e/4.yaml: not a regular file");
	assert_diag(&read, 3, "e/5.yaml: not a regular file");
	assert_diag(&read, 4, "e/6.yaml: No such file or directory");
	read_free(&read);
}

static void test_paths(void **state)
{
	struct read_text read = {};

	assert_int_equal(manifest_read("absent.yaml", 0, &read.objects, &read.diags), -EINVAL);
	assert_diag(&read, 0, "absent.yaml: No such file or directory");
	assert_int_equal(mkdir("f", 0755), 0);
	assert_int_equal(manifest_read("f", 0, &read.objects, &read.diags), -EINVAL);
	assert_diag(&read, 1, "f: a directory without a *.yaml, *.yml or *.json file");
	write_file("any-name", NAMESPACE("a"));
	assert_int_equal(manifest_read("any-name", 0, &read.objects, &read.diags), 0);
	assert_int_equal(read.objects.list.n, 1);
	read_free(&read);
}

static void test_file_names(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} cases[] = {
		{ "a.yaml", true },  { "a.yml", true },	   { "a.json", true },	    { "a.b.yaml", true },
		{ ".yaml", false },  { ".a.yaml", false }, { "a.yaml.swp", false }, { "yaml", false },
		{ "a.YAML", false }, { "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(manifest_file_name(cases[i].name), cases[i].is);
}

static void test_standard_input(void **state)
{
	_cleanup_close_ int saved = dup(STDIN_FILENO);
	struct read_text read = {};
	int fd;

	write_file("in", NAMESPACE("a") "---\nkind: [");
	fd = open("in", O_RDONLY);
	assert_true(fd >= 0);
	dup2(fd, STDIN_FILENO);
	close(fd);
	assert_int_equal(manifest_read("-", 0, &read.objects, &read.diags), -EINVAL);
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	assert_string_equal(read.diags.list.items[0].file, "-");
	read_free(&read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "empty documents are skipped", test_empty_documents, NULL, NULL, NULL },
		{ "a text can hold several documents", test_several_documents, NULL, NULL, NULL },
		{ "lists are taken apart", test_lists, NULL, NULL, NULL },
		{ "the items of a typed list keep their kind", test_typed_items_keep_their_kind, NULL, NULL, NULL },
		{ "unknown kinds are named and skipped", test_unknown_kinds, NULL, NULL, NULL },
		{ "an unknown annotation of weir's is pointed out", test_unknown_annotation, NULL, NULL, NULL },
		{ "of a text with an error nothing is taken", test_nothing_of_a_bad_text, NULL, NULL, NULL },
		{ "documents become JSON without changing their meaning", test_json, NULL, NULL, NULL },
		{ "a directory's manifests are read by name", test_directory, NULL, NULL, NULL },
		{ "every fault of a directory is found", test_directory_with_faults, NULL, NULL, NULL },
		{ "paths that can't be read are errors", test_paths, NULL, NULL, NULL },
		{ "manifest files are known by their names", test_file_names, NULL, NULL, NULL },
		{ "standard input is called a dash", test_standard_input, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("object: reading manifests", tests, set_up, tear_down);
}
