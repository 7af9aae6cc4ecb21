#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Alerts: a real agent and worker; drift that stays, a fetch that fails, and what people hear of it.
# shellcheck disable=SC2016,SC2119,SC2153,SC2154
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_chats

agent_repo app
agent_repo slow
agent_stack app 'approval: {required: 1, from: [ops]}' 'on-drift: report' 'alert-after: 1s'
sed -i 's/drift-interval: 1h/drift-interval: 2s/' "$CONF" # of this one
agent_stack slow 'approval: {required: 1, from: [ops]}' 'alert-after: 30d'
cat >>"$CONF" <<C
notify:
  - webhook: {url: "$fake/webhook", secret: file:key, burst: 1000}
  - ntfy: {url: "$fake/", topic: ops}
C
agent_init 0
agent_start
tap_ok 'the agent starts' || tap_note "$T/agent.log"

# told PATH EVENT STACK: until the receiver has it; the newest one's body in $GOT
got() {
  python3 -c '
import json, sys
n = 0
for line in open(sys.argv[1]):
    d = json.loads(line)
    if d["path"].startswith(sys.argv[2]) and sys.argv[3] in d["body"] and d["what"] == "accepted":
        n += 1
        open(sys.argv[1] + ".body", "w").write(d["body"])
print(n)' "$FAKE/got" "$1" "$2" >"$T/count"
  COUNT=$(cat "$T/count")
  [ "$COUNT" -gt 0 ] || return 1
  GOT=$(cat "$FAKE/got.body")
}
told() {
  agent_wait_for "got '$1' '$2'" || {
    cut -c1-300 "$FAKE/got" | tap_note
    tap_note "$T/agent.log"
    return 1
  }
}
in_got() { # EXPRESSION
  printf '%s' "$GOT" | python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"
}
# The alerts of a stack in the log: "drift raised, drift resolved"
alerts() { # STACK
  agent_entries alert "$1"
  field "', '.join(x['condition'] + ' ' + x['state'] for x in d)"
}

for stack in app slow; do
  agent_sync $stack && agent_decide "$PLAN" alice approve
done
agent_becomes app converged && agent_becomes slow converged
tap_ok 'two stacks hold' || tap_note "$T/agent.log"

# --- drift that is only reported
echo changed >"$T/out/app/app.conf"
agent_wait_for '[ "$(alerts app)" = "drift raised" ]'
tap_ok 'drift that stays is an alert' || tap_note "$T/agent.log"
told /webhook '"type":"alert.problem"' &&
  [ "$(in_got "d['data']['key']")" = alert:drift:app ] &&
  [ "$(in_got "d['data']['alert']['condition'], d['data']['alert']['count']")" = 'drift 0' ] &&
  told / 'ALERT: app has drifted'
tap_ok 'and told in each channel' || tap_note "$FAKE/got"
agent_get /v1/stacks/app
[ "$(field "[(a['condition'], a['quiet']) for a in d['alerts']]")" = "[('drift', False)]" ]
tap_ok 'the API lists it'
since=$(field "d['alerts'][0]['since']")
ASSENT_SOCKET=$SOCK "$builddir/assent" status app >"$T/status" 2>&1
ASSENT_SOCKET=$SOCK "$builddir/assent" status >>"$T/status" 2>&1
[ "$(grep -c '^alert: app since .*1 change on the host' "$T/status")" = 2 ]
tap_ok 'assent status says so' || tap_note "$T/status"

agent_stop KILL
agent_start
agent_get /v1/stacks/app
[ "$(field "d['alerts'][0]['since']")" = "$since" ] && [ "$(alerts app)" = 'drift raised' ]
tap_ok 'a crash neither repeats nor forgets it' || tap_note "$T/agent.log"

echo one >"$T/out/app/app.conf"
chmod 640 "$T/out/app/app.conf"
agent_wait_for '[ "$(alerts app)" = "drift raised, drift resolved" ]'
tap_ok 'its end is in the log' || tap_note "$T/agent.log"
told /webhook '"type":"alert.resolved"' &&
  [ "$(in_got "d['data']['alert']['lasted'] > 0")" = True ] &&
  told / 'app is again as it was approved'
tap_ok 'and told'
got /webhook '"type":"alert.problem"'
[ "$COUNT" = 1 ]
tap_ok 'once' || tap_note "$FAKE/got"
agent_get /v1/stacks/app
[ "$(field "d['alerts']")" = '[]' ]
tap_ok 'nothing is listed any more'

# --- a fetch that fails three times, long before its time
mv "$T/slow" "$T/away"
for _ in 1 2 3; do
  agent_post '/v1/stacks/slow/sync?wait=20'
done
agent_wait_for '[ "$(alerts slow)" = "fetch raised" ]'
tap_ok 'a fetch that fails again and again is an alert' || tap_note "$T/agent.log"
told /webhook alert:fetch:slow && told / 'ALERT: slow cannot be fetched'
tap_ok 'which is told'
agent_stop KILL
agent_start
agent_wait_for 'agent_get /v1/stacks/slow; field "d[\"fetch_problem\"]" | grep -qv None'
[ "$(alerts slow)" = 'fetch raised' ]
tap_ok 'a crash does not repeat it'
mv "$T/away" "$T/slow"
agent_post '/v1/stacks/slow/sync?wait=20'
agent_wait_for '[ "$(alerts slow)" = "fetch raised, fetch resolved" ]' &&
  told /webhook '"reason":' && told / 'slow can be fetched again'
tap_ok 'its end is told' || tap_note "$T/agent.log"

agent_stop
"$builddir/assent" log verify "$STATE/log" >"$T/verify" 2>&1
tap_ok 'and the log verifies' || tap_note "$T/verify"
tap_end
