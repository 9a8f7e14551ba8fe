// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/play.h"

static enum world_peer peer_of(const struct play *play)
{
	const struct scenario *scenario = play->scenario;

	return play->opener == WEIR_INGRESS && scenario->peer_inbound ? scenario->peer_inbound : scenario->peer;
}

static int check_flow(struct play *play, const struct scenario_step *step)
{
	static const char *const states[] = { "none", "kept", "revoked" };
	enum weir_direction opener = step->opened_by_replier ? !play->opener : play->opener;
	struct weir_flow flow = { 0 }, other;
	int n = lab_flows(play->lab, &flow);
	enum scenario_flow state = n <= 0 ? FLOW_NONE : flow.flags & WEIR_FLOW_REVOKED ? FLOW_REVOKED : FLOW_KEPT;

	if (n < 0 || (step->flows ? n != (int)step->flows : n > 1))
		return play_fail(play, "%d flows", n);
	if (step->flows)
		return 0;
	if (state != step->flow)
		return play_fail(play, "flow is %s, not %s", states[state], states[step->flow]);
	if (state == FLOW_NONE)
		return 0;
	if (flow.opener != opener)
		return play_fail(play, "flow has the wrong opener");
	if (step->in && lab_flows_in(play->lab, step->in - 1, &other) != 1)
		return play_fail(play, "flow is not in table %d", step->in - 1);
	if (step->in && flow.state != step->state)
		return play_fail(play, "flow is in state %d, not %d", flow.state, step->state);
	const uint32_t counter = weir_pair_counter(lab_account(play->lab, flow.account));
	if ((step->verdict == WEIR_VERDICT_PASS || state == FLOW_REVOKED) && step->by && counter != step->by)
		return play_fail(play, "flow is counted for %u, not %d", counter, step->by);
	return 0;
}

static int transmit(struct play *play, const struct scenario_step *step)
{
	bool reply = step->event == REPLIES;
	enum weir_direction direction = reply ? !play->opener : play->opener;
	const uint8_t *pod = world_pod_addr(play->family), *peer = world_peer(peer_of(play), play->family);
	const struct frame_ends ends = {
		.family = play->family,
		.source = direction == WEIR_EGRESS ? pod : peer,
		.destination = direction == WEIR_EGRESS ? peer : pod,
		.reply = reply,
	};
	struct frame frame;

	frame_build(&step->packet, &ends, &frame);
	if (play_xdp(play, step, &frame, direction))
		return -1;
	/* tc's test run knows no packets that are not linear. */
	if (step->linear)
		return 0;
	return play_tc(play, step, &frame, direction) ?: check_flow(play, step);
}

/* The agent swaps the image and then begins the generation; packets may come in between. */
static int swap_without_generation(struct lab *lab)
{
	uint32_t generation = lab_generation(lab);
	int r = world_policy(lab, POLICY_UNLIMITED);

	lab_set_generation(lab, generation);
	return r;
}

static int do_event(struct lab *lab, const struct scenario_step *step)
{
	switch (step->event) {
	case GENERATION:
		lab_new_generation(lab);
		return 0;
	case WITHDRAWS:
		return world_policy(lab, POLICY_WITHDRAWN);
	case GRANTS:
		return world_policy(lab, POLICY_STANDARD);
	case UNLIMITS:
		return world_policy(lab, POLICY_UNLIMITED);
	case REJECTS:
		return world_policy(lab, POLICY_REJECTING);
	case AGES:
		return lab_age(lab, step->ticks);
	case UNCHECKED:
		lab_new_generation(lab);
		return world_endpoint_as(lab, 0);
	case MULTIHOMED:
		lab_new_generation(lab);
		return world_second_addresses(lab);
	case UNHEARD:
		lab_watch(lab, 0, LAB_EVENT_BUDGET);
		return 0;
	case REVERSES:
		return world_policy(lab, POLICY_REVERSED);
	case IMAGE_FIRST:
		return swap_without_generation(lab);
	case NO_ENDPOINT:
		lab_new_generation(lab);
		return lab_delete_endpoint(lab);
	case ENDPOINT:
		lab_new_generation(lab);
		return world_endpoint(lab);
	case NO_IMAGE:
		return lab_unload_image(lab);
	case NO_GENERATION:
		lab_set_generation(lab, 0);
		return 0;
	case FORGETS:
		return lab_forget_flows(lab);
	default:
		return -EINVAL;
	}
}

bool scenario_applies(const struct scenario *scenario, enum weir_family family, enum weir_direction opener)
{
	if (scenario->openers == POD_OPENS && opener != WEIR_EGRESS)
		return false;
	if (scenario->openers == PEER_OPENS && opener != WEIR_INGRESS)
		return false;
	if (scenario->families == IPV4_ONLY && family != WEIR_IPV4)
		return false;
	if (scenario->families == IPV6_ONLY && family != WEIR_IPV6)
		return false;
	return true;
}

char *scenario_title(const struct scenario *scenario, enum weir_family family, enum weir_direction opener)
{
	char *title;

	if (asprintf(&title, "%s (IPv%d, %s)", scenario->name, family == WEIR_IPV4 ? 4 : 6,
		     opener == WEIR_EGRESS ? "from the pod" : "to the pod") < 0)
		return NULL;
	return title;
}

int scenario_play(struct lab *lab, const struct scenario *scenario, enum weir_family family, enum weir_direction opener,
		  char ret_why[static SCENARIO_WHY_MAX])
{
	struct play play = {
		.lab = lab,
		.scenario = scenario,
		.family = family,
		.opener = opener,
		.why = ret_why,
	};
	int r = world_reset(lab);

	lab_watch(lab, WEIR_WATCH_DENIED | WEIR_WATCH_OPENED, LAB_EVENT_BUDGET);
	if (r < 0)
		return play_fail(&play, "no world: %s", strerror(-r));
	for (; play.step < SCENARIO_STEPS && scenario->steps[play.step].event; play.step++) {
		const struct scenario_step *step = &scenario->steps[play.step];

		if (step->event == SENDS || step->event == REPLIES) {
			if (transmit(&play, step))
				return -1;
			continue;
		}
		r = do_event(lab, step);
		if (r < 0)
			return play_fail(&play, "%s", strerror(-r));
	}
	return 0;
}
