#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the agent tells a desktop, and decisions by the channel desktop: whose they are, and which
# are refused.
# shellcheck disable=SC2016,SC2119,SC2120,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
me=$(id -un)
desk='channels: [signature, desktop]'
rules="rules: [{match: {risk: root}, $desk}, {match: {action: remove}, channels: [signature]}]"
for name in app pad; do
  agent_repo $name
  agent_stack $name "approval: {required: 1, from: [ops], $desk}" "$rules"
done
agent_repo sig
agent_stack sig 'approval: {required: 1, from: [ops]}'
agent_init
echo 'attested: [desktop]' >>"$T/etc/trust.yaml"

# i_am PERSON: whose Unix user this is from now on
i_am() {
  sed -i "s/ *user: [^,}]*[,]*//" "$CONF"
  sed -i "s/^  $1: {/  $1: {user: $me, /; s/, }/}/" "$CONF"
}
notify() { # LINE
  sed -i '/^notify:/,$d' "$CONF"
  [ $# = 0 ] || printf 'notify:\n  - desktop: %s\n' "$1" >>"$CONF"
}
reload() {
  n=$(grep -c '\[reload\]' "$T/agent.log")
  kill -HUP "$agent_pid"
  agent_wait_for '[ "$(grep -c "\[reload\]" "$T/agent.log")" -gt $n ]' || tap_note "$T/agent.log"
}
look() { # STACK: what the desktop is told of its plan
  agent_get /v1/desktop && field "[(p['may_approve'], p['may_reject'], p['why_not'] or '')
    for p in d['plans'] if p['stack'] == '$1'][0]"
}
vote() { # PLAN DECISION [REASON [MORE-MEMBERS]]: $STATUS, $CODE
  agent_post "/v1/plans/$1/decisions" \
    "{\"decision\":\"$2\",\"reason\":\"${3-}\",\"channel\":\"desktop\"${4-}}"
  CODE=$(field "d['state'] if d.get('accepted') else d['error']['code']")
}

i_am alice
agent_start
agent_sync app && app=$PLAN
agent_sync pad && pad=$PLAN
agent_sync sig && sig=$PLAN

# --- the view
agent_get /v1/desktop
[ "$(field "(d['agent'], d['person'], d['pages'], d['remind'])")" \
  = "('web1.test', 'alice', False, 0)" ] &&
  [ "$(field "(len(d['plans']), len(d['stacks']))")" = '(3, 3)' ]
tap_ok 'the desktop is told whose it is, and what waits' || tap_note "$T/body"
[ "$(field "[(p['id'], p['subject'], p['author'], p['voted'], p['approved'])
  for p in d['plans'] if p['stack'] == 'app'][0]")" = "('$app', 'first', 'Dora', False, False)" ]
tap_ok 'and what a plan is about'
[ "$(look app)" = "(True, True, '')" ]
tap_ok 'it may approve and reject where policy lets it'
look sig | grep -q "^(False, False, \"plan sha256:.* takes no decisions by channel 'desktop'"
tap_ok 'and not where a signature is wanted'
vote "$sig" approve
[ "$STATUS $CODE" = '403 channel-not-allowed' ]
tap_ok 'where it may not, it cannot'

# --- whose vote it is
vote "$app" approve '' ',"person":"bob"'
[ "$STATUS $CODE" = '400 malformed' ]
tap_ok 'a caller cannot say whose vote it is' || echo "# $STATUS $CODE"
vote "$app" approve '' ',"signature":"x"'
[ "$STATUS $CODE" = '400 malformed' ]
tap_ok 'nor bring a signature'
vote "$app" break-glass fire
[ "$STATUS $CODE" = '403 channel-not-allowed' ]
tap_ok 'nor break the glass'
vote "$app" reject ' '
[ "$STATUS $CODE" = '400 reason-missing' ]
tap_ok 'a rejection needs a reason'
agent_post /v1/tokens "{\"plan\":\"$app\",\"channel\":\"desktop\",\"person\":\"bob\"}"
[ "$STATUS $(field "d['error']['code']")" = '403 channel-not-allowed' ]
tap_ok 'no token can vote as somebody else on the desktop'
i_am carol && reload
look app | grep -q "^(False, False, \"'carol' may not decide" && vote "$app" approve &&
  [ "$STATUS $CODE" = '403 not-allowed' ]
