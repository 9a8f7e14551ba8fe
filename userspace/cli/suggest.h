/* SPDX-License-Identifier: BSD-2-Clause */
/* How far a mistyped word is from a right one. */
#ifndef WEIR_CLI_SUGGEST_H
#define WEIR_CLI_SUGGEST_H

#define SUGGEST_DISTANCE_MAX 2u /* beyond it a suggestion is a guess */

/*
 * Letters to insert, delete, replace or swap with their neighbour (optimal
 * string alignment distance). A beginning of at least three letters of word
 * counts as 1. Words longer than 31 letters are far from everything.
 */
unsigned suggest_distance(const char *typed, const char *word);

#endif
