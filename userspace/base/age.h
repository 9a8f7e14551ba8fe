/* SPDX-License-Identifier: BSD-2-Clause */
/* How long something lasts, in the two largest units that people would say. */
#ifndef WEIR_BASE_AGE_H
#define WEIR_BASE_AGE_H

char *age_text(long long seconds); /* "3 d 4 h", "2 h 5 min", "3 min", "12 s"; the caller frees */

#endif
