#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The approval policy of a running agent: what the configuration says counts, also after it changed.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
for name in app big; do
  agent_repo $name
done
agent_stack app 'approval: {required: 1, from: [ops], channels: [signature, slack]}'
agent_stack big 'approval: {required: 1, from: [ops], size-threshold: 1}'
cat >>"$CONF" <<-C
	rules:
	  - {match: {stack: "b*", risk: size}, required: 2}
C
agent_init 0
agent_start

policy_is() { # EXPRESSION on p, the policy of $PLAN
  agent_get "/v1/plans/$PLAN/plan.json"
  [ "$(field "(lambda p: $1)(d['policy'])")" = True ] || {
    echo "# $(field "d['policy']")" >&2
    return 1
  }
}

# --- what is configured stands in the plan
agent_sync app
[ "$STATE_NOW" = pending ] && policy_is "p.get('channels') is None or
  p['channels'] == ['signature', 'slack']" &&
  agent_get "/v1/plans/$PLAN/plan.json" && [ "$(field "d['resources']")" = 2 ]
tap_ok 'a plan says by which channels people may decide'
agent_sync big
policy_is "p['required'] == 2"
tap_ok 'a rule beside the stacks counts in those that it matches'
echo '{}' >"$T/statement.sig"
agent_look app
agent_submit "$PLAN" alice approve '' slack
[ "$STATUS $CODE" = '403 channel-not-allowed' ]
tap_ok 'the socket takes signatures alone, whatever the policy' || echo "# $BODY" >&2

explain() {
  "$builddir/assent" policy test --socket "$SOCK" "$PLAN" "$@" >"$T/explained" 2>&1
}
agent_look big
explain && grep -q 'needs.*2 approvals from: alice, bob, dora' "$T/explained" &&
  grep -q 'rules\[0\] (risk size, stack b\*)' "$T/explained" &&
  grep -q '3 changes, the first is file:' "$T/explained" &&
  grep -q 'missing.*2, from: alice, bob$' "$T/explained" &&
  grep -q 'not from those who wrote the commits: dora' "$T/explained"
