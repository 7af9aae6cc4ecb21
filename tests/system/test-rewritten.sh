#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A branch that was pushed by force: blocked, accepted by a person for one tip, planned with its
# own risk class, approved, applied; and everything that ends or refuses the acceptance.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-review.sh"
git_need git curl ssh-keygen openssl python3 || tap_skip_all "$REASON"
PAGER=cat ASSENT_PAGER=cat
export PAGER ASSENT_PAGER
agent_begin
review_stack app
git clone -q --bare "$T/app" "$T/app.git"
git -C "$T/app" remote add origin "$T/app.git"
sed -i -e "s,file://$T/app\",file://$T/app.git\"," \
  -e '/^    rules:/s/\[{/[{match: {risk: history}, required: 2}, {/' \
  -e "s/^  bob: {}/  bob: {user: $(id -un)}/" "$CONF"
agent_init
echo 'attested: [page]' >>"$T/etc/trust.yaml"
review_http
agent_start

push() { # SUBJECT CONTENT: a commit, pushed by force
  echo "$2" >"$T/app/app.conf"
  agent_commit app "$1"
  git -C "$T/app" push -q --force origin main 2>"$T/push.err"
}
replan() { # OPTION...
  "$builddir/assent" replan --socket "$SOCK" app "$@" >"$T/said" 2>&1 </dev/null
  SAID=$?
}
policy_is() { # EXPRESSION on p, the plan $PLAN
  agent_get "/v1/plans/$PLAN/plan.json"
  [ "$(field "(lambda p: $1)(d)")" = True ] || {
    echo "# $BODY" >&2
    return 1
  }
}

push second two
agent_sync app
policy_is "p['policy']['required'] == 1 and 'rewritten' not in p"
tap_ok 'what descends is planned as ever'
agent_decide "$PLAN" alice approve
agent_becomes app converged
base=$COMMIT
replan --rewritten --reason why
[ $SAID = 1 ] && grep -q 'no rewritten history' "$T/said"
tap_ok 'there is nothing to accept' || tap_note "$T/said"

# --- pushed by force
git -C "$T/app" reset -q --hard HEAD~1
push 'another second' 2b
tip=$COMMIT
agent_sync app
[ "$STATE_NOW" = blocked ] && echo "$REASON_NOW" | grep -q "'assent replan --rewritten'" &&
  [ "$(agent_stack_field app "(d['block']['kind'], d['block']['commit'])")" = \
    "('rewound', '$tip')" ]
tap_ok 'a branch that was pushed by force blocks, and says what to do' ||
  echo "# $STATE_NOW $REASON_NOW" >&2
agent_ask app replan
[ "$STATE_NOW" = blocked ]
tap_ok 'a plain replan does not follow it'

# --- what is no acceptance
replan --rewritten --commit "$tip"
[ $SAID = 2 ] && grep -q 'for a reason' "$T/said"
tap_ok 'not without a reason' || tap_note "$T/said"
replan --commit "$tip" --reason why
[ $SAID = 2 ] && grep -q 'need --rewritten' "$T/said"
tap_ok 'not by the way' || tap_note "$T/said"
replan --rewritten --reason why
[ $SAID = 2 ] && grep -q -- '--commit' "$T/said"
tap_ok 'not without a terminal or the tip' || tap_note "$T/said"
for wrong in "$base" "$(echo "$tip" | cut -c1-12)" 1111111111111111111111111111111111111111; do
  replan --rewritten --reason why --commit "$wrong"
  [ $SAID = 1 ] && grep -q "$wrong is not the tip of the branch, which is $tip" "$T/said"
  tap_ok "not for $wrong, which is not the tip" || tap_note "$T/said"
done
agent_post /v1/stacks/app/follow "{\"commit\":\"$tip\",\"reason\":\" \"}"
[ "$STATUS $(field "d['error']['code']")" = '400 reason-missing' ]
tap_ok 'not for blanks' || echo "# $BODY" >&2
agent_post /v1/stacks/app/follow "{\"commit\":\"$tip\",\"reason\":\"a\\nb\"}"
[ "$STATUS $(field "d['error']['code']")" = '400 reason-missing' ]
tap_ok 'nor for more than a line' || echo "# $BODY" >&2
python3 "$srcdir/tests/cli/on-terminal.py" n "$builddir/assent" replan --socket "$SOCK" app \
  --rewritten --reason why >"$T/said" 2>&1
grep -q 'nothing was accepted' "$T/said" && agent_entries rewritten && [ "$BODY" = '[]' ]
tap_ok 'nor without a yes; nothing of it stands in the log' || tap_note "$T/said"

# --- accepted on a terminal
python3 "$srcdir/tests/cli/on-terminal.py" yes "$builddir/assent" replan --socket "$SOCK" app \
  --rewritten --reason 'a secret was pushed' >"$T/said" 2>&1
grep -q "applied last: $base" "$T/said" && grep -q "the tip now:  $tip" "$T/said" &&
  grep -q 'HISTORY.*was REWRITTEN; 1 commit' "$T/said" &&
  grep -q "$(echo "$base" | cut -c1-12) second" "$T/said" &&
  grep -q 'accepted by bob: a secret was pushed' "$T/said"
tap_ok 'a yes asks for the plan, which says what is gone' || tap_note "$T/said" "$T/agent.log"
agent_entries rewritten app
[ "$(field "[(x['base'], x['commit'], x['person'], x['reason']) for x in d]")" = \
  "[('$base', '$tip', 'bob', 'a secret was pushed')]" ]
