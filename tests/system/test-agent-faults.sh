#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Workers that hang, babble, fail and die: what the agent makes of it, and that others do not wait.
# shellcheck disable=SC2016,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin

# A worker that looks into $T/faults, lines of "WORD JOB FAULT", whether its request holds WORD and
# is of JOB; without a fault it is the real one.
real=$(cd "$builddir" && pwd)/assent-worker
python=$(command -v python3)
WORKER=$T/worker
cat >"$WORKER" <<P
#!$python
import json, subprocess, sys, time
line = sys.stdin.readline()
request = json.loads(line)
job = request["job"] if request.get("mode") != "recover" else "recover"
fault = ""
for rule in open("$T/faults"):
    word, kind, what = rule.split()
    if kind == job and "/" + word in line:
        fault = what
if fault == "hang":
    time.sleep(300)
elif fault == "babble":
    print("no JSON at all")
elif fault == "exit":
    sys.exit(3)
elif fault:
    print(json.dumps({"error": {"code": fault, "message": "as the test wants it"}}))
    sys.exit(1)
else:
    sys.exit(subprocess.run(["$real"] + sys.argv[1:], input=line.encode()).returncode)
P
chmod 755 "$WORKER"
faults() { # LINE...: written as a whole
	printf '%s\n' "$@" >"$T/faults.new"
	mv "$T/faults.new" "$T/faults"
}

for name in app slow slowest odd; do # what is said of "slow" counts for "slowest" too
	agent_repo $name
	agent_stack $name 'approval: {required: 1, from: [ops]}'
done
sed -i "/slowest\"/s/interval: 1h/interval: 1h, timeout: 1s/" "$CONF"
agent_init
faults 'slow fetch hang' 'odd fetch babble'
agent_start
tap_ok 'the agent starts'

# All connections in use, more people at the door, and all who are in leave at once.
cat >"$T/crowd.py" <<'P'
import os, signal, socket, sys
def enter():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(sys.argv[1])
    s.sendall(b"GET /v1/info HTTP/1.1\r\nHost: agent\r\n\r\n")
    return s
inside = [enter() for _ in range(64)]
for s in inside:
    assert s.recv(65536)
waiting = [enter() for _ in range(3)]
os.kill(int(sys.argv[2]), signal.SIGSTOP)
for s in inside:
    s.close()
os.kill(int(sys.argv[2]), signal.SIGCONT)
for s in waiting:
    assert s.recv(65536)
P
"$python" "$T/crowd.py" "$SOCK" "$agent_pid" 2>"$T/crowd.err"
tap_ok 'who waits for a connection gets one' || tap_note "$T/crowd.err"

agent_sync app
[ "$STATE_NOW" = pending ]
tap_ok 'a stack whose fetch hangs delays no other' || tap_note "$T/agent.log"
agent_look slow
[ "$(field "(d['state'], d['job'])")" = "('idle', 'fetch')" ]
tap_ok 'and waits for its first fetch'

agent_becomes odd failed && echo "$REASON_NOW" | grep -q 'cannot fetch: lost: .*cannot be read'
tap_ok 'a worker that babbles is a failed fetch' || echo "# $REASON_NOW" >&2
[ -n "$(agent_stack_field odd "d['next_fetch']")" ]
tap_ok 'that is tried again'
faults 'slow fetch hang' 'odd fetch network'
agent_sync odd
echo "$REASON_NOW" | grep -q 'network: as the test wants it'
tap_ok 'the worker'"'"'s reason is told' || echo "# $REASON_NOW" >&2
faults 'slow fetch hang' 'odd plan io'
agent_sync odd
[ "$STATE_NOW" = failed ] && echo "$REASON_NOW" | grep -q 'cannot plan: io'
tap_ok 'a plan that fails is told, too' || echo "# $STATE_NOW $REASON_NOW" >&2
faults 'slow fetch hang'
agent_becomes odd pending
tap_ok 'and made by itself later on'

agent_becomes slowest failed && echo "$REASON_NOW" | grep -q 'cannot fetch: timeout: '
tap_ok 'a fetch that hangs is killed at its deadline' || echo "# $STATE_NOW $REASON_NOW" >&2
[ -n "$(agent_stack_field slowest "d['next_fetch']")" ] && agent_is slow idle
tap_ok 'and tried again, while one that has more time goes on'
grep -q '^warning: fetch: network: .* \[fetch-failed stack=odd\]$' "$T/agent.log" &&
	grep -q '^warning: plan: io: .* \[plan-failed stack=odd\]$' "$T/agent.log"
tap_ok 'both are warnings to operators' || tap_note "$T/agent.log"

# --- an apply whose worker dies
faults 'slow fetch hang' 'app apply exit'
agent_look app
died=$PLAN
agent_decide "$died" alice approve
agent_wait_for 'agent_look app && [ "$STATE_NOW" = pending ] && [ "$PLAN" != "$died" ]'
tap_ok 'a worker that dies before it has done anything costs the approval' ||
  tap_note "$T/agent.log"
agent_get "/v1/plans/$died"
[ "$(field "d['state']")" = interrupted ] && [ ! -e "$T/out/app/app.conf" ]
tap_ok 'and the plan says so'

# --- stopped during an apply
faults 'slow fetch hang' 'app apply hang'
agent_look app
stopped=$PLAN
agent_decide "$stopped" alice approve
agent_becomes app applying
agent_stop TERM
[ "$agent_code" = 0 ]
tap_ok 'SIGTERM during an apply ends cleanly' || tap_note "$T/agent.log"
sed '1,/\[stop\]/d' "$T/agent.log" >"$T/after-stop"
[ ! -s "$T/after-stop" ]
tap_ok 'and nothing that was stopped is told as a failure' || tap_note "$T/after-stop"
faults 'slow fetch hang' 'app recover io'
agent_start
agent_becomes app failed && echo "$REASON_NOW" | grep -q 'cannot be recovered: io'
tap_ok 'a recovery that fails is told' || echo "# $REASON_NOW" >&2
agent_sync app
agent_entries plan app
plans=$(field 'len(d)')
agent_look app
[ "$STATE_NOW" = failed ] && [ -z "$PLAN" ]
tap_ok 'and nothing else is done before it'
faults 'slow fetch hang'
agent_becomes app pending && agent_entries plan app && [ "$(field 'len(d)')" = $((plans + 1)) ]
tap_ok 'until it has come to an end'

# --- refused by the worker
faults 'slow fetch hang' 'app apply untrusted'
agent_look app
agent_decide "$PLAN" alice approve
agent_becomes app failed && echo "$REASON_NOW" | grep -q 'untrusted: as the test wants it'
tap_ok 'what the worker refuses has failed'
faults 'slow fetch hang'
agent_sync app
agent_sync app
[ "$STATE_NOW" = failed ] && [ ! -e "$T/out/app/app.conf" ]
tap_ok 'and is not tried again by itself'
agent_ask app replan
agent_decide "$PLAN" alice approve
agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = one ]
tap_ok 'but when it is asked for'

# --- a worker that is not there
agent_stop TERM
WORKER=$T/nowhere
agent_start
agent_becomes odd pending
agent_sync odd
agent_stack_field odd "d['fetch_problem']" | grep -q 'nowhere'
tap_ok 'a worker that is not installed is named' || echo "# $BODY" >&2
agent_stop TERM
"$builddir/assent" log verify "$STATE/log" >"$T/verify" 2>&1
tap_ok 'the log verifies' || tap_note "$T/verify"
tap_end
