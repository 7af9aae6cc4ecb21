#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Slack is answered whatever the disk does, and no click that was answered is lost: neither by a
# crash, nor by a reload, nor by a stop.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
. "${srcdir:-.}/tests/system/lib-slack.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
slow=$(cd "$builddir" && pwd)/.libs/slow-disk.so
[ -r "$slow" ] || tap_skip_all 'there is no slow-disk.so: libtool makes no shared objects here'
agent_begin
slack_begin
agent_repo two
agent_stack two 'approval: {required: 2, from: [ops], channels: [slack, signature]}' \
  'rules: [{match: {risk: root}, required: 2, channels: [slack, signature]}]'
slack_notify "token: \"file:$T/etc/token\", channel: C0123ABCD"
agent_init
echo 'attested: [slack]' >>"$T/etc/trust.yaml"
agent_env="LD_PRELOAD=$slow SLOW_DISK=$STATE/objects SLOW_GATE=$T/gate"
# libasan need not come first: the agent has it, too
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
slack_start
slack set '{"rate": false}'
A='"action": "approve"'

button() { # STACK: the value of its newest plan's buttons
  slack_field "[e['value'] for x in m if ' for $1 waits' in x['text'] for b in x['blocks']
    for e in b.get('elements', []) if e.get('action_id') == 'approve'][-1]"
}
asks() { # STACK WORD: a message of the channel
  slack_becomes "any(' for $1 waits' in x['text'] and '$2' in x['text'] for x in m)"
}
close_gate() {
  rm -f "$T/gate.waits"
  : >"$T/gate"
}
is_waiting() { # the disk has been asked, and does not come back
  agent_wait_for '[ -e "$T/gate.waits" ]' && [ -e "$T/gate" ]
}
kept() { # clicks that were answered and are not done
  find "$T/rt/clicks" -type f 2>/dev/null | wc -l
}
crash() {
  kill -9 "$agent_pid"
  wait "$agent_pid" 2>/dev/null
  agent_pid=
  rm -f "$T/gate"
}
next() { # SUBJECT: another plan of the stack app
  echo "$1" >"$T/app/app.conf"
  agent_commit app "$1"
  agent_sync app
  asks app "$1"
}

agent_sync app
asks app first
tap_ok 'a plan waits in the channel' || tap_note "$T/agent.log"

# --- the answer comes first
http_mark
value=$(button app)
close_gate
click "{$A, \"value\": \"$value\"}"
answers 200 && [ -e "$T/gate" ]
tap_ok 'a click is answered while the disk does nothing'
logged 'POST /slack/interactive 200'
tap_ok 'and the answer is complete before the disk is asked for anything'
is_waiting && [ ! -e "$T/out/app/app.conf" ] && [ "$(kept)" = 1 ]
tap_ok 'then the vote waits for the disk'
rm -f "$T/gate"
agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = one ] && [ "$(votes)" = 1 ]
tap_ok 'and is applied when it works again'
[ "$(kept)" = 0 ]
tap_ok 'nothing is kept of it'

# --- a crash in between
next second
value=$(button app)
close_gate
click "{$A, \"value\": \"$value\", \"user\": \"U0BOB\"}"
answers 200 && is_waiting
crash
[ "$(cat "$T/out/app/app.conf")" = one ] && [ "$(kept)" = 1 ]
tap_ok 'the agent is killed before the vote is in the log'
slack_start
agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = second ] &&
  [ "$(votes)" = 2 ] && [ "$(kept)" = 0 ]
tap_ok 'the next one counts the click that was answered'

# --- a crash, and nobody starts the agent for long
next third
value=$(button app)
close_gate
click "{$A, \"value\": \"$value\", \"user\": \"U0BOB\"}"
answers 200 && is_waiting
crash
python3 - "$T/rt/clicks" <<'P'
import glob, hashlib, hmac, sys
path, = glob.glob(sys.argv[1] + '/*')
head, _, body = open(path, 'rb').read().partition(b'\n')
magic, stamp, mac = head.split(b' ')
def sign(stamp):
    return hmac.new(b'8f742231b10e8888abcd99yyyzzz85a5',
                    b'assent.slack.click.v1\0' + stamp + b'\0' + body, hashlib.sha256).hexdigest()
assert mac.decode() == sign(stamp)
open(sys.argv[1] + '/9-forged', 'wb').write(head[:-2] + b'00\n' + body)
old = str(int(stamp) - 400).encode()
open(path, 'wb').write(b' '.join((magic, old, sign(old).encode())) + b'\n' + body)
P
chmod 600 "$T"/rt/clicks/*
http_mark
slack_start
logged "'T024/U0BOB': lost: " && told 'Your click was not counted' && [ "$(votes)" = 2 ] &&
  agent_is app pending
tap_ok 'one that is too old by then is not counted, and whoever clicked is told'
logged 'is no click that was kept here' && [ "$(kept)" = 1 ]
tap_ok 'neither is one that this agent did not keep'
rm -f "$T"/rt/clicks/*

# --- a reload and a stop in between: both come to an agent that waits for its disk with one click,
# and has another one before it
agent_sync two
asks two first
value=$(button two)
both() { # SIGNAL: $T/second has what the second click was answered
  close_gate
  click "{$A, \"value\": \"$value\"}"
  answers 200 && is_waiting || return 1
  python3 "$srcdir/tests/system/fake-slack.py" ask "$SLACK" click \
    "{$A, \"value\": \"$value\", \"user\": \"U0BOB\"}" >"$T/second" &
  second=$!
  agent_wait_for 'has_caller'
  kill "-$1" "$agent_pid"
  rm -f "$T/gate"
  wait $second
}
# The agent's port has somebody whom nobody has accepted yet.
has_caller() {
  python3 - "$PORT" <<'P'
import sys
port = f'{int(sys.argv[1]):04X}'
for line in list(open('/proc/net/tcp', encoding='ascii'))[1:]:
    fields = line.split()
    if fields[1].endswith(':' + port) and fields[3] == '0A':
        sys.exit(fields[4].split(':')[1] == '00000000')
sys.exit(1)
P
}
was_answered() {
  [ "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["status"])' \
    "$T/second")" = 200 ]
}
votes_two() {
  agent_entries approval two
  field 'len(d)'
}
http_mark
both HUP
tap_ok 'a reload comes together with a click'
was_answered && agent_becomes two converged && [ "$(votes_two)" = 2 ] && [ "$(kept)" = 0 ]
tap_ok 'which is answered, and counted' || tap_note "$T/agent.log"
logged 'has been read again'
tap_ok 'and the new configuration is in force'

echo more >"$T/two/app.conf"
agent_commit two 'more'
agent_sync two
asks two more
value=$(button two)
both TERM && wait "$agent_pid"
tap_ok 'a stop comes together with a click'
agent_stop
answered=0
was_answered && answered=1
slack_start
agent_wait_for '[ "$(votes_two)" = $((3 + answered)) ]' && [ "$(kept)" = 0 ]
tap_ok "which is counted when it was answered ($answered)" || tap_note "$T/agent.log"
agent_stop
[ "$agent_code" = 0 ]
tap_ok 'the agent comes to a good end'
tap_end
