# SPDX-License-Identifier: BSD-2-Clause
# The libraries weir links, and a clear word when one is missing or too old.

PACKAGES := libbpf libelf zlib libnl-3.0 libnl-route-3.0 libfyaml jansson libuv libmicrohttpd libcurl smartcols ncursesw libseccomp libcap-ng
PACKAGE_VERSIONS := "libbpf >= 1.3" "libelf >= 0.180" "zlib >= 1.2.11" "libnl-3.0 >= 3.5" "libnl-route-3.0 >= 3.5" \
	"libfyaml >= 0.7.12" "jansson >= 2.13" "libuv >= 1.42" "libmicrohttpd >= 0.9.72" "libcurl >= 7.85" \
	"smartcols >= 2.36" "ncursesw >= 6.2" "libseccomp >= 2.5" "libcap-ng >= 0.8"

PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
# libbpf goes into the program: bookworm has it new enough only in backports, and what is built there shall run
# wherever bookworm does. LIBBPF=shared links the distribution's.
LIBBPF ?= static
LIBBPF_static := -l:libbpf.a
LIBBPF_shared := -lbpf
PKG_LIBS = $(patsubst -lbpf,$(LIBBPF_$(LIBBPF)),$(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null))
TEST_LIBS = $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)

.PHONY: packages
packages:
	@for p in $(PACKAGE_VERSIONS); do \
		$(PKG_CONFIG) --exists "$$p" || { \
			echo "weir: build failed: $$p not found (run scripts/install-deps.sh as root)" >&2; exit 1; }; \
	done
