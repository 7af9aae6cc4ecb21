#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# assent-desktop between a real agent and a notification server that is absent, late, silent,
# poor, hasty, closing or gone.
# shellcheck disable=SC2016,SC2119,SC2120,SC2153,SC2154
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-review.sh"
. "${srcdir:-.}/tests/desktop/lib-desktop.sh"
desktop_need
desktop_begin
for name in app pad sea sky; do
  desktop_stack $name
done
desktop_stack low 'on-drift: report'
sed -i '/^  low:/,/on-drift/s/drift-interval: 1h/drift-interval: 3s/' "$CONF"
agent_repo sig
agent_stack sig 'approval: {required: 1, from: [ops]}'
sed -i "s/^  alice: {/&user: $(id -un), /" "$CONF"
review_http
agent_init
echo 'attested: [desktop]' >>"$T/etc/trust.yaml"
agent_start

is() { # STACK STATE, without looking twice
  agent_is "$1" "$2"
}

# --- no bus, no agent
python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
out = open(sys.argv[2], "w", buffering=1)
while True:
    out.write(s.recv(4096).decode() + "\n")' "$T/notify" "$T/told" &
more_pids=$!
agent_wait_for '[ -S "$T/notify" ]'
NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=200000 DBUS_SESSION_BUS_ADDRESS=unix:path=$T/bus \
  DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/bus desktop_up --socket "$T/rt/none.sock"
agent_wait_for 'grep -q "no agent at .*none.sock" "$T/desktop.log" &&
  grep -q "there is an agent at" "$T/desktop.log" &&
  grep -q "there is no session bus" "$T/desktop.log"' && desktop_lives
tap_ok 'without a bus, and without one of its agents, it waits' || tap_note "$T/desktop.log"
agent_wait_for 'grep -qx "STATUS=plans that wait: 6, at agents: 1" "$T/told"' &&
  agent_wait_for 'grep -qx WATCHDOG=1 "$T/told"' && [ "$(sed -n 1p "$T/told")" = READY=1 ]
tap_ok 'a service manager hears that it is ready, alive, and what waits' || tap_note "$T/told"
desktop_down
[ "$desktop_code" = 0 ] && agent_wait_for 'grep -qx STOPPING=1 "$T/told"'
tap_ok 'and ends when it is told to'

# --- a server that comes late
desktop_bus
for name in app pad sea sky low sig; do
  agent_sync $name
done
desktop_up --socket "$T/rt/none.sock"
agent_wait_for '[ "$(grep -c "there is an agent at" "$T/desktop.log")" = 2 ]'
fake_up --hasty default
shown '\[6 plans wait for approval\]' &&
  line_has '\[app, low, pad, sea, sig, .*\] \[default,Review,review,Review\]$'
tap_ok 'a server that comes late is shown what waits; many are one' || line_note
for name in pad sea sky low sig; do
  agent_look $name && agent_decide "$PLAN" bob reject 'not now'
done
agent_look app
app=$PLAN short=$(review_short "$PLAN")
shown "app: approve plan $short" && closed 1
tap_ok 'a few are one each'
fake_down
fake_up --hasty approve
shown "app: approve plan $short"
line_has 'urgency=1 expires=0 resident=1 category=x-assent.plan entry=assent-desktop app=Assent' &&
  line_has '\[default,Review,review,Review,approve,Approve,reject,Reject\]$' &&
  line_has -F 'first (Dora)\n' && line_has -F '0 of 1 approvals; expires'
tap_ok 'with what it is about, and the buttons that policy lets it have' || line_note
agent_wait_for '[ "$(count_shown "app: approve")" = 2 ]' && is app pending &&
  agent_entries approval app && [ "$BODY" = '[]' ]
tap_ok 'what is pressed right away does not count, and is shown again' || tap_note "$T/fake.log"

