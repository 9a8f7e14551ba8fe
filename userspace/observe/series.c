// SPDX-License-Identifier: BSD-2-Clause
#include "observe/series.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"

static void put_escaped(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fprintf(out, "\\%c", *value);
		else if (*value == '\n')
			fputs("\\n", out);
		else
			fputc(*value, out);
	}
}

char *series_labels(const struct series_label *labels, size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return xstrdup("");
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%s%s=\"", i ? "," : "", labels[i].name);
		put_escaped(out, labels[i].value ?: "");
		fputc('"', out);
	}
	fclose(out);
	return text;
}

void series_metric(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The part of a line before its value. */
static void put_name(FILE *out, const char *name, const char *labels)
{
	if (labels && *labels)
		fprintf(out, "%s{%s} ", name, labels);
	else
		fprintf(out, "%s ", name);
}

void series_count(FILE *out, const char *name, const char *labels, uint64_t value)
{
	put_name(out, name, labels);
	fprintf(out, "%" PRIu64 "\n", value);
}

void series_value(FILE *out, const char *name, const char *labels, double value)
{
	put_name(out, name, labels);
	fprintf(out, "%.15g\n", value);
}

void series_counter(FILE *out, const char *name, const char *help, uint64_t value)
{
	series_metric(out, name, "counter", help);
	series_count(out, name, NULL, value);
}

void series_gauge(FILE *out, const char *name, const char *help, double value)
{
	series_metric(out, name, "gauge", help);
	series_value(out, name, NULL, value);
}

void series_histogram(FILE *out, const char *name, const char *help, const struct histogram *histogram)
{
	uint64_t below = 0;

	series_metric(out, name, "histogram", help);
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += histogram->buckets[i];
		fprintf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, histogram_bounds[i], below);
	}
	fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, histogram->count);
	fprintf(out, "%s_sum %.15g\n", name, histogram->sum);
	fprintf(out, "%s_count %" PRIu64 "\n", name, histogram->count);
}
