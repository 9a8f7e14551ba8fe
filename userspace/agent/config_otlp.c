// SPDX-License-Identifier: BSD-2-Clause
#include "agent/config_otlp.h"

#include <curl/curl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

void config_read_choice(const struct field *field, enum event_log_choice *target)
{
	static const char *const words[] = {
		[EVENT_LOG_OFF] = "off",
		[EVENT_LOG_DENIED] = "denied",
		[EVENT_LOG_ALL] = "all",
	};
	int word = field_word(field, words, ARRAY_SIZE(words));

	if (word >= 0)
		*target = word;
}

static bool is_http(const char *text)
{
	CURLU *url = curl_url();
	char *scheme = NULL;
	bool good = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
		    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

	curl_free(scheme);
	curl_url_cleanup(url);
	return good;
}

static void read_endpoint(const struct field *field, void *target)
{
	struct otlp_config *config = target;
	const char *text = field_string(field);

	if (!text)
		return;
	if (!is_http(text) || strpbrk(text, "?#")) {
		field_error(field, QUOTE " is not the address of a collector (expected like http://HOST:4318)",
			    QUOTED(text));
		return;
	}
	free(config->endpoint);
	config->endpoint = xstrdup(text);
}

/* What could end a header's line, or be taken for its name's end, is refused. */
static void read_headers(const struct field *field, void *target)
{
	struct otlp_config *config = target;

	if (!field_is_mapping(field))
		return;
	for (const struct node *value = field->node->first; value; value = value->next) {
		struct field at = { .report = field->report, .parent = field, .node = value };
		const char *name = value->key->text, *text = field_string(&at);

		if (!text)
			continue;
		if (!*name || strpbrk(name, ": \t\r\n"))
			field_key_error(&at, "is not the name of a header");
		else if (!*text || strpbrk(text, "\r\n"))
			field_error(&at, "is not the value of a header");
		else
			vec_push(&config->headers, xasprintf("%s: %s", name, text));
	}
}

static void read_events(const struct field *field, void *target)
{
	config_read_choice(field, &((struct otlp_config *)target)->events);
}

void config_read_otlp(const struct field *field, struct otlp_config *target)
{
	static const struct member members[] = {
		{ "endpoint", read_endpoint },
		{ "headers", read_headers },
		{ "events", read_events },
	};

	if (!field_read_members(field, members, ARRAY_SIZE(members), MEMBERS_STRICT, target))
		return;
	if (!target->endpoint && !field_member(field, "endpoint", &(struct field){}))
		field_missing(field, "endpoint", "where is the collector? (like http://HOST:4318)");
}

void otlp_config_free(struct otlp_config *config)
{
	free(config->endpoint);
	vec_for_each (header, &config->headers)
		free(*header);
	vec_free(&config->headers);
	*config = (struct otlp_config){};
}
