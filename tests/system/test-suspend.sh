#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Suspending one stack and stopping everything, with the real worker: what was approved before does
# not slip through, also not over a restart, without an agent, or by a file that nobody can read.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen openssl python3 || tap_skip_all "$REASON"
PAGER=cat ASSENT_PAGER=cat
export PAGER ASSENT_PAGER
agent_begin

# The worker waits before an apply while $T/hold is there, and says so; asked to end, it says that
# it was interrupted.
real=$(cd "$builddir" && pwd)/assent-worker
python=$(command -v python3)
WORKER=$T/worker
cat >"$WORKER" <<P
#!$python
import json, os, signal, subprocess, sys, time
line = sys.stdin.readline()
mode = json.loads(line).get("mode", "")
if mode == "apply" and os.path.exists("$T/hold"):
    def asked(*_):
        print('{"result":{"done":0,"left":2,"reason":"asked to stop","result":"interrupted",'
              '"steps":[],"undone":0}}')
        sys.stdout.flush()
        os._exit(0)
    signal.signal(signal.SIGTERM, asked)
    open("$T/held", "w").close()
    while os.path.exists("$T/hold"):
        time.sleep(0.05)
sys.exit(subprocess.run(["$real"] + sys.argv[1:], input=line.encode()).returncode)
P
chmod 755 "$WORKER"
cli() { # ARGUMENT...
  "$builddir/assent" "$@" --config "$CONF" >"$T/said" 2>&1 </dev/null
  SAID=$?
}
approve() { # STACK: a new commit of it, approved
  echo "$1 $COUNT" >"$T/$1/app.conf"
  COUNT=$((COUNT + 1))
  agent_commit "$1" "change $COUNT"
  agent_sync "$1"
  agent_decide "$PLAN" alice approve
}
holds() { # STACK: what its newest commit says is there
  cmp -s "$T/$1/app.conf" "$T/out/$1/app.conf"
}
last() { # TYPE EXPRESSION on the newest entry e, of any stack or none
  agent_entries "$1" && [ "$(field "(lambda e: $2)(d[-1])")" = True ]
}
COUNT=1
agent_repo app
agent_repo base
agent_stack app 'approval: {required: 1, from: [ops]}' 'suspend: {longest: 1d}'
agent_stack base 'approval: {required: 1, from: [ops]}' 'suspend: {reason: false, until: true}'
agent_user bob
agent_init
agent_start
approve app
agent_becomes app converged
approve base
agent_becomes base converged && holds app && holds base
tap_ok 'two stacks hold what was approved'

# --- what a suspension takes
cli suspend app
[ $SAID = 1 ] && grep -q 'for a reason only' "$T/said"
tap_ok 'a reason must be given where the configuration wants one' || tap_note "$T/said"
cli suspend base
[ $SAID = 1 ] && grep -q 'for some time only' "$T/said"
tap_ok 'an end must be said where the configuration wants one' || tap_note "$T/said"
cli suspend app --for 2d --reason long
[ $SAID = 1 ] && grep -q 'for 24h at most' "$T/said"
tap_ok 'it lasts no longer than the configuration allows' || tap_note "$T/said"
cli suspend app --for 2h --until 18:00 --reason both
[ $SAID = 2 ]
tap_ok 'an end is said once' || tap_note "$T/said"
cli resume app
[ $SAID = 1 ] && grep -q 'not suspended' "$T/said"
tap_ok 'what is not suspended is not resumed' || tap_note "$T/said"
agent_entries suspend && [ "$(field 'len(d)')" = 0 ]
tap_ok 'the log knows of none of this'

# --- approved before
cli suspend app --reason 'the database moves'
[ $SAID = 0 ] && grep -q '^app: suspended: suspended by bob: the database moves, until' "$T/said"
tap_ok 'a stack is suspended, for the longest time when none is said' || tap_note "$T/said"
agent_get /v1/stacks/app
[ "$(field 'd["suspended"]["by"] + d["suspended"]["reason"]')" = 'bobthe database moves' ] &&
  [ "$(field 'd["suspended"]["until"] > d["suspended"]["since"]')" = True ]
