// SPDX-License-Identifier: BSD-2-Clause
#include "agent/uplinks.h"

#include <string.h>

#include "base/mem.h"

bool uplinks_named(const struct agent_config *config, const char *name)
{
	vec_for_each (uplink, &config->uplinks)
		if (strcmp(*uplink, name) == 0)
			return true;
	return false;
}

static struct uplink *find(struct uplinks *uplinks, const char *name)
{
	vec_for_each (uplink, &uplinks->list)
		if (strcmp(uplink->name, name) == 0)
			return uplink;
	return NULL;
}

static void uplink_free(struct uplink *uplink)
{
	free(uplink->name);
	free(uplink->failure);
	hook_health_free(&uplink->hooks);
}

/* --- which ------------------------------------------------------------------- */

typedef VEC(char *) names;

static void add_name(names *list, const char *name)
{
	vec_for_each (known, list)
		if (strcmp(*known, name) == 0)
			return;
	vec_push(list, xstrdup(name));
}

static void names_free(names *list)
{
	vec_for_each (name, list)
		free(*name);
	vec_free(list);
}

/* -errno: the routes can't be read. */
static int add_default_route(const struct uplinks *uplinks, names *list)
{
	ifindexes indexes = {};
	link_infos links = {};
	int r = links_default_route(uplinks->links, &indexes);

	links_list(uplinks->links, &links);
	vec_for_each (ifindex, &indexes)
		vec_for_each (link, &links)
			if (link->ifindex == *ifindex)
				add_name(list, link->name);
	vec_free(&links);
	vec_free(&indexes);
	return r;
}

static int wanted(const struct uplinks *uplinks, names *ret)
{
	int r = 0;

	vec_for_each (name, &uplinks->config->uplinks)
		if (strcmp(*name, UPLINK_AUTO) != 0)
			add_name(ret, *name);
		else
			r = add_default_route(uplinks, ret) ?: r;
	return r;
}

static bool is_wanted(const names *list, const char *name)
{
	vec_for_each (wanted_name, list)
		if (strcmp(*wanted_name, name) == 0)
			return true;
	return false;
}

/* --- one --------------------------------------------------------------------- */

static void set_failure(struct uplink *uplink, char *failure)
{
	free(uplink->failure);
	uplink->failure = failure;
}

static void attach(struct uplinks *uplinks, struct uplink *uplink)
{
	const struct port *port = endpoints_port(uplinks->endpoints, uplink->ifindex);
	struct error error = {};

	if (port && port->hook != HOOK_NONE) {
		set_failure(uplink, xasprintf("uplink %s: it is a container's interface (name another)", uplink->name));
		return;
	}
	if (datapath_attach_uplink(uplinks->datapath, uplink->ifindex, uplink->name, &uplink->is, &error) < 0) {
		set_failure(uplink, xstrdup(error.text));
		return;
	}
	set_failure(uplink, NULL);
	uplink->attached = true;
	log_info("uplink %s: attached, %s XDP%s%s", uplink->name, uplink->is.xdp == XDP_NATIVE ? "native" : "generic",
		 uplink->is.note ? ": " : "", uplink->is.note ?: "");
}

/* An interface of that name may have come, gone, or become another one. */
static void sync_uplink(struct uplinks *uplinks, struct uplink *uplink)
{
	struct link_info link;
	const bool there = links_by_name(uplinks->links, uplink->name, &link);

	if (uplink->ifindex && (!there || link.ifindex != uplink->ifindex)) {
		datapath_detach_uplink(uplinks->datapath, uplink->ifindex);
		uplink->attached = false;
	}
	uplink->ifindex = there ? link.ifindex : 0;
	if (!there)
		set_failure(uplink,
			    xasprintf("uplink %s: the interface isn't there (it will be attached when it appears)",
				      uplink->name));
	else if (!uplink->attached)
		attach(uplinks, uplink);
}

/* --- all --------------------------------------------------------------------- */

static void drop_unwanted(struct uplinks *uplinks, const names *list)
{
	for (size_t i = uplinks->list.n; i-- > 0;) {
		struct uplink *uplink = &uplinks->list.items[i];

		if (is_wanted(list, uplink->name))
			continue;
		if (uplink->attached)
			log_info("uplink %s: taken off", uplink->name);
		uplink_free(uplink);
		vec_remove(&uplinks->list, i);
	}
}

/* What an earlier agent has attached, or what has just become unwanted. */
static void detach_others(struct uplinks *uplinks)
{
	datapath_uplinks attached = {};

	datapath_list_uplinks(uplinks->datapath, &attached);
	vec_for_each (is, &attached) {
		bool known = false;

		vec_for_each (uplink, &uplinks->list)
			known |= uplink->ifindex == is->ifindex;
		if (!known)
			datapath_detach_uplink(uplinks->datapath, is->ifindex);
	}
	vec_free(&attached);
}

static void note_problems(struct uplinks *uplinks, int routes)
{
	struct notes problems = {};

	if (routes < 0)
		notes_add(&problems, "uplinks: the default routes can't be read: %s", strerror(-routes));
	vec_for_each (uplink, &uplinks->list)
		if (uplink->failure)
			notes_add(&problems, "%s", uplink->failure);
	notes_replace(&uplinks->problems, &problems, LOG_LEVEL_WARNING);
}

void uplinks_sync(struct uplinks *uplinks)
{
	names list = {};
	const int routes = wanted(uplinks, &list);

	/* Where the routes can't be read, what they said before stays. */
	if (routes == 0)
		drop_unwanted(uplinks, &list);
	vec_for_each (name, &list)
		if (!find(uplinks, *name))
			vec_push(&uplinks->list, (struct uplink){ .name = xstrdup(*name) });
	vec_for_each (uplink, &uplinks->list)
		sync_uplink(uplinks, uplink);
	detach_others(uplinks);
	note_problems(uplinks, routes);
	names_free(&list);
}

void uplinks_free(struct uplinks *uplinks)
{
	vec_for_each (uplink, &uplinks->list)
		uplink_free(uplink);
	vec_free(&uplinks->list);
	notes_free(&uplinks->problems);
}
