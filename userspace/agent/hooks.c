// SPDX-License-Identifier: BSD-2-Clause
#include "agent/hooks.h"

#include <string.h>
#include <uv.h>

#include "agent/ports.h"
#include "base/interned.h"
#include "base/mem.h"

/* Looking at filters is a dozen system calls, and tc tells; this is for what it could not tell. */
#define LOOKS_PER_FILTER_LOOK 60
#define NS_PER_MS	      1000000
#define WORDS_MAX	      64

static uint64_t now_ms(void)
{
	return uv_hrtime() / NS_PER_MS;
}

/* --- words ------------------------------------------------------------------- */

static const char *hook_name(enum datapath_hook hook, enum weir_direction direction)
{
	if (hook == HOOK_CLSACT)
		return direction == WEIR_EGRESS ? "clsact ingress" : "clsact egress";
	return direction == WEIR_EGRESS ? "tcx ingress" : "tcx egress";
}

static const char *where(enum datapath_hook hook, unsigned parts, char text[static WORDS_MAX])
{
	const char *from = parts & HOOK_FROM_POD ? hook_name(hook, WEIR_EGRESS) : "";
	const char *to = parts & HOOK_TO_POD ? hook_name(hook, WEIR_INGRESS) : "";
	const char *xdp = parts & HOOK_AT_XDP ? "XDP" : "";

	snprintf(text, WORDS_MAX, "%s%s%s%s%s", from, *from && *to ? " and " : "", to,
		 parts & HOOK_PARTS_TC && *xdp ? " and " : "", xdp);
	return text;
}

/* What is open while they are missing. */
static const char *outcome(unsigned parts)
{
	switch (parts & HOOK_PARTS_TC) {
	case HOOK_FROM_POD:
		return "what is sent from behind it is not checked";
	case HOOK_TO_POD:
		return "what is sent to it is not checked";
	case HOOK_PARTS_TC:
		return "nothing that passes it is checked";
	default:
		return "what it would drop, tc drops";
	}
}

static void tell(const struct hooks *hooks, const struct port *port, struct event event)
{
	event.interface = interned(port->name);
	event.namespace = interned_ref(port->namespace);
	event.endpoint = interned_ref(port->pod);
	events_add(hooks->events, &event);
}

/* --- ports ------------------------------------------------------------------- */

static void tell_missing(const struct hooks *hooks, const struct port *port, unsigned parts)
{
	char text[WORDS_MAX];

	tell(hooks, port,
	     event_make(EVENT_HOOK_LOST, "interface %s: somebody has taken weir's program off %s: %s", port->name,
			where(port->hook, parts, text), outcome(parts)));
}

static void tell_back(const struct hooks *hooks, const struct port *port, unsigned parts)
{
	char text[WORDS_MAX];

	tell(hooks, port,
	     event_make(EVENT_HOOK_RESTORED, "interface %s: weir's program is back at %s, after at most %.1f s",
			port->name, where(port->hook, parts, text), (double)(now_ms() - port->hooks.whole) / 1000));
}

static enum datapath_xdp wanted_xdp(const struct port *port)
{
	return port->endpoint ? port->endpoint->xdp : port->xdp;
}

/* XDP that could not be put back is not among what is attached, but it was there, and is still wanted. */
static unsigned missing_of(const struct port *port, const struct datapath_look *look)
{
	const bool still = port->hooks.missing & HOOK_AT_XDP && port->xdp == XDP_OFF && wanted_xdp(port) != XDP_OFF;

	return (look->lost[WEIR_EGRESS] ? HOOK_FROM_POD : 0) | (look->lost[WEIR_INGRESS] ? HOOK_TO_POD : 0) |
	       (look->lost_xdp || still ? HOOK_AT_XDP : 0);
}

static void take_missing(const struct hooks *hooks, struct port *port, unsigned missing)
{
	const unsigned lost = missing & ~port->hooks.missing, back = port->hooks.missing & ~missing;

	if (lost)
		tell_missing(hooks, port, lost);
	if (back)
		tell_back(hooks, port, back);
	port->hooks.missing = missing;
	if (!missing)
		port->hooks.whole = now_ms();
}

static char *ahead_of(const struct port *port, const struct datapath_look *look)
{
	for (enum weir_direction direction = 0; direction < WEIR_DIRECTIONS; direction++)
		if (*look->ahead[direction])
			return xasprintf("%s runs before weir's program at %s", look->ahead[direction],
					 hook_name(port->hook, direction));
	return NULL;
}

static void take_ahead(const struct hooks *hooks, struct port *port, const struct datapath_look *look)
{
	_cleanup_free_ char *before = port->hooks.ahead;

	port->hooks.ahead = ahead_of(port, look);
	if (port->hooks.ahead && (!before || strcmp(before, port->hooks.ahead) != 0))
		tell(hooks, port,
		     event_make(EVENT_HOOK_PRECEDED, "interface %s: %s, and may pass packets by it", port->name,
				port->hooks.ahead));
	else if (before && !port->hooks.ahead)
		tell(hooks, port,
		     event_make(EVENT_HOOK_CLEARED, "interface %s: nothing runs before weir's program any more",
				port->name));
}