tap_ok 'who accepted what and why stands in the log' || echo "# $BODY" >&2
agent_is app pending
policy_is "(p['base']['commit'], p['target']['commit'], p['policy']['required'],
    p['policy'].get('channels'), p['rewritten']['total'], p['rewritten']['person'],
    [c['subject'] for c in p['rewritten']['commits']], [c['subject'] for c in p['commits']]) ==
  ('$base', '$tip', 2, None, 1, 'bob', ['second'], ['another second'])"
tap_ok 'its policy is that of a rewritten history: two people, by signature'
"$builddir/assent" policy test --socket "$SOCK" "$PLAN" >"$T/said" 2>&1
grep -q 'rules\[0\] (risk history)' "$T/said" &&
  grep -q 'a rewritten history takes signatures alone' "$T/said"
tap_ok 'and policy test says why' || tap_note "$T/said"
review_login alice
review_get alice "/plans/$(echo "${PLAN#sha256:}" | cut -c1-12)"
printf '%s' "$BODY" | grep -q '<strong>The history was REWRITTEN: 1 commit' &&
  printf '%s' "$BODY" | grep -q 'commits that are gone' &&
  printf '%s' "$BODY" | grep -q 'accepted by bob: a secret was pushed'
tap_ok 'the page says so, too' || echo "# $STATUS" >&2

# --- it is for this tip alone
agent_sync app
[ "$STATE_NOW" = pending ]
tap_ok 'the same tip is no news'
agent_decide "$PLAN" alice approve
first=$PLAN
agent_stop
agent_start
agent_sync app
[ "$STATE_NOW $PLAN" = "pending $first" ]
tap_ok 'nor after a restart' || echo "# $STATE_NOW $REASON_NOW" >&2
git -C "$T/app" commit -q --amend -m 'yet another'
git -C "$T/app" push -q --force origin main
next=$(git -C "$T/app" rev-parse HEAD)
agent_sync app
[ "$STATE_NOW" = blocked ] && agent_decide "$first" carol approve && [ "$CODE" != accepted ] &&
  [ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'another rewind blocks again, and ends the plan' || echo "# $STATE_NOW $CODE" >&2
replan --rewritten --reason why --commit "$tip"
[ $SAID = 1 ] && grep -q 'is not the tip' "$T/said"
tap_ok 'what was accepted before is the tip no more' || tap_note "$T/said"
git -C "$T/app" commit -q --allow-empty -m 'on top of it'
git -C "$T/app" push -q origin main
replan --rewritten --reason why --commit "$next"
agent_is app blocked && [ "$(agent_stack_field app "d['block']['commit']")" = \
  "$(git -C "$T/app" rev-parse HEAD)" ]
tap_ok 'a tip that moves meanwhile is not followed' || tap_note "$T/said"

# --- an empty one
git -C "$T/app" rm -q -r . && agent_commit app 'all gone'
git -C "$T/app" push -q --force origin main
agent_sync app
replan --rewritten --reason why --commit "$COMMIT"
agent_is app blocked && echo "$REASON_NOW" | grep -q 'has no files' &&
  [ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'an empty state is refused all the same' || echo "# $STATE_NOW $REASON_NOW" >&2

# --- accepted by its id, approved, applied
git -C "$T/app" reset -q --hard "$next"
push third three
tip=$COMMIT
agent_sync app
replan --rewritten --commit "$tip" --reason 'tidied up'
agent_is app pending && grep -q 'accepted by bob: tidied up' "$T/said"
tap_ok 'the next tip is accepted by its whole id' || tap_note "$T/said"
agent_decide "$PLAN" alice approve
agent_is app pending && [ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'one approval is not enough'
agent_decide "$PLAN" bob approve
agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = three ]
tap_ok 'two are, and what they approved is applied'
applied=$(agent_stack_field app "d['last_apply']['plan']")
agent_sync app
[ "$STATE_NOW" = converged ]
tap_ok 'what was accepted is what holds'
git -C "$T/app" reset -q --hard HEAD~1
git -C "$T/app" push -q --force origin main
agent_sync app
[ "$STATE_NOW" = blocked ]
tap_ok 'and the next rewind blocks'
replan --rewritten --commit "$next" --reason 'one step back'
agent_becomes app pending &&
  policy_is "(p['rewritten']['total'], p['commits_total'], p['authors']) == (1, 0, [])"
tap_ok 'a step back brings nothing new, and is told all the same' || tap_note "$T/said"

# --- for outsiders
agent_stop
"$builddir/assent" log verify "$STATE/log" >"$T/said" 2>&1
tap_ok 'the log verifies' || tap_note "$T/said"
"$builddir/assent" log --type rewritten "$STATE/log" >"$T/said" 2>&1
grep -q "bob accepts $(echo "$tip" | cut -c1-12), which does not descend from" "$T/said"
tap_ok 'and can be read' || tap_note "$T/said"
"$builddir/assent" log export --log "$STATE/log" "$applied" "$T/bundle" >"$T/said" 2>&1 &&
  "$T/bundle/verify.sh" >"$T/said" 2>&1 && grep -q 'rewritten history was accepted' "$T/said"
tap_ok 'a bundle holds the acceptance, and verifies' || tap_note "$T/said"
for leaf in "$T/bundle/proofs"/*.leaf; do
  ! grep -q '"type":"rewritten"' "$leaf" || rm "$leaf"
done
! "$T/bundle/verify.sh" >"$T/said" 2>&1 && grep -q 'nobody had accepted' "$T/said"
tap_ok 'and not without it' || tap_note "$T/said"
tap_end
