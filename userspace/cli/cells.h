/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells of `weir get` that are no field of an item as it is, other than those of flows and limits. The caller frees. */
#ifndef WEIR_CLI_CELLS_H
#define WEIR_CLI_CELLS_H

#include <jansson.h>

/* Any JSON value as a cell: lists by commas, objects as key=value. NULL for nothing. */
char *cell_text(const json_t *value);

char *cell_age(const json_t *item);	      /* since its "since" */
char *cell_origin(const json_t *item);	      /* its source, and which others have one of its name */
char *cell_kind(const json_t *item);	      /* "netpol": as short as the CLI takes it */
char *cell_labels(const json_t *item);	      /* of an identity; the name of one that is built in */
char *cell_service_ports(const json_t *item); /* "80/TCP,53/UDP" */
char *cell_backends(const json_t *item);      /* how many answer: "2", or by port where they are not the same, "2,0" */
char *cell_backend_list(const json_t *item);  /* "80/TCP: shop/web-1:8080, shop/web-2:8080" */

#endif
