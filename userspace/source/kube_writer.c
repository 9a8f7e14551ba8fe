// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/vec.h"
#include "source/kube_pace.h"
#include "source/kube_request.h"

#define ANSWER_SECONDS 20L
#define ANSWER_MAX     (64u << 10) /* bytes that are looked at */

struct kube_writer {
	const struct kube_config *config;
	uv_loop_t *loop;
	struct transfers *transfers;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	VEC(char) answer;
	char why[CURL_ERROR_SIZE];
	enum kube_written_kind kind;
	struct kube_pace pace;
	struct kube_write_counts counts;
	void (*done)(void *data, enum kube_result result, const char *message); /* NULL: nothing is on its way */
	void *data;
};

const char *kube_result_name(enum kube_result result)
{
	static const char *const names[] = {
		[KUBE_WRITTEN] = "written",	[KUBE_CONFLICT] = "conflict", [KUBE_MISSING] = "missing",
		[KUBE_FORBIDDEN] = "forbidden", [KUBE_REFUSED] = "refused",   [KUBE_RETRIED] = "retried",
	};

	return names[result];
}

const char *kube_written_kind_name(enum kube_written_kind kind)
{
	return kind == KUBE_EVENT ? "event" : "status";
}

void kube_write_free(struct kube_write *write)
{
	free(write->path);
	json_decref(write->body);
	*write = (struct kube_write){};
}

static enum kube_result result_of(CURLcode code, long status)
{
	if (code != CURLE_OK || status >= 500 || status == 401 || status == 408 || status == 429)
		return KUBE_RETRIED;
	if (status >= 200 && status < 300)
		return KUBE_WRITTEN;
	if (status == 403)
		return KUBE_FORBIDDEN;
	return status == 404 ? KUBE_MISSING : status == 409 ? KUBE_CONFLICT : KUBE_REFUSED;
}

/* Of a Status object; the caller frees. */
static char *message_of(struct kube_writer *writer, CURLcode code, long status)
{
	json_auto_t *json = NULL;
	const char *message;

	if (code != CURLE_OK)
		return xstrdup(*writer->why ? writer->why : curl_easy_strerror(code));
	if (status < 300)
		return xstrdup("");
	json = json_loadb(writer->answer.items ?: "", writer->answer.n, 0, NULL);
	message = json_string_value(json_object_get(json, "message"));
	return xasprintf("the API server answers %ld%s%.300s", status, message ? ": " : "", message ?: "");
}

static void note_pace(struct kube_writer *writer, enum kube_result result)
{
	curl_off_t retry_after = 0;
	uint32_t random = 0;

	if (result != KUBE_RETRIED) {
		kube_pace_succeeded(&writer->pace);
		return;
	}
	curl_easy_getinfo(writer->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)uv_hrtime();
	kube_pace_failed(&writer->pace, uv_now(writer->loop), retry_after > 0 ? (uint64_t)retry_after : 0, random);
}

static void on_done(void *data, CURLcode code)
{
	struct kube_writer *writer = data;
	__typeof__(writer->done) done = writer->done;
	_cleanup_free_ char *message = NULL;
	enum kube_result result;
	long status = 0;

	curl_easy_getinfo(writer->easy, CURLINFO_RESPONSE_CODE, &status);
	result = result_of(code, status);
	message = message_of(writer, code, status);
	writer->counts.n[writer->kind][result]++;
	note_pace(writer, result);
	curl_slist_free_all(TAKE_PTR(writer->headers));
	free(TAKE_PTR(writer->body));
	writer->done = NULL;
	done(writer->data, result, message);
}

static size_t on_data(char *data, size_t size, size_t n, void *of)
{
	struct kube_writer *writer = of;

	for (size_t i = 0; i < size * n && writer->answer.n < ANSWER_MAX; i++)
		vec_push(&writer->answer, data[i]);
	return size * n;
}

int kube_writer_open(uv_loop_t *loop, struct transfers *transfers, const struct kube_config *config,
		     struct kube_writer **ret, struct error *error)
{
	struct kube_writer *writer;
	CURL *easy = curl_easy_init();

	if (!easy)
		return error_set(error, -ENOMEM, "libcurl does not start");
	writer = new0(struct kube_writer);
	*writer = (struct kube_writer){ .config = config, .loop = loop, .transfers = transfers, .easy = easy };
	kube_request_init(easy, config);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, ANSWER_SECONDS);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, writer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, writer->why);
	*ret = writer;
	return 0;
}

void kube_writer_close(struct kube_writer *writer)
{
	if (!writer)
		return;
	transfers_stop(writer->transfers, writer->easy);
	curl_easy_cleanup(writer->easy);
	curl_slist_free_all(writer->headers);
	free(writer->body);
	vec_free(&writer->answer);
	free(writer);
}

uint64_t kube_writer_wait(const struct kube_writer *writer)
{
	return writer->done ? UINT64_MAX : kube_pace_wait(&writer->pace, uv_now(writer->loop));
}

static void set_body(struct kube_writer *writer, const struct kube_write *write)
{
	_cleanup_free_ char *type = xasprintf("Content-Type: %s", write->content_type ?: "application/json");

	writer->headers = kube_request_headers(writer->config);
	writer->headers = curl_slist_append(writer->headers, "Expect:");
	if (write->body) {
		writer->headers = curl_slist_append(writer->headers, type);
		writer->body = json_dumps(write->body, JSON_COMPACT);
		curl_easy_setopt(writer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(writer->body));
		curl_easy_setopt(writer->easy, CURLOPT_POSTFIELDS, writer->body);
	} else {
		curl_easy_setopt(writer->easy, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(writer->easy, CURLOPT_CUSTOMREQUEST, write->method);
	curl_easy_setopt(writer->easy, CURLOPT_HTTPHEADER, writer->headers);
}

void kube_writer_send(struct kube_writer *writer, struct kube_write *write,
		      void (*done)(void *data, enum kube_result result, const char *message), void *data)
{
	_cleanup_free_ char *url = xasprintf("%s%s", writer->config->server, write->path);

	writer->kind = write->kind;
	writer->done = done;
	writer->data = data;
	writer->why[0] = '\0';
	writer->answer.n = 0;
	curl_easy_setopt(writer->easy, CURLOPT_URL, url);
	set_body(writer, write);
	kube_write_free(write);
	kube_pace_take(&writer->pace, uv_now(writer->loop));
	transfers_start(writer->transfers, writer->easy, on_done, writer);
}

const struct kube_write_counts *kube_writer_counts(const struct kube_writer *writer)
{
	return &writer->counts;
}
