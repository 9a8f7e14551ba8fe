/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to config.c. The settings of where events are sent, and which. */
#ifndef WEIR_AGENT_CONFIG_OTLP_H
#define WEIR_AGENT_CONFIG_OTLP_H

#include "agent/otlp.h"
#include "object/field.h"

void config_read_choice(const struct field *field, enum event_log_choice *target);
void config_read_otlp(const struct field *field, struct otlp_config *target);

#endif
