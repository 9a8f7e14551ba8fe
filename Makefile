# SPDX-License-Identifier: BSD-2-Clause
#
# make            build everything into build/ (the program is build/weir)
# make demo       install what is missing, build, run `weir demo`       (root)
# make test       install what is missing, build, run every test        (root)
# make check      format, layers, static analysis, ABI and verifier budgets
# make budgets    counts again what each kind of packet may take of instructions  (root)
# make vm-test    Debian's kernels in QEMU: their verifiers, packet and e2e tests  (root)
# make vm-arm64   builds for arm64, and runs packet tests on Debian's arm64 kernel in QEMU  (root; not in CI)
# make differential  objects, compiled images and loaded programs against each other, CLUSTERS=N random clusters (root)
# make fuzz       FUZZ_PACKETS=N random packets (10,000,000) by the programs and by the model, and libFuzzer:
#                 FUZZ_RUNS=N sequences (100,000), and FUZZ_SECONDS=N (60) for each of the parsers  (root)
# make test-sanitized  every unit, packet and e2e test that means something under AddressSanitizer, LeakSanitizer and
#                 UndefinedBehaviorSanitizer  (root)
# make test-sanitized-short  of these what CI runs: the unit tests, and a few others
# make valgrind   ROUNDS=N (20) times what an agent is asked for, under memcheck  (root)
# make soak       SOAK_MINUTES=N (60) of everything: memory, descriptors and BPF objects of the agent stay flat  (root)
# make bench      measured comparisons                                  (root)
# make bench-kube the same of an agent at a real Kubernetes API server  (root)
# make install    into $(DESTDIR)$(PREFIX); make uninstall takes it away
# make image      a container image, by buildah, podman or docker; BASE=IMAGE to build in
# make deb        a Debian package
# make CROSS=aarch64-linux-gnu- SYSROOT=DIR B=DIR DIR/weir DIR/weir-cni   for arm64; scripts/cross-root makes a SYSROOT
# make clean
# V=1 shows every command.

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

B := build
PREFIX ?= /usr/local
VERSION := 0.1.0
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n' $(1) $(2)
endif

# For another machine than this one: the prefix of its tools, and a directory with its headers and libraries, as
# scripts/cross-root makes it.
CROSS ?=
SYSROOT ?=
CC := $(CROSS)gcc $(SYSROOT:%=--sysroot=%)
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
ifneq ($(SYSROOT),)
PKG_CONFIG := PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(MULTIARCH)/pkgconfig:$(SYSROOT)/usr/share/pkgconfig $(PKG_CONFIG)
endif

include scripts/packages.mk
include scripts/hardening.mk

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
	-Wformat=2 -Wundef -Wno-unused-parameter
# A designated initializer leaves out fields on purpose: gcc knows, clang doesn't where a macro has the first of them.
WARNINGS += $(if $(findstring clang,$(CC)),-Wno-missing-field-initializers)
SANITIZE ?=
SANITIZE_CFLAGS = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(if $(SANITIZE),$(SANITIZE_CFLAGS),$(HARDENING)) \
	$(WARNINGS) -D_GNU_SOURCE -Iuserspace $(ABI_INCLUDE) -Iinclude -I$(B)/gen $(PKG_CFLAGS)
ALL_LDFLAGS = $(LDFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE),$(HARDENING_LD))
LIBS = $(PKG_LIBS) -lresolv

# ABI=maps or ABI=image, for tests: the same program with other layouts of what is shared.
ABI ?=
ABI_HEADER := $(if $(ABI),$(B)/abi/weir/$(ABI).h)
ABI_INCLUDE := $(if $(ABI),-I$(B)/abi)

BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wno-address-of-packed-member $(ABI_INCLUDE) -Iinclude -Ibpf -idirafter $(SYSROOT)/usr/include/$(MULTIARCH)

