/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to client*.c: a request on its way by libcurl. */
#ifndef WEIR_CLI_CLIENT_TRANSFER_H
#define WEIR_CLI_CLIENT_TRANSFER_H

#include <curl/curl.h>

#include "cli/client.h"

struct client_transfer {
	CURL *curl;
	struct curl_slist *headers;
	char *url;
};

/* All but what becomes of the answer, and how long it may take. To be freed in any case. */
int client_prepare(const struct request *request, struct client_transfer *ret, struct error *error);
void client_transfer_free(struct client_transfer *transfer); /* what it holds */
/* -EHOSTDOWN, with why in error. */
int client_unreachable(CURL *curl, CURLcode code, const char *socket, struct error *error);

#endif
