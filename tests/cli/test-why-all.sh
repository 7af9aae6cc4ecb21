#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent why, of an agent that has every trouble at once: each link of the chain, and that every
# command which it names exists, with its options. What a real agent answers is in test-why.sh.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3 ssh-keygen

web="$tmp/web" socket="$tmp/agent.sock"
python3 "$srcdir/tests/cli/fake-agent.py" make "$web" || skip_all 'python3 cannot make the answers'
background "$tmp/fake.log" python3 "$srcdir/tests/cli/fake-agent.py" serve "$web" "$socket"
export ASSENT_SOCKET="$socket" ASSENT_CONFIG="$tmp/none.yaml"
wait_for test -S "$socket"
mv "$web/v1/stacks/web" "$tmp/stack" && mkdir "$web/v1/stacks/web"

# Python that changes the answer d, or its stack s
answer() {
  python3 - "$tmp/stack" "$web/v1/stacks/web/why" "$1" <<'END'
import json, sys, time
s = json.load(open(sys.argv[1]))
del s["schema_version"]
now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
quiet = {"failures": 0, "problem": None, "next": None}
s.update(job="none", drift=0, applied="1" * 40, halted=None, block=None, pending=None,
         state="converged")
d = {"schema_version": 1, "stack": s, "target": "1" * 40, "dead": None, "stopped": None,
     "suspended": None, "pin": None, "trial": None, "bad_commit": False, "after": [],
     "newest_plan": None, "on_drift": "report", "fetched": now, "fetch": dict(quiet, next=later),
     "plan": quiet, "recover": quiet, "next_drift": later, "wake": later}
exec(sys.argv[3])
json.dump(d, open(sys.argv[2], "w"))
END
}
# What is suggested, as JSON in $tmp/out: each command and each long option of it is known.
known() {
  python3 -c '
import json, sys
for command in json.load(open(sys.argv[1]))["next"]:
    print(command)' "$tmp/out" >"$tmp/next"
  while read -r program command rest; do
    test "$program" = assent && assent help "$command" >"$tmp/help" || return 1
    for word in $rest; do
      case $word in
      --*) grep -qe "$word" "$tmp/help" || return 1 ;;
      esac
    done
  done <"$tmp/next"
}
tells() { # NAME STATUS PYTHON TEXT [COMMAND]
  answer "$3"
  exits "$2" "$1" assent why web
  says "$1: says why" out "$4"
  if [ -n "${5-}" ]; then
    says "$1: says what can be done" out "  $5"
  else
    says "$1: nothing has to be done" out 'Nothing has to be done.'
  fi
  exits "$2" "$1: as JSON" assent why web --json
  ok "$1: what it names exists" known
}

tells 'all is well' 0 '' 'which is what holds here'
tells 'a dead log' 1 'd["dead"] = "no space"' 'log cannot be written' 'assent doctor'
tells 'a stop of everything' 1 'd["stopped"] = {"reason": "fire", "until": None}' \
  'all stacks are stopped, until somebody resumes it: fire' 'assent resume --all'
tells 'a suspension' 1 'd["suspended"] = {"reason": "moving", "until": later}' ': moving' \
  'assent resume web'
tells 'a rollback' 0 'd["pin"] = {"commit": "3" * 40, "reason": "it breaks"}
d["target"] = s["applied"] = "3" * 40; d["bad_commit"] = True' \
  'it was rolled back to 333333333333' 'assent rollback web --unpin --reason ...'
says 'and is not what the branch has' out '"bad-commit"'
assent why web >"$tmp/out"
says 'the branch has another commit than is to hold' out \
  'commit 111111111111, but commit 333333333333 is to hold here'
tells 'a trial' 0 'd["trial"] = {"ref": "refs/heads/t", "reason": "look", "until": later,
  "returning": False}; d["target"] = s["applied"] = "4" * 40' \
  'refs/heads/t is tried, until ' 'assent try web --end --reason ...'
tells 'its end' 0 'd["trial"] = {"ref": None, "reason": None, "until": None, "returning": True}' \
  'a trial has ended'
tells 'a rewritten history' 1 's["block"] = {"kind": "rewound", "commit": "5" * 40}' \
  'not followed (rewound)' "assent replan web --rewritten --commit $(printf '5%.0s' {1..40})"
tells 'a block' 1 's["block"] = {"kind": "manifest", "commit": "5" * 40}' \
  'not followed (manifest)' 'assent sync web'
exits 1 'a block again' assent why web
says 'the same commit can be planned again' out '  assent replan web'
tells 'a halt' 1 's["halted"] = {"plan": "sha256:" + "6" * 64, "seq": 3, "resumable": True}' \
  'plan 666666666666 has halted' 'assent apply --resume web'
tells 'another stack' 0 'd["after"] = [{"stack": "base", "state": "pending"}]' \
  "it comes after stack 'base', which is pending" 'assent why base'
tells 'another stack that converged' 0 'd["after"] = [{"stack": "base", "state": "converged"}]' \
  'fetched '
assent why web >"$tmp/out"
lacks 'is not named' out 'it comes after'
approved='s["pending"] = {"plan": "sha256:" + "7" * 64, "approved": True, "shut": False,
  "opens": None, "votes": 1, "required": 1, "expires": later}; s["state"] = "approved"'
other() { # NAME PYTHON: of a stack that another one waits for
  answer "$2"
  mkdir -p "$web/v1/stacks/$1" && mv "$web/v1/stacks/web/why" "$web/v1/stacks/$1/why"
}
waits() { # NAME STATUS [STACK]
  tells "an approved plan waits for $1" "$2" \
    "$approved; d['after'] = [{'stack': '${3:-base}', 'state': 'pending'}]" \
    "it comes after stack '${3:-base}'" "assent why ${3:-base}"
}
other base 's["state"] = "planning"; s["job"] = "plan"'
waits 'a stack that is at work' 0
other base 's["block"] = {"kind": "manifest", "commit": "5" * 40}'
waits 'one that a person has to mend' 1
other base "$approved; d['after'] = [{'stack': 'deep', 'state': 'idle'}]"
other deep ''
waits 'one that waits for one that goes on' 0
other deep 'd["newest_plan"] = {"plan": "sha256:" + "8" * 64, "settled": True,
  "state": "rejected", "message": "not now"}'
waits 'one that waits for a rejected one' 1
other base "$approved; d['after'] = [{'stack': 'base', 'state': 'idle'}]"
waits 'one that waits for itself' 1
waits 'one that is not there' 1 gone
other deep ''
other left "$approved; d['after'] = [{'stack': 'deep', 'state': 'idle'}]"
other right "$approved; d['after'] = [{'stack': 'deep', 'state': 'idle'}]"
other base "$approved; d['after'] = [{'stack': 'left', 'state': 'pending'},
  {'stack': 'right', 'state': 'pending'}]"
waits 'one that waits for two that wait for the same' 0
rm "$web/asked"
assent why web >"$tmp/out"
ok 'which is asked once' [ "$(grep -c '/deep/why$' "$web/asked")" = 1 ]
tells 'a shut window' 0 's["pending"] = {"plan": "sha256:" + "7" * 64, "approved": True,
  "shut": True, "opens": later, "votes": 1, "required": 1, "expires": later}' \
  'a window keeps it, which opens in '
tells 'a rejected plan' 1 'd["newest_plan"] = {"plan": "sha256:" + "8" * 64, "settled": True,
  "state": "rejected", "message": "not now"}' 'plan 888888888888 is rejected' 'assent replan web'
tells 'a drift' 1 's["drift"] = 2' '2 things on this host were changed' 'assent diff web'
finish
