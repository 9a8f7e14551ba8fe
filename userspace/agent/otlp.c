// SPDX-License-Identifier: BSD-2-Clause
#include "agent/otlp.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "agent/events.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "base/transfers.h"
#include "observe/otlp_json.h"
#include "version.h"

#define GATHER_MS	  1000u /* what comes together is sent together */
#define BATCH		  512u
#define CONNECT_MS	  5000L
#define ANSWER_MS	  10000L
#define PAUSE_MS	  1000u
#define PAUSE_MS_MAX	  60000u
#define RETRY_AFTER_S_MAX 300u
#define ANSWER_MAX	  ((size_t)16 << 10)

struct otlp {
	const struct otlp_config *config;
	struct events *events;
	struct otlp_resource resource;
	char host[HOST_NAME_MAX + 1];
	struct history_cursor cursor;
	uint64_t passed[HISTORY_KINDS]; /* events to be sent that were taken from the history, or lost to it */
	struct transfers *transfers;
	CURL *easy;
	struct curl_slist *headers;
	uv_timer_t timer; /* to the next request */
	char *body;	  /* of the request that the collector has not taken yet, or NULL */
	size_t n_body;	  /* records in it */
	bool busy;	  /* it is on its way */
	unsigned failures;
	struct otlp_counts *counts;
	char answer[ANSWER_MAX + 1];
	size_t n_answer;
};

uint64_t otlp_pause_ms(unsigned failures, uint64_t retry_after_s, uint32_t random)
{
	const unsigned doublings = failures < 7 ? failures : 7;
	uint64_t longest = (uint64_t)PAUSE_MS << (doublings ? doublings - 1 : 0);

	if (retry_after_s)
		return (retry_after_s < RETRY_AFTER_S_MAX ? retry_after_s : RETRY_AFTER_S_MAX) * 1000;
	if (longest > PAUSE_MS_MAX)
		longest = PAUSE_MS_MAX;
	/* Not all nodes of a cluster come back to their collector at once. */
	return longest / 2 + (longest / 2 * random >> 32);
}

bool otlp_is_temporary(long status)
{
	return status == 429 || status == 502 || status == 503 || status == 504;
}

/* --- a request --------------------------------------------------------------- */

static void on_done(void *data, CURLcode code);

/* Of each ring the oldest go first, whether taken or overwritten: what was overwritten and not taken is lost. */
void otlp_count_dropped(struct otlp *otlp)
{
	uint64_t overwritten[HISTORY_KINDS] = {};

	for (enum event_type type = EVENT_NONE + 1; otlp && type < EVENT_TYPES_END; type++) {
		const struct event event = { .type = type };

		if (event_log_chooses(otlp->config->events, &event))
			overwritten[history_kind(&event)] += otlp->events->history.overwritten[type];
	}
	for (int kind = 0; otlp && kind < HISTORY_KINDS; kind++) {
		if (overwritten[kind] <= otlp->passed[kind])
			continue;
		otlp->counts->dropped += overwritten[kind] - otlp->passed[kind];
		otlp->passed[kind] = overwritten[kind];
	}
}

static void gather(struct otlp *otlp)
{
	json_t *request = otlp_request(&otlp->resource);
	const uint64_t now = timestamp_now();
	const struct event *event;

	otlp_count_dropped(otlp);
	history_lost(&otlp->events->history, &otlp->cursor);
	while (otlp_n_records(request) < BATCH && (event = history_next(&otlp->events->history, &otlp->cursor))) {
		if (!event_log_chooses(otlp->config->events, event))
			continue;
		otlp_add(request, event, now);
		otlp->passed[history_kind(event)]++;
	}
	otlp->n_body = otlp_n_records(request);
	otlp->body = otlp->n_body ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
}

static void send_next(struct otlp *otlp)
{
	if (!otlp->body)
		gather(otlp);
	if (!otlp->body)
		return;
	otlp->n_answer = 0;
	curl_easy_setopt(otlp->easy, CURLOPT_POSTFIELDS, otlp->body);
	curl_easy_setopt(otlp->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(otlp->body));
	otlp->busy = true;
	transfers_start(otlp->transfers, otlp->easy, on_done, otlp);
}

static void on_timer(uv_timer_t *timer)
{
	send_next(timer->data);
}

static void on_event(void *data)
{
	struct otlp *otlp = data;

	if (!otlp->busy && !otlp->body && !uv_is_active((uv_handle_t *)&otlp->timer))
		uv_timer_start(&otlp->timer, on_timer, GATHER_MS, 0);
}

static size_t take_answer(char *data, size_t size, size_t n, void *to)
{
	struct otlp *otlp = to;
	const size_t room = ANSWER_MAX - otlp->n_answer, part = size * n < room ? size * n : room;

	memcpy(otlp->answer + otlp->n_answer, data, part);
	otlp->n_answer += part;
	return size * n; /* what is too long is not looked at, and no fault */
}

/* --- and what became of it --------------------------------------------------- */

/* Records that a collector says it has not taken, of those it has answered well. */
static size_t count_rejected(const struct otlp *otlp)
{
	json_t *answer = json_loadb(otlp->answer, otlp->n_answer, 0, NULL);
	const json_t *rejected = json_object_get(json_object_get(answer, "partialSuccess"), "rejectedLogRecords");
	/* Protobuf's JSON has 64-bit numbers as text, and must be read as either. */
	const long long n = json_is_string(rejected) ? strtoll(json_string_value(rejected), NULL, 10)
						     : json_integer_value(rejected);

	json_decref(answer);
	return n < 0 ? 0 : (size_t)n < otlp->n_body ? (size_t)n : otlp->n_body;
}

