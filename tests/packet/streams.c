// SPDX-License-Identifier: BSD-2-Clause
#include "packet/streams.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "packet/enforcer.h"

#define SENDERS	    2u
#define PORT	    1000u
#define BURST_SHARE 10 /* the default burst: a tenth of a second's worth */
#define AT_ONCE	    512u
#define VISIT	    8	 /* times as many, before other streams have their turn */
#define BEHIND	    0.05 /* seconds; who is later than that doesn't make up for it */
#define SMALL	    60u	 /* bytes of a frame that is counted as a packet */
#define SECOND	    1e9

struct run;

/* What one sender sends of a stream. */
struct lane {
	struct stream *stream;
	struct frame frame;
	double per_second; /* packets */
	double group;	   /* packets that are due at once */
	uint64_t sent, skipped;
};

struct stream {
	struct stream_spec spec;
	struct lane lanes[SENDERS];
	uint32_t bucket;

	/* What a bucket of tokens does with what was sent, in packets; under the lock. */
	pthread_mutex_t lock;
	double fills, holds, level, earned;
	uint64_t first, last; /* ns */
};

struct sender {
	struct run *run;
	unsigned number;
	pthread_t thread;
	int failure;
};

struct run {
	struct enforcer enforcer;
	struct enforcer_policy policy;
	struct numberings numberings;
	struct stream *streams;
	size_t n;
	uint64_t start, end;
	struct sender senders[SENDERS];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* --- the bucket as it should be --------------------------------------------------- */

/* While packets are being sent, what is earned can be used; before, only what the bucket can hold. */
static void note(struct stream *s, uint64_t begin, uint64_t end, uint64_t n)
{
	double used;

	pthread_mutex_lock(&s->lock);
	if (!s->first)
		s->first = s->last = begin;
	/* Of two senders the one that began first may be done last. */
	if (begin < s->first)
		s->first = begin;
	if (begin > s->last) {
		s->level += s->fills * (double)(begin - s->last) / SECOND;
		s->last = begin;
	}
	if (s->level > s->holds)
		s->level = s->holds;
	if (end > s->last) {
		s->level += s->fills * (double)(end - s->last) / SECOND;
		s->last = end;
	}
	used = (double)n < s->level ? (double)n : floor(s->level);
	s->level -= used;
	s->earned += used;
	pthread_mutex_unlock(&s->lock);
}

/* --- sending ----------------------------------------------------------------------- */

/* Packets that are to be out by then. The first ones empty the bucket. */
static uint64_t due(const struct lane *lane, double seconds)
{
	const double packets = lane->stream->holds + lane->per_second * seconds;

	return lane->group > 1 ? (uint64_t)(ceil(packets / lane->group) * lane->group) : (uint64_t)packets;
}

/* What is to be sent now. Who was kept waiting for long makes up for some of it only. */
static uint64_t pending(struct lane *lane, double seconds)
{
	const uint64_t all = due(lane, seconds) - lane->skipped - lane->sent;
	const uint64_t most = (uint64_t)(lane->stream->holds + lane->group + lane->per_second * BEHIND) + 1;

	if (all <= most)
		return all;
	lane->skipped += all - most;
	return most;
}

static int send_due(const struct run *run, struct lane *lane)
{
	uint64_t begin = now_ns(), left = pending(lane, (double)(begin - run->start) / SECOND);
	enum weir_verdict verdict;

	for (unsigned visit = 0; visit < VISIT && left; visit++) {
		const uint32_t n = left < AT_ONCE ? left : AT_ONCE;
		const int r = enforcer_run(&run->enforcer, WEIR_INGRESS, &lane->frame, n, &verdict, NULL);
		const uint64_t end = now_ns();

		if (r < 0)
			return r;
		note(lane->stream, begin, end, n);
		lane->sent += n;
		left -= n;
		begin = end;
	}
	return 0;
}

static void *run_sender(void *data)
{
	struct sender *sender = data;
	struct run *run = sender->run;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sender->number, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus); /* one CPU only: both are there */
	while (now_ns() < run->end && !sender->failure) {
		for (size_t i = 0; i < run->n && !sender->failure; i++) {
			struct lane *lane = &run->streams[i].lanes[sender->number];

			if (lane->per_second > 0)
				sender->failure = send_due(run, lane);
		}
	}
	return NULL;
}

static int send_all(struct run *run, double seconds)
{
	int r = 0;

	run->start = now_ns();
	run->end = run->start + (uint64_t)(seconds * SECOND);
	for (unsigned i = 0; i < SENDERS; i++) {
		run->senders[i] = (struct sender){ .run = run, .number = i };
		if (pthread_create(&run->senders[i].thread, NULL, run_sender, &run->senders[i]))
			return -EAGAIN;
	}
	for (unsigned i = 0; i < SENDERS; i++) {
		pthread_join(run->senders[i].thread, NULL);
		r = r ?: run->senders[i].failure;
	}
	return r;
}

/* --- making it --------------------------------------------------------------------- */

static char *manifests(const struct stream_spec *specs, size_t n)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "apiVersion: v1\nkind: Pod\nmetadata: {name: server, namespace: shop, labels: {app: server}}\n"
		     "status: {podIP: 10.0.0.1}\n"
		     "---\napiVersion: weir.dev/v1alpha1\nkind: TrafficPolicy\n"
		     "metadata: {name: limits, namespace: shop}\nspec:\n  podSelector: {}\n  ingress:\n");
	for (size_t i = 0; i < n; i++)
		fprintf(out,
			"  - ports: [{protocol: UDP, port: %zu}]\n"
			"    limits: [{%s: %" PRIu64 "}]\n",
			PORT + i, specs[i].bytes ? "bytesPerSecond" : "packetsPerSecond", specs[i].rate);
	fclose(out);
	return text;
}

