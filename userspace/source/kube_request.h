/* SPDX-License-Identifier: BSD-2-Clause */
/* What every request to the API server has in common: by which authority and as whom it is made. */
#ifndef WEIR_SOURCE_KUBE_REQUEST_H
#define WEIR_SOURCE_KUBE_REQUEST_H

#include <curl/curl.h>

#include "source/kube_config.h"

#define KUBE_CONNECT_SECONDS 10L

/* The config must live as long. */
void kube_request_init(CURL *easy, const struct kube_config *config);
/* With the token as it is now; the caller frees. */
struct curl_slist *kube_request_headers(const struct kube_config *config);

#endif
