// SPDX-License-Identifier: BSD-2-Clause
/* GET /v1/pairs: who talks to whom, and how much of it passes. */
#include <string.h>

#include "agent/api.h"
#include "agent/pairs.h"

static double uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What does not pass opens no connection. */
static json_t *account_json(const struct weir_account *account, enum pair_verdict verdict)
{
	json_t *json =
		json_pack("{s:I, s:I}", "packets", (json_int_t)account->packets, "bytes", (json_int_t)account->bytes);

	if (verdict == PAIR_ALLOWED || verdict == PAIR_AUDITED)
		json_object_set_new(json, "connections", json_integer((json_int_t)account->connections));
	return json;
}

static void add_accounts(json_t *json, const struct weir_account by[PAIR_VERDICTS])
{
	for (enum pair_verdict verdict = 0; verdict < PAIR_VERDICTS; verdict++)
		json_object_set_new(json, pair_verdict_name(verdict), account_json(&by[verdict], verdict));
}

void api_pairs(void *data, const struct http_request *request, struct http_reply *reply)
{
	struct pairs_reading reading;
	json_t *list = json_array(), *other = json_object();
	int r = pairs_read(data, &reading);

	if (r < 0) {
		json_decref(list);
		json_decref(other);
		http_fail(reply, HTTP_INTERNAL_ERROR, "pairs can't be read from the kernel: %s", strerror(-r));
		return;
	}
	vec_for_each (pair, &reading.pairs.list) {
		json_t *item = json_pack("{s:o, s:o}", "source", api_text(pair->source), "destination",
					 api_text(pair->destination));

		add_accounts(item, pair->by);
		json_array_append_new(list, item);
	}
	add_accounts(other, reading.pairs.other);
	reply->json = json_pack("{s:f, s:o, s:o}", "uptimeSeconds", uptime(), "items", list, "other", other);
	pairs_reading_free(&reading);
}
