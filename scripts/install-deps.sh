#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Installs what building, testing and demonstrating weir needs on Debian 12/13
# and Ubuntu 24.04 or later. Quiet and quick when nothing is missing. On
# Debian 12 libbpf is too old, so a backports source is added in a file of its
# own, announced, and used for libbpf and bpftool only.
#
#   install-deps.sh build     what `make` needs
#   install-deps.sh bench     also what measured comparisons need
#   install-deps.sh test      also what the tests, checks and the demo need (default)
set -euo pipefail

readonly LIBBPF_MIN=1.3
readonly SOURCE_FILE=/etc/apt/sources.list.d/weir-backports.sources

readonly BUILD_PACKAGES=(
	gcc make pkg-config clang llvm libc6-dev linux-libc-dev git
	libelf-dev zlib1g-dev libnl-3-dev libnl-route-3-dev libfyaml-dev
	libjansson-dev libuv1-dev libmicrohttpd-dev libcurl4-openssl-dev
	libsmartcols-dev libncurses-dev uthash-dev libseccomp-dev libcap-ng-dev
)
readonly TEST_PACKAGES=(
	libcmocka-dev perl python3 python3-tap python3-yaml iproute2 nftables ethtool mount util-linux bsdutils strace tmux
	clang-format clang-tidy cppcheck curl libclang-rt-dev valgrind tshark zsh man-db mandoc groff
	prometheus
	containernetworking-plugins podman crun
	qemu-system-x86 busybox-static kmod cpio xz-utils e2fsprogs
)
# What weir is measured beside, what measures it, and what draws it.
readonly BENCH_PACKAGES=(nftables iptables ipset iperf3 gnuplot-nox)
# The compilers whose programs are loaded; a release has some of them.
readonly OTHER_CLANGS=(clang-14 clang-16 clang-19)
# Ubuntu has Chromium and kubectl only as snaps, and the image is Debian's; the tests that need these are skipped there.
DEBIAN_TEST_PACKAGES=(
	chromium chromium-driver python3-selenium mmdebstrap debhelper lintian systemd
)
# kubectl may be there from elsewhere, and the two packages don't go together.
command -v kubectl >/dev/null || DEBIAN_TEST_PACKAGES+=(kubernetes-client)
readonly DEBIAN_TEST_PACKAGES

say() { echo "install-deps: $*"; }
die() { echo "weir: install-deps failed: $*" >&2; exit 1; }

missing() { # prints those of the named packages that are not installed
	local package
	for package in "$@"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
			grep -q '^install ok installed$' || echo "$package"
	done
}

available() { # prints those of the named packages that the archive has
	local package
	for package in "$@"; do
		[[ $(apt-cache policy "$package") != *"Candidate: "[0-9]* ]] || echo "$package"
	done
}

new_enough() { # PKGCONFIG-NAME VERSION
	pkg-config --exists "$1 >= $2" 2>/dev/null
}

# The archive that this machine's own sources name for its release, as a deb822
# stanza; so a local mirror stays a local mirror.
backports_stanza() {
	local codename=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg uri
	# shellcheck disable=SC2016 # apt's own placeholders
	uri=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v code="$codename" '$1 == code && $2 == "main" { print $3; exit }')
	[[ -n $uri ]] || return 0
	printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\n' "$uri" "$codename"
	[[ ! -e $keyring ]] || printf 'Signed-By: %s\n' "$keyring"
}

# apt takes nothing from backports unless asked for it by name, so this changes
# no other package.
add_backports() {
	local codename=$1 stanza
	[[ -e $SOURCE_FILE ]] && return
	stanza=$(backports_stanza "$codename")
	[[ -n $stanza ]] || die "no apt source for $codename/main found (add $codename-backports by hand and run again)"
	say "libbpf here is older than $LIBBPF_MIN: adding $codename-backports in $SOURCE_FILE (remove the file to undo)"
	printf '%s\n' "$stanza" >"$SOURCE_FILE"
	apt-get update -qq
}

apt_install() {
	[[ $# -gt 0 ]] || return 0
	say "installing $*"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
		die "apt-get could not install: $* (see the lines above)"
}

main() {
	local what=${1:-test} wanted=("${BUILD_PACKAGES[@]}") todo=() updated=0
	[[ $what == build || $what == test || $what == bench ]] || { echo "usage: $0 [build|test|bench]" >&2; exit 2; }
	[[ $what != build ]] && wanted+=("${TEST_PACKAGES[@]}")
	[[ $what == bench ]] && wanted+=("${BENCH_PACKAGES[@]}")

	command -v apt-get >/dev/null || die "this is no Debian or Ubuntu (install by hand: ${wanted[*]} bpftool, libbpf >= $LIBBPF_MIN)"
	# shellcheck source=/dev/null
	. /etc/os-release
	[[ $what != build && $ID == debian ]] && wanted+=("${DEBIAN_TEST_PACKAGES[@]}")
	mapfile -t todo < <(missing "${wanted[@]}")
	if [[ ${#todo[@]} -gt 0 ]] || ! new_enough libbpf "$LIBBPF_MIN" || ! find_bpftool; then
		[[ $EUID -eq 0 ]] || die "${todo[*]:-libbpf-dev bpftool} missing (run it as root)"
		apt-get update -qq || die "apt-get update failed (see the lines above)"
		updated=1
	fi
	apt_install "${todo[@]}"
	if [[ $what != build ]]; then # now that apt knows what there is
		mapfile -t todo < <(available "${OTHER_CLANGS[@]}")
		mapfile -t todo < <(missing "${todo[@]}")
		apt_install "${todo[@]}"
	fi
	if ! new_enough libbpf "$LIBBPF_MIN"; then
		if [[ ${VERSION_CODENAME:-} == bookworm ]]; then
			add_backports bookworm
			apt_install {libbpf-dev,libbpf1,bpftool}/bookworm-backports
		else
			apt_install libbpf-dev
		fi
	fi
	find_bpftool || apt_install "$(bpftool_package)"
	new_enough libbpf "$LIBBPF_MIN" ||
		die "libbpf is $(pkg-config --modversion libbpf 2>/dev/null || echo missing), weir needs >= $LIBBPF_MIN (install a newer libbpf-dev)"
	[[ $updated -eq 0 ]] || say "done"
}

# Ubuntu's /usr/sbin/bpftool is a wrapper that wants the running kernel's tools
# package; any version of the tool can write a skeleton.
find_bpftool() { bpftool version >/dev/null 2>&1 || compgen -G '/usr/lib/linux-tools/*/bpftool' >/dev/null; }
bpftool_package() {
	if [[ $(apt-cache policy bpftool) == *"Candidate: "[0-9]* ]]; then echo bpftool; else echo linux-tools-generic; fi
}

main "$@"
