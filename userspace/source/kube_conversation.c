// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_conversation.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "source/kube_request.h"

#define LIST_SECONDS	120L
#define WATCH_SECONDS	240u /* and up to twice that, so that not all end together */
#define SILENCE_SECONDS 150L /* the server sends a bookmark every minute or so */
#define ABSENT_MS	10000u
#define BACKOFF_MS	500u
#define BACKOFF_MAX_MS	30000u
#define SHORT_WATCH_MS	1000u
#define LONG_WATCH_MS	2000u /* all was well meanwhile */
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

static void set_options(struct kube_conversation *conversation)
{
	CURL *easy = conversation->easy;

	kube_request_init(easy, conversation->setup.config);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, conversation);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, conversation);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, conversation->why);
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
	curl_easy_setopt(conversation->easy, CURLOPT_TIMEOUT,
			 watches ? (long)seconds + KUBE_CONNECT_SECONDS : LIST_SECONDS);
	conversation->headers = kube_request_headers(conversation->setup.config);
	curl_easy_setopt(conversation->easy, CURLOPT_HTTPHEADER, conversation->headers);
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