static void make_lane(struct stream *s, unsigned number, unsigned port)
{
	static const uint8_t server[4] = { 10, 0, 0, 1 }, client[4] = { 10, 0, 1, 1 };
	const struct frame_ends ends = { WEIR_IPV4, client, server, false };
	const uint32_t headers = 14 + 20 + 8, frame = s->spec.bytes ? STREAM_FRAME : SMALL;
	const struct frame_spec spec = {
		.protocol = IPPROTO_UDP, .port = port, .client = 40000 + number, .payload = frame - headers
	};
	struct lane *lane = &s->lanes[number];

	lane->stream = s;
	lane->per_second = s->fills * s->spec.offer_permille / 1000 / s->spec.cores;
	lane->group = s->spec.bursty ? floor(s->holds / s->spec.cores) : 1;
	frame_build(&spec, &ends, &lane->frame);
}

static void make_stream(struct run *run, const struct stream_spec *spec, size_t i)
{
	const double units = spec->bytes ? STREAM_FRAME : 1;
	struct stream *s = &run->streams[i];

	*s = (struct stream){ .spec = *spec, .lock = PTHREAD_MUTEX_INITIALIZER };
	s->fills = (double)spec->rate / units;
	s->holds = (double)(spec->rate / BURST_SHARE) / units;
	s->level = s->holds;
	for (unsigned number = 0; number < SENDERS; number++) {
		if (spec->cores == SENDERS || i % SENDERS == number)
			make_lane(s, number, PORT + i);
	}
	vec_for_each (limit, &run->policy.compiled->limits) {
		if (strtoul(limit->rule.rule, NULL, 10) == i)
			s->bucket = limit->bucket;
	}
}

static int make(struct run *run, const struct stream_spec *specs, struct error *error)
{
	_cleanup_free_ char *yaml = manifests(specs, run->n);
	int r;

	numberings_init(&run->numberings);
	r = enforcer_policy_compile(&run->policy, yaml, &run->numberings, error)
		    ?: enforcer_open(&run->enforcer, 1u << 16, error)
		    ?: enforcer_populate(&run->enforcer, &run->policy, "shop", "server")
		    ?: enforcer_swap(&run->enforcer, run->policy.compiled, 1, error);
	for (size_t i = 0; i < run->n && r == 0; i++)
		make_stream(run, &specs[i], i);
	return r;
}

static int tell(struct run *run, size_t i, struct stream_result *ret)
{
	const struct stream *s = &run->streams[i];
	struct weir_charged charged;
	int r = datapath_read_charged(run->enforcer.datapath, s->bucket, &charged);

	if (r < 0)
		return r;
	*ret = (struct stream_result){
		.seconds = (double)(s->last - s->first) / SECOND,
		.offered = s->lanes[0].sent + s->lanes[1].sent,
		.passed = charged.passed_packets,
		.dropped = charged.dropped_packets,
		.expected = s->earned,
	};
	ret->asked = s->holds + s->fills * ret->seconds;
	ret->error = fabs((double)ret->passed - ret->expected) / ret->expected;
	return 0;
}

int streams_run(const struct stream_spec *specs, size_t n, double seconds, struct stream_result *ret,
		struct error *error)
{
	struct run run = { .n = n, .streams = xcalloc(n, sizeof(*run.streams)) };
	int r = make(&run, specs, error) ?: send_all(&run, seconds);

	for (size_t i = 0; i < n && r == 0; i++)
		r = tell(&run, i, &ret[i]);
	enforcer_close(&run.enforcer);
	enforcer_policy_free(&run.policy);
	numberings_free(&run.numberings);
	free(run.streams);
	return r;
}

/* --- what is to be proved ----------------------------------------------------------- */

size_t streams_all(unsigned cores, struct stream_spec ret[static STREAMS_MAX])
{
	static const struct {
		bool bytes;
		uint64_t rate;
	} rates[] = { { false, 100 },	{ false, 10000 },   { false, 200000 },
		      { true, 125000 }, { true, 12500000 }, { true, 125000000 } };
	static const unsigned offers[] = { 1010, 1500, 2000, 10000 };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(offers); j++) {
			for (unsigned bursty = 0; bursty < 2; bursty++)
				ret[n++] =
					(struct stream_spec){ rates[i].bytes, rates[i].rate, offers[j], bursty, cores };
		}
	}
	return n;
}

void stream_name(const struct stream_spec *spec, char *ret, size_t size)
{
	char rate[32];

	if (!spec->bytes)
		snprintf(rate, sizeof(rate), "%" PRIu64 " packets/s", spec->rate);
	else if (spec->rate >= 125000000)
		snprintf(rate, sizeof(rate), "%" PRIu64 " Gbit/s", spec->rate / 125000000);
	else
		snprintf(rate, sizeof(rate), "%" PRIu64 " Mbit/s", spec->rate / 125000);
	snprintf(ret, size, "%s at %.4gx, %s, %u core%s", rate, spec->offer_permille / 1000.0,
		 spec->bursty ? "in bursts" : "evenly", spec->cores, spec->cores > 1 ? "s" : "");
}
