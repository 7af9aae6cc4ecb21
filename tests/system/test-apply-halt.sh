#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An apply that is halted: it goes on, is taken back, or gives way to the next plan.
# The helpers take arguments where they need them.
# shellcheck disable=SC2119
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3
apply_setup

manifest() { # CHECK
  cat >"$repo/assent.yaml" <<END
on-failure: stop
resources:
  - file: $host/a.conf
    source: a
  - file: $host/made/by/us
    source: a
    after: file:$host/a.conf
  - tree: $host/www
    source: www
    prune: true
  - link: $host/link
    to: a.conf
END
  [ -z "${1:-}" ] || printf 'checks:\n  - %s\n    within: 1s\n' "$1" >>"$repo/assent.yaml"
}
# What is seen of the host, without what a halted apply keeps.
seen() {
  listing "$host" | grep -v '\.assent-'
}
# What somebody else finds: a host of old things, and a plan to change all of them.
fresh() {
  rm -rf "$host" "$journal"
  mkdir -p "$host/www/gone"
  echo 'old' >"$host/a.conf"
  echo 'old' >"$host/www/page"
  echo 'foreign' >"$host/www/gone/x"
  ln -s nowhere "$host/link"
  ok "$1: a plan is made" plan
  ok "$1: with all of it" is summary '{"create": 3, "remove": 2, "update": 3}'
  sign
  old=$(listing "$host")
}
is_halted() { # NAME
  ok "$1: halted" is halted True
  ok "$1: with its plan" is plan "sha256:$(sha256sum "$tmp/plan.json" | cut -d' ' -f1)"
  ok "$1: with its journal" test -e "$journal/journal"
}
mkdir -p "$repo/www"
echo 'new' >"$repo/a"
echo 'new' >"$repo/www/page"

# 1. A check fails; the service that it asks comes up later.
port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
manifest "tcp: 127.0.0.1:$port"
commit
fresh 'a failed check'
ok 'a check fails' apply alice
ok 'which is said' is result failed
ok 'all is done' is 'done' 8
ok 'and nothing left' is left 0
is_halted 'a failed check'
ok 'the new content is there' grep -qx new "$host/a.conf"
half=$(listing "$host")
ok 'recovery leaves it alone' recover
ok 'and says how it is' is result halted
is_halted 'recovery'
ok 'with its counts' is 'done' 8
apply alice
ok 'it is not applied once more' is code failed
ok 'with the ways out' grep -qF 'can be resumed or undone' "$tmp/answer"
resume
ok 'nobody goes on with it without votes' is code untrusted
ok 'nothing has changed by all that' test "$(listing "$host")" = "$half"
ok 'it goes on' resume alice
ok 'and the check fails again' is result failed
is_halted 'once more'
ok 'it is taken back' undo
ok 'whatever its policy is' is result rolled-back
ok 'all of it' is undone 8
ok 'as it was' test "$(listing "$host")" = "$old"
ok 'and forgotten' no_leftovers
undo
ok 'nothing is left to undo' is result none
resume alice
ok 'nor to go on with' is result none
recover
ok 'nor to recover' is result none
fresh 'a check that is mended'
apply alice
is_halted 'a check that is mended'
background "$tmp/up" python3 -u -c '
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(9)
print("up")
while True:
    s.accept()[0].close()' "$port"
wait_for test -s "$tmp/up"
ok 'it goes on' resume alice
ok 'to its end' is result ok
ok 'all is done' is 'done' 8
ok 'and nothing kept' no_leftovers
converged() {
  plan "$commit" && is changes 0
}
ok 'now nothing differs' converged

# 2. What may go on: the same plan, in time, when nothing else has changed.
manifest
commit
if ! strace -qq -o /dev/null -e trace=renameat2 true 2>/dev/null; then
  echo '# no tracing here: no step fails'
  finish
fi
failing() { # N: the rename that fails
  trace="strace -qq -f -o /dev/null -e trace=renameat2 -e inject=renameat2:error=EIO:when=$1"
}
# The removals come first: the third rename is that of a.conf.
halt() { # NAME
  fresh "$1"
  failing 3
  apply alice
  trace=''
  ok "$1: a step failed" is result failed
  ok "$1: what does not need it is done" is 'done' 4
  ok "$1: the rest is left" is left 4
  is_halted "$1"
}
halt 'a failed step'
ok 'it names what failed' python3 - "$tmp/answer" "$host" <<'END'
import json, sys
steps = json.loads(open(sys.argv[1]).read().splitlines()[-1])["result"]["steps"]
by = {s["id"]: s for s in steps}
host = sys.argv[2]
failed = by[f"file:{host}/a.conf"]
assert failed["outcome"] == "failed" and "Input/output error" in failed["message"], failed
for path in ("made", "made/by", "made/by/us"):
    left = [s for i, s in by.items() if i.endswith(f":{host}/{path}")][0]
    assert left["outcome"] == "left" and "left out" in left["message"], left
