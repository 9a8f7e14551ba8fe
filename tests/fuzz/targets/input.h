/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libFuzzer hands to a target, as the texts that the target wants: parts
 * between lines of "%%", each in memory of its own size, so that AddressSanitizer
 * sees its end; or a file.
 */
#ifndef WEIR_TESTS_FUZZ_INPUT_H
#define WEIR_TESTS_FUZZ_INPUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define INPUT_PARTS 16u
#define INPUT_FENCE "\n%%\n"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses 4 KiB for a scalar of nothing but escaped quotes, ''''''''''''''''''''. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

/* A copy with a NUL behind it. */
static inline char *input_text(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, bytes, size);
	text[size] = '\0';
	return text;
}

struct input {
	char *parts[INPUT_PARTS]; /* beyond n: "" */
	size_t lengths[INPUT_PARTS];
	size_t n; /* 1 at least */
};

static inline void input_split(const uint8_t *bytes, size_t size, struct input *ret)
{
	const size_t fence = strlen(INPUT_FENCE);
	const uint8_t *found;

	*ret = (struct input){};
	for (size_t length; ret->n < INPUT_PARTS; bytes += length + fence, size -= length + fence) {
		found = ret->n + 1 < INPUT_PARTS ? memmem(bytes, size, INPUT_FENCE, fence) : NULL;
		length = found ? (size_t)(found - bytes) : size;
		ret->lengths[ret->n] = length;
		ret->parts[ret->n++] = input_text(bytes, length);
		if (!found)
			break;
	}
	for (size_t i = ret->n; i < INPUT_PARTS; i++)
		ret->parts[i] = input_text((const uint8_t *)"", 0);
}

static inline void input_free(struct input *input)
{
	for (size_t i = 0; i < INPUT_PARTS; i++)
		free(input->parts[i]);
}

/* The part without its end of line, or NULL where it is empty: what was not said. */
static inline const char *input_word(struct input *input, size_t i)
{
	input->parts[i][strcspn(input->parts[i], "\n")] = '\0';
	return *input->parts[i] ? input->parts[i] : NULL;
}

struct input_file {
	int fd;
	char path[sizeof("/proc/self/fd/-2147483648")];
};

static inline void input_file_make(const uint8_t *bytes, size_t size, struct input_file *ret)
{
	ret->fd = memfd_create("input", MFD_CLOEXEC);
	if (ret->fd < 0 || write(ret->fd, bytes, size) != (ssize_t)size || lseek(ret->fd, 0, SEEK_SET) < 0)
		abort();
	snprintf(ret->path, sizeof(ret->path), "/proc/self/fd/%d", ret->fd);
}

#endif
