#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Going back to an earlier state: planned, approved and pinned; what was rolled back is not planned
# again, whatever the branch and the agent do, but by a person's word. Without a repository, too.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
PAGER=cat ASSENT_PAGER=cat
export PAGER ASSENT_PAGER
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [ops]}'
agent_bare app
agent_user bob
agent_init
agent_start

push() { # SUBJECT CONTENT
  echo "$2" >"$T/app/app.conf"
  agent_commit app "$1"
  git -C "$T/app" push -q --force origin main 2>"$T/push.err"
}
rollback() { # OPTION...
  "$builddir/assent" rollback --socket "$SOCK" app "$@" >"$T/said" 2>&1 </dev/null
  SAID=$?
  agent_look app
}
refused() { # CODE BODY
  agent_post /v1/stacks/app/rollback "$2"
  [ "$(field "d['error']['code']")" = "$1" ]
}
content() {
  [ "$(cat "$T/out/app/app.conf")" = "$1" ]
}
apply() { # PERSON: the plan that waits
  agent_decide "$PLAN" "$1" approve
  [ "$CODE" = accepted ] && agent_becomes app converged
}
plan_is() { # EXPRESSION on p, the plan $PLAN
  agent_get "/v1/plans/$PLAN/plan.json"
  [ "$(field "(lambda p: $1)(d)")" = True ] || {
    echo "# $BODY" >&2
    return 1
  }
}

refused never-applied '{"reason":"why"}'
tap_ok 'nothing was ever applied' || echo "# $BODY" >&2
agent_sync app
apply alice
one=$COMMIT
refused no-other '{"reason":"why"}'
tap_ok 'nothing but this was applied' || echo "# $BODY" >&2
push second two
two=$COMMIT
agent_sync app
apply alice
content two
tap_ok 'two commits were applied'

# --- refusals
refused reason-missing '{}' && refused reason-missing '{"reason":" "}' &&
  refused reason-missing '{"reason":"a\nb"}'
tap_ok 'not without a reason' || echo "# $BODY" >&2
refused not-applied '{"reason":"why","to":"1111111111111111111111111111111111111111"}' &&
  refused not-applied "{\"reason\":\"why\",\"to\":\"$(echo "$one" | cut -c1-6)\"}"
tap_ok 'nor to what was never applied, nor by too short a name' || echo "# $BODY" >&2
refused there "{\"reason\":\"why\",\"to\":\"$two\"}"
tap_ok 'nor to what is there' || echo "# $BODY" >&2
rollback
[ $SAID = 2 ] && grep -q -- '--reason' "$T/said"
tap_ok 'the command says so, too' || tap_note "$T/said"
agent_entries rollback
[ "$BODY" = '[]' ]
tap_ok 'nothing of it stands in the log'

# --- back, without the repository
mv "$T/app.git" "$T/away.git"
rollback --reason 'it breaks'
[ $SAID = 1 ] && [ "$STATE_NOW" = pending ] &&
  plan_is "(p['reason'], p['base']['commit'], p['target']['commit'], p['commits'], p['authors'])
    == ('rollback', '$two', '$one', [], [])"
tap_ok 'the plan goes back, and needs its approval' || {
  tap_note "$T/said"
  echo "# $STATE_NOW $REASON_NOW" >&2
}
content two
tap_ok 'which it waits for'
refused there '{"reason":"again","to":"'"$one"'"}'
tap_ok 'once is enough' || echo "# $BODY" >&2
agent_decide "$PLAN" alice approve
agent_wait_for 'content one && agent_look app && [ -z "$PLAN" ]'
tap_ok 'an approved one is applied without the repository' || tap_note "$T/agent.log"
mv "$T/away.git" "$T/app.git"
agent_sync app
agent_sync app
[ "$STATE_NOW" = converged ] && echo "$REASON_NOW" |
  grep -q "commit $(echo "$one" | cut -c1-12) holds; rolled back by bob: it breaks; waits until the\
 branch passes $(echo "$two" | cut -c1-12)"
tap_ok 'it stays there, and says why and until when' || echo "# $STATE_NOW $REASON_NOW" >&2
agent_entries rollback app
[ "$(field "[(x['bad'], x['commit'], x['person'], x['reason']) for x in d]")" = \
  "[('$two', '$one', 'bob', 'it breaks')]" ]
tap_ok 'who wanted what and why stands in the log' || echo "# $BODY" >&2
[ "$(agent_stack_field app "(d['pinned']['commit'], d['pinned']['until_past'])")" = \
  "('$one', '$two')" ]
tap_ok 'and in the status'

