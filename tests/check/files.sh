# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the checks: lists of the repository's own files, tracked or about to be.

all_files() { git ls-files --cached --others --exclude-standard | while read -r f; do [[ ! -f $f ]] || echo "$f"; done; }
c_files() { all_files | grep -E '\.[ch]$'; }
python_files() { all_files | grep -E '\.py$|^tests/check/(layers|links)$'; }
shell_files() { all_files | xargs grep -lIE '^#!/(usr/bin/env bash|bin/bash|bin/sh)|^# shellcheck shell='; }
