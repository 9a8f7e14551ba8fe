// SPDX-License-Identifier: BSD-2-Clause
#include "cli/client_stream.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "cli/client_transfer.h"

#define REFUSAL_MAX  ((size_t)64 << 10)
#define WAIT_MS	     1000
#define STATUS_ERROR 400

struct stream {
	const struct stream_sink *sink;
	struct client_transfer transfer;
	long status;
	struct reply refusal;
	bool enough;
	curl_socket_t socket;
};

static size_t receive(char *bytes, size_t size, size_t n, void *to)
{
	struct stream *stream = to;
	struct reply *refusal = &stream->refusal;

	if (!stream->status)
		curl_easy_getinfo(stream->transfer.curl, CURLINFO_RESPONSE_CODE, &stream->status);
	if (stream->status < STATUS_ERROR) {
		stream->enough = !stream->sink->take(stream->sink->data, bytes, size * n);
		return stream->enough ? 0 : size * n;
	}
	if (refusal->length + size * n > REFUSAL_MAX)
		return 0;
	refusal->text = xrealloc(refusal->text, refusal->length + size * n, 1);
	memcpy(refusal->text + refusal->length, bytes, size * n);
	refusal->length += size * n;
	return size * n;
}

static int note_socket(void *data, curl_socket_t socket, curlsocktype purpose)
{
	((struct stream *)data)->socket = socket;
	return CURL_SOCKOPT_OK;
}

/* How often somebody has interrupted since the last look. */
static unsigned interruptions(int signals)
{
	struct signalfd_siginfo info;
	unsigned n = 0;

	while (read(signals, &info, sizeof(info)) == sizeof(info))
		n++;
	return n;
}

/* The result of the transfer when it is over. */
static bool is_over(CURLM *multi, CURLcode *ret_code)
{
	int left;
	const CURLMsg *message = curl_multi_info_read(multi, &left);

	if (!message || message->msg != CURLMSG_DONE)
		return false;
	*ret_code = message->data.result;
	return true;
}

static CURLcode run(const struct stream *stream, CURLM *multi, int signals)
{
	struct curl_waitfd wait = { .fd = signals, .events = CURL_WAIT_POLLIN };
	unsigned interrupted = 0;
	CURLcode code;
	int running;

	for (;;) {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		if (is_over(multi, &code))
			return code;
		curl_multi_poll(multi, &wait, 1, WAIT_MS, NULL);
		const unsigned now = interruptions(signals);
		if (now && !interrupted && stream->socket != CURL_SOCKET_BAD)
			shutdown(stream->socket, SHUT_WR);
		interrupted += now;
		if (interrupted > 1)
			return CURLE_ABORTED_BY_CALLBACK;
	}
}

static int refused(const struct stream *stream, const struct request *request, struct error *error)
{
	json_auto_t *json = json_loadb(stream->refusal.text ?: "", stream->refusal.length, 0, NULL);
	const char *why = json_string_value(json_object_get(json, "error"));

	if (why)
		return error_set(error, -EREMOTEIO, "%s", why);
	return error_set(error, -EREMOTEIO, "%s %s: the agent answers with status %ld", request->method, request->path,
			 stream->status);
}

static int result(const struct stream *stream, const struct request *request, CURLcode code, struct error *error)
{
	if (stream->status >= STATUS_ERROR)
		return refused(stream, request, error);
	if (code == CURLE_OK || stream->enough)
		return 0;
	if (!stream->status)
		return client_unreachable(stream->transfer.curl, code, request->socket, error);
	return error_set(error, -ECONNABORTED, "the agent's answer breaks off: %s", curl_easy_strerror(code));
}

static int read_all(struct stream *stream, const struct request *request, int signals, struct error *error)
{
	CURLM *multi = curl_multi_init();
	CURLcode code;

	if (!multi || curl_multi_add_handle(multi, stream->transfer.curl) != CURLM_OK) {
		curl_multi_cleanup(multi);
		return error_set(error, -ENOMEM, "can't ask the agent: libcurl does not start");
	}
	curl_easy_setopt(stream->transfer.curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(stream->transfer.curl, CURLOPT_WRITEDATA, stream);
	curl_easy_setopt(stream->transfer.curl, CURLOPT_SOCKOPTFUNCTION, note_socket);
	curl_easy_setopt(stream->transfer.curl, CURLOPT_SOCKOPTDATA, stream);
	code = run(stream, multi, signals);
	if (!stream->status)
		curl_easy_getinfo(stream->transfer.curl, CURLINFO_RESPONSE_CODE, &stream->status);
	curl_multi_remove_handle(multi, stream->transfer.curl);
	curl_multi_cleanup(multi);
	return result(stream, request, code, error);
}

int client_stream(const struct request *request, const struct stream_sink *sink, struct error *error)
{
	struct stream stream = { .sink = sink, .socket = CURL_SOCKET_BAD };
	sigset_t watched, before;
	int r = client_prepare(request, &stream.transfer, error);

	if (r) {
		client_transfer_free(&stream.transfer);
		return r;
	}
	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigprocmask(SIG_BLOCK, &watched, &before);
	_cleanup_close_ int signals = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
	r = signals < 0 ? error_set(error, -errno, "signals can't be watched for: %s", strerror(errno))
			: read_all(&stream, request, signals, error);
	sigprocmask(SIG_SETMASK, &before, NULL);
	client_transfer_free(&stream.transfer);
	reply_free(&stream.refusal);
	return r;
}
