// SPDX-License-Identifier: BSD-2-Clause
/* The command line: lines are its words, after the program's name; and completion of the last one. */
#include "cli/command.h"
#include "cli/connection.h"
#include "cli/suggest.h"
#include "fuzz/targets/input.h"

#define WORDS_MAX 32

static int words_of(char *text, char *words[static WORDS_MAX + 2])
{
	int n = 0;

	words[n++] = (char *)"weir";
	for (char *word; n <= WORDS_MAX && (word = strsep(&text, "\n"));)
		words[n++] = word;
	words[n] = NULL;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = input_text(bytes, size), *words[WORDS_MAX + 2], *last;
	struct connection_target target = {};
	struct invocation invocation;
	struct error error = {};
	const int n = words_of(text, words);

	last = words[n - 1];
	if (connection_target_parse(last, &target, &error) == 0)
		connection_target_free(&target);
	suggest_distance(last, "capture");
	if (invocation_parse(n, words, &invocation, &error) == 0)
		invocation_free(&invocation);
	else if (!*error.text)
		abort(); /* nobody would know what is wrong */
	free(text);
	return 0;
}
