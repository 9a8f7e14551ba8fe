# SPDX-License-Identifier: BSD-2-Clause
# What makes a fault in the programs harder to use; tests/check/hardened looks for each of them in what was built.

# Those of $(2) that this compiler knows, tried on the program $(1).
try = $(foreach f,$(2),$(shell printf '%s\n' '$(1)' | \
	$(CC) $(f) -O2 -Werror -x c -c -o /dev/null - 2>/dev/null && echo $(f)))

hash := \#
HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection
HARDENING += $(call try,int x;,-ftrivial-auto-var-init=zero -fcf-protection=full -mbranch-protection=standard)
# An older libc warns that 3 counts as 2 with it.
HARDENING += $(or $(call try,$(hash)include <string.h>,-D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2)
HARDENING_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code

.PHONY: hardening
hardening:
	@echo '$(strip $(HARDENING) $(HARDENING_LD))'
