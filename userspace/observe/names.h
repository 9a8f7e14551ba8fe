/* SPDX-License-Identifier: BSD-2-Clause */
/* What people and metrics call the numbers of include/weir. */
#ifndef WEIR_OBSERVE_NAMES_H
#define WEIR_OBSERVE_NAMES_H

#include "object/object.h"
#include "policy/words.h"
#include "weir/image.h"
#include "weir/maps.h"
#include "weir/reason.h"

const char *direction_text(enum weir_direction direction);    /* "ingress", "egress" */
const char *family_name(enum weir_family family);	      /* "IPv4", "IPv6" */
const char *interface_found_name(enum interface_found found); /* "annotation", "plugin", "route", ... */
const char *flow_table_name(enum weir_flow_table table);      /* "openings", "connections", "exchanges" */
const char *flow_state_name(enum weir_flow_state state);      /* "SYN_SENT"; "?" for a number that is none */
/* By name, in any case. False when there is none. */
bool flow_state_by_name(const char *name, enum weir_flow_state *ret);
/* The manifests' words. */
const char *policy_mode_name(enum policy_mode mode);		  /* "Enforce", "Audit" */
const char *policy_on_deny_name(enum policy_on_deny on_deny);	  /* "Drop", "Reject" */
const char *limit_name(enum limit_unit unit);			  /* "packetsPerSecond" */
const char *limit_scope_name(enum limit_scope scope);		  /* "Rule", "Identity", "Address" */
const char *limit_on_exceed_name(enum limit_on_exceed on_exceed); /* "Drop", "Mark", "Pace" */

#endif
