// SPDX-License-Identifier: BSD-2-Clause
#include "agent/gatekeeper.h"

#include <string.h>
#include <time.h>

#include "agent/ports.h"
#include "base/log.h"
#include "base/mem.h"

/* What the plugins in between may take, beyond what is waited for in the end. */
#define PLUGINS_SECONDS 60u
#define MS_PER_SECOND	1000u
/* Of whom an earlier agent's gate was shut for. */
#define SOMEBODY ""

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * MS_PER_SECOND + (uint64_t)now.tv_nsec / 1000000u;
}

static void note_failure(struct gatekeeper *keeper, const char *text)
{
	free(keeper->failure);
	keeper->failure = text ? xstrdup(text) : NULL;
}

/* --- the gate ------------------------------------------------------------------ */

static int shut(struct gatekeeper *keeper, struct error *error)
{
	link_infos links = {}, decided = {};
	int r;

	links_list(keeper->endpoints->links, &links);
	keeper->undecided = false;
	vec_for_each (link, &links) {
		if (!endpoints_decided(keeper->endpoints, link))
			keeper->undecided = true;
		else
			vec_push(&decided, *link);
	}
	r = gate_shut(keeper->gate, &decided, error);
	note_failure(keeper, r < 0 ? error->text : NULL);
	vec_free(&decided);
	vec_free(&links);
	return r;
}

static void lift(struct gatekeeper *keeper)
{
	int r = gate_lift(keeper->gate);

	if (r == 0)
		return;
	log_error("newcomers stay closed: nf_tables: %s", strerror(-r));
	note_failure(keeper, strerror(-r));
}

/* --- who is expected ------------------------------------------------------------ */

static struct expected *find(struct gatekeeper *keeper, const char *container, const char *ifname)
{
	vec_for_each (expected, &keeper->list) {
		if (strcmp(expected->container, container) == 0 && strcmp(expected->ifname, ifname) == 0)
			return expected;
	}
	return NULL;
}

static void expect(struct gatekeeper *keeper, const char *container, const char *ifname, uint64_t seconds)
{
	struct expected *expected = find(keeper, container, ifname)
					    ?: vec_push(&keeper->list, (struct expected){
									       .container = xstrdup(container),
									       .ifname = xstrdup(ifname),
								       });

	expected->until_ms = now_ms() + (seconds + PLUGINS_SECONDS) * MS_PER_SECOND;
}

static void forget(struct gatekeeper *keeper, struct expected *expected)
{
	free(expected->container);
	free(expected->ifname);
	vec_remove(&keeper->list, (size_t)(expected - keeper->list.items));
}

int gatekeeper_expect(struct gatekeeper *keeper, const char *container, const char *ifname, uint64_t seconds,
		      struct error *error)
{
	int r = 0;

	if (!keeper->gate || keeper->endpoints->config->new_interfaces_open)
		return 0;
	if (keeper->list.n == EXPECTED_MAX && !find(keeper, container, ifname))
		return error_set(error, -ENOSPC, "%u containers are expected already", EXPECTED_MAX);
	/* Whatever is there by now gets its programs first, or would be taken for a newcomer. */
	links_dispatch(keeper->endpoints->links);
	if (!gate_is_shut(keeper->gate))
		r = shut(keeper, error);
	if (r == 0)
		expect(keeper, container, ifname, seconds);
	return r;
}

void gatekeeper_arrived(struct gatekeeper *keeper, const char *container, const char *ifname)
{
	struct expected *expected = find(keeper, container, ifname);

	if (!expected)
		return;
	forget(keeper, expected);
	if (!keeper->list.n)
		lift(keeper);
}

/* --- what comes and goes ---------------------------------------------------------- */

void gatekeeper_link_changed(struct gatekeeper *keeper, const struct link_info *link)
{
	if (!keeper->gate || !gate_is_shut(keeper->gate) || !link->is_veth)
		return;
	if (!endpoints_decided(keeper->endpoints, link) || gate_pass(keeper->gate, link) < 0)
		keeper->undecided = true;
}

void gatekeeper_link_gone(struct gatekeeper *keeper, uint32_t ifindex, const char *name)
{
	if (keeper->gate && gate_is_shut(keeper->gate))
		gate_forget(keeper->gate, ifindex, name);
}

void gatekeeper_watch(struct gatekeeper *keeper)
{
	const uint64_t now = now_ms();
	struct error error = {};

	if (!keeper->gate || !gate_is_shut(keeper->gate))
		return;
	for (size_t i = keeper->list.n; i--;) {
		struct expected *expected = &keeper->list.items[i];

		if (expected->until_ms > now)
			continue;
		log_info("container %s: its interface %s has not come", expected->container, expected->ifname);
		forget(keeper, expected);
	}
	if (!keeper->list.n)
		lift(keeper);
	else if (keeper->undecided && shut(keeper, &error) < 0)
		log_error("%s", error.text);
}

/* --- from start to end -------------------------------------------------------------- */

/* They came while nobody looked after them: not before there was a gate, so they are newcomers. */
static void reconsider(struct gatekeeper *keeper)
{
	link_infos links = {};

	links_list(keeper->endpoints->links, &links);
	vec_for_each (link, &links) {
		if (link->is_veth && !gate_passes(keeper->gate, link))
			endpoints_reconsider(keeper->endpoints, link);
	}
	vec_free(&links);
}

void gatekeeper_open(struct gatekeeper *keeper, struct endpoints *endpoints)
{
	struct error error = {};
	int r;

	*keeper = (struct gatekeeper){ .endpoints = endpoints };
	r = gate_open(endpoints->config->bpffs, &keeper->gate, &error);
	if (r < 0) {
		note_failure(keeper, error.text);
		if (r != -EOPNOTSUPP)
			log_warning("newcomers are closed by the agent and not by the kernel: %s", error.text);
		return;
	}
	if (!gate_is_shut(keeper->gate))
		return;
	if (endpoints->config->new_interfaces_open) {
		lift(keeper);
		return;
	}
	log_info("an earlier agent left newcomers closed by the kernel; they are looked at");
	reconsider(keeper);
	expect(keeper, SOMEBODY, SOMEBODY, 0);
	if (shut(keeper, &error) < 0)
		log_error("%s", error.text);
}

void gatekeeper_free(struct gatekeeper *keeper)
{
	while (keeper->list.n)
		forget(keeper, &keeper->list.items[keeper->list.n - 1]);
	vec_free(&keeper->list);
	gate_close(keeper->gate);
	free(keeper->failure);
}

json_t *gatekeeper_json(const struct gatekeeper *keeper)
{
	const bool open = keeper->endpoints->config->new_interfaces_open;

	return json_pack("{s:s, s:s?, s:b, s:I}", "closedBy",
			 open		? "nobody"
			 : keeper->gate ? "kernel"
					: "agent",
			 "why", keeper->failure, "shut", keeper->gate && gate_is_shut(keeper->gate), "expected",
			 (json_int_t)keeper->list.n);
}
