# SPDX-License-Identifier: BSD-2-Clause
# Installing, and what is installed from: the container image and the Debian package.

SYSCONFDIR ?= /etc
BINDIR := $(DESTDIR)$(PREFIX)/bin
LIBDIR := $(DESTDIR)$(PREFIX)/lib
LIBEXECDIR := $(DESTDIR)$(PREFIX)/libexec/weir
SHARE := $(DESTDIR)$(PREFIX)/share
CONFDIR := $(DESTDIR)$(SYSCONFDIR)/weir
LICENCES := LICENSE $(wildcard LICENSES/*)

.PHONY: install install-programs install-docs install-service uninstall image

install: install-programs install-docs install-service
	@echo "install: $(DESTDIR)$(PREFIX)/bin/weir, its manual pages, completion and unit; settings in $(CONFDIR)"

install-programs: $(B)/weir $(B)/weir-cni
	$(Q)install -D -m 0755 $(B)/weir $(BINDIR)/weir
	$(Q)install -D -m 0755 $(B)/weir-cni $(LIBEXECDIR)/weir-cni
	$(Q)install -d $(SHARE)/doc/weir && install -m 0644 $(LICENCES) $(SHARE)/doc/weir

install-docs: $(MANUAL) $(COMPLETION)
	$(Q)for page in $(MANUAL); do install -D -m 0644 -t $(SHARE)/man/man$${page##*.} $$page; done
	$(Q)install -D -m 0644 $(B)/completion/weir.bash $(SHARE)/bash-completion/completions/weir
	$(Q)install -D -m 0644 $(B)/completion/weir.zsh $(SHARE)/zsh/site-functions/_weir

# The unit names the program where it is installed. Settings that are there already stay.
install-service:
	$(Q)install -d $(LIBDIR)/systemd/system $(CONFDIR)/policy.d
	$(Q)sed 's|/usr/bin/|$(PREFIX)/bin/|; s|/etc/weir/|$(SYSCONFDIR)/weir/|' deploy/systemd/weir.service \
		>$(LIBDIR)/systemd/system/weir.service
	$(Q)install -D -m 0644 deploy/systemd/weir.sysusers $(LIBDIR)/sysusers.d/weir.conf
	$(Q)[ -e $(CONFDIR)/config.yaml ] || install -m 0644 deploy/systemd/config.yaml $(CONFDIR)/config.yaml

# Settings, policies and state are their owner's.
uninstall:
	$(Q)rm -f $(BINDIR)/weir $(LIBEXECDIR)/weir-cni $(LIBDIR)/systemd/system/weir.service \
		$(LIBDIR)/sysusers.d/weir.conf $(SHARE)/bash-completion/completions/weir $(SHARE)/zsh/site-functions/_weir \
		$(foreach page,$(notdir $(MANUAL)),$(SHARE)/man/man$(subst .,,$(suffix $(page)))/$(page)) \
		$(addprefix $(SHARE)/doc/weir/,$(notdir $(LICENCES)))
	$(Q)for d in $(LIBEXECDIR) $(SHARE)/doc/weir; do [ ! -d $$d ] || rmdir --ignore-fail-on-non-empty $$d; done
	@echo "uninstall: weir is gone from $(DESTDIR)$(PREFIX); $(CONFDIR) and its state stay"

# --- the container image --------------------------------------------------------

IMAGE ?= weir:$(VERSION)
IMAGE_TOOL := $(firstword $(foreach tool,buildah podman docker,$(if $(shell command -v $(tool)),$(tool))))
IMAGE_BUILD ?= $(if $(IMAGE_TOOL),$(IMAGE_TOOL) build)
BASE ?=

image:
	$(Q)[ -n "$(IMAGE_BUILD)" ] || { echo "weir: image failed: no buildah, podman or docker (install one)" >&2; exit 1; }
	$(Q)$(IMAGE_BUILD) -f deploy/Dockerfile -t $(IMAGE) $(if $(BASE),--build-arg BASE=$(BASE)) \
		--build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) .
	@echo "image: $(IMAGE) is made$(if $(BASE), in $(BASE))"

# --- the Debian package -----------------------------------------------------------

DEB := $(B)/deb
DEB_DATE := $(shell git log -1 --format=%cD 2>/dev/null || date -R)

.PHONY: deb
deb: all
	$(Q)command -v dh >/dev/null || { echo "weir: deb failed: no debhelper (apt-get install debhelper)" >&2; exit 1; }
	$(Q)rm -rf $(DEB) && mkdir -p $(DEB)/weir && cp -r deploy/debian $(DEB)/weir/debian
	$(Q)printf 'weir (%s) unstable; urgency=medium\n\n  * Version %s, commit %s.\n\n -- %s  %s\n' '$(VERSION)' '$(VERSION)' \
		'$(COMMIT)' "$$(sed -n 's/^Maintainer: //p' deploy/debian/control)" '$(DEB_DATE)' >$(DEB)/weir/debian/changelog
	$(Q)cd $(DEB)/weir && WEIR_SOURCE=$(CURDIR) WEIR_BUILD=$(abspath $(B)) dpkg-buildpackage -b -us -uc >../build.log 2>&1 || \
		{ tail -n 20 ../build.log >&2; exit 1; }
	@echo "deb: $$(ls $(DEB)/weir_*.deb)"
