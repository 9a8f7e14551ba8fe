// SPDX-License-Identifier: BSD-2-Clause
#include "observe/detector.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/interned.h"
#include "base/mem.h"
#include "observe/names.h"

#define NS_PER_SECOND 1000000000ull
#define WINDOW_NS     (DETECTOR_WINDOW * NS_PER_SECOND)
#define WAYS	      4u /* places that one sender can be in */

struct sender {
	uint64_t key;	/* 0: nobody */
	uint64_t begun; /* the window */
	uint64_t last;	/* event */
	bool said;
	unsigned n;
	uint64_t targets[SCAN_TARGETS];
};

void detector_init(struct detector *detector)
{
	detector->scanners = xcalloc(DETECTOR_SENDERS, sizeof(struct sender));
	detector->spoofers = xcalloc(DETECTOR_SENDERS, sizeof(struct sender));
}

void detector_free(struct detector *detector)
{
	free(detector->scanners);
	free(detector->spoofers);
	*detector = (struct detector){};
}

/* Records of one CPU can be told after later ones of another. */
static bool is_over(uint64_t since, uint64_t now)
{
	return now > since && now - since > WINDOW_NS;
}

/* FNV-1a. Senders that collide are taken for one, which is one event too early at worst. */
static uint64_t hash(uint64_t seed, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t value = 14695981039346656037ull ^ seed;

	for (size_t i = 0; i < size; i++)
		value = (value ^ bytes[i]) * 1099511628211ull;
	return value ?: 1;
}

static uint64_t hash_end(const struct event_end *end, bool with_port)
{
	return hash(with_port ? (uint64_t)end->port << 8 | end->address.family : end->address.family,
		    end->address.bytes, sizeof(end->address.bytes));
}

/* The sender's place, begun anew where it is somebody else's or was calm. */
static struct sender *find(struct sender *senders, uint64_t key, uint64_t now)
{
	struct sender *set = &senders[(key >> 32) % (DETECTOR_SENDERS / WAYS) * WAYS], *found = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			found = &set[i];
			break;
		}
		if (set[i].last < found->last)
			found = &set[i];
	}
	if (found->key != key || is_over(found->last, now))
		*found = (struct sender){ .key = key, .begun = now };
	found->last = now;
	return found;
}

/* --- port scan --------------------------------------------------------------- */

static bool is_denied_by_policy(const struct event *event)
{
	switch (event->reason) {
	case WEIR_REASON_POLICY_DEFAULT:
	case WEIR_REASON_POLICY_DENY:
	case WEIR_REASON_ADMIN_DENY:
	case WEIR_REASON_BASELINE_DENY:
		return event->type == EVENT_DENIED && event->source.has_address && event->destination.has_address;
	default:
		return false;
	}
}

static bool knows(const struct sender *sender, uint64_t target)
{
	for (unsigned i = 0; i < sender->n; i++) {
		if (sender->targets[i] == target)
			return true;
	}
	return false;
}

static void copy_end(struct event_end *to, const struct event_end *from)
{
	*to = *from;
	interned_ref(to->namespace);
	interned_ref(to->pod);
	interned_ref(to->workload);
	interned_ref(to->labels);
}

static char *end_name(const struct event_end *end)
{
	char address[ADDR_TEXT_MAX];

	addr_format(&end->address, address);
	return end->pod ? xasprintf("%s/%s (%s)", end->namespace ?: "?", end->pod, address) : xstrdup(address);
}

static void tell_scan(const struct event *event, struct event *ret)
{
	_cleanup_free_ char *name = end_name(&event->source);

	*ret = event_make(EVENT_PORT_SCAN,
			  "%s is denied on %u ports or addresses within %u s: perhaps it looks for "
			  "open ones",
			  name, SCAN_TARGETS, DETECTOR_WINDOW);
	copy_end(&ret->source, &event->source);
	ret->source.has_port = false;
	ret->count = SCAN_TARGETS;
}

static bool see_scan(struct detector *detector, const struct event *event, struct event *ret)
{
	struct sender *sender = find(detector->scanners, hash_end(&event->source, false), event->time);
	const uint64_t target = hash_end(&event->destination, true);

	if (sender->said)
		return false;
	if (is_over(sender->begun, event->time)) {
		sender->begun = event->time;
		sender->n = 0;
	}
	if (knows(sender, target))
		return false;
	sender->targets[sender->n++] = target;
	if (sender->n < SCAN_TARGETS)
		return false;
	sender->said = true;
	tell_scan(event, ret);
	return true;
}

/* --- spoofing ---------------------------------------------------------------- */

static bool is_spoofed(const struct event *event)
{
	return event->type == EVENT_DENIED &&
	       (event->reason == WEIR_REASON_SPOOFED_ADDRESS || event->reason == WEIR_REASON_SPOOFED_MAC ||
		event->reason == WEIR_REASON_SPOOFED_NEIGHBOUR);
}

static void tell_spoofing(const struct event *event, struct event *ret)
{
	_cleanup_free_ char *what = event->source.has_address ? end_name(&event->source) : NULL;

	*ret = event_make(EVENT_SPOOFING, "pod %s%s%s sends what is not its own (%s%s%s)", event->namespace ?: "",
			  event->namespace ? "/" : "", event->endpoint ?: "?", reason_name(event->reason),
			  what ? ", as " : "", what ?: "");
	ret->reason = event->reason;
	ret->namespace = interned_ref(event->namespace);
	ret->endpoint = interned_ref(event->endpoint);
	ret->interface = interned_ref(event->interface);
	copy_end(&ret->source, &event->source);
}

static bool see_spoofing(struct detector *detector, const struct event *event, struct event *ret)
{
	const char *interface = event->interface ?: "?";
	struct sender *sender = find(detector->spoofers, hash(0, interface, strlen(interface)), event->time);

	if (sender->said)
		return false;
	sender->said = true;
	tell_spoofing(event, ret);
	return true;
}

bool detector_see(struct detector *detector, const struct event *event, struct event *ret)
{
	if (is_denied_by_policy(event))
		return see_scan(detector, event, ret);
	if (is_spoofed(event))
		return see_spoofing(detector, event, ret);
	return false;
}
