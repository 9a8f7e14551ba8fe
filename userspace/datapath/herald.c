// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/herald.h"

#include <signal.h>
#include <time.h>

#define LOOK_NS	  100000
#define LOOKS_MAX 100000 /* ten seconds, so that it ends in any case */

static uint32_t map_in(const struct image_slot *slot)
{
	uint32_t key = slot->slot, number = 0;

	return bpf_map_lookup_elem(slot->images, &key, &number) == 0 ? number : 0;
}

static void *run(void *data)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	struct herald *herald = data;

	for (int i = 0; i < LOOKS_MAX && !__atomic_load_n(&herald->ended, __ATOMIC_ACQUIRE); i++) {
		if (map_in(&herald->slot) != herald->before) {
			datapath_new_generation(herald->datapath);
			break;
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

void herald_begin(struct herald *herald, struct datapath *datapath, const struct image_slot *slot)
{
	sigset_t all, mask;

	*herald = (struct herald){ .datapath = datapath, .slot = *slot, .before = map_in(slot) };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	herald->runs = pthread_create(&herald->thread, NULL, run, herald) == 0;
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void herald_end(struct herald *herald)
{
	if (!herald->runs)
		return;
	__atomic_store_n(&herald->ended, true, __ATOMIC_RELEASE);
	pthread_join(herald->thread, NULL);
}