static void repair(struct hooks *hooks, struct port *port)
{
	const bool failed = port->failure;
	struct datapath_look look;

	if (!repairs_take(&port->hooks.repairs, now_ms()))
		return;
	port->attached = false;
	port_attach(hooks->endpoints, port, wanted_xdp(port));
	/* What is said of its failures is for the next synchronisation to say anew. */
	hooks->endpoints->stale |= failed || port->failure;
	if (datapath_look(hooks->endpoints->datapath, port->ifindex, &look) == 0)
		take_missing(hooks, port, missing_of(port, &look));
}

static void watch_port(struct hooks *hooks, struct port *port)
{
	struct datapath_look look;

	port->hooks.touched = false;
	/* Of an earlier agent's programs nothing is known until this one's are in their place. */
	if (!port->attached)
		return;
	if (!port->hooks.whole)
		port->hooks.whole = now_ms();
	if (datapath_look(hooks->endpoints->datapath, port->ifindex, &look) < 0)
		return;
	take_missing(hooks, port, missing_of(port, &look));
	take_ahead(hooks, port, &look);
	if (port->hooks.missing)
		repair(hooks, port);
}

/* --- uplinks ----------------------------------------------------------------- */

static void tell_uplink(const struct hooks *hooks, const struct uplink *uplink, struct event event)
{
	event.interface = interned(uplink->name);
	event.subject = interned(uplink->name);
	events_add(hooks->events, &event);
}

static void watch_uplink(struct hooks *hooks, struct uplink *uplink)
{
	struct datapath *datapath = hooks->uplinks->datapath;
	bool lost = !uplink->attached;

	if (!uplink->attached && !uplink->hooks.missing)
		return;
	if (uplink->attached && datapath_look_uplink(datapath, &uplink->is, &lost) < 0)
		return;
	if (!uplink->hooks.whole || !lost)
		uplink->hooks.whole = now_ms();
	if (!lost)
		return;
	if (!uplink->hooks.missing)
		tell_uplink(hooks, uplink,
			    event_make(EVENT_HOOK_LOST, "uplink %s: somebody has taken weir's program off XDP: %s",
				       uplink->name, outcome(HOOK_AT_XDP)));
	uplink->hooks.missing = HOOK_AT_XDP;
	if (!repairs_take(&uplink->hooks.repairs, now_ms()))
		return;
	uplink->attached = false;
	uplinks_sync(hooks->uplinks);
	if (!uplink->attached)
		return;
	uplink->hooks.missing = 0;
	tell_uplink(hooks, uplink,
		    event_make(EVENT_HOOK_RESTORED, "uplink %s: weir's program is back at XDP, after at most %.1f s",
			       uplink->name, (double)(now_ms() - uplink->hooks.whole) / 1000));
}

/* --- all --------------------------------------------------------------------- */

static void note(struct hooks *hooks)
{
	struct notes problems = {}, warnings = {};
	char text[WORDS_MAX];

	for (const struct port *port = hooks->endpoints->ports; port; port = port->hh.next) {
		if (port->hooks.missing)
			notes_add(&problems,
				  "interface %s: somebody has taken weir's program off %s, again and again: %s; it is "
				  "put "
				  "back every %d s (end what does that)",
				  port->name, where(port->hook, port->hooks.missing, text),
				  outcome(port->hooks.missing), REPAIRS_PAUSE_MS / 1000);
		if (port->hooks.ahead)
			notes_add(
				&warnings,
				"interface %s: %s, and may pass packets by it (take it off, or have it attached after)",
				port->name, port->hooks.ahead);
	}
	notes_replace(&hooks->problems, &problems, LOG_LEVEL_DEBUG);
	notes_replace(&hooks->warnings, &warnings, LOG_LEVEL_DEBUG);
}

void hooks_watch(struct hooks *hooks)
{
	const bool filters = hooks->looks++ % LOOKS_PER_FILTER_LOOK == 0;

	hooks->looked = now_ms();
	for (struct port *port = hooks->endpoints->ports; port; port = port->hh.next)
		if (port->hook == HOOK_TCX || filters || port->hooks.touched || port->hooks.missing)
			watch_port(hooks, port);
	for (size_t i = 0; i < hooks->uplinks->list.n; i++)
		watch_uplink(hooks, &hooks->uplinks->list.items[i]);
	hooks->touched = false;
	note(hooks);
}

void hooks_watch_touched(struct hooks *hooks)
{
	if (!hooks->touched)
		return;
	for (struct port *port = hooks->endpoints->ports; port; port = port->hh.next)
		if (port->hooks.touched)
			watch_port(hooks, port);
	hooks->touched = false;
	note(hooks);
}

void hooks_mind(struct hooks *hooks)
{
	hooks_watch_touched(hooks);
	if (now_ms() - hooks->looked >= HOOKS_MS)
		hooks_watch(hooks);
}

void hooks_touch(struct hooks *hooks, uint32_t ifindex)
{
	for (struct port *port = hooks->endpoints->ports; port; port = port->hh.next)
		if (!ifindex || port->ifindex == ifindex)
			port->hooks.touched = hooks->touched = true;
}

void hooks_free(struct hooks *hooks)
{
	notes_free(&hooks->problems);
	notes_free(&hooks->warnings);
}

struct hooks_count hooks_count(const struct hooks *hooks)
{
	struct hooks_count count = {};

	for (const struct port *port = hooks->endpoints->ports; port; port = port->hh.next) {
		count.missing += (unsigned)__builtin_popcount(port->hooks.missing);
		count.preceded += port->hooks.ahead != NULL;
	}
	vec_for_each (uplink, &hooks->uplinks->list)
		count.missing += uplink->hooks.missing != 0;
	return count;
}
