// SPDX-License-Identifier: BSD-2-Clause
#include "cli/observe_text.h"

#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "cli/output.h"
#include "cli/wrap.h"

#define NS_PER_SECOND	 1000000000ull
#define TIME_WIDTH	 8
#define VERDICT_WIDTH	 7
#define CONNECTION_WIDTH 36
#define DIRECTION_WIDTH	 7
#define INTERFACE_WIDTH	 12
#define PROTOCOL_WIDTH	 5
#define FLAGS_WIDTH	 8
#define WHAT_COLUMN	 (TIME_WIDTH + 1 + VERDICT_WIDTH + 1)
#define WIDTH_MIN	 80

/* What happened, as one word in a colour. */
struct word {
	const char *type, *word, *color;
};

static const struct word words[] = {
	{ "denied", "drop", "31" },
	{ "opened", "open", "32" },
	{ "audited", "audit", "33" },
	{ "withdrawn", "revoke", "35" },
};

static const char *text_of(const json_t *object, const char *field)
{
	return json_string_value(json_object_get(object, field)) ?: "";
}

static long long number_of(const json_t *object, const char *field)
{
	return json_integer_value(json_object_get(object, field));
}

static bool is_packet(const json_t *event)
{
	return json_object_get(event, "verdict");
}

static struct word word_of(const json_t *event)
{
	const char *type = text_of(event, "type");

	if (strcmp(type, "denied") == 0 && strcmp(text_of(event, "verdict"), "reject") == 0)
		return (struct word){ type, "reject", "31" };
	for (size_t i = 0; is_packet(event) && i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].type, type) == 0)
			return words[i];
	}
	return strcmp(text_of(event, "severity"), "info") == 0 ? (struct word){ type, "note", "36" }
							       : (struct word){ type, "warn", "1;33" };
}

/* --- what a line is made of -------------------------------------------------- */

/* "shop/db:5432", by its workload's name where it has one: pods' names are long and say less. */
static char *end_text(const json_t *end, bool of_pod, bool with_port)
{
	const char *namespace = text_of(end, "namespace"), *pod = text_of(end, "pod"),
		   *workload = text_of(end, "workload"), *address = text_of(end, "address");
	const char *name = *workload && !(of_pod && *pod) ? workload : pod;
	const long long port = with_port ? number_of(end, "port") : 0;
	_cleanup_free_ char *named = NULL;

	if (*name)
		named = xasprintf("%s%s%s", namespace, *namespace ? "/" : "", name);
	else if (port && strchr(address, ':'))
		named = xasprintf("[%s]", address);
	else
		named = xstrdup(*address ? address : "?");
	return port ? xasprintf("%s:%lld", named, port) : xstrdup(named);
}

/* "/UDP"; TCP goes without saying. */
static char *protocol_text(const json_t *event)
{
	const char *protocol = text_of(event, "protocol");

	return xasprintf("%s%s", strcmp(protocol, "TCP") == 0 ? "" : "/", strcmp(protocol, "TCP") == 0 ? "" : protocol);
}

static char *policies_text(const json_t *event, bool with_kind)
{
	const json_t *list = json_object_get(event, "policies");
	char *text = xstrdup("");
	const json_t *policy;
	size_t i;

	json_array_foreach (list, i, policy) {
		_cleanup_free_ char *before = text;
		const char *namespace = text_of(policy, "namespace"), *rule = text_of(policy, "rule");

		text = xasprintf("%s%s%s%s%s%s%s%s%s", before, i ? ", " : "", with_kind ? text_of(policy, "kind") : "",
				 with_kind ? " " : "", namespace, *namespace ? "/" : "", text_of(policy, "policy"),
				 *rule ? " " : "", rule);
	}
	return text;
}

static char *why_text(const json_t *event)
{
	_cleanup_free_ char *policies = policies_text(event, false);
	_cleanup_free_ char *repeats = NULL;
	const char *limit = text_of(event, "limit");

	if (number_of(event, "repeats"))
		repeats = xasprintf(" x%s", output_count((unsigned long long)number_of(event, "repeats") + 1));
	return xasprintf("%s%s%s%s%s%s", text_of(event, "reason"), repeats ?: "", *policies ? " " : "", policies,
			 *limit ? ", " : "", limit);
}

/* --- lines ------------------------------------------------------------------- */

/* Columns of a terminal that text takes, as near as the locale knows. */
static size_t columns_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static char *connection_text(const json_t *event)
{
	_cleanup_free_ char *from = end_text(json_object_get(event, "source"), false, false);
	_cleanup_free_ char *to = end_text(json_object_get(event, "destination"), false, true);
	_cleanup_free_ char *protocol = protocol_text(event);

	return xasprintf("%s -> %s%s", from, to, protocol);
}

static void pad(FILE *out, const char *text, size_t columns)
{
	const size_t n = columns_of(text);

	fprintf(out, "%s%*s ", text, n < columns ? (int)(columns - n) : 0, "");
}

static void paint(const struct event_printer *printer, const char *color)
{
	if (printer->color)
		fprintf(printer->out, "\033[%sm", color);
}

static struct tm local_time(const json_t *event)
{
	struct tm tm = {};
	uint64_t ns = 0;
	time_t seconds;

	timestamp_parse(text_of(event, "time"), &ns);
	seconds = (time_t)(ns / NS_PER_SECOND);
	localtime_r(&seconds, &tm);
	return tm;
}

