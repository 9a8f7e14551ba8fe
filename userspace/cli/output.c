// SPDX-License-Identifier: BSD-2-Clause
#include "cli/output.h"

#include <errno.h>
#include <libfyaml.h>

#include "base/mem.h"

static void fy_document_destroyp(struct fy_document **document)
{
	fy_document_destroy(*document);
}

static int print_yaml(const char *text, FILE *out)
{
	struct fy_document *document _cleanup_(fy_document_destroyp) = fy_document_build_from_string(NULL, text, FY_NT);
	_cleanup_free_ char *yaml = NULL;

	if (document)
		yaml = fy_emit_document_to_string(document, FYECF_MODE_BLOCK | FYECF_WIDTH_INF);
	if (!yaml)
		return -ENOMEM;
	fputs(yaml, out);
	return 0;
}

int output_json(enum output_format format, const json_t *json, FILE *out)
{
	_cleanup_free_ char *text = json_dumps(json, format == OUTPUT_YAML ? JSON_COMPACT : JSON_INDENT(2));

	if (!text)
		return -ENOMEM;
	if (format == OUTPUT_YAML)
		return print_yaml(text, out);
	fprintf(out, "%s\n", text);
	return 0;
}

char *output_age(long long seconds)
{
	if (seconds >= 86400)
		return xasprintf("%lldd", seconds / 86400);
	if (seconds >= 3600)
		return xasprintf("%lldh", seconds / 3600);
	if (seconds >= 60)
		return xasprintf("%lldm", seconds / 60);
	return xasprintf("%llds", seconds > 0 ? seconds : 0);
}

const char *output_count(unsigned long long count)
{
	static char buffers[8][32];
	static unsigned next;
	char *at = buffers[next++ % ARRAY_SIZE(buffers)] + sizeof(buffers[0]) - 1;
	unsigned digits = 0;

	*at = '\0';
	do {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = '0' + count % 10;
		count /= 10;
		digits++;
	} while (count);
	return at;
}
