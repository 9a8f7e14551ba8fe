// SPDX-License-Identifier: BSD-2-Clause
#include "cli/client_lines.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cli/client_transfer.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)

struct taking {
	const struct client_lines *lines;
	CURL *curl;
	char *text; /* of a line that is not whole yet, or of an error's answer */
	size_t length;
	bool enough;
};

static long status_of(CURL *curl)
{
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static void append(struct taking *taking, const char *data, size_t n)
{
	taking->text = xrealloc(taking->text, taking->length + n + 1, 1);
	memcpy(taking->text + taking->length, data, n);
	taking->length += n;
	taking->text[taking->length] = '\0';
}

static size_t receive(char *data, size_t size, size_t n, void *to)
{
	struct taking *taking = to;
	const size_t all = size * n;
	size_t rest = all;
	char *newline;

	if (taking->length + all > LINE_MAX_BYTES)
		return 0;
	if (status_of(taking->curl) >= 400) {
		append(taking, data, all);
		return all;
	}
	while ((newline = memchr(data, '\n', rest))) {
		append(taking, data, (size_t)(newline - data));
		taking->lines->take(taking->lines->data, taking->text);
		taking->length = 0;
		rest -= (size_t)(newline - data) + 1;
		data = newline + 1;
	}
	append(taking, data, rest);
	taking->enough = !taking->lines->pause(taking->lines->data);
	return taking->enough ? 0 : all;
}

/* libcurl calls this about once a second. */
static int look(void *to, curl_off_t to_come, curl_off_t came, curl_off_t to_go, curl_off_t gone)
{
	struct taking *taking = to;

	taking->enough = taking->enough || !taking->lines->pause(taking->lines->data);
	return taking->enough;
}

static int refused(const struct taking *taking, const struct request *request, struct error *error)
{
	json_auto_t *json = taking->text ? json_loads(taking->text, 0, NULL) : NULL;
	const char *why = json_string_value(json_object_get(json, "error"));

	if (why)
		return error_set(error, -EREMOTEIO, "%s", why);
	return error_set(error, -EREMOTEIO, "%s %s: the agent answers with status %ld", request->method, request->path,
			 status_of(taking->curl));
}

static int perform(struct taking *taking, const struct request *request, struct error *error)
{
	CURL *curl = taking->curl;
	CURLcode code;

	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, taking);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, taking);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	code = curl_easy_perform(curl);
	if (taking->enough)
		return 0;
	if (status_of(curl) >= 400)
		return refused(taking, request, error);
	if (code == CURLE_OK && !taking->lines->follows)
		return 0;
	if (status_of(curl))
		return error_set(error, -EHOSTDOWN,
				 "the agent at %s has gone: it ended, or closed the connection "
				 "(enforcement goes on; ask again when it is back)",
				 request->socket);
	return client_unreachable(curl, code, request->socket, error);
}

int client_lines(const struct request *request, const struct client_lines *lines, struct error *error)
{
	struct client_transfer transfer _cleanup_(client_transfer_free) = {};
	struct taking taking = { .lines = lines };
	int r = client_prepare(request, &transfer, error);

	if (r < 0)
		return r;
	taking.curl = transfer.curl;
	r = perform(&taking, request, error);
	free(taking.text);
	return r;
}
