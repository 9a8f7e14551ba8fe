// SPDX-License-Identifier: BSD-2-Clause
#include "cli/suggest.h"

#include <string.h>

#define WORD_MAX  31
#define MIN(a, b) ((a) < (b) ? (a) : (b))

unsigned suggest_distance(const char *typed, const char *word)
{
	size_t n = strlen(typed), m = strlen(word);
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];

	if (n > WORD_MAX || m > WORD_MAX)
		return SUGGEST_DISTANCE_MAX + 1;
	if (n >= 3 && n < m && !strncmp(typed, word, n))
		return 1;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			unsigned replaced = d[i - 1][j - 1] + (typed[i - 1] != word[j - 1]);

			d[i][j] = MIN(replaced, MIN(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && typed[i - 1] == word[j - 2] && typed[i - 2] == word[j - 1])
				d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[n][m];
}
