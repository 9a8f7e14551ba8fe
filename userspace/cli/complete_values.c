// SPDX-License-Identifier: BSD-2-Clause
/* The values of arguments: fixed words, names that the agent knows, interfaces. */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/complete.h"
#include "object/object.h"
#include "policy/words.h"

#define ASK_SECONDS 1 /* longer nobody waits for a key to answer */

static void add_words(const char *words, struct candidates *candidates)
{
	while (*words) {
		const size_t length = strcspn(words, " ");
		_cleanup_free_ char *word = xstrndup(words, length);

		candidates_add(candidates, word, NULL);
		words += length + strspn(words + length, " ");
	}
}

/* --- names that the agent knows ------------------------------------------------ */

static void add_once(struct candidates *candidates, const char *word)
{
	vec_for_each (candidate, &candidates->list) {
		if (strcmp(candidate->word, word) == 0)
			return;
	}
	candidates_add(candidates, word, NULL);
}

/* One name of each item of a list; no agent: none. */
static void ask(const struct complete_question *question, const char *path, struct candidates *candidates,
		char *(*name_of)(const json_t *item))
{
	const struct request request = {
		.socket = question->socket, .method = "GET", .path = path, .seconds = ASK_SECONDS
	};
	json_auto_t *list = NULL;
	struct error error = {};
	const json_t *item;
	size_t i;

	if (client_call(&request, &list, &error))
		return;
	json_array_foreach (json_object_get(list, "items"), i, item) {
		_cleanup_free_ char *name = name_of(item);

		if (name)
			add_once(candidates, name);
	}
}

static const char *text_of(const json_t *item, const char *field)
{
	return json_string_value(json_object_get(item, field));
}

static char *pod_of(const json_t *item)
{
	const char *namespace = text_of(item, "namespace"), *pod = text_of(item, "pod");

	return namespace && pod ? xasprintf("%s/%s", namespace, pod) : NULL;
}

static char *namespace_of(const json_t *item)
{
	return xstrdup(text_of(item, "namespace"));
}

static char *name_of(const json_t *item)
{
	return xstrdup(text_of(item, "name"));
}

static char *pod_name_of(const json_t *item)
{
	return xstrdup(text_of(item, "pod"));
}

static void add_pods(const struct complete_question *question, struct candidates *candidates)
{
	ask(question, "/v1/endpoints", candidates, pod_of);
}

static void add_namespaces(const struct complete_question *question, struct candidates *candidates)
{
	ask(question, "/v1/endpoints", candidates, namespace_of);
	ask(question, "/v1/policies", candidates, namespace_of);
}

static void add_names(const struct complete_question *question, struct candidates *candidates)
{
	if (question->kind && strncmp(question->kind, "endpoint", strlen("endpoint")) == 0)
		ask(question, "/v1/endpoints", candidates, pod_name_of);
	else
		ask(question, "/v1/policies", candidates, name_of);
}

/* --- names that this machine knows --------------------------------------------- */

static void add_interfaces(const struct complete_question *question, struct candidates *candidates)
{
	struct if_nameindex *interfaces = if_nameindex();

	candidates_add(candidates, "auto", NULL);
	for (struct if_nameindex *i = interfaces; i && i->if_name; i++)
		candidates_add(candidates, i->if_name, NULL);
	if (interfaces)
		if_freenameindex(interfaces);
}

static void add_formats(const struct complete_question *question, struct candidates *candidates)
{
	add_words("table wide json yaml", candidates);
	if (strcmp(question->command, "test") == 0)
		candidates_add(candidates, "tap", NULL);
	if (strcmp(question->command, "observe") == 0)
		candidates_add(candidates, "compact", NULL);
}

/* Lists of the agent, or objects. */
static void add_kinds(const struct complete_question *question, struct candidates *candidates)
{
	if (strcmp(question->command, "delete") != 0) {
		add_words("policies endpoints identities services limits flows", candidates);
		return;
	}
	for (enum object_kind kind = 0; kind < KIND_MAX; kind++)
		candidates_add(candidates, kind_info(kind)->plural, NULL);
}

static void add_reasons(const struct complete_question *question, struct candidates *candidates)
{
	for (unsigned reason = 1; reason < WEIR_REASON_MAX; reason++) {
		if (reason_name(reason))
			candidates_add(candidates, reason_name(reason), reason_meaning(reason));
	}
}

/* --- by what help calls them ---------------------------------------------------- */

static const struct {
	const char *name;     /* of the option; NULL: of any */
	const char *argument; /* NULL: whatever it is called */
	const char *words;    /* by spaces */
	void (*add)(const struct complete_question *question, struct candidates *candidates);
	enum candidate_files files;
} rows[] = {
	{ "protocol", NULL, .words = "TCP UDP SCTP ICMP" },
	{ "state", NULL,
	  .words = "SYN_SENT SYN_RECEIVED ESTABLISHED FIN_WAIT CLOSE_WAIT TIME_WAIT CLOSED UNANSWERED ANSWERED ECHO "
		   "OTHER" },
	{ "sort", NULL, .words = "packets bytes connections drops" },
	{ NULL, "FORMAT", .add = add_formats },
	{ NULL, "VERDICT", .words = "pass drop reject" },
	{ NULL, "SHELL", .words = "bash zsh" },
	{ NULL, "KIND", .add = add_kinds },
	{ NULL, "dir:PATH", .words = "dir:" },
	{ NULL, "NS/POD", .add = add_pods },
	{ NULL, "NS/POD|ADDR", .add = add_pods },
	{ NULL, "NS/NAME|ADDR", .add = add_pods },
	{ NULL, "NS", .add = add_namespaces },
	{ NULL, "NAME", .add = add_names },
	{ NULL, "REASON", .add = add_reasons },
	{ NULL, "IFACE|auto", .add = add_interfaces },
	{ NULL, "FILE", .files = FILES_ANY },
	{ NULL, "FILE|-", .files = FILES_ANY },
	{ NULL, "FILE|DIR|-", .files = FILES_ANY },
	{ NULL, "PATH", .files = FILES_ANY },
	{ NULL, "DIR", .files = FILES_DIRECTORIES },
};

void complete_values(const struct complete_question *question, struct candidates *candidates)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].name && (!question->name || strcmp(rows[i].name, question->name) != 0))
			continue;
		if (rows[i].argument && strcmp(rows[i].argument, question->argument) != 0)
			continue;
		if (rows[i].words)
			add_words(rows[i].words, candidates);
		if (rows[i].add)
			rows[i].add(question, candidates);
		candidates->files = rows[i].files;
		return;
	}
}
