/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts that want to crash the reader, or keep it busy, or make it say too much. A hang ends in SIGALRM. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "object/documents.h"
#include "unit/object/reading.h"

#define SECONDS_MAX 120

static const char good[] =
	"apiVersion: weir.dev/v1alpha1\n"
	"kind: TrafficPolicy\n"
	"metadata: {name: backend, namespace: \"shop\", labels: &l {app: backend}}\n"
	"spec:\n"
	"  podSelector: {matchLabels: *l}\n"
	"  ingress:\n"
	"  - name: 'from-frontend'\n"
	"    from: [ {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}} ]\n"
	"    ports: [ {protocol: TCP, port: 8080, endPort: 8081} ]\n"
	"    limits:\n"
	"    - {packetsPerSecond: 1k, burst: 100}\n"
	"---\n"
	"{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"\\u0061\"}, \"status\":\n"
	"{\"podIPs\": [{\"ip\": \"10.0.0.1\"}]}}\n";

/* prefix, n times middle, suffix. */
static char *repeat(const char *prefix, const char *middle, size_t n, const char *suffix)
{
	size_t length = strlen(middle), before = strlen(prefix);
	char *text = xcalloc(before + n * length + strlen(suffix) + 1, 1);

	memcpy(text, prefix, before);
	for (size_t i = 0; i < n; i++)
		memcpy(text + before + i * length, middle, length);
	strcpy(text + before + n * length, suffix);
	return text;
}

static void test_depth(void **state)
{
	static const struct {
		const char *prefix, *middle, *suffix;
		const char *expected;
	} cases[] = {
		{ "", "[", "", "too deep" },	       { "", "{a: ", "", "too deep" },
		{ "", "- ", "a", "too deep" },	       { "a: ", "[", "", "too deep" },
		{ "", "? ", "a", "must be a string" }, { "{\"a\":", "[", "", "too deep" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = repeat(cases[i].prefix, cases[i].middle, 100000, cases[i].suffix);
		struct read_text read;

		read_text(&read, text);
		assert_int_equal(read.diags.n_errors, 1);
		assert_non_null(strstr(read.diags.list.items[0].text, cases[i].expected));
		read_free(&read);
	}
}

static void test_alias_bomb(void **state)
{
	char text[4096] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
	struct read_text read;

	for (int i = 1; i < 30; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1,
			 i - 1, i - 1);
	}
	read_text(&read, text);
	assert_int_equal(read.diags.n_errors, 1);
	assert_string_equal(read.diags.list.items[0].text, "the document's aliases stand for too much");
	read_free(&read);
}

static void test_deep_aliases(void **state)
{
	char text[8192] = "a0: &a0 [x]\n";
	struct read_text read;

	for (int i = 1; i < 200; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	}
	read_text(&read, text);
	assert_int_equal(read.diags.n_errors, 1);
	assert_string_equal(read.diags.list.items[0].text, "the document is too deep");
	read_free(&read);
}

