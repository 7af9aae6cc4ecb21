#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# libassent's promises to other programs: its symbols, its headers, its example.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need nm cc ssh-keygen

headers="$srcdir/include/assent"
mkdir "$tmp/include"
mkdir "$tmp/include/assent"
cp "$headers"/*.h "$builddir/include/assent/version.h" "$tmp/include/assent/"

# The same names in the library, in the symbol file and in the headers.
nm -D --defined-only "$builddir/.libs/libassent.so" |
  sed -n 's/^[0-9a-f]* [TDBR] \([^@]*\).*/\1/p' | grep -v '^LIBASSENT_' | sort >"$tmp/exported"
sed -n 's/^	\(assent_[a-z_]*\);$/\1/p' "$srcdir/src/core/libassent.sym" | sort >"$tmp/listed"
cat "$tmp"/include/assent/*.h | tr '\n' ' ' | grep -o 'ASSENT_API [a-z][^(]*(' |
  sed 's/.*[ *]\(assent_[a-z_]*\)($/\1/' | sort >"$tmp/declared"
ok 'there are symbols' test -s "$tmp/exported"
ok 'exported symbols are those of the symbol file' diff -u "$tmp/listed" "$tmp/exported"
ok 'which are those of the headers' diff -u "$tmp/listed" "$tmp/declared"

# Each header compiles alone.
for header in "$tmp"/include/assent/*.h; do
  name=$(basename "$header")
  echo "#include <assent/$name>" >"$tmp/alone.c"
  ok "$name compiles alone as C" \
    cc -std=c11 -Wall -Wextra -Werror -pedantic -I"$tmp/include" -fsyntax-only "$tmp/alone.c"
  if command -v c++ >/dev/null; then
    cp "$tmp/alone.c" "$tmp/alone.cc"
    ok "$name compiles alone as C++" \
      c++ -Wall -Wextra -Werror -I"$tmp/include" -fsyntax-only "$tmp/alone.cc"
  fi
done

# The example, on the parts of a bundle.
make-log "$tmp/state" 6
export ASSENT_SOCKET="$tmp/none"
log=$tmp/state/log
plan=$(assent log --type plan "$log" | sed -n 's/.*\([0-9a-f]\{12\}\) #7.*/\1/p')
ok 'a bundle is made' assent log export --log "$log" "$plan" "$tmp/bundle"
sed 's/.*"plan_key":"\([^"]*\)".*/\1/' "$tmp/bundle/proofs/0.leaf" >"$tmp/key"
run() {
  verify-plan -t "$1" "$tmp/bundle/plan.json" "$tmp/bundle/plan.json.sig" "$tmp/key" \
    "$tmp/bundle/allowed_signers" "${@:2}"
}
exits 0 'the example verifies it' run 1767225700 alice "$tmp/bundle/approval-2.json.sig"
says 'prints the plan' out 'create file:/srv/x'
says 'and the verdict' out 'approved'
exits 1 'not without the approval' run 1767225700
exits 1 'nor as that of another' run 1767225700 bob "$tmp/bundle/approval-2.json.sig"
exits 1 'nor after its expiry' run 1867225700 alice "$tmp/bundle/approval-2.json.sig"
echo >>"$tmp/bundle/plan.json"
exits 1 'nor with a byte more' run 1767225700 alice "$tmp/bundle/approval-2.json.sig"
finish
