/* SPDX-License-Identifier: BSD-2-Clause */
/* Kubernetes quantities: 100, 0.5, 500m, 10k, 5Mi, 1e3. */
#ifndef WEIR_OBJECT_QUANTITY_H
#define WEIR_OBJECT_QUANTITY_H

#include <stdint.h>

/*
 * In thousandths, rounded up as Kubernetes does. -EINVAL when text is no
 * quantity, -ERANGE when it is negative or beyond what fits.
 */
int quantity_parse(const char *text, uint64_t *ret_milli);

#endif
