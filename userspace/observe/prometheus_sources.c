// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "observe/prometheus_sources.h"
#include "observe/series.h"

static void write_away(FILE *out, const struct prometheus_input *input)
{
	series_metric(out, "weir_source_away_seconds", "gauge",
		      "How long the source has not answered; what it held last stays in force.");
	for (size_t i = 0; i < input->n_sources; i++) {
		const struct prometheus_source *source = &input->sources[i];
		const struct series_label label = { "source", source->name };
		_cleanup_free_ char *text = series_labels(&label, 1);
		const time_t now = time(NULL);

		series_count(out, "weir_source_away_seconds", text,
			     source->away_since && now > source->away_since ? (uint64_t)(now - source->away_since) : 0);
	}
}

static void write_kube(FILE *out, const struct kube_write_counts *counts)
{
	series_metric(out, "weir_kube_writes_total", "counter",
		      "Requests that tell the Kubernetes API what became of its policies.");
	for (int i = 0; i < KUBE_WRITTEN_KINDS * KUBE_RESULTS; i++) {
		const int kind = i / KUBE_RESULTS, result = i % KUBE_RESULTS;
		const struct series_label labels[] = {
			{ "kind", kube_written_kind_name((enum kube_written_kind)kind) },
			{ "result", kube_result_name((enum kube_result)result) },
		};
		_cleanup_free_ char *text = series_labels(labels, ARRAY_SIZE(labels));

		series_count(out, "weir_kube_writes_total", text, counts->n[kind][result]);
	}
}

void prometheus_write_sources(FILE *out, const struct prometheus_input *input)
{
	series_metric(out, "weir_source_synced", "gauge",
		      "1 when all that the source holds was read without an error.");
	for (size_t i = 0; i < input->n_sources; i++) {
		const struct series_label label = { "source", input->sources[i].name };
		_cleanup_free_ char *text = series_labels(&label, 1);

		series_count(out, "weir_source_synced", text, input->sources[i].synced);
	}
	write_away(out, input);
	write_kube(out, &input->kube_writes);
}
