// SPDX-License-Identifier: BSD-2-Clause
/*
 * The small words that people write: addresses, prefixes, MAC addresses,
 * quantities, times, protocols. What is read and written again is the same.
 */
#include "base/age.h"
#include "base/mac.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "fuzz/targets/input.h"
#include "object/quantity.h"
#include "policy/eval.h"

static void check_addr(const char *text)
{
	char again[ADDR_TEXT_MAX];
	struct addr a, b;

	if (addr_parse(text, &a) == 0 && (addr_parse(addr_format(&a, again), &b) < 0 || addr_compare(&a, &b) != 0))
		abort();
}

static void check_cidr(const char *text)
{
	char again[CIDR_TEXT_MAX];
	struct cidr a, b;

	if (cidr_parse(text, &a, NULL) < 0)
		return;
	if (cidr_parse(cidr_format(&a, again), &b, NULL) < 0 || cidr_compare(&a, &b) != 0)
		abort();
}

static void check_mac(const char *text)
{
	uint8_t a[MAC_LENGTH], b[MAC_LENGTH];
	char again[MAC_TEXT_MAX];

	if (mac_parse(text, a) == 0 && (mac_parse(mac_format(a, again), b) < 0 || memcmp(a, b, MAC_LENGTH) != 0))
		abort();
}

/* As fine as microseconds, in which it is written. */
static void check_time(const char *text)
{
	char again[TIMESTAMP_MAX];
	uint64_t a, b;

	if (timestamp_parse(text, &a) == 0 &&
	    (timestamp_parse(timestamp_format(a, again), &b) < 0 || a / 1000 != b / 1000))
		abort();
	if (duration_parse(text, &a) == 0)
		free(age_text((long long)(a / 1000000000u)));
}

static void check_printable(char *text)
{
	utf8_printable(text);
	if (utf8_span(text, strlen(text)) != strlen(text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = input_text(bytes, size);
	uint8_t protocol;
	uint64_t milli;

	check_addr(text);
	check_cidr(text);
	check_mac(text);
	check_time(text);
	quantity_parse(text, &milli);
	eval_protocol_parse(text, &protocol);
	check_printable(text);
	free(text);
	return 0;
}
