// SPDX-License-Identifier: BSD-2-Clause
/* The words that running programs read: the generation, what is told, and how long and how often. */
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/vec.h"
#include "datapath/datapath_private.h"

#define NS_PER_SECOND 1000000000ull
#define TICK_NS	      (NS_PER_SECOND / 4) /* as it should be */
#define TICKS_MIN     2			  /* one that has just begun is no time at all */

const struct datapath_times datapath_times_defaults = {
	.flow_seconds = {
		[WEIR_FLOW_SYN_SENT] = 60,
		[WEIR_FLOW_SYN_RECEIVED] = 60,
		[WEIR_FLOW_ESTABLISHED] = 86400,
		[WEIR_FLOW_FIN_WAIT] = 3600,
		[WEIR_FLOW_CLOSE_WAIT] = 3600,
		[WEIR_FLOW_TIME_WAIT] = 60,
		[WEIR_FLOW_CLOSED] = 10,
		[WEIR_FLOW_UNANSWERED] = 30,
		[WEIR_FLOW_ANSWERED] = 180,
		[WEIR_FLOW_ECHO] = 30,
		[WEIR_FLOW_OTHER] = 600,
	},
	.fragment_seconds = 30,
	.answers_per_second = 100,
	.shield_packets_per_second = 10000,
	.shield_seconds = 10,
};

/* --- the clock --- */

/* The coarse clock goes on once a jiffy, so its resolution is what a jiffy takes. */
static uint64_t jiffy_ns(void)
{
	struct timespec resolution;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) < 0 || resolution.tv_nsec <= 0)
		return NS_PER_SECOND / 250;
	return (uint64_t)resolution.tv_nsec;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

unsigned clock_tick_shift(void)
{
	const uint64_t jiffy = jiffy_ns();
	unsigned shift = 0;

	while (distance(jiffy << (shift + 1), TICK_NS) < distance(jiffy << shift, TICK_NS))
		shift++;
	return shift;
}

uint64_t datapath_tick_ns(const struct datapath *datapath)
{
	return jiffy_ns() << datapath->skeleton->rodata->weir_tick_shift;
}

/* --- the words --- */

/* Not through the skeleton's own mapping: from libbpf 1.5 on that is not of a map that was taken over. */
static struct weir_control *control_map(const struct datapath *datapath)
{
	const int fd = bpf_map__fd(datapath->skeleton->maps.data_control);
	struct weir_control *control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return control != MAP_FAILED ? control : &datapath->skeleton->data_control->weir_control;
}

static void control_unmap(const struct datapath *datapath, struct weir_control *control)
{
	if (control != &datapath->skeleton->data_control->weir_control)
		munmap(control, sizeof(*control));
}

void datapath_new_generation(struct datapath *datapath)
{
	struct weir_control *control = control_map(datapath);

	/* Whatever was changed before is seen by a packet that sees the new number. */
	__atomic_add_fetch(&control->generation, 1, __ATOMIC_RELEASE);
	control_unmap(datapath, control);
}

struct weir_control control_read(const struct datapath *datapath)
{
	struct weir_control *map = control_map(datapath), control = *map;

	control_unmap(datapath, map);
	return control;
}

void control_watch(const struct datapath *datapath, uint32_t what, bool on)
{
	struct weir_control *control = control_map(datapath);

	/* Whoever sees it sees the settings that were written before. */
	if (on)
		__atomic_or_fetch(&control->watch, what, __ATOMIC_RELEASE);
	else
		__atomic_and_fetch(&control->watch, ~what, __ATOMIC_RELEASE);
	control_unmap(datapath, control);
}

/* Rounded up: nothing is forgotten before its time. */
static uint32_t ticks(const struct datapath *datapath, uint32_t seconds)
{
	const uint64_t tick = datapath_tick_ns(datapath);
	const uint64_t n = (seconds * NS_PER_SECOND + tick - 1) / tick;

	return n < TICKS_MIN ? TICKS_MIN : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

void datapath_set_times(struct datapath *datapath, const struct datapath_times *times)
{
	const uint64_t second = NS_PER_SECOND * WEIR_TICKS_PER_NS;
	const uint32_t answers = times->answers_per_second, denied = times->shield_packets_per_second;
	struct weir_control *control = control_map(datapath);

	for (int state = 0; state < WEIR_FLOW_STATES; state++)
		__atomic_store_n(&control->timeouts[state], ticks(datapath, times->flow_seconds[state]),
				 __ATOMIC_RELAXED);
	__atomic_store_n(&control->fragment_timeout, ticks(datapath, times->fragment_seconds), __ATOMIC_RELAXED);
	/* A cost above the burst conforms never. */
	__atomic_store_n(&control->answer_cost, answers ? second / answers : second, __ATOMIC_RELAXED);
	__atomic_store_n(&control->answer_burst, answers ? second / answers * answers : 0, __ATOMIC_RELAXED);
	__atomic_store_n(&control->shield_time, ticks(datapath, times->shield_seconds), __ATOMIC_RELAXED);
	__atomic_store_n(&control->shield_burst, denied ? second / denied * denied : 0, __ATOMIC_RELAXED);
	__atomic_store_n(&control->shield_cost, denied ? second / denied : 0, __ATOMIC_RELAXED);
	control_unmap(datapath, control);
}

void control_event_budget(const struct datapath *datapath, uint32_t budget)
{
	struct weir_control *control = control_map(datapath);

	__atomic_store_n(&control->event_budget, budget, __ATOMIC_RELAXED);
	control_unmap(datapath, control);
}
