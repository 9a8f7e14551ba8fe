// SPDX-License-Identifier: BSD-2-Clause
#include "agent/pacing.h"

#include <errno.h>

#include "base/mem.h"

static bool paces(const struct limit_info *limit)
{
	return limit->limit.on_exceed == LIMIT_PACES && !limit->audit;
}

/* The first limit that paces and did not before; NULL: there is none. */
static const struct limit_info *find_new(const struct compiled *before, const struct compiled *after)
{
	vec_for_each (limit, &after->limits) {
		const struct limit_info *known = before ? compiled_limit(before, limit->bucket) : NULL;

		if (paces(limit) && !(known && paces(known)))
			return limit;
	}
	return NULL;
}

int pacing_check(struct pacing *pacing, const struct links *links, const struct compiled *before,
		 const struct compiled *after, struct error *error)
{
	const struct limit_info *limit = before ? find_new(before, after) : NULL;
	_cleanup_free_ char *rule = NULL;
	int r = 0;

	if (limit)
		r = links_keep_time(links, error);
	pacing->refused = r == -EOPNOTSUPP;
	if (!pacing->refused)
		return 0; /* what can't be read is no reason to refuse */
	rule = rule_ref_format(&limit->rule, true);
	return error ? error_prefix(error, "%s: limits[%u].onExceed: Pace has no effect here", rule, limit->index) : r;
}

bool pacing_watch(struct pacing *pacing, const struct links *links, const struct compiled *compiled)
{
	const struct limit_info *limit = compiled ? find_new(NULL, compiled) : NULL;
	struct notes problems = {};
	struct error error = {};
	bool again = false;
	int r = 0;

	if (limit || pacing->refused)
		r = links_keep_time(links, &error);
	if (limit && r < 0) {
		_cleanup_free_ char *rule = rule_ref_format(&limit->rule, true);

		notes_add(&problems, "%s: limits[%u].onExceed: Pace has no effect: %s", rule, limit->index, error.text);
	}
	if (pacing->refused && r == 0) {
		pacing->refused = false;
		again = true;
	}
	notes_replace(&pacing->problems, &problems, LOG_LEVEL_WARNING);
	return again;
}

void pacing_free(struct pacing *pacing)
{
	notes_free(&pacing->problems);
}
