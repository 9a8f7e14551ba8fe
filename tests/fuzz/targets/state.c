// SPDX-License-Identifier: BSD-2-Clause
/*
 * The agent's files of its state directory. The first part says which; the
 * second is what is in it, under a header that is right, so that more than the
 * checksum is met. Any other first part: all of the input is the file.
 */
#include "agent/core.h"
#include "agent/counts.h"
#include "base/file.h"
#include "base/mem.h"
#include "fuzz/targets/scratch.h"
#include "fuzz/targets/input.h"
#include "source/sealed.h"

static void read_store(const char *path)
{
	struct store *store = NULL;
	struct error error = {};

	if (store_open(path, &store, &error) < 0 && !*error.text)
		abort(); /* nobody would know what is wrong */
	store_free(store);
}

static void read_attachments(const char *path)
{
	struct attachments attachments;
	struct error error = {};

	attachments_open(scratch_path, &attachments, &error);
	attachments_free(&attachments);
}

static void read_numbers(const char *path)
{
	struct ledger ledger = {};
	struct error error = {};
	struct state state;

	state_open(scratch_path, &ledger, &state, &error);
	state_free(&state);
	ledger_free(&ledger);
}

static void read_counters(const char *path)
{
	const struct agent_config config = { .state_dir = scratch_path };
	struct agent agent = { .config = &config };
	struct error error = {};

	counts_restore(&agent, true, &error);
}

static const struct file {
	const char *name, *format;
	void (*read)(const char *path);
} files[] = {
	{ "store.json", "weir store", read_store },
	{ "attachments.json", "weir attachments", read_attachments },
	{ "numbers.json", "weir numbers", read_numbers },
	{ "counters.json", "weir counters", read_counters },
};

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void write_file(const char *path, const struct file *file, struct input *input, const uint8_t *bytes,
		       size_t size)
{
	struct error error = {};
	int r;

	if (strcmp(input->parts[0], file->name) == 0)
		r = sealed_write(path, file->format, input->parts[1], count_lines(input->parts[1]), &error);
	else
		r = file_replace(path, (const char *)bytes, size);
	if (r < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input;
	bool named = false;

	scratch_make();
	log_open(LOG_LEVEL_ERROR + 1);
	input_split(bytes, size, &input);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		named |= strcmp(input.parts[0], files[i].name) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", scratch_path, files[i].name);
		_cleanup_free_ char *aside = xasprintf("%s.bad", path);

		if (named && strcmp(input.parts[0], files[i].name) != 0)
			continue;
		write_file(path, &files[i], &input, bytes, size);
		files[i].read(path);
		unlink(path);
		unlink(aside);
	}
	input_free(&input);
	return 0;
}
