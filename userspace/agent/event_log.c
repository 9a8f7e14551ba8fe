// SPDX-License-Identifier: BSD-2-Clause
#include "agent/event_log.h"

#include <inttypes.h>

#define NS_PER_SECOND 1000000000ull

bool event_log_chooses(enum event_log_choice choice, const struct event *event)
{
	return !event_is_packet(event) || choice == EVENT_LOG_ALL ||
	       (choice == EVENT_LOG_DENIED && event->type != EVENT_OPENED);
}

bool event_log_takes(struct event_log *log, const struct event *event, uint64_t *ret_withheld)
{
	*ret_withheld = 0;
	if (!event_log_chooses(log->choice, event))
		return false;
	if (!event_is_packet(event))
		return true;
	if (log->second != event->time / NS_PER_SECOND) {
		log->second = event->time / NS_PER_SECOND;
		log->logged = 0;
	}
	if (log->logged == EVENT_LOG_RATE) {
		log->withheld++;
		return false;
	}
	log->logged++;
	*ret_withheld = log->withheld;
	log->withheld = 0;
	return true;
}

void event_log(struct event_log *log, const struct event *event)
{
	uint64_t withheld;
	json_t *json;

	if (!event_log_takes(log, event, &withheld))
		return;
	if (withheld)
		log_warning("%" PRIu64 " events of packets were not logged, as there are more than %u a second",
			    withheld, EVENT_LOG_RATE);
	json = event_json(event);
	log_entry(event_severity(event->type), json);
	json_decref(json);
}
