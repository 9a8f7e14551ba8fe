/* SPDX-License-Identifier: BSD-2-Clause */
/* The Prometheus text format, version 0.0.4: metric by metric, series by series. */
#ifndef WEIR_OBSERVE_SERIES_H
#define WEIR_OBSERVE_SERIES_H

#include <stdint.h>
#include <stdio.h>

#include "observe/histogram.h"

struct series_label {
	const char *name;
	const char *value; /* NULL counts as "" */
};

/* 'name="value",...' values escaped; the caller frees. */
char *series_labels(const struct series_label *labels, size_t n);

/* HELP and TYPE, once before the series of a metric. type: "counter", "gauge", "histogram". */
void series_metric(FILE *out, const char *name, const char *type, const char *help);
/* One series; labels as series_labels() makes them, or NULL. */
void series_count(FILE *out, const char *name, const char *labels, uint64_t value);
void series_value(FILE *out, const char *name, const char *labels, double value);

/* A metric of one series without labels. */
void series_counter(FILE *out, const char *name, const char *help, uint64_t value);
void series_gauge(FILE *out, const char *name, const char *help, double value);
void series_histogram(FILE *out, const char *name, const char *help, const struct histogram *histogram);

#endif
