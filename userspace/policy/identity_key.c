// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/interned.h"
#include "base/mem.h"
#include "policy/identity_key.h"

#define SERVICE_KEY "%service;"

/* Names and labels of a valid object hold none of these; of any other object they stay unambiguous all the same. */
static void put_escaped(FILE *out, const char *text)
{
	for (; text && *text; text++) {
		if ((unsigned char)*text <= ' ' || strchr(",;=%", *text))
			fprintf(out, "%%%02x", (unsigned char)*text);
		else
			putc_unlocked(*text, out);
	}
}

static int compare_ports(const void *a, const void *b)
{
	const struct pod_port *x = *(const struct pod_port *const *)a, *y = *(const struct pod_port *const *)b;

	return strcmp(x->name, y->name) ?: (int)x->protocol - y->protocol ?: (int)x->port - y->port;
}

static void put_ports(FILE *out, const struct pod *pod)
{
	_cleanup_free_ const struct pod_port **sorted = xcalloc(pod->ports.n + 1, sizeof(*sorted));

	for (size_t i = 0; i < pod->ports.n; i++)
		sorted[i] = &pod->ports.items[i];
	qsort(sorted, pod->ports.n, sizeof(*sorted), compare_ports);
	for (size_t i = 0; i < pod->ports.n; i++) {
		put_escaped(out, sorted[i]->name);
		fprintf(out, "=%u/%u,", sorted[i]->protocol, sorted[i]->port);
	}
}

void identity_key_write(FILE *out, const struct object *pod)
{
	if (pod->kind == KIND_SERVICE) {
		fprintf(out, "%s%s/%s", SERVICE_KEY, pod->namespace, pod->name);
		return;
	}
	put_escaped(out, pod->namespace);
	putc_unlocked(';', out);
	vec_for_each (label, &pod->labels.list) {
		put_escaped(out, label->key);
		putc_unlocked('=', out);
		put_escaped(out, label->value);
		putc_unlocked(',', out);
	}
	putc_unlocked(';', out);
	if (pod->kind == KIND_POD)
		put_escaped(out, pod->pod.service_account);
	putc_unlocked(';', out);
	if (pod->kind == KIND_POD)
		put_ports(out, &pod->pod);
}

/* The text up to the delimiter, unescaped; *at goes behind it. NULL when the delimiter or an escape is missing. */
static char *take(const char **at, char delimiter)
{
	const char *end = strchr(*at, delimiter);
	_cleanup_free_ char *text = end ? xcalloc(1, (size_t)(end - *at) + 1) : NULL;
	char *to = text;

	for (const char *from = *at; end && from < end; from++) {
		char digits[3] = {};

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		/* A digit is no delimiter, so this ends at the text's end too. */
		if (!isxdigit((unsigned char)from[1]) || !isxdigit((unsigned char)from[2]))
			return NULL;
		memcpy(digits, from + 1, 2);
		*to++ = (char)strtoul(digits, NULL, 16);
		from += 2;
	}
	if (end)
		*at = end + 1;
	return TAKE_PTR(text);
}

static bool take_labels(const char **at, struct labels *labels)
{
	while (**at && **at != ';') {
		_cleanup_free_ char *key = take(at, '=');
		_cleanup_free_ char *value = key ? take(at, ',') : NULL;

		if (!value)
			return false;
		labels_set(labels, key, value);
	}
	return *(*at)++ == ';';
}

static bool take_ports(const char **at, struct pod *pod)
{
	while (**at) {
		_cleanup_free_ char *name = take(at, '=');
		_cleanup_free_ char *number = name ? take(at, ',') : NULL;
		struct pod_port port = {};

		if (!number || sscanf(number, "%hhu/%hu", &port.protocol, &port.port) != 2)
			return false;
		port.name = TAKE_PTR(name);
		vec_push(&pod->ports, port);
	}
	return true;
}

static bool take_pod(const char **at, struct pod *pod)
{
	pod->service_account = take(at, ';');
	return pod->service_account && take_ports(at, pod);
}

static struct object *parse_service(const char *key)
{
	const char *slash = strchr(key, '/');
	_cleanup_free_ char *namespace = slash ? xstrndup(key, (size_t)(slash - key)) : NULL;
	struct object *service = slash ? new0(struct object) : NULL;

	if (!service)
		return NULL;
	service->kind = KIND_SERVICE;
	service->namespace = interned(namespace);
	service->name = xstrdup(slash + 1);
	return service;
}

struct object *identity_key_parse(const char *key)
{
	_cleanup_(object_freep) struct object *pod = NULL;
	_cleanup_free_ char *namespace = NULL;

	if (strncmp(key, SERVICE_KEY, strlen(SERVICE_KEY)) == 0)
		return parse_service(key + strlen(SERVICE_KEY));
	pod = new0(struct object);
	pod->kind = *key == ';' ? KIND_NODE : KIND_POD;
	namespace = take(&key, ';');
	pod->namespace = interned(namespace);
	pod->name = xstrdup("");
	if (!pod->namespace || !take_labels(&key, &pod->labels))
		return NULL;
	if (pod->kind == KIND_NODE && strcmp(key, ";") != 0)
		return NULL;
	if (pod->kind == KIND_POD && !take_pod(&key, &pod->pod))
		return NULL;
	return TAKE_PTR(pod);
}
