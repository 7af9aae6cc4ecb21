#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An apply that halts, steered by the command line with the real worker: paths and a command that
# fails until the host is mended. What the agent makes of odd answers is in test-steer.sh.
# shellcheck disable=SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen openssl python3 || tap_skip_all "$REASON"
PAGER=cat ASSENT_PAGER=cat
export PAGER ASSENT_PAGER
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [ops]}' 'drift-watch: none'
sed -i "s/^  bob: {}/  bob: {user: $(id -un)}/" "$CONF"
agent_init
out=$T/out/app

manifest() { # NUMBER: a command that wants the file mended-NUMBER
  cat >"$T/app/assent.yaml" <<-M
		on-failure: stop
		resources:
		  - file: $out/before
		    source: app.conf
		  - command: migrate
		    run: [test, -e, $out/mended-$1]
		    creates: $out/never
		    after: file:$out/before
		  - file: $out/behind
		    source: app.conf
		    after: command:migrate
		  - file: $out/beside
		    source: app.conf
	M
  echo "$1" >"$T/app/app.conf"
  agent_commit app "$1"
}
holds() { # BEFORE BEHIND BESIDE: what the files say, - is absent
  now=
  for name in before behind beside; do
    now="$now $(cat "$out/$name" 2>/dev/null || echo -)"
  done
  [ "$now" = " $*" ] || {
    echo "# the host has$now, not $*" >&2
    return 1
  }
}
run() { # ARGUMENT...
  "$builddir/assent" "$@" --socket "$SOCK" >"$T/said" 2>&1 </dev/null
  SAID=$?
}
# A plan of a new commit, approved, that halts at its command.
halt() { # NUMBER
  manifest "$1"
  agent_sync app
  HALTED=$PLAN
  agent_decide "$PLAN" alice approve
  agent_becomes app failed
}
is_halted() { # PLAN
  [ "$(agent_stack_field app "(d['halted'] or {}).get('plan')")" = "$1" ]
}
kept() {
  find "$out" -name '.assent-*' | grep -q .
}
agent_start

# --- gone on with
halt 1
tap_ok 'an apply whose command fails has failed'
holds 1 - 1 && is_halted "$HALTED"
tap_ok 'what does not need the command is there, the rest is left, and it is halted'
run show "$HALTED"
grep -q 'failed.*command:migrate' "$T/said" && grep -q 'left out' "$T/said" &&
  grep -q -- '--resume' "$T/said"
tap_ok 'the plan is shown with what failed, what was left out and how to go on' ||
  tap_note "$T/said"
run apply app --resume
[ $SAID = 1 ] && holds 1 - 1 && is_halted "$HALTED"
tap_ok 'gone on with, it fails again and is halted as before' || tap_note "$T/said"
touch "$out/mended-1"
run apply app --resume
[ $SAID = 0 ] && holds 1 1 1 && agent_is app converged && ! kept
tap_ok 'with the host mended it is gone on with to its end' || tap_note "$T/said"

# --- taken back
halt 2
holds 2 1 2 && kept
tap_ok 'the old versions stay while it is halted'
run apply app --undo
[ $SAID = 0 ] && holds 1 1 1 && is_halted '' && ! kept
tap_ok 'it is taken back, all of it' || tap_note "$T/said"
agent_entries apply-done app
[ "$(field "d[-1]['result']")" = rolled-back ]
tap_ok 'and the log says so' || echo "# $BODY" >&2

# --- somebody changes what is left
halt 3
echo 'by hand' >"$out/behind"
run apply app --resume
[ $SAID = 1 ] && holds 3 'by hand' 3
tap_ok 'what was changed by somebody is not gone over' || tap_note "$T/said"
agent_is app pending && is_halted "$HALTED"
tap_ok 'a new plan waits for approval instead' || echo "# $STATE_NOW: $REASON_NOW" >&2

# --- the agent dies, and nothing is lost
agent_stop KILL
agent_start
agent_look app
is_halted "$HALTED" && holds 3 'by hand' 3
tap_ok 'an agent that was started anew knows what is halted'
touch "$out/mended-3"
agent_decide "$PLAN" alice approve
agent_becomes app converged && holds 3 3 3 && is_halted '' && ! kept
tap_ok 'the next plan ends it and does the rest'

# --- killed on the way
halt 4
rm -f "$out/mended-4"
agent_post '/v1/stacks/app/apply' '{"mode":"undo"}'
agent_stop KILL
agent_start
# shellcheck disable=SC2016 # evaluated later
agent_wait_for 'agent_look app && [ "$STATE_NOW" != applying ]'
# Either it had come to its end or it had not begun: never something between.
{ holds 3 3 3 && ! kept; } 2>/dev/null || { holds 4 3 4 && is_halted "$HALTED"; }
tap_ok 'an undo whose agent is killed is done or not begun' ||
  echo "# $STATE_NOW: $REASON_NOW" >&2
"$builddir/assent" log verify "$STATE/log" >"$T/said" 2>&1
tap_ok 'the log verifies' || tap_note "$T/said"
tap_end