MAIN := userspace/cli/main.c userspace/cni/main.c
ROOMS ?= base object policy source datapath observe agent cli cni
SOURCES := $(filter-out $(MAIN),$(foreach room,$(ROOMS),$(wildcard userspace/$(room)/*.c)))
OBJECTS := $(SOURCES:userspace/%.c=$(B)/obj/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*/test_*.c))
PACKET_TESTS := $(patsubst tests/packet/%.c,$(B)/tests/packet/%,$(wildcard tests/packet/test_*.c))
TEST_HELPERS := $(patsubst tests/%.c,$(B)/obj/tests/%.o,$(filter-out tests/packet/test_%,$(wildcard tests/packet/*.c)))
FUZZ_HELPERS := $(patsubst tests/%.c,$(B)/obj/tests/%.o,$(filter-out tests/fuzz/host% tests/fuzz/target%,$(wildcard tests/fuzz/*.c)))
PARSERS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/targets/*.c))
BENCH_HELPERS := $(patsubst bench/%.c,$(B)/obj/bench/%.o,$(wildcard bench/lib/*.c))
BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(filter-out %.bpf.c,$(wildcard bench/*.c)))

# Those of the supported compilers that are here: what each builds must load.
CLANGS := $(foreach n,14 16 19,$(if $(shell command -v clang-$(n) 2>/dev/null),clang-$(n)))
CLANG_OBJECTS := $(CLANGS:%=$(B)/clang/%.bpf.o)
CHECKER := $(B)/tests/check/programs

MANUAL := $(patsubst docs/man/%.in,$(B)/man/%,$(wildcard docs/man/*.in))
COMPLETION := $(B)/completion/weir.bash $(B)/completion/weir.zsh

.PHONY: all demo test check budgets soak vm-test vm-arm64 bench bench-kube differential fuzz clean deps-build deps-test deps-bench deps-kube \
	tests parsers test-sanitized test-sanitized-short valgrind benches FORCE
.SECONDARY:

all: $(B)/weir $(B)/weir-cni $(MANUAL) $(COMPLETION)
	@echo "build: $(B)/weir, $(B)/weir-cni"

# --- generated ---------------------------------------------------------------

$(B)/gen/version.h: FORCE | packages
	@mkdir -p $(@D)
	@printf '#define WEIR_VERSION "%s"\n#define WEIR_COMMIT "%s"\n' '$(VERSION)' '$(COMMIT)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/bpf/weir.bpf.o: bpf/weir.bpf.c $(ABI_HEADER) | packages
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(B)/clang/%.bpf.o: bpf/weir.bpf.c | packages
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$* $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(B)/bpf/%.bpf.o: bench/%.bpf.c | packages
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(B)/gen/%.skel.h: $(B)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $* >$@

$(B)/gen/weir.skel.h: $(B)/bpf/weir.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name weir_bpf >$@

$(B)/gen/ui_page.h: scripts/embed-ui $(wildcard userspace/ui/*) | packages
	$(call say,UI,$@)
	@mkdir -p $(@D)
	$(Q)scripts/embed-ui userspace/ui >$@

$(B)/abi/weir/%.h: include/weir/%.h tests/e2e/next_abi
	$(Q)tests/e2e/next_abi $< $@

# --- the program -------------------------------------------------------------

$(filter $(B)/obj/datapath/%,$(OBJECTS)) $(TEST_HELPERS) $(FUZZ_HELPERS): $(B)/gen/weir.skel.h
$(PACKET_TESTS:$(B)/tests/%=$(B)/obj/tests/%.o): $(B)/gen/weir.skel.h
$(UNIT_TESTS:$(B)/tests/%=$(B)/obj/tests/%.o): $(B)/gen/weir.skel.h

# The C library's macros of obstacks align by arithmetic on a null pointer.
$(B)/obj/object/tree.o: SANITIZE_CFLAGS += -fno-sanitize=pointer-overflow

$(B)/obj/agent/ui.o: $(B)/gen/ui_page.h

# Those that include the version are told so by their .d.
$(B)/obj/%.o: userspace/%.c $(ABI_HEADER) | $(B)/gen/version.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/libweir.a: $(OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/weir: $(B)/obj/cli/main.o $(B)/libweir.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# It runs in the root file system of any node, whose libraries are unknown. The
# linker's only word would be of getaddrinfo(), which libnl has and nobody calls.
CNI_LIBS = $(if $(SANITIZE),,-static-pie -Wl,--no-warnings) $(shell $(PKG_CONFIG) --libs --static jansson libnl-route-3.0 libnl-3.0)
$(B)/weir-cni: $(B)/obj/cni/main.o $(B)/libweir.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CNI_LIBS)

# --- manual and completion, from the table of commands --------------------------

$(B)/gen/manual: docs/man/generate.c $(B)/libweir.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/libweir.a $(LIBS)

$(B)/man/%: docs/man/%.in $(B)/gen/manual
	$(call say,MAN,$@)
	@mkdir -p $(@D)
	$(Q)$(B)/gen/manual <$< >$@

$(B)/completion/weir.%: $(B)/weir
	@mkdir -p $(@D)
	$(Q)$(B)/weir completion $* >$@

# --- tests and benchmarks ----------------------------------------------------

$(B)/obj/tests/%.o: tests/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -c $< -o $@

$(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(B)/libweir.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(TEST_LIBS)

$(B)/tests/packet/%: $(B)/obj/tests/packet/%.o $(TEST_HELPERS) $(B)/libweir.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(TEST_LIBS)

$(CHECKER): $(B)/obj/tests/check/programs.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/tests/packet/test_model: $(FUZZ_HELPERS)
HOSTED_TESTS := $(B)/tests/packet/test_window $(B)/tests/packet/test_bucket $(B)/tests/packet/test_walk
$(HOSTED_TESTS): $(B)/obj/host/fuzz/host_helpers.o $(B)/obj/host/fuzz/host_programs.o
# Their helpers have the names of libbpf's functions, and stand before it.
$(HOSTED_TESTS): LIBBPF := shared

# The programs' own source, compiled for this machine. BPF reads words where they are, aligned or not, and an IPv4
# stage has no more of a key than IPv4's: what is beyond it AddressSanitizer sees.
HOST_CFLAGS := -std=gnu11 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-address-of-packed-member \
	-D_GNU_SOURCE -Itests/fuzz/host -Itests -Iinclude -Ibpf
FUZZER_SOURCES := $(filter-out tests/fuzz/programs.c tests/fuzz/maps.c,$(wildcard tests/fuzz/*.c)) tests/packet/tiny_image.c
FUZZER_CFLAGS := $(HOST_CFLAGS) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize=alignment,object-size \
	-fno-sanitize-recover=all -fno-omit-frame-pointer

$(B)/obj/host/%.o: tests/%.c
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST_CFLAGS) -O2 -MMD -MP -c $< -o $@

$(B)/obj/fuzzer/%.o: tests/%.c
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZER_CFLAGS) -MMD -MP -c $< -o $@

$(B)/tests/fuzz/packet: $(FUZZER_SOURCES:tests/%.c=$(B)/obj/fuzzer/%.o)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZER_CFLAGS) -o $@ $^

# Everything once more, by clang under sanitizers; libFuzzer's runtime fits the same objects.
SANITIZED := $(B)/sanitized
SANITIZED_MAKE = $(MAKE) --no-print-directory B=$(SANITIZED) CC=$(CLANG) CFLAGS='-O1 -g' \
	SANITIZE=address,undefined,fuzzer-no-link

# Functions that a target has instead of the kernel's side.
WRAPPED_control := agent_aside agent_listen attach capture_open compile datapath_image_words detach flow_stream_open \
	increment_fits links_addresses links_by_name packet_events_read plan_enforce reconcile
WRAPPED_records := ring_buffer__new ring_buffer__consume perf_buffer__new perf_buffer__consume perf_buffer__free \
	bpf_map__fd

$(PARSERS:$(B)/tests/%=$(B)/obj/tests/%.o): $(B)/gen/weir.skel.h
$(PARSERS): $(B)/tests/fuzz/targets/%: $(B)/obj/tests/fuzz/targets/%.o $(B)/libweir.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer $(WRAPPED_$*:%=-Wl,--wrap=%) -o $@ $^ $(LIBS)

# Only what is leaked at exit by weir itself counts: tests/leaks.supp has the reasons. Who asks for more memory than there
# is gets none, and goes on.
export ASAN_OPTIONS ?= detect_leaks=1:allocator_may_return_null=1
export LSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/leaks.supp:print_suppressions=0
SANITIZED_TESTS = $(patsubst $(B)/%,$(SANITIZED)/%,$(UNIT_TESTS) $(PACKET_TESTS))
SANITIZED_E2E ?= $(filter-out $(UNSANITIZED:%=tests/e2e/test_%.py),$(wildcard tests/e2e/test_*.py))
# What can't: memcheck runs no program that AddressSanitizer is in, and the others are of what they build themselves by
# make install, make deb and make image, which is the program as users get it.
UNSANITIZED := valgrind deb image install service
SHORT_TESTS = $(patsubst $(B)/%,$(SANITIZED)/%,$(filter-out %/test_differential,$(UNIT_TESTS))) \
	tests/e2e/test_policy.py tests/e2e/test_bad_input.py
run_sanitized = WEIR=$(SANITIZED)/weir WEIR_PATIENCE=3 tests/run $(1)
test-sanitized: deps-test deps-kube
	+@$(SANITIZED_MAKE) $(SANITIZED)/weir $(SANITIZED)/weir-cni $(OTHERS:$(B)/%=$(SANITIZED)/%) $(SANITIZED_TESTS)
	$(Q)$(call run_sanitized,$(SANITIZED_TESTS) $(SANITIZED_E2E))

test-sanitized-short: deps-test
	+@$(SANITIZED_MAKE) $(if $(filter -j%,$(MAKEFLAGS)),,--jobs=$(shell nproc)) $(SANITIZED)/weir $(SANITIZED)/weir-cni \
		$(filter $(SANITIZED)/%,$(SHORT_TESTS))
	$(Q)$(call run_sanitized,$(SHORT_TESTS))

ROUNDS ?= 20
valgrind: $(B)/weir
	$(Q)WEIR=$(B)/weir WEIR_PATIENCE=3 WEIR_ROUNDS=$(ROUNDS) tests/run tests/e2e/test_valgrind.py

parsers:
	+@$(SANITIZED_MAKE) $(PARSERS:$(B)/%=$(SANITIZED)/%)

$(B)/bench/limit_cores: $(B)/gen/limiters.skel.h
$(B)/bench/packet: $(B)/gen/bare.skel.h

$(B)/obj/bench/%.o: bench/%.c $(B)/gen/weir.skel.h $(B)/gen/bare.skel.h $(B)/gen/frames.skel.h \
		$(B)/gen/limiters.skel.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -Ibench -MMD -MP -c $< -o $@

$(B)/bench/%: bench/%.c $(TEST_HELPERS) $(BENCH_HELPERS) $(B)/libweir.a $(B)/gen/weir.skel.h
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -Ibench -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(TEST_HELPERS) $(BENCH_HELPERS) \
		$(B)/libweir.a $(LIBS)

# Traffic for bench/path.py: no benchmark of its own.
TRAFFIC := $(B)/bench/tools/traffic
$(TRAFFIC): $(patsubst bench/%.c,$(B)/obj/bench/%.o,$(wildcard bench/tools/*.c)) $(B)/obj/bench/lib/measure.o $(B)/libweir.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Other versions of the program, for tests/e2e/test_upgrade*.py.
OTHERS := $(B)/next/maps/weir $(B)/next/image/weir
$(OTHERS): $(B)/next/%/weir: $(B)/weir FORCE
	@$(MAKE) --no-print-directory B=$(B)/next/$* ABI=$* CFLAGS=-O1 $@

tests: $(if $(ABI),,$(OTHERS)) $(B)/weir $(B)/weir-cni $(MANUAL) $(COMPLETION) $(UNIT_TESTS) $(PACKET_TESTS) $(B)/tests/fuzz/packet parsers
benches: $(BENCHES) $(TRAFFIC) $(B)/weir

deps-build:
	@scripts/install-deps.sh build

deps-test:
	@scripts/install-deps.sh test

deps-bench:
	@scripts/install-deps.sh bench

# A real API server for tests/e2e/test_kube.py. Where it can't be built these tests say SKIP.
deps-kube: deps-test
	@tests/kube/fetch >/dev/null || true
	@tests/kube/fetch-schema >/dev/null || true

# The whole build: on all processors, unless make was told how many.
BUILD = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,--jobs=$(shell nproc))

demo: deps-build
	@$(BUILD) $(B)/weir
	$(Q)$(B)/weir demo

# The last line is prove's own.
test: deps-test deps-kube
	@$(BUILD) tests
	@tests/run

check: deps-test
	@$(BUILD) tests $(CHECKER) $(CLANG_OBJECTS)
	@tests/check/run

# What tests/packet/test_steps is to hold ways to from now on.
budgets: $(B)/tests/packet/test_steps
	$(Q)$< record >$(B)/steps.h && mv $(B)/steps.h tests/packet/steps.h
	@echo "budgets: tests/packet/steps.h"

vm-test: deps-test
	@$(BUILD) tests $(CHECKER) $(CLANG_OBJECTS)
	@vm/run || [ $$? -eq 77 ]

# Not in CI: minutes of a machine in software. It builds for arm64 too.
vm-arm64:
	@B=$(B) vm/arm64

SOAK_MINUTES ?= 60
soak: deps-test
	@$(MAKE) --no-print-directory $(B)/weir
	@WEIR=$(B)/weir SOAK_MINUTES=$(SOAK_MINUTES) tests/e2e/test_soak.py
	@echo "soak: flat over $(SOAK_MINUTES) minutes"

bench: deps-bench
	@$(MAKE) --no-print-directory benches $(B)/tests/packet/test_walk $(B)/tests/packet/test_steps $(CHECKER)
	@B=$(B) bench/run

# Beside a real API server. It writes no results: what it prints is the machine's own.
bench-kube: deps-kube
	@$(MAKE) --no-print-directory $(B)/weir
	@WEIR=$(B)/weir bench/kube_latency.py
	@WEIR=$(B)/weir bench/kube_scale.py

CLUSTERS ?= 10000
differential: $(B)/tests/unit/policy/test_differential $(B)/tests/packet/test_differential
	$(Q)for test in $^; do WEIR_CLUSTERS=$(CLUSTERS) $$test || exit 1; done
	@echo "differential: no difference in $(CLUSTERS) random clusters"

FUZZ_PACKETS ?= 10000000
FUZZ_RUNS ?= 100000
FUZZ_SECONDS ?= 60
fuzz: $(B)/tests/packet/test_model $(B)/tests/fuzz/packet parsers
	$(Q)FUZZ_PACKETS=$(FUZZ_PACKETS) CMOCKA_MESSAGE_OUTPUT=TAP $(B)/tests/packet/test_model
	$(Q)B=$(B) FUZZ_RUNS=$(FUZZ_RUNS) tests/fuzz/test_packet
	$(Q)B=$(B) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/test_parsers
	@echo "fuzz: no disagreement in $(FUZZ_PACKETS) packets, none and no fault in $(FUZZ_RUNS) runs under sanitizers"
	@echo "fuzz: no fault in $(FUZZ_SECONDS) seconds of each parser"

include scripts/packaging.mk

clean:
	$(Q)rm -rf $(B)
	@echo "clean: $(B) removed"

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)