tap_ok 'policy test explains rule by rule' || tap_note "$T/explained"
[ "$(grep -A 2 'asks for 2 from' "$T/explained" | sed '1d;s/^ *//')" = \
  "not from those who wrote or pushed the commits
within 1d" ]
tap_ok 'with authors and time' || tap_note "$T/explained"
grep -q 'note.*no e-mail address tells if they wrote a commit: bob$' "$T/explained"
tap_ok 'and who could be an author without being seen' || tap_note "$T/explained"
explain --json && BODY=$(cat "$T/explained") &&
  [ "$(field "(d['policy']['required'], d['current'], d['enough'], d['missing'])")" = \
    '(2, True, False, 2)' ]
tap_ok 'and as JSON' || tap_note "$T/explained"
agent_decide "$PLAN" alice approve
explain && grep -q 'votes.*alice: approve by signature' "$T/explained" &&
  grep -q 'missing.*1, from: bob$' "$T/explained"
tap_ok 'with the votes so far' || tap_note "$T/explained"

# --- a reload that changes nothing about it leaves a plan alone; another one does not
agent_look app
before=$PLAN
sed -i 's/^state: .*/&\nlabels: {}/' "$CONF"
kill -HUP $agent_pid
agent_wait_for 'grep -q "has been read again" "$T/agent.log"'
agent_look app
[ "$PLAN" = "$before" ]
tap_ok 'a plan stays when the policy does'
sed -i '/^  app:/,/approval/s/required: 1/required: 2/' "$CONF"
kill -HUP $agent_pid
agent_wait_for 'agent_look app && [ -n "$PLAN" ] && [ "$PLAN" != "$before" ]'
policy_is "p['required'] == 2"
tap_ok 'a plan is made again when the policy changes' || tap_note "$T/agent.log"
agent_get "/v1/plans/$before"
[ "$(field "d['state'], d['result']")" = "('superseded', 'the policy has changed')" ]
tap_ok 'and the old one says why it is closed' || echo "# $BODY" >&2

# --- approved under a policy that was changed while the agent was away
before=$PLAN
agent_decide "$PLAN" alice approve
agent_stop TERM
sed -i '/^  app:/,/approval/s/required: 2, from: \[ops\]/required: 1, from: [bob]/' "$CONF"
agent_start
agent_wait_for 'agent_look app && [ -n "$PLAN" ] && [ "$PLAN" != "$before" ]'
policy_is "(p['required'], p['from']) == (1, ['bob'])" && [ ! -e "$T/out/app/app.conf" ]
tap_ok 'a start looks at the policy, too' || tap_note "$T/agent.log"
agent_decide "$PLAN" bob approve
agent_becomes app converged
tap_ok 'and what the new policy wants is enough'

# --- nobody rejects
agent_repo still
agent_repo loud
signed='rules: [{match: {risk: root}, channels: [signature, slack]}]'
agent_stack still 'approval: {required: 1, from: [ops], quiet: 3s}' "$signed"
agent_stack loud 'approval: {required: 1, from: [ops], quiet: 1h}' "$signed"
sed -i '/^rules:/,/risk: size/d' "$CONF"
kill -HUP $agent_pid
agent_becomes still converged
tap_ok 'what nobody rejects is applied'
agent_entries apply-start still
start=$(field "d[0]['time']")
[ "$(field "d[0]['approvals']")" = '[]' ] && agent_entries plan still &&
  [ "$(field "d[0]['quiet'] <= $start")" = True ]
tap_ok 'by nobody, and not before its time' || echo "# $start $BODY" >&2
agent_becomes loud pending
echo "$REASON_NOW" | grep -q "or nobody's rejection until" && policy_is "p['quiet'] == 3600"
tap_ok 'a plan that waits says what silence will do' || echo "# $REASON_NOW" >&2
explain && [ "$(grep -c "^ *or nobody's rejection for 1h$" "$T/explained")" = 1 ]
tap_ok 'policy test says which rule lets it' || tap_note "$T/explained"
agent_decide "$PLAN" bob reject 'not this one'
agent_is loud idle && [ ! -e "$T/out/loud/app.conf" ]
tap_ok 'a rejection ends the quiet' || echo "# $STATE_NOW $REASON_NOW" >&2
agent_repo late
agent_stack late 'approval: {required: 1, from: [ops], quiet: 8s}' "$signed"
kill -HUP $agent_pid
agent_becomes late pending
agent_stop TERM
sleep 9
began=$(date +%s)
agent_start
agent_becomes late converged
agent_entries apply-start late
start=$(field "d[0]['time']")
[ "$start" -ge $((began + 8)) ]
tap_ok 'silence does not count while the agent is away' || echo "# $began $start" >&2

# --- break-glass
agent_repo fire
agent_stack fire 'approval: {required: 2, from: [ops], break-glass: [carol]}' \
  'windows: [{kind: deny, schedule: "* * * * *"}]'
kill -HUP $agent_pid
agent_becomes fire pending
policy_is "p['break_glass'] == ['carol']"
tap_ok 'a plan says who may break the glass'
explain && grep -q 'window *shut, and none opens within a year$' "$T/explained"
tap_ok 'policy test says that its window never opens' || tap_note "$T/explained"
glass() { # PERSON OPTION...
  key=$1
  shift
  "$builddir/assent" approve --socket "$SOCK" --config "$CONF" --break-glass --yes \
    --key "$T/keys/$key" "$@" "$PLAN" >"$T/glass" 2>&1
}
! glass carol && grep -q 'needs a reason' "$T/glass"
tap_ok 'not without a reason' || tap_note "$T/glass"
! glass bob --reason fire && grep -q 'break the glass' "$T/glass"
tap_ok 'and nobody else' || tap_note "$T/glass"
glass carol --reason 'the site is down'
agent_becomes fire failed
echo "$REASON_NOW" | grep -q 'not allowed here' && [ ! -e "$T/out/fire/app.conf" ]
tap_ok 'the worker wants it in its trust file' || echo "# $REASON_NOW" >&2
echo 'break_glass: true' >>"$T/etc/trust.yaml"
agent_ask fire replan
glass carol --reason 'the site is down' && agent_becomes fire converged &&
  grep -q 'by break-glass of carol: the site is down' "$T/agent.log"
tap_ok 'then one person is enough, whatever the windows' || tap_note "$T/glass" "$T/agent.log"
agent_entries approval fire
[ "$(field "[x['decision'] for x in d]")" = "['break-glass', 'break-glass']" ]
tap_ok 'and the log says so'

# --- a check that runs something is a command, whose files nobody need approve
agent_repo probe
printf 'checks:\n  - command: look\n    run: [touch, "%s"]\n' "$T/out/probe/ran" \
  >>"$T/probe/assent.yaml"
agent_commit probe 'with a check'
agent_stack probe 'approval: {required: 1, from: [ops]}' \
  'rules: [{match: {kind: file}, required: 0}, {match: {kind: directory}, required: 0},
    {match: {kind: tree}, required: 0}]'
kill -HUP $agent_pid
agent_becomes probe pending
policy_is "p['required'] == 1" && [ ! -e "$T/out/probe/app.conf" ] && [ ! -e "$T/out/probe/ran" ]
tap_ok 'a check that runs a command needs the approval of one'
explain && grep -q 'change.* check:look$' "$T/explained"
tap_ok 'and policy test says that it is the check' || tap_note "$T/explained"
"$builddir/assent" show --socket "$SOCK" "$PLAN" >"$T/shown" 2>&1
grep -qF "run touch $T/out/probe/ran" "$T/shown"
tap_ok 'what it runs is shown' || tap_note "$T/shown"
agent_decide "$PLAN" alice approve
agent_becomes probe converged && [ -e "$T/out/probe/ran" ]
tap_ok 'approved it is run' || tap_note "$T/agent.log"

# --- windows
agent_repo night
agent_stack night 'approval: {required: 1, from: [ops]}' \
  'windows: [{kind: deny, schedule: "* * * * *"}]'
kill -HUP $agent_pid
agent_becomes night pending
agent_decide "$PLAN" alice approve
agent_look night
[ "$CODE" = accepted ] && [ "$STATE_NOW" = pending ] && [ ! -e "$T/out/night/app.conf" ] &&
  echo "$REASON_NOW" | grep -q 'waits for its window' &&
  [ "$(agent_stack_field night "(d['pending']['approved'], d['pending']['shut'])")" = \
    '(True, True)' ]
tap_ok 'an approved plan waits for its window' || echo "# $STATE_NOW $REASON_NOW" >&2
"$builddir/assent" status --socket "$SOCK" night >"$T/status" 2>&1
grep -q 'is approved.*none opens' "$T/status"
tap_ok 'and the status says so' || tap_note "$T/status"
approved=$PLAN
sed -i 's/{kind: deny, schedule: "\* \* \* \* \*"}/{kind: allow, schedule: "* * * * *"}/' "$CONF"
kill -HUP $agent_pid
agent_becomes night converged
agent_entries apply-start night
[ "$(field "d[0]['plan']")" = "$approved" ]
tap_ok 'and is applied when one lets it through' || tap_note "$T/agent.log"
agent_repo dusk
agent_stack dusk 'approval: {required: 1, from: [bob, alice]}' \
  'windows: [{kind: deny, schedule: "* * * * *"}]'
kill -HUP $agent_pid
agent_becomes dusk pending
agent_decide "$PLAN" alice approve
approved=$PLAN
[ "$CODE" = accepted ]
tap_ok 'another one waits, approved'
sed -i -e 's/{kind: deny, schedule: "\* \* \* \* \*"}/{kind: allow, schedule: "* * * * *"}/' \
  -e 's/required: 1, from: \[bob, alice\]/required: 2, from: [bob, alice]/' "$CONF"
kill -HUP $agent_pid
agent_wait_for 'agent_look dusk && [ -n "$PLAN" ] && [ "$PLAN" != "$approved" ]'
agent_entries apply-start dusk
[ "$(field 'len(d)')" = 0 ] && [ ! -e "$T/out/dusk/app.conf" ]
tap_ok 'its window does not let it through under another policy' || tap_note "$T/agent.log"

agent_stop TERM
"$builddir/assent" log verify "$STATE/log" >"$T/verify" 2>&1
tap_ok 'the log verifies' || tap_note "$T/verify"
tap_end
