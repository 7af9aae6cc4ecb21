#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Another branch for some time: its own plan and approval for each of its commits, and then what
# held before comes back, after its time, by a word, or when the branch is gone.
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

push() { # BRANCH SUBJECT CONTENT
  git -C "$T/app" checkout -q -B "$1" "${4-$1}"
  echo "$3" >"$T/app/app.conf"
  agent_commit app "$2"
  git -C "$T/app" push -q --force origin "$1" 2>"$T/push.err"
}
try() { # OPTION...
  "$builddir/assent" try --socket "$SOCK" "$@" >"$T/said" 2>&1 </dev/null
  SAID=$?
  agent_look app
}
refused() { # CODE BODY
  agent_post /v1/stacks/app/try "$2"
  [ "$(field "d['error']['code']")" = "$1" ]
}
content() {
  [ "$(cat "$T/out/app/app.conf")" = "$1" ]
}
plan_is() { # EXPRESSION on p, the plan $PLAN
  agent_get "/v1/plans/$PLAN/plan.json"
  [ "$(field "(lambda p: $1)(d)")" = True ] || {
    echo "# $BODY" >&2
    return 1
  }
}
# What nobody can prove to have been approved, people are asked about.
back() { # CONTENT
  agent_wait_for 'agent_look app && { [ -n "$PLAN" ] || content '"$1"'; }'
  [ -z "$PLAN" ] || {
    plan_is "p['reason'] == 'return' and p['commits'] == []" && agent_decide "$PLAN" alice approve
  }
  agent_wait_for "content $1"
}

refused never-applied '{"branch":"topic","seconds":60,"reason":"why"}'
tap_ok 'there must be something to return to' || echo "# $BODY" >&2
agent_sync app
agent_decide "$PLAN" alice approve
agent_becomes app converged
main=$COMMIT
refused malformed '{"seconds":60,"reason":"why"}' &&
  refused malformed '{"branch":"a b","seconds":60,"reason":"why"}' &&
  refused malformed '{"branch":"refs/heads/topic","seconds":60,"reason":"why"}' &&
  refused until-missing '{"branch":"topic","reason":"why"}' &&
  refused until-missing '{"branch":"topic","seconds":99999999,"reason":"why"}' &&
  refused reason-missing '{"branch":"topic","seconds":60}' &&
  refused own-branch '{"branch":"main","seconds":60,"reason":"why"}' &&
  refused no-trial '{"end":true,"reason":"why"}'
tap_ok 'a trial needs another branch, an end and a reason' || echo "# $BODY" >&2
try topic --reason why
[ $SAID = 2 ] && grep -q -- '--for' "$T/said"
tap_ok 'the command says so, too' || tap_note "$T/said"

# --- a trial, of a branch that has left main before its newest commit
push topic topical topic main
topic=$COMMIT
push main second two main
two=$COMMIT
agent_sync app
agent_decide "$PLAN" alice approve
agent_wait_for 'content two && agent_is app converged'
try topic --for 1h --reason 'before it is merged'
[ $SAID = 1 ] && agent_becomes app pending &&
  plan_is "(p['reason'], p['ref'], p['base']['commit'], p['target']['commit'],
      [c['subject'] for c in p['commits']], p['until'] >= p['expires'],
      'dora@example.org' in [a.lower() for a in p['authors']])
    == ('try', 'refs/heads/topic', '$two', '$topic', ['topical'], True, True)"
