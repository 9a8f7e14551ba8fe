/* SPDX-License-Identifier: BSD-2-Clause */
/* libcurl's multi interface on the event loop: no thread, and nothing that waits. */
#ifndef WEIR_AGENT_CURL_LOOP_H
#define WEIR_AGENT_CURL_LOOP_H

#include <curl/curl.h>
#include <uv.h>

struct curl_loop;

/* done is told of every transfer that has ended, and may start the next. NULL when libcurl has no memory. */
struct curl_loop *curl_loop_start(uv_loop_t *loop, void (*done)(void *data, CURL *easy, CURLcode code), void *data);
void curl_loop_add(struct curl_loop *loop, CURL *easy);
void curl_loop_remove(struct curl_loop *loop, CURL *easy); /* breaks it off */
/* Breaks off all transfers and closes the handles; freed when the loop has closed them. */
void curl_loop_stop(struct curl_loop *loop);

#endif
