// SPDX-License-Identifier: BSD-2-Clause
#include "agent/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* That the process is root by number shall mean nothing, and nobody shall change that. */
#define NO_ROOT                                                                                           \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | \
	 SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

static bool is_among(int capability, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == capability)
			return true;
	return false;
}

/* What isn't there can't be kept: the caller finds out where it is needed. */
static void choose(const int *wanted, size_t n)
{
	const capng_type_t of_process = CAPNG_EFFECTIVE | CAPNG_PERMITTED;

	for (int capability = 0; capability <= CAP_LAST_CAP; capability++) {
		const bool kept = is_among(capability, wanted, n);
		const bool held = capng_have_capability(CAPNG_PERMITTED, (unsigned)capability);

		capng_update(CAPNG_DROP, CAPNG_INHERITABLE, (unsigned)capability);
		capng_update(kept && held ? CAPNG_ADD : CAPNG_DROP, of_process, (unsigned)capability);
		capng_update(kept ? CAPNG_ADD : CAPNG_DROP, CAPNG_BOUNDING_SET, (unsigned)capability);
	}
}

int privileges_keep(const int *capabilities, size_t n, struct error *error)
{
	bool may_bound;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(error, -errno, "no_new_privs: %s", strerror(errno));
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_get_caps_process() < 0)
		return error_set(error, -EIO, "capabilities can't be read");
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	choose(capabilities, n);
	if (may_bound && !is_among(CAP_SETPCAP, capabilities, n) && prctl(PR_SET_SECUREBITS, NO_ROOT, 0, 0, 0) < 0)
		return error_set(error, -errno, "securebits: %s", strerror(errno));
	/* A container runtime has bounded it already, and left no right to do it again. */
	if (capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) < 0)
		return error_set(error, -EPERM, "capabilities can't be given up");
	return 0;
}

char *privileges_text(void)
{
	char *text = xstrdup("");

	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_get_caps_process() < 0)
		return text;
	for (int capability = 0; capability <= CAP_LAST_CAP; capability++) {
		_cleanup_free_ char *before = text;

		if (!capng_have_capability(CAPNG_PERMITTED, (unsigned)capability)) {
			TAKE_PTR(before);
			continue;
		}
		text = xasprintf("%s%s%s", before, *before ? " " : "", capng_capability_to_name((unsigned)capability));
	}
	return text;
}
