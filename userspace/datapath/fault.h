/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests: an upgrade that fails at a step, or is killed there, or waits until
 * it is continued. The variable is a step's name, or that and ":kill" or ":stop",
 * or several of these with commas between them.
 */
#ifndef WEIR_DATAPATH_FAULT_H
#define WEIR_DATAPATH_FAULT_H

#define FAULT_VARIABLE "WEIR_FAIL_UPGRADE"

int fault_at(const char *step); /* 0, -EIO, or never returns */

#endif
