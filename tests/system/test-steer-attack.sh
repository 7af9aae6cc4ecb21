#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Steering under attack: a stop file that is none, requests that are none, a suspension that comes
# together with the last approval, and an agent that is killed as soon as it has answered.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [ops]}' 'drift-watch: none'
agent_user bob
agent_init
agent_start
change() { # CONTENT: a plan of it waits
  echo "$1" >"$T/app/app.conf"
  agent_commit app "$1"
  agent_sync app
}
holds() { # what its newest commit says is there
  cmp -s "$T/app/app.conf" "$T/out/app/app.conf"
}
last() { # TYPE EXPRESSION on the newest entry e, of any stack or none
  agent_entries "$1" && [ "$(field "(lambda e: $2)(d[-1])")" = True ]
}
size() {
  agent_get /v1/info && field "d['size']"
}
change first
agent_decide "$PLAN" alice approve
agent_becomes app converged

# --- what is in the stop file's place
# stops NAME [OWNER [REASON]]: nothing is applied while it is there, the log says whose and why;
# then all is resumed
stops() {
  change "$1"
  plan=$PLAN
  place
  agent_decide "$plan" alice approve
  [ "$CODE" = accepted ] && agent_sync app && [ "$STATE_NOW" = suspended ] && ! holds &&
    [ "${REASON_NOW%;*}" = "everything is stopped by ${2-bob}: ${3-$unknown}" ] &&
    last suspend "'stack' not in e and e['person'] == '${2-bob}'"
  tap_ok "$1 stops everything, and the log says whose it is" || echo "# $STATE_NOW $REASON_NOW" >&2
  agent_post /v1/resume '{"reason":"gone"}'
  [ "$STATUS" = 200 ] && [ ! -L "$stop" ] && [ ! -e "$stop" ] && agent_becomes app converged &&
    holds
  tap_ok "$1 is removed, and what was approved is applied" || echo "# $STATUS $BODY" >&2
}
stop=$STATE/stopped
unknown="the file 'stopped' is in the state folder"
place() { mkfifo "$stop"; }
stops 'a FIFO'
place() { ln -s "$T/nowhere" "$stop"; }
stops 'a link to nothing'
place() { : >"$stop" && chmod 0 "$stop"; }
stops 'an unreadable file'
place() { printf '{"reason":"a\\u001b[2Jb"}' >"$stop"; }
stops 'a reason that would clear a screen'
place() { head -c 20000 /dev/zero >"$stop"; }
stops 'a large file'
if [ "$(id -u)" = 0 ]; then
  place() { echo '{"reason":"mine"}' >"$stop" && chown -h 54321 "$stop"; }
  stops "somebody else's file" unix:54321 mine
else
  tap_skip "somebody else's file stops everything" 'only root can give files away'
fi
ln -s stopped "$stop"
agent_sync app
"$builddir/assent" doctor --config "$CONF" >"$T/said" 2>&1 </dev/null
[ "$STATE_NOW" = suspended ] && grep -qF "everything is stopped by the file '$stop'" "$T/said"
tap_ok 'assent doctor tells of a link to itself' || tap_note "$T/said"
agent_stop KILL
rm "$stop"
mkfifo "$stop"
agent_start
agent_becomes app suspended
tap_ok 'a FIFO does not hold up an agent that starts'
"$builddir/assent" doctor --config "$CONF" >"$T/said" 2>&1 </dev/null
grep -qF "everything is stopped by the file '$stop'" "$T/said"
tap_ok 'nor assent doctor' || tap_note "$T/said"
agent_post /v1/stop '{"reason":"over it"}'
[ "$STATUS" = 200 ] && [ -f "$stop" ] && last suspend "e['reason'] == 'over it'"
tap_ok 'nor a stop, which takes its place' || echo "# $STATUS $BODY" >&2
agent_post /v1/resume '{"reason":"gone"}'
agent_becomes app converged

# --- requests that are none
cat >"$T/bodies.py" <<'P'
import http.client
import json
import socket
import sys

