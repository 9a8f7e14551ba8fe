/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP requests by libcurl on a libuv loop: many at a time, none of which waits
 * in the way of anything else. Names are looked up by libcurl's own resolver
 * thread.
 */
#ifndef WEIR_BASE_TRANSFERS_H
#define WEIR_BASE_TRANSFERS_H

#include <curl/curl.h>
#include <uv.h>

#include "base/error.h"

struct transfers;

int transfers_open(uv_loop_t *loop, struct transfers **ret, struct error *error);
/* No transfer may be under way. Its handles are closed by the loop, which frees it with the last of them. */
void transfers_close(struct transfers *transfers);

/* Starts easy, which stays the caller's. done is called once, from the loop, and may start it again. */
void transfers_start(struct transfers *transfers, CURL *easy, void (*done)(void *data, CURLcode result), void *data);
/* Without a call of done; one that isn't under way is left alone. */
void transfers_stop(struct transfers *transfers, CURL *easy);

#endif