/* A line of its own where another day than today, or than the event before, begins. */
static void print_day(struct event_printer *printer, const struct tm *tm)
{
	const time_t now = time(NULL);
	char text[sizeof("2026-01-02 ")];
	struct tm today;

	localtime_r(&now, &today);
	if (tm->tm_yday + 1 != (printer->day ?: today.tm_yday + 1)) {
		strftime(text, sizeof(text), "%F", tm);
		fprintf(printer->out, "%s\n", text);
	}
	printer->day = tm->tm_yday + 1;
}

static unsigned connection_width(const struct event_printer *printer)
{
	const unsigned half = printer->width > WIDTH_MIN ? (printer->width - WHAT_COLUMN) / 2 : 0;

	return half > CONNECTION_WIDTH ? half : CONNECTION_WIDTH;
}

/* On one line where that fits; else the reason is on the next one, so that nothing of either is missing. */
static void print_packet(const struct event_printer *printer, const json_t *event)
{
	const unsigned width = connection_width(printer);
	_cleanup_free_ char *connection = connection_text(event);
	_cleanup_free_ char *why = why_text(event);
	const size_t length = columns_of(connection);

	if (!printer->width || (length <= width && WHAT_COLUMN + width + 1 + columns_of(why) <= printer->width)) {
		pad(printer->out, connection, width);
		fprintf(printer->out, "%s\n", why);
	} else {
		fprintf(printer->out, "%s\n%*s%s\n", connection, WHAT_COLUMN + 2, "", why);
	}
}

static void print_row(struct event_printer *printer, const json_t *event)
{
	const struct word word = word_of(event);
	const struct tm tm = local_time(event);
	char time[TIME_WIDTH + 1];

	print_day(printer, &tm);
	strftime(time, sizeof(time), "%T", &tm);
	paint(printer, "2");
	fputs(time, printer->out);
	paint(printer, "0");
	fputc(' ', printer->out);
	paint(printer, word.color);
	pad(printer->out, word.word, VERDICT_WIDTH);
	paint(printer, "0");
	if (is_packet(event))
		print_packet(printer, event);
	else if (printer->width)
		wrap_print(printer->out, WHAT_COLUMN, WHAT_COLUMN + 2, text_of(event, "message"));
	else
		fprintf(printer->out, "%s\n", text_of(event, "message"));
}

static void print_compact(const struct event_printer *printer, const json_t *event)
{
	const struct word word = word_of(event);

	fprintf(printer->out, "%s ", text_of(event, "time"));
	paint(printer, word.color);
	fputs(text_of(event, "type"), printer->out);
	paint(printer, "0");
	fprintf(printer->out, " %s\n", text_of(event, "message"));
}

/* "shop/db-0 (10.0.0.2:5432)" */
static char *whole_end(const json_t *end)
{
	const char *address = text_of(end, "address");
	const long long port = number_of(end, "port");
	_cleanup_free_ char *name = end_text(end, true, false);
	_cleanup_free_ char *at = NULL;

	if (!port)
		at = xstrdup(address);
	else
		at = xasprintf(strchr(address, ':') ? "[%s]:%lld" : "%s:%lld", address, port);
	return *text_of(end, "pod") || *text_of(end, "workload") ? xasprintf("%s (%s)", name, at)
								 : xstrdup(*at ? at : "?");
}

/* Everything, and nothing of it cut. */
static void print_wide(const struct event_printer *printer, const json_t *event)
{
	_cleanup_free_ char *from = whole_end(json_object_get(event, "source"));
	_cleanup_free_ char *to = whole_end(json_object_get(event, "destination"));
	_cleanup_free_ char *policies = policies_text(event, true);
	const char *flags = text_of(event, "flags"), *limit = text_of(event, "limit");
	const struct word word = word_of(event);

	fprintf(printer->out, "%s ", text_of(event, "time"));
	paint(printer, word.color);
	pad(printer->out, word.word, VERDICT_WIDTH);
	paint(printer, "0");
	if (!is_packet(event)) {
		fprintf(printer->out, "%s: %s\n", text_of(event, "type"), text_of(event, "message"));
		return;
	}
	pad(printer->out, text_of(event, "direction"), DIRECTION_WIDTH);
	pad(printer->out, text_of(event, "interface"), INTERFACE_WIDTH);
	pad(printer->out, from, CONNECTION_WIDTH);
	pad(printer->out, to, CONNECTION_WIDTH);
	pad(printer->out, text_of(event, "protocol"), PROTOCOL_WIDTH);
	pad(printer->out, *flags ? flags : "-", FLAGS_WIDTH);
	fprintf(printer->out, "%5lld B x%-4lld revision %lld %s%s%s%s%s\n", number_of(event, "bytes"),
		number_of(event, "repeats") + 1, number_of(event, "revision"), text_of(event, "reason"),
		*policies ? " " : "", policies, *limit ? ", " : "", limit);
}

void event_printer_begin(struct event_printer *printer)
{
	printer->begun = true;
	if (printer->format == OUTPUT_TABLE)
		fprintf(printer->out, "%-*s %-*s %-*s %s\n", TIME_WIDTH, "TIME", VERDICT_WIDTH, "VERDICT",
			(int)connection_width(printer), "FROM -> TO", "WHY");
}

void event_print(struct event_printer *printer, const json_t *event)
{
	_cleanup_free_ char *text = NULL;

	switch (printer->format) {
	case OUTPUT_JSON:
		text = json_dumps(event, JSON_COMPACT);
		fprintf(printer->out, "%s\n", text ?: "{}");
		break;
	case OUTPUT_YAML:
		fputs("---\n", printer->out);
		output_json(OUTPUT_YAML, event, printer->out);
		break;
	case OUTPUT_COMPACT:
		print_compact(printer, event);
		break;
	case OUTPUT_WIDE:
		print_wide(printer, event);
		break;
	default:
		print_row(printer, event);
	}
}