# --- the page
review_opened() {
  [ -s "$T/opened" ]
}
press "$ID" review review_opened
link=$(sed -n 1p "$T/opened")
[ "$(sed -n 2p "$T/opened")" = "token-$ID" ] && review_post alice /login "t=${link#*t=}" &&
  grep -qi "^location: ./plans/$short" "$T/header"
tap_ok "Review opens the plan's page, signed in, with the token of the press" ||
  tap_note "$T/opened"
rm "$T/opened"
fake_do dismiss "$ID"

# --- dismissed is not rejected
agent_ask sig replan && shown 'sig: plan' && line_has '\[default,Review,review,Review\]$'
tap_ok 'where a signature is wanted there is nothing but Review' || line_note
sig=$PLAN
[ "$(count_shown 'app: approve')" = 2 ] && is app pending
tap_ok 'what was dismissed waits on, and is not shown again'
agent_decide "$sig" bob reject 'not now' && closed "$ID"
tap_ok 'what is decided elsewhere is closed'

# --- a server that starts anew
agent_ask pad replan && shown 'pad: approve'
fake_down
fake_up
shown 'pad: approve' && line_has replaces=0 && [ "$(count_shown 'app: approve')" = 0 ]
tap_ok 'a server that starts anew is shown what is open' || tap_note "$T/fake.log"
applied() {
  is pad converged
}
press "$ID" approve applied
[ "$(cat "$T/out/pad/app.conf")" = one ] && agent_entries approval pad &&
  [ "$(field "(d[-1]['person'], d[-1]['channel'])")" = "('alice', 'desktop')" ]
tap_ok 'Approve is applied, as the vote of that person by the channel desktop' || tap_note "$T/body"
shown 'pad: applied' && line_has 'urgency=0 expires=-1 .*category=x-assent.result'
tap_ok 'the result is told in passing' || tap_note "$T/fake.log"

# --- a server that hangs
fake_do silent on
agent_ask sea replan && agent_wait_for 'grep -qx unanswered "$T/fake.log"'
sea=$PLAN
echo 'two' >"$T/low/app.conf" && agent_commit low 'second' && agent_sync low && low=$PLAN
agent_wait_for '[ "$(grep -cx unanswered "$T/fake.log")" = 2 ]' && desktop_lives
tap_ok 'a server that does not answer holds up nothing' || tap_note "$T/desktop.log"
agent_decide "$sea" bob reject 'no'
fake_do silent off
shown 'low: approve' && shown 'sea: approve' && closed "$ID" &&
  [ "$(count_shown 'low: approve')" = 1 ]
tap_ok 'when it goes on it gets each of them once, and what has ended is closed'

# --- drift, and a bad end
shown 'low: approve'
applied() {
  is low converged
}
press "$ID" approve applied
echo other >"$T/out/low/app.conf"
printf 'checks:\n  - http: http://127.0.0.1:1/\n    within: 1s\n' >>"$T/sky/assent.yaml"
agent_commit sky 'a check that fails' && agent_sync sky && shown 'sky: approve'
applied() {
  is sky failed
}
press "$ID" approve applied
shown 'sky: FAILED, and rolled back' && line_has 'urgency=2 expires=0'
tap_ok 'an apply that failed is critical' || tap_note "$T/fake.log"
failed=$ID
shown 'low: changed by others' && line_has 'urgency=1 .*category=x-assent.drift' &&
  line_has '1 difference from'
tap_ok 'drift is told' || tap_note "$T/fake.log"
desktop_down
[ "$desktop_code" = 0 ] && closed "$failed"
tap_ok 'at its end it takes back what it has shown' || tap_note "$T/fake.log"

# --- poor servers
fake_down
fake_up --caps body
desktop_up
printf 'x' >"$T/pad/www/new.html" && agent_commit pad 'a <b> & c' && agent_sync pad
shown 'pad: approve' && line_has -F 'a <b> & c (Dora)' && line_has '\[\]$' &&
  line_has 'Decide with: assent'
