/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the program weir_explain is asked, beside the packet, and what it
 * answers: words of the context's cb[]. Its return value is an enum
 * weir_verdict.
 */
#ifndef WEIR_EXPLAIN_H
#define WEIR_EXPLAIN_H

enum weir_explain_ask {
	WEIR_ASK_IFINDEX,   /* the endpoint's */
	WEIR_ASK_DIRECTION, /* enum weir_direction: out of the endpoint, or into it */
	WEIR_ASK_WORDS,
};

enum weir_explain_told {
	WEIR_TOLD_REASON,   /* enum weir_reason */
	WEIR_TOLD_DECISION, /* offset of the record; only with a revision */
	WEIR_TOLD_REVISION, /* of the image; 0: ended before policy was asked */
	WEIR_TOLD_IDENTITY, /* of the endpoint */
	WEIR_TOLD_PEER,	    /* identity; only with a revision */
	WEIR_TOLD_WORDS,
};

#define WEIR_EXPLAIN_WORDS 5

_Static_assert(WEIR_ASK_WORDS <= WEIR_EXPLAIN_WORDS, "a question fits cb[]");
_Static_assert(WEIR_TOLD_WORDS <= WEIR_EXPLAIN_WORDS, "an answer fits cb[]");

#endif