tap_ok 'its plan is asked for, and says until when' || {
  tap_note "$T/said"
  echo "# $STATE_NOW $REASON_NOW" >&2
}
content two
tap_ok 'nothing is done before'
refused trial '{"branch":"topic","seconds":60,"reason":"why"}'
tap_ok 'one trial at a time' || echo "# $BODY" >&2
agent_post /v1/stacks/app/rollback '{"reason":"why"}'
[ "$(field "d['error']['code']")" = trial ]
tap_ok 'and no rollback in between' || echo "# $BODY" >&2
agent_decide "$PLAN" dora approve
[ "$CODE" != accepted ]
tap_ok 'its author may not approve'
agent_decide "$PLAN" alice approve
agent_wait_for 'content topic && agent_is app converged'
tap_ok 'an approved one is applied' || tap_note "$T/agent.log"
echo "$REASON_NOW" | grep -q "'refs/heads/topic' until .*, tried by bob: before it is merged"
tap_ok 'and said' || echo "# $REASON_NOW" >&2
[ "$(agent_stack_field app "(d['trial']['ref'], d['trial']['from'], d['commit'])")" = \
  "('refs/heads/topic', '$two', '$two')" ]
tap_ok 'in the status, too' || echo "# $BODY" >&2

# --- main goes on meanwhile; the trial, too, after a restart
push main third three
three=$COMMIT
agent_sync app
agent_wait_for "[ \"\$(agent_stack_field app \"d['commit']\")\" = $three ]"
agent_is app converged && content topic
tap_ok 'what comes on the branch itself is seen and waits' || echo "# $STATE_NOW $REASON_NOW" >&2
agent_stop
agent_start
push topic 'more of it' more
agent_sync app
agent_becomes app pending &&
  plan_is "(p['reason'], [c['subject'] for c in p['commits']]) ==
    ('try', ['more of it', 'topical'])" && content topic
tap_ok 'each commit of it has its own plan' || echo "# $STATE_NOW $REASON_NOW" >&2
agent_decide "$PLAN" alice approve
agent_wait_for 'content more && agent_is app converged'
tap_ok 'and approval'

# --- by a word
try --end --reason 'seen enough'
back two
agent_entries return app
[ "$(field "[(x['person'], x['reason']) for x in d]")" = "[('bob', 'seen enough')]" ]
tap_ok 'it ends by a word' || echo "# $BODY" >&2
agent_wait_for "agent_is app pending && plan_is \"p['reason'] == 'commit'\""
plan_is "(p['base']['commit'], p['target']['commit'], [c['subject'] for c in p['commits']]) ==
  ('$two', '$three', ['third'])"
tap_ok 'then main is gone on with, from what held before' || echo "# $STATE_NOW $REASON_NOW" >&2
agent_decide "$PLAN" alice approve
agent_wait_for 'content three && agent_is app converged'
tap_ok 'and applied'

# --- by its time, while the agent is away and the repository, too
agent_post /v1/stacks/app/try?wait=60 '{"branch":"topic","seconds":15,"reason":"short"}'
agent_becomes app pending
agent_decide "$PLAN" alice approve
agent_wait_for 'content more && agent_is app converged'
tap_ok 'a short one is applied' || echo "# $STATE_NOW $REASON_NOW" >&2
agent_stop
mv "$T/app.git" "$T/away.git"
agent_start
agent_wait_for 'agent_entries return app && [ "$(field "len(d)")" = 2 ]'
tap_ok 'it ends by itself'
back three
tap_ok 'and what held before comes back, without the repository' ||
  echo "# $STATE_NOW $REASON_NOW" >&2
mv "$T/away.git" "$T/app.git"
agent_sync app
agent_becomes app converged && [ -z "$PLAN" ] && content three
tap_ok 'nothing is left to do' || echo "# $STATE_NOW $REASON_NOW" >&2

# --- when nobody approves, and when there is no such branch
agent_post /v1/stacks/app/try?wait=60 '{"branch":"topic","seconds":2,"reason":"nobody"}'
agent_wait_for 'agent_entries return app && [ "$(field "len(d)")" = 3 ]'
agent_becomes app converged && [ -z "$PLAN" ] && content three
tap_ok 'what nobody approves ends without a trace' || echo "# $STATE_NOW $REASON_NOW" >&2
try typo --for 10m --reason why
[ $SAID = 1 ] && grep -q "ended at once: the repository has no 'refs/heads/typo'" "$T/said"
tap_ok 'a branch that is not there is said at once' || tap_note "$T/said"
agent_wait_for 'agent_entries return app && [ "$(field "len(d)")" = 4 ]'
[ "$(field "'typo' in d[3]['reason']")" = True ]
tap_ok 'and there is none of a branch that is not there' || echo "# $BODY" >&2
agent_becomes app converged
tap_ok 'which is over at once'

