#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Signed commits, edited in every way: the verdict is that of git verify-commit.
. "${srcdir:-.}/tests/system/lib-git.sh"
git_need git ssh-keygen ssh-agent ssh-add gpg gpgconf openssl python3 || tap_skip_all "$REASON"
T=$(mktemp -d "${TMPDIR:-/tmp}/assent-verify.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
trap 'exit 1' INT TERM
python3 "$srcdir/tests/system/verify-cases.py" "$builddir/verify-driver" "$T"
