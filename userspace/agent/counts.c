// SPDX-License-Identifier: BSD-2-Clause
#include "agent/counts.h"

#include <jansson.h>
#include <string.h>

#include "agent/core.h"
#include "base/mem.h"
#include "observe/names.h"
#include "source/sealed.h"

#define COUNTS_FORMAT "weir counters"
#define SECONDS	      "apply seconds"

/* What is done with each counter. */
struct visitor {
	void (*count)(void *data, const char *name, uint64_t *count);
	void (*seconds)(void *data, const char *name, double *seconds);
	void *data;
};

static void visit_events(struct events *events, const struct visitor *visitor)
{
	for (enum event_type type = EVENT_WITHDRAWN + 1; type < EVENT_TYPES_END; type++) {
		_cleanup_free_ char *name = xasprintf("event %s", event_type_name(type));

		visitor->count(visitor->data, name, &events->added[type]);
	}
}

static void visit_apply(struct histogram *apply, const struct visitor *visitor)
{
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		_cleanup_free_ char *name = xasprintf("apply %g", histogram_bounds[i]);

		visitor->count(visitor->data, name, &apply->buckets[i]);
	}
	visitor->count(visitor->data, "apply", &apply->count);
	visitor->seconds(visitor->data, SECONDS, &apply->sum);
}

/* They are the kernel's, but for the most that a difference ever was. */
static void visit_evictions(struct sweeper *sweeper, const struct visitor *visitor)
{
	for (int i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		const int table = i / WEIR_FAMILIES, family = i % WEIR_FAMILIES;
		_cleanup_free_ char *name = xasprintf("evicted %s %s", flow_table_name(table), family_name(family));

		visitor->count(visitor->data, name, &sweeper->counts.evicted[table][family]);
	}
}

static void visit(struct agent *agent, const struct visitor *visitor)
{
	visitor->count(visitor->data, "source errors", &agent->sources.n_errors);
	visitor->count(visitor->data, "refused policies", &agent->n_refused);
	visitor->count(visitor->data, "shields raised", &agent->shields.raised);
	visitor->count(visitor->data, "limit bites", &agent->limits.bites);
	visitor->count(visitor->data, "slots corrected", &agent->sweeper.corrected);
	visitor->count(visitor->data, "otlp sent", &agent->otlp_counts.sent);
	visitor->count(visitor->data, "otlp dropped", &agent->otlp_counts.dropped);
	visitor->count(visitor->data, "otlp retries", &agent->otlp_counts.retries);
	visit_apply(&agent->apply, visitor);
	visit_events(&agent->events, visitor);
	visit_evictions(&agent->sweeper, visitor);
}

static char *path_of(const struct agent *agent)
{
	return xasprintf("%s/counters.json", agent->config->state_dir);
}

/* --- from disk: a line is ["name", number] --- */

static void restore_count(void *data, const char *name, uint64_t *count)
{
	*count = (uint64_t)json_integer_value(json_object_get(data, name));
}

static void restore_seconds(void *data, const char *name, double *seconds)
{
	*seconds = json_number_value(json_object_get(data, name));
}

static bool read_line(json_t *found, const char *line, size_t length)
{
	json_t *row = json_loadb(line, length, 0, NULL), *value;
	const char *name;
	bool good = row && json_unpack(row, "[s, o!]", &name, &value) == 0 && json_is_number(value) &&
		    json_number_value(value) >= 0;

	if (good)
		json_object_set(found, name, value);
	json_decref(row);
	return good;
}

static int read_all(const char *path, json_t *found, struct error *error)
{
	_cleanup_free_ char *body = NULL;
	int number = 2, r = sealed_read(path, COUNTS_FORMAT, &body, error);

	if (r < 0)
		return r;
	for (const char *line = body, *end; (end = strchr(line, '\n')); line = end + 1, number++) {
		if (!read_line(found, line, (size_t)(end - line)))
			return error_set(error, -EBADMSG, "%s can't be used: line %d is no counter", path, number);
	}
	return 0;
}

int counts_restore(struct agent *agent, bool same_tables, struct error *error)
{
	_cleanup_free_ char *path = path_of(agent);
	json_t *found = json_object();
	const struct visitor visitor = { restore_count, restore_seconds, found };
	int r = read_all(path, found, error);

	if (r == 0)
		visit(agent, &visitor);
	if (r == -ENOENT)
		error_set(error, 0, "%s", "");
	if (r == -EBADMSG)
		sealed_put_aside(path, error);
	/* In new tables nothing has been evicted yet. */
	if (!same_tables)
		memset(agent->sweeper.counts.evicted, 0, sizeof(agent->sweeper.counts.evicted));
	json_decref(found);
	return r == -ENOENT || r == -EBADMSG ? 0 : r;
}

/* --- to disk --- */

struct writing {
	FILE *out;
	size_t n;
};

static void write_row(struct writing *writing, const char *name, json_t *value)
{
	json_t *row = json_pack("[s, o]", name, value);

	json_dumpf(row, writing->out, 0);
	fputc('\n', writing->out);
	json_decref(row);
	writing->n++;
}

static void write_count(void *data, const char *name, uint64_t *count)
{
	write_row(data, name, json_integer((json_int_t)*count));
}

static void write_seconds(void *data, const char *name, double *seconds)
{
	write_row(data, name, json_real(*seconds));
}

int counts_save(struct agent *agent, struct error *error)
{
	_cleanup_free_ char *path = path_of(agent);
	_cleanup_free_ char *body = NULL;
	struct writing writing = {};
	const struct visitor visitor = { write_count, write_seconds, &writing };
	size_t size;
	int r;

	writing.out = open_memstream(&body, &size);
	if (!writing.out)
		return error_set(error, -errno, "%s can't be written: %s", path, strerror(errno));
	visit(agent, &visitor);
	if (fclose(writing.out) != 0)
		return error_set(error, -errno, "%s can't be written: %s", path, strerror(errno));
	if (agent->counts_saved && strcmp(agent->counts_saved, body) == 0)
		return 0;
	r = sealed_write(path, COUNTS_FORMAT, body, writing.n, error);
	if (r < 0)
		return r;
	free(agent->counts_saved);
	agent->counts_saved = TAKE_PTR(body);
	return 0;
}