tap_ok 'a server without actions and markup has neither' || line_note
fake_down
fake_up --closing
shown 'pad: approve' && line_has -F 'a &lt;b&gt; &amp; c (Dora)'
tap_ok 'one with markup gets it escaped' || line_note
shown 'app: approve'
agent_stop && agent_start
agent_wait_for '[ "$(grep -c "there is an agent at" "$T/desktop.log")" = 4 ]'
agent_ask sea replan && shown 'sea: approve'
[ "$(count_shown 'pad: approve')" = 1 ] && is pad pending
tap_ok 'one that closes everything at once makes no loop and rejects nothing' ||
  tap_note "$T/fake.log" "$T/desktop.log"

# --- a written reason, from after the agent was started anew
fake_down
fake_up --caps actions,body,inline-reply
desktop_down
desktop_up
shown 'pad: approve' && line_has 'approve,Approve,inline-reply,Reject\]$'
tap_ok 'where people can write, Reject asks why' || tap_note "$T/fake.log" "$T/desktop.log"
sleep 1.2
replied() {
  fake_do reply "$ID" 'wait for monday' && ! is pad pending
}
agent_wait_for replied && agent_entries approval pad &&
  [ "$(field "d[-1]['decision'] + ': ' + d[-1]['reason']")" = 'reject: wait for monday' ]
tap_ok 'and what is written is the reason' || tap_note "$T/body" "$T/fake.log"

# --- a locked session
locked() { # NUMBER: how often it was said
  agent_wait_for '[ "$(grep -c "the session is locked" "$T/desktop.log")" = '"$1"' ] &&
    [ "$(grep -c "the session is unlocked" "$T/desktop.log")" = '"$2"' ]'
}
fake_down
fake_up --saver --login
shown 'app: approve'
fake_do saver on
locked 1 0
agent_ask pad replan
shown 'A plan waits for approval' && line_has 'approval\] \[\] \[\]$' && fake_do press "$ID" approve
tap_ok 'while the session is locked, nothing is told of a plan' || tap_note "$T/fake.log"
fake_do saver off
locked 1 1 && shown 'pad: approve' && is pad pending
tap_ok 'nor decided; it is shown when the session is unlocked' || tap_note "$T/desktop.log"
fake_do locked on && locked 2 1 && fake_do locked off && locked 2 2
tap_ok 'logind is believed, too' || tap_note "$T/desktop.log"

# --- what people steer
agent_post /v1/stacks/sea/suspend '{"reason":"the <tide> is high"}' && shown 'sea is suspended' &&
  line_has 'the .*tide.* is high.*asked for by ' && agent_post /v1/stacks/sea/resume '{}' &&
  closed "$ID"
tap_ok 'a suspension is shown as long as it lasts' || line_note
"$builddir/assent" stop-all --reason fire --config "$CONF" >"$T/said" 2>&1
shown 'All stacks of web1.test are STOPPED' && [ "$(count_shown 'are STOPPED')" = 1 ] &&
  "$builddir/assent" resume --all --config "$CONF" >"$T/said" 2>&1
closed "$ID"
tap_ok 'and so is, once, that everything is stopped' || tap_note "$T/said"

# --- another agent
desktop_down
sed -e "s|$STATE|$T/state2|; s|$SOCK|$T/rt/b.sock|; s/web1\\.test/web2.test/" \
  -e '/^http:/,$d' "$CONF" >"$T/etc/second.yaml"
chmod 600 "$T/etc/second.yaml"
"$builddir/assentd" --config "$T/etc/second.yaml" --init >/dev/null
"$builddir/assentd" --config "$T/etc/second.yaml" --worker "$builddir/assent-worker" \
  >"$T/second.log" 2>&1 </dev/null &
more_pids="$more_pids $!"
fake_down
fake_up
desktop_up --socket "$T/rt/b.sock"
agent_get '/v1/plans?state=pending'
shown "\\[$(field "len(d['plans']) + 6") plans wait for approval\\]"
tap_ok 'the plans of two agents are one when they are many' || tap_note "$T/second.log"
tap_end
