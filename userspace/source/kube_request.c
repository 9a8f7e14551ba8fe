// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_request.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

#define UNANSWERED_MS 30000 /* what was sent is acknowledged by then, or the connection is gone */
#define TOKEN_MAX     (64u << 10)

static int on_socket(void *data, curl_socket_t socket, curlsocktype purpose)
{
	const unsigned ms = UNANSWERED_MS;

	setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

static void set_blob(CURL *easy, CURLoption option, char *pem)
{
	struct curl_blob blob = { .data = pem, .len = pem ? strlen(pem) : 0, .flags = CURL_BLOB_NOCOPY };

	if (pem)
		curl_easy_setopt(easy, option, &blob);
}

void kube_request_init(CURL *easy, const struct kube_config *config)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, KUBE_CONNECT_SECONDS);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 15L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "weir");
	if (config->proxy)
		curl_easy_setopt(easy, CURLOPT_PROXY, config->proxy);
	if (config->insecure) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	set_blob(easy, CURLOPT_CAINFO_BLOB, config->ca);
	set_blob(easy, CURLOPT_SSLCERT_BLOB, config->cert);
	set_blob(easy, CURLOPT_SSLKEY_BLOB, config->key);
}

/* Kubernetes replaces the token of a service account from time to time. */
static char *read_token(const struct kube_config *config)
{
	char *token = NULL;
	size_t length;

	if (!config->token_file)
		return xstrdup(config->token);
	if (file_read(config->token_file, TOKEN_MAX, &token, &length) < 0)
		return NULL;
	token[strcspn(token, "\r\n")] = '\0';
	return token;
}

struct curl_slist *kube_request_headers(const struct kube_config *config)
{
	_cleanup_free_ char *token = read_token(config);
	_cleanup_free_ char *authorization = token ? xasprintf("Authorization: Bearer %s", token) : NULL;
	struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");

	return authorization ? curl_slist_append(headers, authorization) : headers;
}
