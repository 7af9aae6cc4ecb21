#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Ends the resuming and the undoing of a halted apply at every system call that changes the disk.
# The helpers take arguments where they need them.
# shellcheck disable=SC2119
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3 strace
strace -qq -o /dev/null -e trace=write true 2>/dev/null || skip_all "strace may not trace"
# Leaks cannot be looked for under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}"
apply_setup

# Every way of becoming visible, and of each one that is done and one that is left, or nearly so.
mkdir -p "$repo/www"
echo 'new content' >"$repo/a"
echo 'in a folder' >"$repo/www/x"
cat >"$repo/assent.yaml" <<END
on-failure: stop
resources:
  - file: $host/one
    source: a
  - file: $host/two
    source: a
  - file: $host/made/three
    source: a
  - file: $host/four
    source: a
  - file: $host/mode-only
    source: a
    mode: "0600"
  - tree: $host/www
    source: www
    prune: true
  - link: $host/link
    to: elsewhere
END
commit
mkdir -p "$host/www/gone"
for name in one two www/gone/y www/z; do
  echo 'old content' >"$host/$name"
done
cp "$repo/a" "$host/mode-only"
ln -s nowhere "$host/link"
chmod 755 "$host" "$host/www" "$host/www/gone"
chmod 644 "$host/one" "$host/two" "$host/mode-only"
cp -a "$host" "$tmp/old"
ok 'a plan of every kind of step is made' plan
ok 'with each of them' is summary '{"create": 4, "remove": 3, "update": 4}'
sign
ok 'it is applied undisturbed' apply alice
is result ok || { cat "$tmp/answer"; finish; }
cp -a "$host" "$tmp/new"

sweep() { # MODE WORKER...
  python3 "$srcdir/tests/system/apply-sweep.py" "$1" "$tmp/old" "$tmp/new" \
    "$host" "$journal" "$tmp/request" "${@:2}" >"$tmp/out" 2>&1
  grep '^#' "$tmp/out"
  runs=0 hit=-1 bad=-1
  read -r _ runs _ hit _ bad < <(tail -n 1 "$tmp/out")
}

sweep kill-resume "$worker" --trust "$keys/trust.yaml"
ok 'its resuming was ended at many places' test "$runs" -gt 40
ok 'each time' test "$hit" -eq "$runs"
ok 'and it was halted still, or all old, or all new' test "$bad" -eq 0

sweep kill-undo "$worker" --trust "$keys/trust.yaml"
ok 'its undoing was ended too' test "$runs" -gt 20
ok 'each time' test "$hit" -eq "$runs"
ok 'and it was halted still, or all old' test "$bad" -eq 0
finish
