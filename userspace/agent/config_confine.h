/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_AGENT_CONFIG_CONFINE_H
#define WEIR_AGENT_CONFIG_CONFINE_H

#include "agent/agent.h"
#include "object/field.h"

void config_read_unconfined(const struct field *field, struct agent_config *config);

#endif
