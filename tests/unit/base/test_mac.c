// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/mac.h"
#include "base/vec.h"

static void a_mac_is_what_it_was_written_as(void **state)
{
	static const char *const texts[] = { "02:00:5e:00:53:01", "fe:ff:ff:ff:ff:ff", "00:00:00:00:00:01" };
	char text[MAC_TEXT_MAX];
	uint8_t mac[MAC_LENGTH];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(mac_parse(texts[i], mac), 0);
		assert_string_equal(mac_format(mac, text), texts[i]);
	}
	assert_int_equal(mac_parse("0A:bC:00:00:00:01", mac), 0);
	assert_string_equal(mac_format(mac, text), "0a:bc:00:00:00:01");
}

static void what_is_no_station_is_refused_and_nothing_written(void **state)
{
	static const char *const texts[] = {
		"",
		"02:00:5e:00:53",
		"02:00:5e:00:53:01:02",
		"02:00:5e:00:53:1",
		"2:0:5e:0:53:1",
		"02-00-5e-00-53-01",
		"0200.5e00.5301",
		"02:00:5e:00:53:0g",
		" 2:00:5e:00:53:01",
		"02:00:5e:00:53:01 ",
		"+2:00:5e:00:53:01",
		"00:00:00:00:00:00",
		"ff:ff:ff:ff:ff:ff",
		"01:00:5e:00:00:01",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		uint8_t mac[MAC_LENGTH] = { 9, 9, 9, 9, 9, 9 }, before[MAC_LENGTH];

		memcpy(before, mac, sizeof(mac));
		if (mac_parse(texts[i], mac) != -EINVAL)
			fail_msg("\"%s\" is taken", texts[i]);
		assert_memory_equal(mac, before, sizeof(mac));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mac_is_what_it_was_written_as),
		cmocka_unit_test(what_is_no_station_is_refused_and_nothing_written),
	};

	return cmocka_run_group_tests_name("mac", tests, NULL, NULL);
}
