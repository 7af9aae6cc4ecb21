#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The agent demands signed commits: what is not vouched for blocks and is not planned, a good tip or
# other keys lift it, the plan says who signed, and no way leads around it.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
PAGER=cat ASSENT_PAGER=cat
export PAGER ASSENT_PAGER
agent_begin
agent_repo app
git -C "$T/app" config gpg.format ssh
agent_stack app 'approval: {required: 1, from: [alice, bob]}' \
  'rules: [{match: {risk: unsigned}, required: 2}]'
agent_init
allow() { # PERSON...
  for person in "$@"; do
    printf '%s@example.org %s\n' "$person" "$(cut -d' ' -f1,2 "$T/keys/$person.pub")"
  done >"$T/etc/commit_signers"
}
demand() { # MODE SIGNATURES
  sed -i "s|branch: main,.*interval: 1h, b|branch: main, verify: $1, signatures: $2, \
signers: $T/etc/commit_signers, interval: 1h, b|" "$CONF"
}
# commit KEY CONTENT ("-": no signature; "": the same tree)
commit() {
  [ -z "$2" ] || echo "$2" >"$T/app/app.conf"
  git -C "$T/app" add -A
  sign="-S$T/keys/$1"
  [ "$1" = - ] && sign=--no-gpg-sign
  git -C "$T/app" commit -q --allow-empty "$sign" -m "${2:-signed off}"
  COMMIT=$(git -C "$T/app" rev-parse HEAD)
}
blocked() { # WORDS
  [ "$STATE_NOW" = blocked ] && echo "$REASON_NOW" | grep -qF -- "$1" &&
    [ "$(agent_stack_field app "d['block']['kind']")" = signature ] && return 0
  echo "# $STATE_NOW: $REASON_NOW, not $1" >&2
  return 1
}
plan_is() { # EXPRESSION on p, the plan $PLAN
  agent_get "/v1/plans/$PLAN/plan.json"
  [ "$(field "(lambda p: $1)(d)")" = True ] || {
    echo "# $STATE_NOW $REASON_NOW $BODY" >&2
    return 1
  }
}
reload() {
  kill -HUP "$agent_pid"
}
allow alice bob carol
demand none 1
agent_start

# --- none
commit carol two
agent_sync app
plan_is "[(c['signature'], c.get('signer')) for c in p['commits']] ==
  [('good', 'carol@example.org'), ('none', None)] and 'verification' not in p and
  p['policy']['required'] == 2"
tap_ok 'none: verdicts stand in the plan; one unsigned commit is the risk unsigned'
agent_decide "$PLAN" alice approve
agent_decide "$PLAN" bob approve
agent_becomes app converged
base=$COMMIT

# --- all
commit - three
unsigned=$COMMIT
agent_sync app
pending=$PLAN
[ "$STATE_NOW" = pending ]
tap_ok 'a plan of an unsigned commit waits'
demand all 1
reload
agent_becomes app blocked
agent_is app blocked
blocked "commit $(echo "$unsigned" | cut -c1-12) has no signature"
tap_ok 'all, by a reload: it blocks, and says what to do'
agent_get "/v1/plans/$pending"
[ "$(field "d['state']")" = superseded ]
tap_ok 'what waited waits no more' || echo "# $BODY" >&2
agent_decide "$pending" alice approve
agent_decide "$pending" bob approve
[ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'and cannot be approved any more'
agent_ask app replan
blocked 'has no signature'
tap_ok 'nobody plans it by asking'
"$builddir/assent" status --socket "$SOCK" app >"$T/said" 2>&1
grep -q 'has no signature; sign it' "$T/said"
tap_ok 'assent status says why' || tap_note "$T/said"
agent_stop
agent_start
agent_sync app
blocked 'has no signature'
tap_ok 'a restart knows it'
commit alice four
agent_sync app
blocked "on which $(echo "$COMMIT" | cut -c1-12) builds, has no signature"
tap_ok 'a signed commit on top does not hide it'
git -C "$T/app" reset -q --hard "$base"
commit alice five
commit bob six
agent_sync app
plan_is "p['verification'] == {'checked': 2, 'mode': 'all', 'signatures': 1,
  'signers': ['bob@example.org']} and p['policy']['required'] == 1"
tap_ok 'good commits lift it; who signed and what was checked stands in the plan'
"$builddir/assent" show --no-diff --socket "$SOCK" "$PLAN" >"$T/said" 2>&1
grep -q 'signed by bob@example.org; all 2 new commits were verified' "$T/said" &&
  grep -q 'signed alice@example.org' "$T/said"
tap_ok 'assent show says so' || tap_note "$T/said"

# --- keys change
allow alice carol
reload
agent_becomes app blocked
agent_is app blocked
blocked "is signed by the key SHA256:"
tap_ok 'a signer who was removed: the plan that waited is void at a reload'
[ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'what was applied stays'
allow alice bob carol
reload
agent_becomes app pending
agent_is app pending
plan_is "p['target']['commit'] == '$COMMIT'"
tap_ok 'and planned anew when the key is back'
agent_decide "$PLAN" alice approve
agent_becomes app converged
agent_entries blocked app
[ "$(field "[x['kind'] for x in d]")" = "['signature', 'signature', 'signature']" ]
tap_ok 'each reason is in the log, once' || echo "# $BODY" >&2

# --- seal and several signers
commit - seven
commit carol 'eight

Assent-Seal: seven was checked by hand'
agent_sync app
seal=$COMMIT
plan_is "p['verification'].get('seal') == '$seal' and p['verification']['checked'] == 1 and
  p['policy']['required'] == 2"
tap_ok 'a seal stands in the plan, and does not hide the risk unsigned'
"$builddir/assent" show --no-diff --socket "$SOCK" "$PLAN" >"$T/said" 2>&1
tr -s ' \n' ' ' <"$T/said" | grep -q "up to the seal $(echo "$seal" | cut -c1-12)"
tap_ok 'assent show says so, too' || tap_note "$T/said"
demand all 2
reload
agent_becomes app blocked
agent_is app blocked
blocked 'needs the signatures of 2 different people and has 1'
tap_ok 'two must sign, by a reload: one does not do'
commit bob ''
agent_sync app
plan_is "p['verification']['signers'] == ['bob@example.org', 'carol@example.org'] and
  p['verification']['signatures'] == 2"
tap_ok 'another one signs off'

# --- nothing is planned that was not verified as it is demanded now
agent_stop
demand none 1
agent_start
commit - nine
agent_sync app
[ "$STATE_NOW" = pending ]
tap_ok 'an unsigned commit, while nothing is demanded'
agent_stop
demand all 1
mv "$T/app" "$T/away"
agent_start
agent_sync app
[ "$STATE_NOW" != pending ] && [ "$STATE_NOW" != applying ]
tap_ok 'demanded after a restart without the repository: its plan waits no more' ||
  echo "# $STATE_NOW $REASON_NOW" >&2
agent_ask app plan
[ "$STATE_NOW" != pending ] && agent_get /v1/stacks/app && echo "$BODY" | grep -q 'not verified yet'
tap_ok 'and no other is made before it is verified' || echo "# $STATE_NOW $BODY" >&2
mv "$T/away" "$T/app"
agent_sync app
blocked 'has no signature'
tap_ok 'the next fetch blocks it'
tap_end