static void test_many_errors(void **state)
{
	static const struct {
		const char *prefix, *middle;
	} cases[] = {
		{ "", "---\n@\n" },
		{ "", "---\n- a\n" },
		{ "", "---\nkind: X\napiVersion: y\n" },
		{ "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  ingress:\n",
		  "  - {a: b, c: d}\n" },
		{ "", "a: 1\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = repeat(cases[i].prefix, cases[i].middle, 20000, "");
		struct read_text read;

		read_text(&read, text);
		assert_int_equal(read.result, -EINVAL);
		assert_int_equal(read.diags.list.n, 1001);
		assert_string_equal(read.diags.list.items[1000].text,
				    "more than 1000 errors and warnings: the rest is not shown");
		read_free(&read);
	}
}

static void test_large_texts(void **state)
{
	static const struct {
		const char *prefix, *middle, *suffix;
	} cases[] = {
		{ "a: \"", "x", "\"" },	  { "a: |\n", "  x\n", "" }, { "", "#", "" },	      { "", "\n", "" },
		{ "", " ", "" },	  { "", "\t", "" },	     { "a: [", "x, ", "]" },  { "&", "a", "" },
		{ "*", "a", "" },	  { "!", "a", "" },	     { "", "&a ", "" },	      { "[", "a ", "" },
		{ "{", "a b \n", "" },	  { "a: \"", "\\n", "" },    { "'", "''", "" },	      { "%", "x", "" },
		{ "", "---\n", "" },	  { "a: >\n", " \n", "x" },  { "", "a: &a x\n", "" }, { "", "\r", "" },
		{ "? ", "x", "\n: y\n" }, { "", "-\n", "" },	     { "", "- - - a\n", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = repeat(cases[i].prefix, cases[i].middle, 300000, cases[i].suffix);
		struct read_text read;

		read_text(&read, text);
		assert_int_equal(read.objects.list.n, 0);
		assert_true(read.diags.list.n <= REPORT_ERRORS_MAX + 1);
		read_free(&read);
	}
}

/* What libfyaml reads in quadratic time. */
static void test_slow_texts(void **state)
{
	static const struct {
		const char *prefix, *middle;
		size_t n;
		int line, column;
		const char *expected; /* NULL: may be */
	} cases[] = {
		{ "a: >\n", " \n", 500, 1, 5, "more than 1000 blank characters in a row" },
		{ "a: 1\n-", " ", 1001, 2, 2, "more than 1000 blank characters in a row" },
		{ "a: 1\n", "\r\n", 40000, 1, 5, "more than 1000 blank characters in a row" },
		{ "a: 1\n%", "x", 100, 2, 1, "a line of more than 100 characters that begins with %" },
		{ "# 1\r%", "x", 100, 1, 5, "a line of more than 100 characters that begins with %" },
		{ "a: 1\nb: !<", "x", 98, 2, 4, "a YAML tag of more than 100 characters" },
		{ "#!<!<", "!<", 20, 0, 0, NULL },
		{ "#", " ", 1000, 0, 0, NULL },
		{ "#", "%", 1000, 0, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = repeat(cases[i].prefix, cases[i].middle, cases[i].n, "");
		struct read_text read;

		read_text(&read, text);
		assert_int_equal(read.diags.n_errors, cases[i].expected ? 1 : 0);
		if (cases[i].expected) {
			assert_string_equal(read.diags.list.items[0].text, cases[i].expected);
			assert_int_equal(read.diags.list.items[0].line, cases[i].line);
			assert_int_equal(read.diags.list.items[0].column, cases[i].column);
		}
		read_free(&read);
	}
}

static void test_size_limit(void **state)
{
	_cleanup_free_ char *text = repeat("", "#", MANIFEST_SIZE_MAX + 1, "");
	struct read_text read;

	read_text(&read, text);
	assert_int_equal(read.diags.n_errors, 1);
	assert_string_equal(read.diags.list.items[0].text, "larger than 64 MiB");
	read_free(&read);
}

static void test_every_prefix(void **state)
{
	for (size_t length = 0; length <= strlen(good); length++) {
		struct read_text read;

		read_bytes(&read, good, length, MANIFEST_KEEP_JSON);
		if (length == strlen(good))
			assert_int_equal(read.objects.list.n, 2);
		read_free(&read);
	}
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void test_mutations(void **state)
{
	static const char interesting[] = "\0\n\t []{}:,-&*!|>'\"%@`#?\\\xff\xc2\x80<9~";
	uint64_t random = 1;

	for (int i = 0; i < 20000; i++) {
		char text[sizeof(good)];
		struct read_text read;

		memcpy(text, good, sizeof(good));
		for (uint32_t n = next_random(&random) % 4 + 1; n > 0; n--)
			text[next_random(&random) % (sizeof(text) - 1)] =
				interesting[next_random(&random) % (sizeof(interesting) - 1)];
		read_bytes(&read, text, sizeof(text) - 1, MANIFEST_KEEP_JSON);
		vec_for_each (diag, &read.diags.list) {
			_cleanup_free_ char *line = diag_format(diag);

			assert_null(strpbrk(line, "\n\r\x1b"));
			assert_true(diag->line > 0);
		}
		read_free(&read);
	}
}

static void test_noise(void **state)
{
	uint64_t random = 7;

	for (int i = 0; i < 2000; i++) {
		char text[200];
		struct read_text read;

		for (size_t at = 0; at < sizeof(text); at++)
			text[at] = (char)(i % 2 ? next_random(&random) : next_random(&random) % 96 + 31);
		read_bytes(&read, text, sizeof(text), 0);
		read_free(&read);
	}
}

static void test_nul_hides_nothing(void **state)
{
	static const char text[] = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n\0---\nkind: [\n";
	struct read_text read;

	read_bytes(&read, text, sizeof(text) - 1, 0);
	assert_int_equal(read.diags.n_errors, 1);
	assert_int_equal(read.diags.list.items[0].line, 2);
	assert_int_equal(read.diags.list.items[0].column, 1);
	assert_string_equal(read.diags.list.items[0].text, "a NUL byte: manifests are UTF-8 text");
	read_free(&read);
}

static void test_quoted_texts_are_harmless(void **state)
{
	_cleanup_free_ char *long_name =
		repeat("{apiVersion: v1, kind: Pod, metadata: {name: \"\\e[2J\\u009b", "A", 500, "\"}}");
	_cleanup_free_ char *line = NULL;
	struct read_text read;

	read_text(&read, long_name);
	assert_int_equal(read.diags.n_errors, 1);
	line = diag_format(&read.diags.list.items[0]);
	assert_non_null(strstr(line, "\"?[2J??AAAA"));
	assert_non_null(strstr(line, "AAA...\" must be"));
	assert_true(strlen(line) < 300);
	read_free(&read);
}

static int silent_stderr = -1, saved_stderr = -1;

static int set_up(void **state)
{
	alarm(SECONDS_MAX);
	saved_stderr = dup(STDERR_FILENO);
	silent_stderr = memfd_create("stderr", MFD_CLOEXEC);
	return saved_stderr >= 0 && silent_stderr >= 0 ? 0 : -1;
}

/* libfyaml would print there if it were let. */
static void test_nothing_is_printed(void **state)
{
	static const char *const texts[] = { "a: [",	       "a: *b", "@",	     "%YAML 9.9\n---\na\n",
					     "%FOO\n---\na\n", "\"",	"a: \"\\q\"" };

	fflush(stderr);
	dup2(silent_stderr, STDERR_FILENO);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct objects objects = {};
		struct diags diags = {};

		manifest_parse("t", texts[i], strlen(texts[i]), 0, &objects, &diags);
		diags_free(&diags);
		objects_free(&objects);
	}
	fflush(stderr);
	dup2(saved_stderr, STDERR_FILENO);
	assert_int_equal(lseek(silent_stderr, 0, SEEK_END), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "nesting is bounded", test_depth, NULL, NULL, NULL },
		{ "an alias bomb does not go off", test_alias_bomb, NULL, NULL, NULL },
		{ "aliases can't nest deeper than text can", test_deep_aliases, NULL, NULL, NULL },
		{ "a thousand errors are enough", test_many_errors, NULL, NULL, NULL },
		{ "large texts of one thing are read in bounded time", test_large_texts, NULL, NULL, NULL },
		{ "texts that would take libfyaml for ever are refused", test_slow_texts, NULL, NULL, NULL },
		{ "a text beyond the limit is refused", test_size_limit, NULL, NULL, NULL },
		{ "a text cut short anywhere is survived", test_every_prefix, NULL, NULL, NULL },
		{ "a text with wrong bytes anywhere is survived, and each error is one line", test_mutations, NULL,
		  NULL, NULL },
		{ "noise is survived", test_noise, NULL, NULL, NULL },
		{ "a NUL byte hides nothing behind it", test_nul_hides_nothing, NULL, NULL, NULL },
		{ "what is quoted in an error is short and steers no terminal", test_quoted_texts_are_harmless, NULL,
		  NULL, NULL },
		{ "nothing is printed", test_nothing_is_printed, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("object: hostile texts", tests, set_up, NULL);
}
