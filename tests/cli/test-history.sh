#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent history: the signed log as a table and as JSON; what does not verify tells nothing.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3

state=$tmp/state
log=$state/log
make-log "$state" 30 steered || skip_all "cannot make a log"
export ASSENT_SOCKET="$tmp/none"

exits 0 'a log tells its history' assent history --log "$log"
ok 'the apply has plan, commit, author, approver, result, duration, subject' grep -qE \
  ' web +apply #7 commit +[0-9a-f]{12} +111111111111 +Bob +alice \(signature\) +ok +1s +Add x$' \
  "$tmp/out"
ok 'who rolled back and why' grep -qE ' web +rollback +.* bob .* it broke$' "$tmp/out"
ok 'who suspended, until when' grep -qE ' suspend .* alice .* a move \(2027-01-15 ' "$tmp/out"
ok 'a resume of all' grep -qE ' - +resume .* alice ' "$tmp/out"
ok 'a pin that went' grep -qE ' unpin .* bob .* mended$' "$tmp/out"
ok 'a trial' grep -qE ' try refs/heads/next .* bob .* a look \(2027-01-15 ' "$tmp/out"
ok 'its end' grep -qE ' return .* its time is over$' "$tmp/out"
ok 'a commit without a plan' grep -qE ' converged +- +111111111111 +Bob .* Add x$' "$tmp/out"
lacks 'drift is not shown' out ' drift '
lacks 'nor a note' out 'nothing "special"'
ok 'newest first' test "$(sed -n '2p;$p' "$tmp/out" | grep -oE 'converged|apply' | tr '\n' ' ')" = \
  'converged apply '
exits 0 'all of it' assent history --all --log "$log"
ok 'has the drift' grep -qE ' drift .* file:/srv/x$' "$tmp/out"
says 'and notes' out 'nothing "special"'
exits 0 'only the newest two' assent history --limit 2 --log "$log"
ok 'are two' test "$(wc -l <"$tmp/out")" = 3
exits 0 'since a time' assent history --since 2026-01-01T00:00:05Z --log "$log"
lacks 'what was before is left out' out 'apply #7'
exits 0 'of a stack' assent history web --log "$log"
says 'has its apply' out 'apply #7'
exits 1 'of a stack that never was' assent history nope --log "$log"
says 'is refused' err "no stack 'nope'"
exits 2 'a limit that is none' assent history --limit=-1 --log "$log"
exits 2 'a time that is none' assent history --since soon --log "$log"

exits 0 'as JSON' assent history --json --log "$log"
ok 'with every member' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema_version"] == 1 and d["verified"] is True and d["size"] == 30
assert d["key_from_log"] is False
e = {x["event"]: x for x in d["events"]}
a = e["apply"]
assert a["stack"] == "web" and a["number"] == 7 and a["reason"] == "commit"
assert a["commit"]["author"] == "Bob" and a["commit"]["subject"] == "Add x"
assert a["authority"] == "people" and a["result"] == "ok" and a["seconds"] == 1
assert [(v["person"], v["channel"]) for v in a["approvals"]] == [("alice", "signature")]
assert (a["done"], a["undone"], a["left"], a["halted"]) == (1, 0, 0, False)
assert e["rollback"]["plan"] == a["plan"] and e["rollback"]["person"] == "bob"
assert e["suspend"]["until"] == "2027-01-15T08:00:00Z"
assert e["try"]["kind"] == "refs/heads/next" and e["resume"]["stack"] is None
assert e["converged"]["commit"]["id"] == "1" * 40' "$tmp/out"

# Who stands behind an apply.
by() { # STORY TEXT
  rm -rf "$tmp/other"
  make-log "$tmp/other" 10 "$1"
  exits 0 "a log of '$1'" assent history --log "$tmp/other/log"
  says "names who said yes" out "$2"
}
by attested 'alice (slack)'
by glass 'alice (break-glass)'
by quiet 'policy (nobody rejected it)'

# The log without what lies beside it.
mv "$state/objects" "$state/away"
exits 0 'a log alone' assent history --log "$log"
ok 'does not know the author' grep -qE ' apply #7 commit .* 111111111111 +- +alice ' "$tmp/out"
says 'and says so' err 'Not all that the log names'
exits 0 'its objects elsewhere' assent history --log "$log" --objects "$state/away"
says 'tell the author' out ' Bob '
mv "$state/away" "$state/objects"
mv "$state/keys" "$state/away"
exits 0 'a log without its key beside it' assent history --log "$log"
says 'says whose word that is' err 'The key was taken from the log itself'
exits 0 'with the key' assent history --log "$log" --key "$state/away/log.vkey"
lacks 'it need not' err 'The key was taken'
mv "$state/away" "$state/keys"

# Found as everything else finds it.
printf 'agent: web1.example.org\nstate: %s\n' "$state" >"$tmp/assentd.yaml"
exits 0 'the log of the configuration' assent history --config "$tmp/assentd.yaml"
says 'is read' out 'apply #7'
exits 1 'a log that is not there' assent history --log "$tmp/nowhere"

# What does not verify tells nothing.
for story in forged-approval no-approval twice; do
  rm -rf "$tmp/other"
  make-log "$tmp/other" 10 "$story"
  exits 1 "a log of '$story' is refused" assent history --log "$tmp/other/log"
  says 'with what is wrong' err 'does not verify: entry '
  ok 'and tells nothing' test ! -s "$tmp/out"
done
cp -r "$state" "$tmp/copy"
python3 - "$tmp/copy/log/tile/entries/000.p/30" <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(-5, 2)
    f.write(b"7")
END
exits 1 'a flipped byte' assent history --json --log "$tmp/copy/log"
says 'is an error in JSON' err '"code":"unverified"'
finish
