/* SPDX-License-Identifier: BSD-2-Clause */
/* What a CNI plugin says when it fails: a code that runtimes know, and words that people read. */
#ifndef WEIR_CNI_ERROR_H
#define WEIR_CNI_ERROR_H

/* Of the specification; from 100 on they are the plugin's own. */
enum cni_code {
	CNI_INCOMPATIBLE_VERSION = 1,
	CNI_INVALID_ENVIRONMENT = 4,
	CNI_IO_FAILURE = 5,
	CNI_UNDECODABLE = 6,
	CNI_INVALID_CONFIG = 7,
	CNI_TRY_AGAIN = 11,
	CNI_NOT_AVAILABLE = 50,
	CNI_NO_INTERFACE = 100, /* none that can be enforced at */
	CNI_REFUSED = 101,	/* by the agent */
	CNI_NOT_ENFORCED = 102, /* CHECK */
};

struct cni_error {
	enum cni_code code;
	char text[160];	   /* one line: what failed */
	char details[512]; /* why, and what to do; "" when there is no more to say */
};

/* Returns -1, so that callers can return it. */
int cni_fail(struct cni_error *error, enum cni_code code, const char *text, const char *details, ...)
	__attribute__((format(printf, 4, 5)));

#endif
