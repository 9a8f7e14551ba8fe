// SPDX-License-Identifier: BSD-2-Clause
/* A stream of pcapng as `weir capture` takes it from the agent: cut into blocks, wherever the pieces end. */
#include "fuzz/targets/input.h"
#include "observe/pcapng.h"

/* In a buffer of its own, so that what is read beyond it is seen, whatever follows. */
static void look_at(const uint8_t *block, size_t n)
{
	uint8_t *alone = malloc(n);

	if (!alone)
		abort();
	memcpy(alone, block, n);
	pcapng_dropped(alone, n);
	free(alone);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	/* Of its own size for each block, as pieces are. */
	for (size_t at = 0; at <= size;) {
		uint8_t *rest = (uint8_t *)input_text(bytes + at, size - at);
		uint32_t type = 0;
		const int64_t n = pcapng_block(rest, size - at, &type);

		if (n > (int64_t)(size - at))
			abort(); /* it isn't there yet */
		if (n > 0 && type == PCAPNG_BLOCK_STATISTICS)
			look_at(rest, (size_t)n);
		free(rest);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return 0;
}
