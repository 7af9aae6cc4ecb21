#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What people steer is told: through the real routes, to a webhook and a topic that really listen.
# shellcheck disable=SC2016,SC2119,SC2153,SC2154
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_chats
me=bob
agent_repo app
# The end of a suspension of an hour is near two seconds after its begin.
agent_stack app 'approval: {required: 1, from: [ops]}' 'drift-watch: none' \
  'suspend: {remind: 3598s}'
agent_user bob
cat >>"$CONF" <<C
notify:
  - webhook: {url: "$fake/webhook", secret: file:key, burst: 1000}
  - ntfy: {url: "$fake/", topic: ops}
C
agent_init
agent_start

# got PATH EVENT [TEXT [HOW]]: what was received there since forget; the newest one's body in $GOT
got() {
  python3 -c '
import json, sys
found = None
for line in open(sys.argv[1]):
    d = json.loads(line)
    if (d["path"] == sys.argv[2] and d["event"].startswith(sys.argv[3]) and
            sys.argv[4] in d["body"] and d["what"] == sys.argv[5]):
        found = d["body"]
if found is None:
    sys.exit(1)
open(sys.argv[1] + ".body", "w").write(found)' "$FAKE/got" "$1" "$2" "${3-}" "${4:-accepted}" ||
    return 1
  GOT=$(cat "$FAKE/got.body")
}
# told EVENT TEXT [EXPRESSION]: in both places, the webhook's data d and of it s, what was steered
told() {
  if agent_wait_for "got / '' '$2'" && agent_wait_for "got /webhook '$1'" &&
    [ "$(printf '%s' "$GOT" | python3 -c '
import json, sys
d = json.load(sys.stdin)["data"]
print(eval(sys.argv[1], {"d": d, "s": d.get("steered")}))' "${3-True}")" = True ]; then
    return 0
  fi
  echo "# not $1, $2, $3: $GOT" >&2
  cut -c1-300 "$FAKE/got" | tap_note
  return 1
}
steer() { # PATH JSON
  : >"$FAKE/got"
  agent_post "/v1/$1" "$2"
  [ "$STATUS" = 200 ] || echo "# $1: $STATUS $BODY" >&2
}
apply() { # CONTENT
  echo "$1" >"$T/app/app.conf"
  agent_commit app "$1"
  agent_sync app
  agent_decide "$PLAN" alice approve
  agent_becomes app converged
}
apply first
one=$COMMIT
apply second
two=$COMMIT

# --- suspended
steer stacks/app/suspend '{"reason":"the tide is high","seconds":3600}'
told suspended.problem 'app is suspended' "(s['person'], s['what'], s['until'] is None,
  d['stack'], d['reason']) == ('$me', None, False, 'app', 'the tide is high')"
tap_ok 'a suspension is told, with who, why and until when'
told suspended.problem 'The suspension of app ends soon' "s['person'] == '$me'"
tap_ok 'and that its end is near'
steer stacks/app/resume '{"reason":"it is low"}'
told suspended.resolved 'app goes on' "(s['person'], d['reason']) == ('$me', 'it is low')"
tap_ok 'and its end'
steer stacks/app/suspend '{"reason":"a moment","seconds":1}'
told suspended.resolved 'app goes on' "s['person'] == 'assentd'"
tap_ok 'also where it ends by itself'

# --- stopped, while nobody listens and over a crash
echo '429 1' >"$FAKE/mode"
steer stop '{"reason":"fire"}'
agent_wait_for "got /webhook stopped.problem '' 429"
tap_ok 'a stop of everything is sent at once'
agent_stop KILL
echo ok >"$FAKE/mode"
: >"$FAKE/got"
agent_start
told stopped.problem 'fire' "(d['stack'], s['person'], s['until'], d['reason']) == \
  (None, '$me', None, 'fire')"
tap_ok 'and told after a crash, where nobody had taken it before'
steer resume '{"reason":"it is out"}'
told stopped.resolved 'it is out' "(d['stack'], s['person']) == (None, '$me')"
tap_ok 'its end is told'

# --- rolled back
agent_becomes app converged
steer stacks/app/rollback '{"reason":"it breaks"}'
told rollback.problem "app is to go back to commit $(echo "$one" | cut -c1-12)" \
  "(s['person'], s['what'], d['reason']) == ('$me', '$one', 'it breaks')"
tap_ok 'a rollback is told'
told plan.pending "$(echo "$one" | cut -c1-7)" \
  "(d['plan']['reason'], d['plan']['commit']) == ('rollback', '$one')"
tap_ok 'beside its plan'
steer stacks/app/unpin '{"reason":"it does not"}'
told rollback.resolved "app is no longer held at commit $(echo "$one" | cut -c1-12)" \
  "(s['person'], s['what'], d['reason']) == ('$me', '$one', 'it does not')"
tap_ok 'and that it is taken back'

# --- tried
agent_becomes app converged
git -C "$T/app" checkout -q -b topic
echo tried >"$T/app/app.conf"
agent_commit app tried
git -C "$T/app" checkout -q main
steer stacks/app/try '{"branch":"topic","seconds":3600,"reason":"to see"}'
told trial.problem 'app tries refs/heads/topic' "(s['person'], s['what'], s['until'] is None,
  d['reason']) == ('$me', 'refs/heads/topic', False, 'to see')"
tap_ok 'a trial is told'
end=$(printf '%s' "$GOT" | python3 -c 'import json, sys
print(json.load(sys.stdin)["data"]["steered"]["until"])')
told plan.pending "A trial until $end" \
  "(d['plan']['reason'], d['plan']['commit'], d['plan']['until']) == ('try', '$COMMIT', '$end')"
tap_ok 'and its plan, which says until when'
steer stacks/app/try '{"end":true,"reason":"seen"}'
told trial.resolved 'The trial of refs/heads/topic on app is over' \
  "(s['person'], s['what'], d['reason']) == ('$me', 'refs/heads/topic', 'seen')"
tap_ok 'and its end'
agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = second ] &&
  [ "$(git -C "$T/app" rev-parse main)" = "$two" ]
tap_ok 'nothing of all that was applied'
tap_end
