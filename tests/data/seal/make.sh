#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the sealed files beside it: ASSENT=build/assent tests/data/seal/make.sh. The keys are gone after it.
set -e
cd "$(dirname "$0")"
T=$(mktemp -d)
trap 'rm -r "$T"' EXIT
for name in a b; do
  "$ASSENT" seal --key "$T/$name.key" --rotate >"$T/$name.pub"
done
echo one | "$ASSENT" seal --to "$T/a.pub" -o one.sealed -
echo several | "$ASSENT" seal --to "$T/a.pub" --to "$T/b.pub" --for 'web1/shop:/etc/*' -o several.sealed -
sed '/^-----END/d' one.sealed >cut.sealed
cp "$T/a.pub" recipient
