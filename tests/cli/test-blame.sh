#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent blame: which plan, whose commit, who approved; from the signed log alone.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3

state=$tmp/state
log=$state/log
make-log "$state" 20 steered || skip_all "cannot make a log"
export ASSENT_SOCKET="$tmp/none"

exits 0 'a path' assent blame /srv/x --log "$log"
says 'is known by its id' out 'file:/srv/x'
ok 'with stack' grep -qE '^  stack +web$' "$tmp/out"
ok 'what was done' grep -qE '^  change +create$' "$tmp/out"
ok 'commit' grep -qE '^  commit +111111111111 Add x$' "$tmp/out"
ok 'author' grep -qE '^  author +Bob <bob@example.com>, 2025-12-31 23:59:00 UTC$' "$tmp/out"
ok 'plan' grep -qE '^  plan +[0-9a-f]{12} #7 commit$' "$tmp/out"
ok 'approver' grep -qE '^  approved +alice \(signature\)$' "$tmp/out"
ok 'when that was' grep -qE '^ +alice, 2026-01-01 00:00:03 UTC$' "$tmp/out"
ok 'when it was applied' grep -qE '^  applied +2026-01-01 00:00:05 UTC \(.* ago\), ok$' "$tmp/out"
ok 'what is there now may be another host' grep -qE '^  now +not known: ' "$tmp/out"
ok 'the drift since' grep -qE '^  drift +recorded 2026-01-01 .* \(entry 5\)$' "$tmp/out"
says 'by whom' out 'by vi (process 7) of root'
exits 0 'an id' assent blame file:/srv/x --log "$log"
says 'is the same' out 'file:/srv/x'
cd / || exit 1
exits 0 'a relative path' assent blame srv/../srv/./x --log "$log"
says 'is the same' out 'file:/srv/x'
exits 0 'all that changed it' assent blame --all /srv/x --stack web --log "$log"
ok 'is one plan' test "$(grep -c '^  plan ' "$tmp/out")" = 1

exits 0 'a folder above it' assent blame /srv/ --log "$log"
says 'tells the newest change below' out 'file:/srv/x'
says 'and that it is one' err "no plan has changed '/srv' itself"
exits 0 'or the whole host' assent blame / --log "$log"
exits 1 'not one that only begins so' assent blame /sr --log "$log"
exits 0 'as JSON' assent blame /srv --log "$log" --json
ok 'with its own path' grep -q '"path": *"/srv/x"' "$tmp/out"
exits 1 'what nobody changed' assent blame /etc/none --log "$log"
says 'is told' err "no applied plan has changed '/etc/none'"
exits 1 'a package' assent blame package:nginx --log "$log"
says 'is told' err "'package:nginx'"
exits 1 'below what is managed' assent blame /srv/x/y/z --log "$log"
says 'names that' err "'/srv/x' above it is managed"
exits 1 'of another stack' assent blame /srv/x --stack other --log "$log"
exits 2 'without a name' assent blame

exits 0 'as JSON' assent blame --json /srv/x --log "$log"
ok 'with every member' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema_version"] == 1 and d["verified"] is True
assert d["resource"] == "file:/srv/x" and d["path"] == "/srv/x"
assert d["now"] == {"state": "unknown", "differs": [], "why": "elsewhere"}
assert d["drift"]["entry"] == 5 and d["drift"]["detail"]["who"]["user"] == "root"
c, = d["changes"]
assert c["action"] == "create" and c["commit"]["email"] == "bob@example.com"
assert c["approvals"][0]["person"] == "alice" and c["result"] == "ok"' "$tmp/out"

# The log of this host: what is there is looked at. Nothing made it here.
printf 'agent: web1.example.org\nstate: %s\n' "$state" >"$tmp/assentd.yaml"
if [ ! -e /srv/x ]; then
  exits 0 'on this host' assent blame /srv/x --config "$tmp/assentd.yaml" --json
  ok 'it is gone' python3 -c '
import json, sys
n = json.load(open(sys.argv[1]))["now"]
assert n["state"] == "different" and n["differs"] == ["type"], n' "$tmp/out"
fi

make-log "$tmp/bad" 10 forged-approval
exits 1 'a log that does not verify' assent blame /srv/x --log "$tmp/bad/log"
ok 'tells nothing' test ! -s "$tmp/out"
finish