tap_ok 'the API says who, why and until when'
cli resume app --reason 'it has moved'
[ $SAID = 0 ] && last resume 'e["person"] == "bob" and e["reason"] == "it has moved"'
tap_ok 'a person resumes it' || tap_note "$T/said"
: >"$T/hold"
approve app
agent_wait_for '[ -e "$T/held" ]'
cli suspend app --reason 'in the middle'
[ $SAID = 0 ] && grep -q 'goes on to its end' "$T/said"
tap_ok 'it is said of an apply under way that it goes on' || tap_note "$T/said"
rm "$T/hold" "$T/held"
agent_becomes app suspended && holds app && agent_entries apply-done app &&
  [ "$(field 'd[-1]["result"]')" = ok ]
tap_ok 'and it does'
cli resume app
echo 'another' >"$T/app/app.conf"
agent_commit app 'another'
agent_sync app
first=$PLAN
cli suspend app --reason 'wait'
agent_decide "$first" alice approve
[ "$CODE" = accepted ] && agent_look app && [ "$STATE_NOW" = suspended ]
tap_ok 'a suspended stack takes approvals'
agent_stop KILL
agent_start
agent_sync app
[ "$STATE_NOW" = suspended ] && [ "$PLAN" = "$first" ] && ! holds app
tap_ok 'and applies nothing, also after a restart' || echo "# $STATE_NOW $REASON_NOW"
echo 'yet another' >"$T/app/www/index.html"
agent_commit app 'yet another'
agent_sync app
agent_get /v1/stacks/app
[ "$STATE_NOW" = suspended ] && [ -z "$PLAN" ] && [ "$(field 'd["commit"]')" = "$COMMIT" ]
tap_ok 'a commit that comes is shown, and asked for later'
cli resume app
agent_becomes app pending && [ -n "$PLAN" ] && [ "$PLAN" != "$first" ] && ! holds app
tap_ok 'then its plan is made, and the former approval counts for nothing'
cli suspend app --reason 'again'
agent_decide "$PLAN" alice approve
cli resume app
agent_becomes app converged && holds app
tap_ok 'what is approved meanwhile is applied after the end'

# --- policy that changes meanwhile
echo 'policy' >"$T/app/app.conf"
agent_commit app 'policy'
agent_sync app
first=$PLAN
cli suspend app --reason 'policy'
agent_decide "$first" alice approve
sed -i 's/^\(    approval: {required:\) 1, from: \[ops\]}/\1 2, from: [ops]}/' "$CONF"
agent_stop
agent_start
cli resume app
agent_becomes app pending && [ "$PLAN" != "$first" ] && ! holds app
tap_ok 'what other rules would not let through is not applied' || tap_note "$T/agent.log"
sed -i 's/^\(    approval: {required:\) 2, from: \[ops\]}/\1 1, from: [ops]}/' "$CONF"
agent_stop

# --- its end
agent_start
agent_sync app
cli suspend app --for 1s --reason 'a moment'
agent_decide "$PLAN" alice approve
agent_becomes app converged && holds app && last resume 'e["person"] == "assentd"'
tap_ok 'it ends by itself, and what was approved goes on'
cli suspend app --for 1s --reason 'a moment'
agent_stop KILL
sleep 1
agent_start
agent_becomes app converged && last resume 'e["person"] == "assentd"'
tap_ok 'also while no agent ran'

# --- everything
cli resume app --all
[ $SAID = 2 ]
tap_ok 'one stack or all of them is resumed' || tap_note "$T/said"
cli resume --all
[ $SAID = 1 ] && grep -q 'nobody has stopped everything' "$T/said"
tap_ok 'what is not stopped is not resumed' || tap_note "$T/said"
cli stop-all --reason 'fire'
[ $SAID = 0 ] && [ "$(grep -c 'everything is stopped by bob: fire' "$T/said")" = 2 ] &&
  [ -f "$STATE/stopped" ]