# --- the bad one stays away
agent_ask app replan
[ "$STATE_NOW" = converged ] && content one
tap_ok 'nobody who asks for a plan gets one of it' || echo "# $STATE_NOW $REASON_NOW" >&2
agent_stop
agent_start
agent_sync app
[ "$STATE_NOW" = converged ] && [ -z "$PLAN" ] && echo "$REASON_NOW" | grep -q 'rolled back by bob'
tap_ok 'nor does a restart make one' || echo "# $STATE_NOW $REASON_NOW" >&2
echo drift >"$T/out/app/app.conf"
agent_ask app plan
plan_is "(p['reason'], p['target']['commit']) == ('drift', '$one')" && apply alice && content one
tap_ok 'drift is seen against what holds' || echo "# $STATE_NOW $REASON_NOW" >&2

# --- the branch passes it
push third three
three=$COMMIT
agent_sync app
[ "$STATE_NOW" = pending ] &&
  plan_is "(p['reason'], p['target']['commit'], [c['subject'] for c in p['commits']],
      'dora@example.org' in [a.lower() for a in p['authors']])
    == ('commit', '$three', ['third', 'second'], True)"
tap_ok 'a commit that passes it is planned, with all that lies between' ||
  echo "# $STATE_NOW $REASON_NOW" >&2
[ "$(agent_stack_field app "d['pinned']")" = '' ]
tap_ok 'and the pin has gone'
git -C "$T/app" reset -q --hard "$two"
git -C "$T/app" push -q --force origin main 2>"$T/push.err"
agent_sync app
agent_sync app
[ "$STATE_NOW" = converged ] && [ -z "$PLAN" ] && content one &&
  echo "$REASON_NOW" | grep -q 'rolled back by bob'
tap_ok 'the bad one is not planned when it comes back' || echo "# $STATE_NOW $REASON_NOW" >&2

# --- after all
rollback --unpin --commit "$one" --reason sure
[ $SAID = 1 ] && grep -q 'no such commit was rolled back' "$T/said"
tap_ok 'what was not rolled back cannot be taken back' || tap_note "$T/said"
rollback --unpin --reason 'the host was at fault'
agent_becomes app pending &&
  plan_is "(p['reason'], p['target']['commit'], [c['subject'] for c in p['commits']])
    == ('commit', '$two', ['second'])"
tap_ok 'a person has it planned after all' || tap_note "$T/said"
apply alice
content two
tap_ok 'and applied'
agent_entries unpin app
[ "$(field "[(x['commit'], x['person'], x['reason']) for x in d]")" = \
  "[('$two', 'bob', 'the host was at fault')]" ]
tap_ok 'which stands in the log' || echo "# $BODY" >&2

# --- to a plan, and over two commits at once; the list is of what lies between
push fourth four
agent_sync app
apply alice
push fifth five
agent_sync app
rollback --to "$one" --reason 'far back'
plan_is "(p['reason'], p['target']['commit']) == ('rollback', '$one')"
tap_ok 'a newer plan that waits gives way to the rollback' || tap_note "$T/said"
agent_decide "$PLAN" alice approve
agent_wait_for 'content one && agent_look app && [ -z "$PLAN" ]'
rollback --unpin --reason 'forward again'
agent_becomes app pending &&
  plan_is "[c['subject'] for c in p['commits']] == ['fifth', 'fourth', 'second']"
tap_ok 'the way forward tells of all that lies between' || echo "# $STATE_NOW $REASON_NOW" >&2

# --- contents of old plans go, and come back
object() { # CONTENT: is it there?
  sum=$(echo "$1" | sha256sum)
  sum=${sum%% *}
  rest=${sum#??}
  [ -f "$STATE/objects/${sum%"$rest"}/$rest" ]
}
object one && object two && object three && object four && object five
tap_ok 'contents are kept'
agent_stop
echo 'retention: {plans: 1, age: 0s}' >>"$CONF"
agent_start
apply alice
agent_wait_for '! object two && ! object three && ! object four && content five' &&
  object one && object five
tap_ok 'as long as the configuration says, with what the last plan found' || {
  for word in one two three four five; do
    object "$word" && echo "# there is $word" >&2
  done
  tap_note "$T/agent.log"
}
agent_wait_for 'grep -q "contents of old plans have gone" "$T/agent.log"'
tap_ok 'which is told'
rollback --to "$two" --reason 'farther back'
plan_is "(p['reason'], p['target']['commit']) == ('rollback', '$two')" && object two &&
  agent_decide "$PLAN" alice approve &&
  agent_wait_for 'content two && agent_look app && [ -z "$PLAN" ]'
tap_ok 'one can go back to what was removed' || tap_note "$T/agent.log"
"$builddir/assent" log verify "$STATE/log" >"$T/said" 2>&1
tap_ok 'the log is sound' || tap_note "$T/said"
tap_end
