#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Slack is answered whatever the disk does and the main loop waits for, and no click that was
# answered is lost: neither by a crash, nor by a reload, nor by a stop.
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

# --- a folder of anybody's, as where the socket stands in one that all can write
chmod 777 "$T/rt/clicks"
http_mark
click "{$A, \"value\": \"$value\", \"user\": \"U0BOB\"}"
answers 200 && agent_becomes app converged && [ "$(votes)" = 3 ] &&
  logged 'a click would be lost if the agent ended now: folder'
tap_ok 'nothing is kept in a folder that others can write, and that is said' ||
  tap_note "$T/agent.log"
chmod 700 "$T/rt/clicks"

# --- a reload and a stop in between: both come to an agent that waits for its disk with one click,
# and has answered another one
agent_sync two
asks two first
value=$(button two)
both() { # SIGNAL
  close_gate
  click "{$A, \"value\": \"$value\"}"
  answers 200 && is_waiting || return 1
  click "{$A, \"value\": \"$value\", \"user\": \"U0BOB\"}"
  answers 200 && [ -e "$T/gate" ] || return 1
  kill "-$1" "$agent_pid"
  rm -f "$T/gate"
}
votes_two() {
  agent_entries approval two
  field 'len(d)'
}
http_mark
both HUP
tap_ok 'a reload comes together with a click'
agent_becomes two converged && [ "$(votes_two)" = 2 ] && [ "$(kept)" = 0 ]
tap_ok 'which is answered before that, and counted' || tap_note "$T/agent.log"
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
slack_start
agent_wait_for '[ "$(votes_two)" = 4 ]' && [ "$(kept)" = 0 ]
tap_ok 'which was answered, and is counted' || tap_note "$T/agent.log"

# --- all of the disk stands still, and the main loop with it
agent_stop
mkdir "$T/tmp"
agent_env="LD_PRELOAD=$slow SLOW_DISK=$STATE:$T/tmp SLOW_GATE=$T/gate TMPDIR=$T/tmp"
slack_start
next_two() { # SUBJECT
  echo "$1" >"$T/two/app.conf"
  agent_commit two "$1"
  agent_sync two
  asks two "$1"
  value=$(button two)
}
stands() { # CALL FOLDER: the main thread is in it, below STATE
  line="^$agent_pid ${1:-[a-z]*} $STATE/$2"
  agent_wait_for 'grep -q "$line" "$T/gate.waits"' && [ -e "$T/gate" ]
}
only_the_main_thread() {
  ! grep -v "^$agent_pid " "$T/gate.waits"
}
later() { # NAME CURL-ARGUMENT...: $T/NAME will hold the status; the request has been sent
  later_name=$1
  shift
  curl -sS --noproxy '*' --max-time 120 -o /dev/null --trace-ascii "$T/$later_name.trace" \
    -w '%{http_code}' "$@" >"$T/$later_name" 2>"$T/curl.err" &
  git_pids="$git_pids $!"
  agent_wait_for 'grep -q "^=> Send" "$T/$later_name.trace"'
}

next_two stands
late=0
for call in '' 'fsync log' 'fsync outbox'; do
  before=$(votes_two)
  opened=$(slack_field "len(d['views'])")
  click "{\"action\": \"reject\", \"value\": \"$value\", \"user\": \"U0CAROL\"}"
  answers 200 && slack_becomes "len(d['views']) > $opened"
  http_mark
  rm -f "$T/gate.waits" "$T/page" "$T/hook" "$T"/*.trace
  echo "${call:+${call% *} $STATE/${call#* }}" >"$T/gate"
  click "{$A, \"value\": \"$value\"}"
  answers 200 && stands "${call:+${call% *}}" "${call:+${call#* }}"
  tap_ok "the main thread waits for its disk: ${call:-every call}" || tap_note "$T/gate.waits"
  later page "http://127.0.0.1:$PORT/"
  later hook -H 'Content-Type: application/json' -d '{}' "http://127.0.0.1:$PORT/hooks/two"
  click "{$A, \"value\": \"$value\", \"user\": \"U0BOB\"}"
  answers 200 && logged 'POST /slack/interactive 200'
  tap_ok 'a click is answered meanwhile'
  slack again '{}'
  CODE=$(field "d['status']")
  answers 403 && logged 'replayed: '
  tap_ok 'the same once more is refused'
  click "{$A, \"value\": \"$value\", \"user\": \"U0BOB\", \"secret\": \"guess\"}"
  answers 403 && logged 'forged: '
  tap_ok 'and so is a forged one'
  submit '{"user": "U0CAROL", "reason": "not today"}'
  answers 200 && [ "$(field "d['body']")" = '' ]
  tap_ok 'a dialog, too, is answered'
  case "$call" in *outbox) undone=2 ;; *) undone=3 ;; esac # the first vote is in the log by then
  [ -e "$T/gate" ] && [ "$(kept)" = "$undone" ] && [ ! -s "$T/page" ] && [ ! -s "$T/hook" ] &&
    only_the_main_thread
  tap_ok 'what is decided is kept, and pages and hooks wait' || tap_note "$T/gate.waits"
  rm -f "$T/gate"
  agent_wait_for '[ "$(kept)" = 0 ] && [ -s "$T/page" ] && [ -s "$T/hook" ]' &&
    [ "$(cat "$T/page" "$T/hook")" = 403403 ]
  tap_ok 'they are answered when the disk works again' || tap_note "$T/agent.log"
  agent_becomes two converged && [ "$(votes_two)" = $((before + 2)) ]
  tap_ok 'each click counts once, in the order of the answers'
  late=$((late + 1))
  logged "'T024/U0CAROL': " &&
    slack_becomes "sum('This was not counted' in e['text'] for e in d['ephemeral']) == $late"
  tap_ok 'and whoever came too late is told'
  next_two "after ${call:-every call}"
done

# --- a crash while one click waits for the disk, and another for the main loop
before=$(votes_two)
close_gate
click "{$A, \"value\": \"$value\"}"
answers 200 && is_waiting
click "{$A, \"value\": \"$value\", \"user\": \"U0BOB\"}"
answers 200 && [ "$(kept)" = 2 ]
crash
slack_start
agent_becomes two converged && [ "$(votes_two)" = $((before + 2)) ] && [ "$(kept)" = 0 ]
tap_ok 'both count when the agent comes back'

# --- a reload that fails
http_reload # from here on its signal comes first
next_two undone
before=$(votes_two)
cp "$CONF" "$T/conf"
sed -i 's/^agent: .*/agent: other.test/' "$CONF"
http_mark
close_gate
click "{$A, \"value\": \"$value\"}"
answers 200 && is_waiting
click "{$A, \"value\": \"$value\", \"user\": \"U0EVE\"}"
answers 200
kill -HUP "$agent_pid"
rm -f "$T/gate"
logged 'stays in force' && logged "'T024/U0EVE': unknown-person" && told 'slack: T024/U0EVE' &&
  agent_wait_for '[ "$(kept)" = 0 ]' && [ "$(votes_two)" = $((before + 1)) ]
tap_ok 'a configuration that fails leaves no click behind' || tap_note "$T/agent.log"
cp "$T/conf" "$CONF"
agent_stop
[ "$agent_code" = 0 ]
tap_ok 'the agent comes to a good end'
tap_end