tap_ok 'everything is stopped' || tap_note "$T/said"
cli doctor
grep -qF "bad stop: everything is stopped by the file '$STATE/stopped': fire" "$T/said" &&
  mv "$STATE/stopped" "$STATE/away" && {
  cli doctor
  mv "$STATE/away" "$STATE/stopped"
  grep -qF 'bad stop: everything is stopped by bob: fire' "$T/said"
}
tap_ok 'assent doctor says so, by the file and by the log' || tap_note "$T/said"
echo 'stopped' >"$T/app/app.conf"
agent_commit app 'stopped'
agent_sync app
[ "$STATE_NOW" = suspended ] && [ -z "$PLAN" ]
tap_ok 'no plan is made'
rm "$STATE/stopped"
agent_sync app
[ "$STATE_NOW" = suspended ]
tap_ok 'the log alone stops everything'
cli resume --all --reason 'out'
agent_becomes app pending && last resume '"stack" not in e and e["reason"] == "out"'
tap_ok 'and goes on when all are resumed'
first=$PLAN
mkdir "$STATE/stopped"
agent_decide "$first" alice approve
agent_sync app
[ "$STATE_NOW" = suspended ] && ! holds app &&
  last suspend '"stack" not in e and e["person"] == "bob"'
tap_ok 'a file that cannot be read stops everything, and the log says so' || tap_note "$T/agent.log"
cli resume --all
[ $SAID = 1 ] && grep -q "cannot remove '$STATE/stopped'" "$T/said" && agent_sync app &&
  [ "$STATE_NOW" = suspended ]
tap_ok 'what cannot be removed stops for good' || tap_note "$T/said"
agent_stop KILL
agent_start
agent_becomes app suspended && ! holds app
tap_ok 'after a restart too'
rmdir "$STATE/stopped"
cli resume --all
agent_becomes app converged && holds app
tap_ok 'then what was approved is applied' || tap_note "$T/said"

# --- without an agent
echo 'down' >"$T/app/app.conf"
agent_commit app 'down'
agent_sync app
first=$PLAN
agent_stop
cli stop-all --reason 'nobody is there'
[ $SAID = 0 ] && grep -q 'was written' "$T/said" && [ -f "$STATE/stopped" ]
tap_ok 'where no agent answers the file is written' || tap_note "$T/said"
cli resume --all
[ $SAID = 3 ] && [ -f "$STATE/stopped" ]
tap_ok 'and not removed' || tap_note "$T/said"
agent_start
agent_decide "$first" alice approve
agent_sync app
[ "$STATE_NOW" = suspended ] && ! holds app &&
  last suspend 'e["person"] == "bob" and e["reason"] == "nobody is there"'
tap_ok 'an agent that starts honours it, and its log says whose it was'
cli resume --all
agent_becomes app converged && holds app
tap_ok 'until a person resumes all'
cli stop-all --for 1s
agent_becomes app converged && [ ! -e "$STATE/stopped" ] &&
  last resume '"stack" not in e and e["person"] == "assentd"'
tap_ok 'a stop with an end goes by itself'

# --- under way
: >"$T/hold"
approve app
agent_wait_for '[ -e "$T/held" ]'
cli stop-all --reason 'now' --now
[ $SAID = 0 ] && grep -q '1 apply' "$T/said"
tap_ok 'with --now what is under way is asked to end' || tap_note "$T/said"
agent_becomes app suspended && ! holds app && echo "$REASON_NOW" | grep -q 'stands still'
tap_ok 'and stands still as it was left' || echo "# $REASON_NOW"
rm "$T/hold"
cli resume --all
agent_becomes app pending
tap_ok 'then it is recovered, and asked for again' || tap_note "$T/agent.log"

# --- somebody sets the clock, long before a timer would look
shift=$(cd "$builddir" && pwd)/.libs/clock-shift.so
if [ -r "$shift" ]; then
  agent_stop
  mkfifo "$T/clock"
  echo 0 >"$T/shift"
  agent_env="LD_PRELOAD=$shift CLOCK_SHIFT=$T/shift CLOCK_FIFO=$T/clock"
  # libasan need not come first: the agent has it, too
  ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
  export ASAN_OPTIONS
  agent_start
  agent_sync app
  cli suspend app --for 1h --reason 'until the clock says so'
  agent_decide "$PLAN" alice approve
  agent_is app suspended
  tap_ok 'a stack is suspended for an hour' || echo "# $STATE_NOW $REASON_NOW"
  echo 3601 >"$T/shift"
  echo set >"$T/clock"
  agent_becomes app converged && holds app && last resume 'e["person"] == "assentd"'
  tap_ok 'which ends at once when the clock is set past it'
else
  tap_skip 'a clock that is set' 'there is no clock-shift.so: libtool makes no shared objects here'
fi

"$builddir/assent" log verify "$STATE/log" >"$T/said" 2>&1
tap_ok 'the log holds together' || tap_note "$T/said"
tap_end