# --- where what was approved may be put back, nobody is asked
echo 'restore: true' >>"$T/etc/trust.yaml"
agent_post /v1/stacks/app/try?wait=60 '{"branch":"topic","seconds":600,"reason":"once more"}'
agent_becomes app pending && agent_decide "$PLAN" alice approve
agent_wait_for 'content more && agent_is app converged'
try --end --reason 'seen again'
agent_wait_for 'content three && agent_is app converged'
agent_entries plan app
[ "$(field "(d[-1]['reason'], d[-1]['required'])")" = "('return', 0)" ]
tap_ok 'an approved trial is taken back without being asked, where that is trusted' ||
  echo "# $STATE_NOW $REASON_NOW $BODY" >&2

# --- where what proves it is damaged
agent_post /v1/stacks/app/try?wait=60 '{"branch":"topic","seconds":600,"reason":"and again"}'
agent_becomes app pending && agent_decide "$PLAN" alice approve
agent_wait_for 'content more && agent_is app converged'
trial=$(agent_entries plan app && field "d[-1]['plan'][7:]")
cp "$CONF" "$T/open.yaml"
echo 'windows: [{kind: deny, schedule: "* * * * *", duration: 31d}]' >>"$CONF"
kill -HUP "$agent_pid"
agent_wait_for '[ "$(grep -c "read again" "$T/agent.log")" = 1 ]'
try --end --reason 'in time'
agent_becomes app pending && plan_is "(p['reason'], p['policy']['required'], len(p['restores']))
  == ('return', 0, 1)"
tap_ok 'the way back waits for its window' || echo "# $STATE_NOW $REASON_NOW" >&2
sum=${trial#??}
: >"$STATE/objects/${trial%"$sum"}/$sum"
cp "$T/open.yaml" "$CONF"
kill -HUP "$agent_pid"
agent_wait_for 'agent_entries apply-done app && [ "$(field "d[-1][\"result\"]")" = failed ]'
[ "$(field "'restores plan sha256:$trial: ' in d[-1]['reason']")" = True ] && content more
tap_ok 'and is refused when a plan that proves it is damaged' || echo "# $BODY" >&2
back three
agent_becomes app converged
tap_ok 'then people are asked' || echo "# $STATE_NOW $REASON_NOW" >&2

# --- the configuration makes it the stack's own branch
push topic 'on top of main' four main
four=$COMMIT
agent_post /v1/stacks/app/try?wait=60 '{"branch":"topic","seconds":600,"reason":"to be merged"}'
agent_becomes app pending && agent_decide "$PLAN" alice approve
agent_wait_for 'content four && agent_is app converged'
sed -i 's/branch: main,/branch: topic,/' "$CONF"
kill -HUP "$agent_pid"
agent_wait_for 'content three'
agent_entries return app
[ "$(field "(d[-1].get('person'), d[-1]['reason'])")" = \
  "(None, 'it is the own branch of the stack now')" ]
tap_ok 'a trial of what has become the own branch is over' || echo "# $BODY" >&2
agent_becomes app pending && agent_sync app &&
  plan_is "(p['reason'], p['ref'], p['base']['commit'], p['target']['commit'])
    == ('commit', 'refs/heads/topic', '$three', '$four')" && agent_decide "$PLAN" alice approve
agent_wait_for 'content four && agent_is app converged'
agent_entries commit app
seen=$(field 'len(d)')
agent_sync app
agent_entries commit app
[ "$(field 'len(d)')" = "$seen" ]
tap_ok 'and followed like any other: what was seen is no news' || echo "# $BODY" >&2
tap_end
