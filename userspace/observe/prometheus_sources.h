/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of the metrics that is about where objects come from. */
#ifndef WEIR_OBSERVE_PROMETHEUS_SOURCES_H
#define WEIR_OBSERVE_PROMETHEUS_SOURCES_H

#include <stdio.h>

#include "observe/prometheus.h"

void prometheus_write_sources(FILE *out, const struct prometheus_input *input);

#endif
