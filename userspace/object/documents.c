/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/documents.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "object/text.h"
#include "object/tree.h"

struct documents {
	struct report *report;
	const char *at; /* what the parser was given: the rest of the text from here */
	const char *end;
	struct fy_diag *diag;
	struct fy_parser *parser;
	struct tree tree;
	int error_line; /* of the last syntax error, from 1 */
};

static void parser_close(struct documents *documents)
{
	if (documents->parser)
		fy_parser_destroy(documents->parser);
	if (documents->diag)
		fy_diag_destroy(documents->diag);
	documents->parser = NULL;
	documents->diag = NULL;
}

/* Starts at documents->at. Without a file and an output function libfyaml only collects what it has to say. */
static void parser_open(struct documents *documents)
{
	struct fy_parse_cfg config = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 |
						FYPCF_JSON_NONE | FYPCF_SLOPPY_FLOW_INDENTATION };
	struct fy_diag_cfg silent;

	parser_close(documents);
	fy_diag_cfg_default(&silent);
	silent.fp = NULL;
	documents->diag = fy_diag_create(&silent);
	if (!documents->diag)
		return;
	fy_diag_set_collect_errors(documents->diag, true);
	config.diag = documents->diag;
	documents->parser = fy_parser_create(&config);
	if (documents->parser &&
	    fy_parser_set_string(documents->parser, documents->at, (size_t)(documents->end - documents->at)) < 0) {
		fy_parser_destroy(documents->parser);
		documents->parser = NULL;
	}
}

struct documents *documents_open(struct report *report, const char *text, size_t length)
{
	struct documents *documents = new0(struct documents);

	documents->report = report;
	tree_init(&documents->tree, report);
	documents->at = documents->end = text;
	if (length == 0 || !text_check(report, text, length))
		return documents;
	documents->end = text + length;
	parser_open(documents);
	if (!documents->parser)
		report_error(report, 0, 0, "the YAML parser could not be started");
	return documents;
}

void documents_close(struct documents *documents)
{
	if (!documents)
		return;
	parser_close(documents);
	tree_free(&documents->tree);
	free(documents);
}

static bool is_document_start(const char *line, const char *end)
{
	return end - line >= 3 && memcmp(line, "---", 3) == 0 && (end - line == 3 || strchr(" \t\r\n", line[3]));
}

/* Goes on at the next document that starts on line (from 0, in what the parser was given) or after it. */
static void skip_to_next(struct documents *documents, int line)
{
	const char *at = documents->at;
	int n = 0;

	while (at && (n < line || n == 0 || !is_document_start(at, documents->end))) {
		at = memchr(at, '\n', (size_t)(documents->end - at));
		if (at) {
			at++;
			n++;
		}
	}
	if (!at || report_full(documents->report)) {
		parser_close(documents);
		return;
	}
	documents->at = at;
	documents->tree.first_line += n;
	parser_open(documents);
}

/* Reports what libfyaml has collected. Returns the line of the first error. */
static int report_syntax(struct documents *documents)
{
	const struct fy_diag_error *error;
	int line = 0;
	void *iterator = NULL;

	while ((error = fy_diag_errors_iterate(documents->diag, &iterator))) {
		if (error->type != FYET_ERROR)
			continue;
		line = error->line - 1;
		report_error(documents->report, documents->tree.first_line + error->line, error->column, "not YAML: %s",
			     error->msg);
		return line;
	}
	report_error(documents->report, documents->tree.first_line + 1, 1, "not YAML");
	return line;
}

/* 1: a document is whole; 0: it goes on; -EINVAL: it can't be used, the next one may start on *ret_line. */
static int next_event(struct documents *documents, bool *ret_end, int *ret_line)
{
	struct fy_event *event = fy_parser_parse(documents->parser);
	int r;

	if (!event || fy_parser_get_stream_error(documents->parser)) {
		*ret_line = report_syntax(documents);
		r = -EINVAL;
	} else {
		*ret_end = event->type == FYET_STREAM_END;
		r = tree_event(&documents->tree, event, ret_line);
		if (r < 0)
			++*ret_line;
		else
			r = event->type == FYET_DOCUMENT_END;
	}
	if (event)
		fy_parser_event_free(documents->parser, event);
	return r;
}

const struct node *documents_next(struct documents *documents)
{
	bool end = false;

	tree_clear(&documents->tree);
	while (documents->parser && !end) {
		int line = 0;
		int r = next_event(documents, &end, &line);

		if (r == 1 && documents->tree.root)
			return documents->tree.root;
		if (r < 0) {
			tree_clear(&documents->tree);
			skip_to_next(documents, line);
		}
	}
	parser_close(documents);
	return NULL;
}
