// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_conversation.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

#define CONNECT_SECONDS 10L
#define LIST_SECONDS	120L
#define WATCH_SECONDS	240u /* and up to twice that, so that not all end together */
#define SILENCE_SECONDS 150L /* the server sends a bookmark every minute or so */
#define ABSENT_MS	10000u
#define BACKOFF_MS	500u
#define BACKOFF_MAX_MS	30000u
#define SHORT_WATCH_MS	1000u
#define LONG_WATCH_MS	2000u /* all was well meanwhile */
#define UNANSWERED_MS	30000 /* what was sent is acknowledged by then, or the connection is gone */
#define TOKEN_MAX	(64u << 10)
#define MS_PER_SECOND	1000u

static void ask(struct kube_conversation *conversation);

static unsigned random_below(unsigned n)
{
	unsigned value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) < 0)
		return 0;
	return value % n;
}

static void on_pause(uv_timer_t *timer)
{
	ask(timer->data);
}

static uint64_t backoff(const struct kube_conversation *conversation)
{
	const unsigned failures = conversation->reflector.failures;
	const unsigned doublings = failures > 10 ? 10 : failures;
	uint64_t most = (uint64_t)BACKOFF_MS << doublings;

	if (most > BACKOFF_MAX_MS)
		most = BACKOFF_MAX_MS;
	return most / 2 + random_below((unsigned)most / 2);
}

static uint64_t pause_before(struct kube_conversation *conversation, enum kube_next next)
{
	curl_off_t retry_after = 0;

	curl_easy_getinfo(conversation->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (next == KUBE_RARELY)
		return ABSENT_MS + random_below(ABSENT_MS);
	if (next == KUBE_LATER && retry_after > 0 && retry_after * MS_PER_SECOND <= BACKOFF_MAX_MS)
		return (uint64_t)retry_after * MS_PER_SECOND + random_below(MS_PER_SECOND);
	if (next == KUBE_LATER)
		return backoff(conversation);
	/* A server that ends each watch as soon as it begins is not asked without a pause. */
	if (conversation->watched && uv_now(conversation->pause.loop) - conversation->begun < SHORT_WATCH_MS)
		return SHORT_WATCH_MS / 2 + random_below(SHORT_WATCH_MS);
	return 0;
}

/* Watches that end now and then, however they do, are not one long outage, even if nothing ever happens in them. */
static void forget_failures(struct kube_conversation *conversation, long status)
{
	struct kube_reflector *reflector = &conversation->reflector;

	if (status == 200 && conversation->watched &&
	    uv_now(conversation->pause.loop) - conversation->begun >= LONG_WATCH_MS)
		reflector->failures = 0;
}

static void on_done(void *data, CURLcode result)
{
	struct kube_conversation *conversation = data;
	struct kube_reflector *reflector = &conversation->reflector;
	const bool was_synced = reflector->synced, was_wrong = *reflector->fault.text;
	enum kube_next next;
	long status = 0;

	curl_easy_getinfo(conversation->easy, CURLINFO_RESPONSE_CODE, &status);
	forget_failures(conversation, status);
	next = kube_reflector_end(reflector, status,
				  result == CURLE_OK   ? NULL
				  : *conversation->why ? conversation->why
						       : curl_easy_strerror(result));
	curl_slist_free_all(TAKE_PTR(conversation->headers));
	if (kube_mirror_changed(&reflector->mirror) || reflector->synced != was_synced || was_wrong ||
	    *reflector->fault.text)
		conversation->setup.changed(conversation->setup.data);
	uv_timer_start(&conversation->pause, on_pause, pause_before(conversation, next), 0);
}

static size_t on_data(char *data, size_t size, size_t n, void *of)
{
	struct kube_conversation *conversation = of;
	struct kube_reflector *reflector = &conversation->reflector;
	long status = 0;

	curl_easy_getinfo(conversation->easy, CURLINFO_RESPONSE_CODE, &status);
	if (kube_reflector_feed(reflector, status, data, size * n) < 0)
		return 0;
	/* A list is told when it is whole, an event at once. */
	if (reflector->phase == KUBE_WATCH && kube_mirror_changed(&reflector->mirror))
		conversation->setup.changed(conversation->setup.data);
	return size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *of)
{
	struct kube_conversation *conversation = of;
	const bool is_last = size * n == 2 && memcmp(data, "\r\n", 2) == 0;
	long status = 0;

	curl_easy_getinfo(conversation->easy, CURLINFO_RESPONSE_CODE, &status);
	if (is_last && kube_reflector_answered(&conversation->reflector, status))
		conversation->setup.changed(conversation->setup.data);
	return size * n;
}

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

static void set_options(struct kube_conversation *conversation)
{
	struct kube_config *config = conversation->setup.config;
	CURL *easy = conversation->easy;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 15L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "weir");
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, conversation);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, conversation);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, conversation->why);
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

static void set_headers(struct kube_conversation *conversation)
{
	_cleanup_free_ char *token = read_token(conversation->setup.config);
	_cleanup_free_ char *authorization = token ? xasprintf("Authorization: Bearer %s", token) : NULL;

	conversation->headers = curl_slist_append(NULL, "Accept: application/json");
	if (authorization)
		conversation->headers = curl_slist_append(conversation->headers, authorization);
	curl_easy_setopt(conversation->easy, CURLOPT_HTTPHEADER, conversation->headers);
}

static void ask(struct kube_conversation *conversation)
{
	const unsigned seconds = WATCH_SECONDS + random_below(WATCH_SECONDS);
	const bool watches = conversation->reflector.phase == KUBE_WATCH;
	_cleanup_free_ char *path = kube_reflector_ask(&conversation->reflector, seconds);
	_cleanup_free_ char *url = xasprintf("%s%s", conversation->setup.config->server, path);

	conversation->watched = watches;
	conversation->begun = uv_now(conversation->pause.loop);
	conversation->why[0] = '\0';
	curl_easy_setopt(conversation->easy, CURLOPT_URL, url);
	curl_easy_setopt(conversation->easy, CURLOPT_TIMEOUT, watches ? (long)seconds + CONNECT_SECONDS : LIST_SECONDS);
	set_headers(conversation);
	transfers_start(conversation->transfers, conversation->easy, on_done, conversation);
}

int kube_conversation_init(struct kube_conversation *conversation, const struct kube_conversation_setup *setup,
			   struct error *error)
{
	conversation->setup = *setup;
	kube_reflector_init(&conversation->reflector, setup->kind);
	conversation->easy = curl_easy_init();
	if (!conversation->easy)
		return error_set(error, -ENOMEM, "libcurl does not start");
	set_options(conversation);
	return 0;
}

void kube_conversation_start(struct kube_conversation *conversation, uv_loop_t *loop, struct transfers *transfers)
{
	conversation->transfers = transfers;
	uv_timer_init(loop, &conversation->pause);
	conversation->pause.data = conversation;
	ask(conversation);
}

void kube_conversation_stop(struct kube_conversation *conversation)
{
	transfers_stop(conversation->transfers, conversation->easy);
	uv_close((uv_handle_t *)&conversation->pause, NULL);
}

void kube_conversation_free(struct kube_conversation *conversation)
{
	curl_easy_cleanup(conversation->easy);
	curl_slist_free_all(conversation->headers);
	kube_reflector_free(&conversation->reflector);
}