SOCK = sys.argv[1]
ROUTES = {
    "stacks/app/suspend": {"seconds": 60},
    "stacks/app/resume": {},
    "stacks/app/rollback": {},
    "stacks/app/unpin": {},
    "stacks/app/try": {"branch": "topic", "seconds": 60},
    "stop": {},
    "resume": {},
}
REASONS = [
    r'"a\u001b[2Jb"', r'"a\nb"', r'"a\rb"', r'"a\u0000b"', r'"a\u007fb"', r'"\ud800"',
    b'"\xff"', b'"a\x1bb"', "1", "true", "[]", "{}", '["why"]', '"' + "x" * 2001 + '"',
]
HUGE = b'{"reason":"' + b"x" * (4 << 20) + b'"}'
BODIES = [b"", b"[]", b"null", b'"why"', b"{", b"{}{}", b"[" * 5000, HUGE]
OTHER = {
    "stacks/app/suspend": ['"seconds":"60"', '"seconds":1.5', '"seconds":0', '"seconds":-1',
                           '"seconds":99999999999999999999', '"until":1', '"until":"soon"',
                           '"until":"2001-01-01T00:00:00Z"', '"now":true',
                           '"seconds":60,"until":"2099-01-01T00:00:00Z"'],
    "stacks/app/rollback": ['"to":1', '"to":[]', '"to":"' + "a" * 100 + '"'],
    "stacks/app/unpin": ['"commit":1', '"commit":{}', '"commit":"' + "a" * 100 + '"'],
    "stacks/app/try": ['"end":"true"', '"end":1', '"branch":1,"seconds":60',
                       '"branch":"a\\u001bb","seconds":60', '"branch":"../a","seconds":60',
                       '"branch":"-a","seconds":60', '"branch":"topic","seconds":"60"',
                       '"branch":"topic","seconds":99999999', '"end":true,"branch":"topic"',
                       '"branch":"' + "b" * 300 + '","seconds":60'],
    "stop": ['"now":"yes"', '"now":1', '"seconds":-1'],
    "resume": ['"seconds":60', '"now":true'],
}


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(SOCK)


def post(route, body):
    conn = Connection("agent")
    try:
        conn.request("POST", "/v1/" + route, body, {"Content-Type": "application/json"})
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has answered before it had all
    answer = conn.getresponse()
    return answer.status, json.loads(answer.read())["error"]["code"]


bad = 0
count = 0
for route, rest in ROUTES.items():
    tail = "".join(f",{json.dumps(k)}:{json.dumps(v)}" for k, v in rest.items()).encode()
    bodies = list(BODIES)
    for reason in REASONS:
        reason = reason if isinstance(reason, bytes) else reason.encode()
        bodies.append(b'{"reason":' + reason + tail + b"}")
    bodies.append(b'{"reason":"why","reason":"why"' + tail + b"}")
    bodies.append(b'{"reason":"why","other":1' + tail + b"}")
    bodies += [b'{"reason":"why",' + x.encode() + b"}" for x in OTHER.get(route, [])]
    for body in bodies:
        count += 1
        try:
            got = post(route, body)
        except ConnectionResetError:  # the answer is lost with the rest
            got = (413, "limit") if body is HUGE else "reset"
        except (OSError, http.client.HTTPException, ValueError, KeyError) as problem:
            got = problem
        if got not in ((400, "malformed"), (400, "reason-missing"), (400, "until-missing"),
                       (413, "limit")):
            bad += 1
            print(route, body[:80], got)
print(count)
sys.exit(bad > 0)
P
before=$(size)
python3 "$T/bodies.py" "$SOCK" >"$T/said" 2>&1 && [ "$(cat "$T/said")" -gt 180 ]
tap_ok 'bodies that are none are refused, on each route' || tap_note "$T/said"
agent_is app converged && [ "$(size)" = "$before" ] && [ ! -e "$stop" ]
tap_ok 'and nothing has come of them'
agent_post /v1/stacks/app/suspend '{"reason":"a\u202eb\u200bc","seconds":60}'
"$builddir/assent" status --socket "$SOCK" app >"$T/said" 2>&1 </dev/null
cat "$T/agent.log" >>"$T/said"
[ "$STATUS" = 200 ] && grep -qF 'by bob: a<U+202E>b<U+200B>c' "$T/said" &&
  ! grep -q "$(printf '\342\200\256')" "$T/said"
