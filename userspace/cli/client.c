// SPDX-License-Identifier: BSD-2-Clause
#include "cli/client_transfer.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "base/mem.h"

#define CONNECT_SECONDS 5L
#define ANSWER_SECONDS	300L /* a large policy takes the agent seconds, never minutes */

void reply_free(struct reply *reply)
{
	free(reply->text);
	*reply = (struct reply){ 0 };
}

static size_t receive(char *data, size_t size, size_t n, void *to)
{
	struct reply *reply = to;

	reply->text = xrealloc(reply->text, reply->length + size * n + 1, 1);
	memcpy(reply->text + reply->length, data, size * n);
	reply->length += size * n;
	reply->text[reply->length] = '\0';
	return size * n;
}

int client_unreachable(CURL *curl, CURLcode code, const char *socket, struct error *error)
{
	long os_error = 0;
	const char *advice = "";

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_error);
	if (os_error == ENOENT || os_error == ECONNREFUSED)
		advice = " (is weir agent running?)";
	else if (os_error == EACCES || os_error == EPERM)
		advice = " (run it as root or as a member of the group weir)";
	return error_set(error, -EHOSTDOWN, "can't reach the agent at %s: %s%s", socket,
			 code == CURLE_COULDNT_CONNECT && os_error ? strerror(os_error) : curl_easy_strerror(code),
			 advice);
}

static void set_options(struct client_transfer *transfer, const struct request *request)
{
	CURL *curl = transfer->curl;

	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->socket);
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever http_proxy says */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body));
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

int client_prepare(const struct request *request, struct client_transfer *ret, struct error *error)
{
	if (strlen(request->socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return error_set(error, -EHOSTDOWN, "can't reach the agent at %s: the path is too long for a socket",
				 request->socket);
	*ret = (struct client_transfer){
		.curl = curl_easy_init(),
		.headers = curl_slist_append(NULL, "Expect:"),
		.url = xasprintf("http://weir%s", request->path),
	};
	if (!ret->curl || !ret->headers)
		return error_set(error, -ENOMEM, "can't ask the agent: libcurl does not start");
	set_options(ret, request);
	return 0;
}

void client_transfer_free(struct client_transfer *transfer)
{
	curl_easy_cleanup(transfer->curl);
	curl_slist_free_all(transfer->headers);
	free(transfer->url);
	*transfer = (struct client_transfer){};
}

int client_send(const struct request *request, struct reply *ret, struct error *error)
{
	struct client_transfer transfer _cleanup_(client_transfer_free) = {};
	struct reply reply _cleanup_(reply_free) = { .text = xstrdup("") };
	int r = client_prepare(request, &transfer, error);
	CURLcode code;

	if (r < 0)
		return r;
	curl_easy_setopt(transfer.curl, CURLOPT_TIMEOUT, request->seconds ?: ANSWER_SECONDS);
	curl_easy_setopt(transfer.curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(transfer.curl, CURLOPT_WRITEDATA, &reply);
	code = curl_easy_perform(transfer.curl);
	if (code != CURLE_OK)
		return client_unreachable(transfer.curl, code, request->socket, error);
	curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &reply.status);

	*ret = reply;
	reply = (struct reply){ 0 };
	return 0;
}

int client_call(const struct request *request, json_t **ret_json, struct error *error)
{
	struct reply reply _cleanup_(reply_free) = { 0 };
	json_auto_t *json = NULL;
	const char *why;
	int r;

	r = client_send(request, &reply, error);
	if (r)
		return r;
	json = json_loadb(reply.text, reply.length, 0, NULL);
	if (reply.status >= 400) {
		why = json_string_value(json_object_get(json, "error"));
		if (json_is_object(json))
			*ret_json = TAKE_PTR(json);
		if (why)
			return error_set(error, -EREMOTEIO, "%s", why);
		return error_set(error, -EREMOTEIO, "%s %s: the agent answers with status %ld", request->method,
				 request->path, reply.status);
	}
	if (!json_is_object(json))
		return error_set(error, -EPROTO,
				 "%s %s: the answer is no JSON object (is %s the socket of weir agent?)",
				 request->method, request->path, request->socket);
	*ret_json = TAKE_PTR(json);
	return 0;
}

int client_get(const char *socket, const char *path, json_t **ret_json, struct error *error)
{
	const struct request request = { .socket = socket, .method = "GET", .path = path };

	return client_call(&request, ret_json, error);
}

char *client_path(const char *path, const struct query *query)
{
	char *whole = xstrdup(path), *longer, *escaped;
	const char *mark = "?";

	for (; query->name; query++) {
		if (!query->value)
			continue;
		escaped = curl_easy_escape(NULL, query->value, 0);
		longer = xasprintf("%s%s%s=%s", whole, mark, query->name, escaped ?: "");
		curl_free(escaped);
		free(whole);
		whole = longer;
		mark = "&";
	}
	return whole;
}
