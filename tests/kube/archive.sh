# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Sourced: where this machine gets Debian from.

readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The archive that this machine's own sources name for bookworm.
archive_uri() {
	# shellcheck disable=SC2016 # apt's own placeholders
	apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 == "bookworm" && $2 == "main" { print $3; exit }'
}

# A deb822 stanza of one suite of it; nothing where there is none.
archive_stanza() { # TYPE SUITE
	local uri
	uri=$(archive_uri)
	[[ -n $uri ]] || return 0
	printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\n' "$1" "$uri" "$2"
	[[ ! -e $KEYRING ]] || printf 'Signed-By: %s\n' "$KEYRING"
}