tap_ok 'what would turn a line round is shown as what it is' || tap_note "$T/said"
agent_post /v1/stacks/app/resume '{"reason":"seen"}'
agent_becomes app converged

# --- the last approval and a suspension at once
# The order of the log decides: no apply begins after the suspension and before its end.
between() {
  agent_get '/v1/log?from=0&count=1000'
  field '(lambda stopped: [e["seq"] for e in d["entries"]
    if (e["type"] in ("suspend", "resume") and stopped.__setitem__(0, e["type"] == "suspend"))
      or (e["type"] == "apply-start" and stopped[0])])([False])'
}
send() { # PATH FILE
  curl -sS --noproxy '*' --max-time 60 --unix-socket "$SOCK" -o "$T/sent.$2" -X POST \
    -H 'Content-Type: application/json' --data-binary "@$T/$2" "http://agent/v1/$1"
}
lost=0
round=0
while [ $round -lt 6 ]; do
  round=$((round + 1))
  change "round $round"
  agent_curl -G --data-urlencode approver=alice --data-urlencode decision=approve \
    --data-urlencode reason= "http://agent/v1/plans/$PLAN/statement"
  cp "$T/body" "$T/statement"
  rm -f "$T/statement.sig"
  ssh-keygen -q -Y sign -n assent.approval.v1 -f "$T/keys/alice" "$T/statement" 2>/dev/null
  BODY=null
  field 'json.dumps({"person": "alice", "decision": "approve", "reason": "",
    "channel": "signature", "signature": open(a[0]).read()})' "$T/statement.sig" >"$T/decision"
  what=stop end=resume
  if [ $((round % 4)) -lt 2 ]; then
    what=stacks/app/suspend end=stacks/app/resume
  fi
  echo '{"reason":"race"}' >"$T/halt"
  if [ $((round % 2)) = 0 ]; then
    send "plans/$PLAN/decisions" decision &
    pid=$!
    send "$what" halt
  else
    send "$what" halt &
    pid=$!
    send "plans/$PLAN/decisions" decision
  fi
  wait $pid
  agent_becomes app suspended
  held=$(cat "$T/out/app/app.conf")
  agent_sync app
  [ "$held" = "$(cat "$T/out/app/app.conf")" ] || lost=$((lost + 1))
  agent_post "/v1/$end" '{"reason":"race"}'
  agent_wait_for 'agent_look app && [ "$STATE_NOW" = converged ] && holds' || lost=$((lost + 1))
done
[ $lost = 0 ] && [ "$(between)" = '[]' ]
tap_ok 'with an approval at the same moment no apply begins during a suspension' ||
  echo "# $lost $BODY" >&2

# --- killed as soon as it has answered
killed() { # PATH PATH: to halt, to go on
  what=$1
  change "killed after $what"
  plan=$PLAN
  agent_post "/v1/$what" '{"reason":"and then"}'
  agent_stop KILL
  [ "$STATUS" = 200 ] && agent_start && agent_decide "$plan" alice approve &&
    [ "$CODE" = accepted ] && agent_sync app && [ "$STATE_NOW" = suspended ] && ! holds
  tap_ok "what $what has answered holds after a kill" || echo "# $STATE_NOW $REASON_NOW" >&2
  agent_post "/v1/$2" '{"reason":"go"}'
  agent_becomes app converged && holds
  tap_ok 'until it is resumed' || echo "# $STATUS $BODY" >&2
}
killed stacks/app/suspend stacks/app/resume
killed stop resume
"$builddir/assent" log verify "$STATE/log" >"$T/said" 2>&1
tap_ok 'the log holds together' || tap_note "$T/said"
tap_end
