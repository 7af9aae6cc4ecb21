#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Ends an apply with acts in its middle, one of which brings what later steps find, at every system
# call that changes the disk.
# The helpers take arguments where they need them.
# shellcheck disable=SC2119
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3 strace
strace -qq -o /dev/null -e trace=write true 2>/dev/null || skip_all "strace may not trace"
# Leaks cannot be looked for under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}"
apply_setup

# The act: a file and a folder come, each by one system call.
echo 'packaged' >"$tmp/packaged"
chmod 644 "$tmp/packaged"
brought() { # FOLDER
  mkdir -m 700 "$1/brought.d"
  ln "$tmp/packaged" "$1/brought"
}
echo 'new content' >"$repo/a"
cat >"$repo/assent.yaml" <<END
resources:
  - file: $host/first
    source: a
  - command: bring-folder
    run: [mkdir, -m, "700", $host/brought.d]
    creates: $host/brought.d
    after: file:$host/first
  - command: bring-file
    run: [ln, $tmp/packaged, $host/brought]
    creates: $host/brought
    after: file:$host/first
  - file: $host/brought
    source: a
    after: command:bring-file
  - directory: $host/brought.d
    mode: "0750"
    after: command:bring-folder
  - file: $host/brought.d/x
    source: a
    after: command:bring-folder
  - file: $host/last
    source: a
    after: command:bring-file
END
commit
for name in first last; do
  echo 'old content' >"$host/$name"
  chmod 644 "$host/$name"
done
chmod 755 "$host"
cp -a "$host" "$tmp/old"
cp -a "$host" "$tmp/kept"
brought "$tmp/kept"
ok 'a plan of acts and paths is made' plan
ok 'with each of them' is summary '{"create": 3, "run": 2, "update": 2}'
sign
ok 'it is applied undisturbed' apply alice
is result ok || { cat "$tmp/answer"; finish; }
ok 'what the act brought has given way' grep -qx 'new content' "$host/brought"
ok 'the folder that it brought has its mode' test "$(stat -c %a "$host/brought.d")" = 750
ok 'its source is as it was' grep -qx packaged "$tmp/packaged"
ok 'nothing is kept' no_leftovers
cp -a "$host" "$tmp/new"

sweep() { # MODE WORKER...
  python3 "$srcdir/tests/system/apply-sweep.py" "$1" "$tmp/old" "$tmp/new" \
    "$host" "$journal" "$tmp/request" "${@:2}" >"$tmp/out" 2>&1
  grep '^#' "$tmp/out"
  runs=0 hit=-1 bad=-1
  read -r _ runs _ hit _ bad < <(tail -n 1 "$tmp/out")
}

export KEPT="$tmp/kept"
sweep kill "$worker" --trust "$keys/trust.yaml"
ok 'it was ended at many places' test "$runs" -gt 50
# A call that only a child makes ends the child.
ok 'nearly each time' test "$hit" -gt $((runs - 12))
ok 'and every path was old, brought or new, then all of them' test "$bad" -eq 0

# A later step that fails takes back what it can, and tells the rest.
rm -rf "$host" "$journal"
cp -a "$tmp/old" "$host"
trace='strace -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:error=EIO:when=4'
ok 'a step after the acts fails' apply alice
trace=''
ok 'which is said' is result failed
ok 'with the act' grep -qF 'was run and cannot be undone' "$tmp/answer"
ok 'what it brought is there' grep -qx packaged "$host/brought"
ok 'with its mode' test "$(stat -c %a "$host/brought.d")" = 700
rm -r "$host/brought" "$host/brought.d"
ok 'all else is as it was' test "$(listing "$host")" = "$(listing "$tmp/old")"
ok 'and nothing kept' no_leftovers
finish
