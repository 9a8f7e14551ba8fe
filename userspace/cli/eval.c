// SPDX-License-Identifier: BSD-2-Clause
/* weir eval: what would be decided, from the very image that the kernel would get. */
#include <errno.h>
#include <string.h>

#include "cli/client.h"
#include "cli/manifests.h"
#include "cli/output.h"
#include "cli/probe.h"

static void print_line(const json_t *answer)
{
	json_dumpf(answer, stdout, JSON_COMPACT);
	putchar('\n');
}

static bool blank(const char *line)
{
	return line[strspn(line, " \t\r\n")] == '\0';
}

static int answer_lines(const struct offline *offline, FILE *in, const char *name)
{
	_cleanup_free_ char *line = NULL;
	size_t capacity = 0;
	int code = EXIT_DONE;

	while (getline(&line, &capacity, in) >= 0) {
		json_auto_t *answer = NULL;

		if (blank(line))
			continue;
		if (!probe_answer_line(&offline->world, offline->compiled, line, &answer))
			code = EXIT_FAILED;
		print_line(answer);
	}
	if (ferror(in))
		return say_failed("eval: %s: %s", name, strerror(errno));
	return code;
}

static int answer_file(const struct offline *offline, const char *path)
{
	FILE *in _cleanup_(fclosep) = NULL;

	if (!strcmp(path, "-"))
		return answer_lines(offline, stdin, "standard input");
	in = fopen(path, "re");
	if (!in)
		return say_failed("eval: %s: %s", path, strerror(errno));
	return answer_lines(offline, in, path);
}

static int answer_one(const struct invocation *invocation, const struct offline *offline, const json_t *probe)
{
	json_auto_t *answer = NULL;
	_cleanup_free_ char *sentence = NULL;

	if (!probe_answer(&offline->world, offline->compiled, probe, &answer))
		return say_failed("eval: %s", json_string_value(json_object_get(answer, "error")));
	if (invocation->format == OUTPUT_JSON) {
		print_line(answer);
	} else if (invocation->format == OUTPUT_YAML) {
		output_json(OUTPUT_YAML, answer, stdout);
	} else {
		sentence = probe_sentence(answer);
		puts(sentence);
	}
	return strcmp(json_string_value(json_object_get(answer, "verdict")), "allow") ? EXIT_FAILED : EXIT_DONE;
}

/* The probe that --from, --to, --protocol and --port make. NULL, and said why, when one is wrong. */
static json_t *one_probe(const struct invocation *invocation)
{
	const char *from = option_value(invocation, "from", NULL), *to = option_value(invocation, "to", NULL);
	json_t *probe;
	unsigned port;

	if (!from || !to) {
		wrong_usage(invocation, "needs --probes, or --from and --to");
		return NULL;
	}
	if (option_number(invocation, "port", 1, 65535, &port))
		return NULL;
	probe = json_pack("{ss, ss, ss}", "from", from, "to", to, "protocol",
			  option_value(invocation, "protocol", "TCP"));
	if (probe && option_given(invocation, "port"))
		json_object_set_new(probe, "port", json_integer(port));
	if (!probe)
		wrong_usage(invocation, "--from, --to or --protocol is no UTF-8 text");
	return probe;
}

static bool single(const struct invocation *invocation)
{
	return option_given(invocation, "from") || option_given(invocation, "to") || option_given(invocation, "port") ||
	       option_given(invocation, "protocol");
}

int command_eval(const struct invocation *invocation)
{
	struct offline offline _cleanup_(offline_free) = { 0 };
	json_auto_t *probe = NULL;
	const char *probes = option_value(invocation, "probes", NULL);
	int code;

	if (probes && single(invocation))
		return wrong_usage(invocation, "either --probes or --from and --to, not both");
	if (!probes) {
		probe = one_probe(invocation);
		if (!probe)
			return EXIT_USAGE;
	}
	code = offline_compile(invocation, &offline);
	if (code)
		return code;
	return probes ? answer_file(&offline, probes) : answer_one(invocation, &offline, probe);
}