tap_ok 'whom the policy does not ask cannot'
i_am dora && reload
look app | grep -q "^(False, True, \"'dora' " && vote "$app" approve &&
  [ "$STATUS $CODE" = '403 author' ]
tap_ok 'an author may reject and not approve'
i_am nobody && reload
look app | grep -q "^(False, False, \"your Unix user is nobody" && vote "$app" approve &&
  [ "$STATUS $CODE" = '403 unknown-person' ]
tap_ok 'nobody of people is nobody' || tap_note "$T/body"

# --- what the configuration takes away
i_am alice && notify '{buttons: false}' && reload
look app | grep -q '^(False, False, .the configuration wants no buttons' && vote "$app" approve &&
  [ "$STATUS $CODE" = '403 channel-not-allowed' ]
tap_ok 'without buttons nothing is decided on the desktop'
notify '{stacks: [pad], remind: 1h}' && reload
agent_get /v1/desktop
[ "$(field "([p['stack'] for p in d['plans']], [s['name'] for s in d['stacks']], d['remind'])")" \
  = "(['pad'], ['pad'], 3600)" ] && vote "$app" approve &&
  [ "$STATUS $CODE" = '403 channel-not-allowed' ]
tap_ok 'other stacks are not shown there, nor decided on' || tap_note "$T/body"
notify '{}' && reload
[ "$(look app)" = "(True, True, '')" ]
tap_ok 'an empty entry takes nothing away'

# --- others who keep their connection
python3 - "$SOCK" "$T/idle" <<'P' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"GET /v1/info HTTP/1.1\r\nHost: agent\r\n\r\n")
s.recv(65536)
open(sys.argv[2], "w").close()
time.sleep(25)
P
idle_pid=$!
agent_wait_for '[ -e "$T/idle" ]'
agent_curl --max-time 15 -X POST 'http://agent/v1/stacks/sig/replan?wait=60' && [ "$STATUS" = 200 ]
tap_ok 'an idle connection holds up nobody who waits' || tap_note "$T/curl.err"
kill "$idle_pid" 2>/dev/null

# --- a decision that counts
vote "$app" approve
[ "$STATUS" = 200 ] && agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = one ]
tap_ok 'an approval on the desktop is applied' || tap_note "$T/body" "$T/agent.log"
agent_entries approval app
[ "$(field "[(x['person'], x['channel'], x['decision'], 'fingerprint' in x) for x in d]")" \
  = "[('alice', 'desktop', 'approve', False)]" ] &&
  evidence=$(field "json.loads(d[0]['statement'])['evidence']" 2>/dev/null ||
    field "[w for w in d[0]['statement'].split() if w.startswith('sha256:')][-1]") &&
  agent_get "/v1/objects/$evidence" && [ "$(field "(d['user'], d['uid'])")" = "('$me', $(id -u))" ]
tap_ok 'it stands in the log as that person, with the Unix user who did it' || tap_note "$T/body"
vote "$pad" reject 'rejected on the desktop by alice'
[ "$STATUS $CODE" = '200 rejected' ]
tap_ok 'a rejection ends the plan'
vote "$pad" approve
[ "$STATUS $CODE" = '409 closed' ]
tap_ok 'and it stays ended'

# --- risk
echo 'more' >"$T/app/www/more.html" && rm "$T/app/www/index.html" &&
  agent_commit app 'move a page' &&
  agent_sync app
[ -n "$PLAN" ] && look app | grep -q "takes no decisions by channel 'desktop', only signatures" &&
  vote "$PLAN" approve && [ "$STATUS $CODE" = '403 channel-not-allowed' ]
tap_ok 'where a rule wants a signature for this risk, there is no button' || tap_note "$T/body"
policy() { # PLAN: the channels that it takes
  BODY=$(ASSENT_SOCKET=$SOCK "$builddir/assent" policy test --json "$1") &&
    field "' '.join(d['policy']['channels'])"
}
[ "$(policy "$PLAN")" = signature ] && [ "$(policy "$app")" = 'signature desktop' ]
tap_ok "'assent policy test' says which plans may be decided on the desktop"
tap_end