static void forget_body(struct otlp *otlp)
{
	free(otlp->body);
	otlp->body = NULL;
	otlp->n_body = 0;
}

static void succeed(struct otlp *otlp)
{
	const size_t rejected = count_rejected(otlp);

	if (otlp->failures)
		log_info("OTLP collector %s: takes events again", otlp->config->endpoint);
	if (rejected)
		log_warning("OTLP collector %s: refused %zu of %zu records", otlp->config->endpoint, rejected,
			    otlp->n_body);
	otlp->counts->sent += otlp->n_body - rejected;
	otlp->counts->dropped += rejected;
	otlp->failures = 0;
}

static void give_up(struct otlp *otlp, long status)
{
	if (!otlp->failures++)
		log_warning("OTLP collector %s: answers with status %ld: %zu records are dropped (check endpoint and "
			    "headers)",
			    otlp->config->endpoint, status, otlp->n_body);
	otlp->counts->dropped += otlp->n_body;
}

static void retry(struct otlp *otlp, CURLcode code, long status)
{
	curl_off_t retry_after = 0;
	uint32_t random = 0;

	if (!otlp->failures++ && code == CURLE_OK)
		log_warning("OTLP collector %s: answers with status %ld (it is tried again)", otlp->config->endpoint,
			    status);
	else if (otlp->failures == 1)
		log_warning("OTLP collector %s: %s (it is tried again)", otlp->config->endpoint,
			    curl_easy_strerror(code));
	if (code == CURLE_OK)
		curl_easy_getinfo(otlp->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint32_t)timestamp_now();
	otlp->counts->retries++;
	uv_timer_start(&otlp->timer, on_timer,
		       otlp_pause_ms(otlp->failures, retry_after > 0 ? (uint64_t)retry_after : 0, random), 0);
}

static void on_done(void *data, CURLcode code)
{
	struct otlp *otlp = data;
	long status = 0;
	bool was_full;

	otlp->busy = false;
	curl_easy_getinfo(otlp->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK || otlp_is_temporary(status)) {
		retry(otlp, code, status);
		return;
	}
	if (status >= 200 && status < 300)
		succeed(otlp);
	else
		give_up(otlp, status);
	was_full = otlp->n_body == BATCH && !otlp->failures;
	forget_body(otlp);
	uv_timer_start(&otlp->timer, on_timer, was_full ? 0 : GATHER_MS, 0);
}

/* --- begin and end ----------------------------------------------------------- */

static char *url_of(const char *endpoint)
{
	size_t length = strlen(endpoint);

	while (length && endpoint[length - 1] == '/')
		length--;
	return xasprintf("%.*s/v1/logs", (int)length, endpoint);
}

static int set_up_request(struct otlp *otlp)
{
	_cleanup_free_ char *url = url_of(otlp->config->endpoint);

	otlp->headers = curl_slist_append(NULL, "Content-Type: application/json");
	vec_for_each (header, &otlp->config->headers)
		otlp->headers = curl_slist_append(otlp->headers, *header);
	otlp->headers = curl_slist_append(otlp->headers, "Expect:");
	otlp->easy = curl_easy_init();
	if (!otlp->easy)
		return -ENOMEM;
	curl_easy_setopt(otlp->easy, CURLOPT_URL, url);
	curl_easy_setopt(otlp->easy, CURLOPT_HTTPHEADER, otlp->headers);
	curl_easy_setopt(otlp->easy, CURLOPT_PROXY, ""); /* whatever http_proxy says */
	curl_easy_setopt(otlp->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(otlp->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(otlp->easy, CURLOPT_TIMEOUT_MS, ANSWER_MS);
	curl_easy_setopt(otlp->easy, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
	curl_easy_setopt(otlp->easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(otlp->easy, CURLOPT_WRITEDATA, otlp);
	return 0;
}

int otlp_start(uv_loop_t *loop, const struct otlp_setting *setting, struct otlp **ret, struct error *error)
{
	struct otlp *otlp = new0(struct otlp);

	/* Without that, looking up a name would hold up the loop for seconds. */
	if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
		free(otlp);
		return error_set(error, -ENOTSUP, "OTLP: this libcurl can't look up names without waiting");
	}
	*otlp = (struct otlp){ .config = setting->config, .events = setting->events, .counts = setting->counts };
	if (gethostname(otlp->host, sizeof(otlp->host) - 1) < 0)
		strcpy(otlp->host, "localhost");
	otlp->resource = (struct otlp_resource){ WEIR_VERSION, otlp->host, setting->node };
	otlp->cursor = history_oldest(&setting->events->history);
	if (transfers_open(loop, &otlp->transfers, error) < 0 || set_up_request(otlp) < 0) {
		transfers_close(otlp->transfers);
		curl_slist_free_all(otlp->headers);
		free(otlp);
		return error_set(error, -ENOMEM, "OTLP: libcurl does not start");
	}
	uv_timer_init(loop, &otlp->timer);
	otlp->timer.data = otlp;
	events_listen(setting->events, on_event, otlp);
	*ret = otlp;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void otlp_stop(struct otlp *otlp)
{
	if (!otlp)
		return;
	transfers_stop(otlp->transfers, otlp->easy);
	curl_easy_cleanup(otlp->easy);
	transfers_close(otlp->transfers);
	curl_slist_free_all(otlp->headers);
	forget_body(otlp);
	uv_close((uv_handle_t *)&otlp->timer, on_closed);
}
