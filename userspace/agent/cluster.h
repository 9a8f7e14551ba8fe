/* SPDX-License-Identifier: BSD-2-Clause */
/* What the Kubernetes API is told of its policies, and how that goes. */
#ifndef WEIR_AGENT_CLUSTER_H
#define WEIR_AGENT_CLUSTER_H

#include <jansson.h>

#include "agent/core.h"

/* The source that is the Kubernetes API; NULL: there is none. */
const struct source *cluster_source(const struct agent *agent);
/* After each change of the sources and of what is in force. Costs nothing where there is nothing new. */
void cluster_tell(struct agent *agent);
/* {"writes", "waiting", "problems"}; null: nothing is told. */
json_t *cluster_json(const struct agent *agent);
/* Zeros: nothing is told. */
struct kube_write_counts cluster_counts(const struct agent *agent);
/* What can't be written, appended as warnings. */
void cluster_warnings(const struct agent *agent, json_t *list);

#endif