assert by[f"link:{host}/link"]["outcome"] == "done"
END
ok 'the left one is old' grep -qx old "$host/a.conf"
ok 'the other one new' grep -qx new "$host/www/page"
ok 'a plan is made meanwhile' plan
ok 'which knows nothing of what is kept' is summary '{"create": 3, "update": 1}'
ok 'it goes on' resume alice
ok 'to its end' is result ok
ok 'all is done' is 'done' 8
ok 'and nothing kept' no_leftovers
new=$(listing "$host")

halt 'somebody changes what is left'
echo 'somebody' >"$host/a.conf"
half=$(listing "$host")
resume alice
ok 'that is stale' is code stale
ok 'with its name' grep -qF "$host/a.conf' has other content" "$tmp/answer"
ok 'and nothing was done' test "$(listing "$host")" = "$half"
echo 'old' >"$host/a.conf"
echo 'somebody' >"$host/www/page"
half=$(listing "$host")
resume alice
ok 'what is done counts too' is code stale
ok 'with its name' grep -qF "$host/www/page' is not any more what was put there" "$tmp/answer"
ok 'and nothing was done' test "$(listing "$host")" = "$half"
echo 'new' >"$host/www/page.new"
mv "$host/www/page.new" "$host/www/page"
resume alice
ok 'and whatever came in its place' is code stale
ok 'it can be undone' undo
ok 'but for what somebody changed' is result failed
ok 'whose old version is kept' grep -qx old "$host/www/page.assent-old"
ok 'the rest is as it was' test "$(readlink "$host/link")" = nowhere -a -e "$host/www/gone/x"

halt 'another plan'
cp "$tmp/plan.json" "$tmp/halted.json"
cp "$tmp/plan.json.sig" "$tmp/halted.json.sig"
half=$(listing "$host")
sign agent.key 1800
resume alice
ok 'another plan does not go on with it' is code failed
ok 'even of the same changes' grep -qF 'another plan is halted' "$tmp/answer"
sign agent.key -10
resume alice
ok 'nor an expired one' is code expired
ok 'nothing has changed' test "$(listing "$host")" = "$half"
plan
sign
echo 'somebody' >"$host/a.conf"
apply alice
ok 'the next plan is stale' is code stale
ok 'and it is still halted' test -e "$journal/journal"
recover
cp "$tmp/halted.json" "$tmp/plan.json"
is_halted 'after a stale plan'
echo 'old' >"$host/a.conf"
plan
sign
ok 'the next plan is applied' apply alice
ok 'to its end' is result ok
ok 'with what was left' is 'done' 4
ok 'nothing of either is kept' no_leftovers
ok 'all is new' test "$(listing "$host")" = "$new"

# 3. It fails again, or is stopped.
halt 'it fails again'
half=$(seen)
failing 1
ok 'it goes on' resume alice
ok 'and fails' is result failed
trace=''
is_halted 'it fails again'
ok 'as it was' test "$(seen)" = "$half"
failing 2
ok 'it goes on' resume alice
trace=''
ok 'a bit further' is left 3
is_halted 'a bit further'
ok 'and to its end' resume alice
ok 'to its end' is result ok
ok 'all is new' test "$(listing "$host")" = "$new"
ok 'nothing is kept' no_leftovers
halt 'it is stopped before it goes on'
trace='strace -qq -f -o /dev/null -e trace=mkdirat -e inject=mkdirat:signal=TERM:when=1'
resume alice
trace=''
ok 'stopped' is code interrupted
ok 'nothing has changed' test "$(seen)" = "$half"
recover
is_halted 'stopped'
trace='strace -qq -f -o /dev/null -e trace=renameat2 -e inject=renameat2:signal=TERM:when=1'
ok 'it is stopped on its way' resume alice
trace=''
ok 'and says so' is result interrupted
ok 'all is as it was' test "$(listing "$host")" = "$old"
ok 'and nothing kept' no_leftovers

finish
