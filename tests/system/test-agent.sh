#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The agent's whole loop with the real worker: plans, decisions, applies, restarts.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin

for name in app duo auto short; do
  agent_repo $name
done
agent_stack app 'approval: {required: 1, from: [ops]}'
agent_stack duo 'approval: {required: 2, from: [ops]}'
agent_stack auto 'approval: {required: 1, from: [alice]}' \
  "rules: [{match: {path: \"$T/out/auto/www/**\"}, required: 0}]"
agent_stack short 'approval: {required: 1, from: [alice], expires: 3s}'
agent_init 0
tap_ok 'keys are made'
agent_start
tap_ok 'the agent starts and answers'

! "$builddir/assentd" --config "$CONF" >"$T/second.log" 2>&1 &&
  kill -0 $agent_pid && grep -q 'lock\|another\|already' "$T/second.log"
tap_ok 'a second agent of the same state is refused' || tap_note "$T/second.log"

# --- a plan waits, and says what it is
agent_sync app
[ "$STATE_NOW" = pending ] && [ ! -e "$T/out/app/app.conf" ]
tap_ok 'a commit makes a plan that waits, and writes nothing' || tap_note "$T/agent.log"
agent_get "/v1/plans/$PLAN/plan.json" && cp "$T/body" "$T/plan.json"
[ "sha256:$(sha256sum <"$T/plan.json" | cut -d' ' -f1)" = "$PLAN" ] &&
  [ "$(field "d['target']['commit']")" = "$(git -C "$T/app" rev-parse HEAD)" ] &&
  [ "$(field "(d['type'], d['stack'], d['reason'], d['policy']['required'])")" = \
    "('plan', 'app', 'commit', 1)" ]
tap_ok 'its id is the digest of its bytes'
agent_get "/v1/plans/$PLAN/plan.json.sig" && cp "$T/body" "$T/plan.sig"
printf 'web1.test namespaces="assent.plan.v1" %s\n' "$plan_key" >"$T/plan-signers"
ssh-keygen -q -Y verify -f "$T/plan-signers" -I web1.test -n assent.plan.v1 -s "$T/plan.sig" \
  <"$T/plan.json" >/dev/null
tap_ok 'ssh-keygen verifies its signature'
agent_get "/v1/plans/$PLAN/diff" && printf '%s\n' "$BODY" | grep -q '^+one'
tap_ok 'its diff shows what comes'

# --- refusals
short=${PLAN#sha256:}
short=$(echo "$short" | cut -c1-12)
refused() { # STATUS CODE; and it says what to do next
  if [ "$STATUS $CODE" != "$1 $2" ] || [ -z "$(field "d['error'].get('hint', '')")" ]; then
    echo "# $STATUS $CODE instead of $1 $2: $BODY" >&2
    return 1
  fi
}
agent_decide "0123456789" alice approve
refused 404 unknown-plan
tap_ok 'an unknown plan is refused'
agent_decide "$short" eve approve
refused 403 unknown-person
tap_ok 'an unknown person is refused'
agent_decide "$short" carol approve
refused 403 not-allowed
tap_ok 'a person whom the policy does not name is refused'
agent_decide "$short" alice approve '' bob
refused 403 bad-signature
tap_ok 'a signature by the key of another is refused'
agent_decide "$short" dora approve
refused 403 author
tap_ok 'the author of the commit is refused'
plan=$PLAN
agent_decide "$short" alice approve
agent_becomes app converged
tap_ok 'an approval by a prefix of the id is applied'
[ "$(cat "$T/out/app/app.conf")" = one ] && [ "$(stat -c %a "$T/out/app/app.conf")" = 640 ] &&
  [ -f "$T/out/app/www/index.html" ]
tap_ok 'what the plan says is on the disk'
agent_submit "$plan" alice approve '' signature
[ "$STATUS $CODE" = '200 accepted' ]
tap_ok 'the same decision again is accepted as it is'
agent_decide "$plan" bob approve
refused 409 closed
tap_ok 'a decision after the end is refused'

echo two >"$T/app/app.conf"
agent_commit app second
agent_sync app
agent_decide "$PLAN" alice reject ' '
refused 400 reason-missing
tap_ok 'a rejection without a reason is refused'
agent_decide "$PLAN" alice approve 'wrong way' >/dev/null
tap_ok 'a reason may come with an approval'
agent_becomes app converged

# --- a commit that changes nothing here
echo '# readme' >"$T/app/README"
agent_commit app 'third, nothing for the host'
agent_sync app
[ "$STATE_NOW" = converged ] && [ "$(field "d['applied']")" = "$COMMIT" ]
tap_ok 'a commit without changes converges and becomes the base'
agent_sync app
agent_entries closed app
[ "$(field "[x['outcome'] for x in d]")" = "['converged']" ]
tap_ok 'that is written once'

# --- superseded
echo three >"$T/app/app.conf"
agent_commit app fourth
agent_sync app
first=$PLAN
echo four >"$T/app/app.conf"
agent_commit app fifth
agent_sync app
[ "$STATE_NOW" = pending ] && [ "$PLAN" != "$first" ]
tap_ok 'a newer commit makes a new plan'
agent_decide "$first" alice approve
refused 409 superseded
tap_ok 'the older plan is superseded' 
[ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'and its approval changed nothing'

# --- rejected, asked again
agent_decide "$PLAN" alice reject 'not on a Friday'
agent_becomes app idle
tap_ok 'a rejection closes the plan'
echo "$REASON_NOW" | grep -q 'alice: not on a Friday'
tap_ok 'status says who and why'
agent_sync app
[ "$STATE_NOW" = idle ]
tap_ok 'nothing is asked again by itself'
agent_ask app replan
[ "$STATE_NOW" = pending ]
tap_ok 'replan asks again'

# --- stale
echo 'a person was here' >"$T/out/app/app.conf"
stale=$PLAN
agent_decide "$PLAN" alice approve
agent_wait_for 'agent_look app && [ "$STATE_NOW" = pending ] && [ "$PLAN" != "$stale" ]'
tap_ok 'a plan that is stale when it is applied is void and made anew' || tap_note "$T/agent.log"
agent_get "/v1/plans/$stale"
[ "$(field "d['state']")" = void ] && [ -n "$(field "d['result']")" ] &&
  [ "$(cat "$T/out/app/app.conf")" = 'a person was here' ]
tap_ok 'with the reason, and nothing was touched'
agent_decide "$PLAN" alice approve
agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = four ]
tap_ok 'the new plan is applied'

# --- quorum of two, killed in between
agent_sync duo
duo=$PLAN
agent_decide "$duo" alice approve
[ "$(field "(d['votes'], d['required'])")" = '(1, 2)' ]
tap_ok 'one of two approvals is counted'
agent_decide "$duo" alice approve 'again'
refused 409 duplicate
tap_ok 'a second vote of the same person is refused'
before=$(agent_stack_field duo "(d['state'], d['reason'], d['pending'], d['since'], d['commit'])")
agent_stop KILL
agent_start
after=$(agent_stack_field duo "(d['state'], d['reason'], d['pending'], d['since'], d['commit'])")
agent_wait_for 'agent_is duo pending'
[ -n "$before" ] && [ "$before" = "$after" ]
tap_ok 'killed while a plan waits, the next start knows the same' ||
  printf '# %s\n# %s\n' "$before" "$after" >&2
agent_decide "$duo" bob approve
agent_becomes duo converged && [ -f "$T/out/duo/app.conf" ]
tap_ok 'the second approval applies the same plan'

# --- automatic
agent_sync auto
[ "$STATE_NOW" = pending ]
tap_ok 'a plan with a change that no rule lifts waits'
agent_decide "$PLAN" alice approve
agent_becomes auto converged
echo '<p>more' >"$T/auto/www/more.html"
agent_commit auto 'only www'
agent_sync auto
[ "$STATE_NOW" = converged ] && [ -f "$T/out/auto/www/more.html" ]
tap_ok 'a plan whose changes need nobody is applied by the policy' || tap_note "$T/agent.log"
agent_entries plan auto
[ "$(field "d[-1]['required']")" = 0 ]
tap_ok 'and stands in the log like every other'

# --- expiry
agent_ask short replan
expired=$PLAN
agent_becomes short idle && [ -n "$expired" ] && echo "$REASON_NOW" | grep -q 'expired'
tap_ok 'a plan expires'
agent_decide "$expired" alice approve
refused 410 expired
tap_ok 'and takes no approval'
agent_sync short
[ "$STATE_NOW" = idle ]
tap_ok 'nor is it made anew by itself'

# --- drift
echo 'changed by hand' >"$T/out/app/app.conf"
agent_ask app plan
[ "$STATE_NOW" = pending ] && [ "$(field "d['drift']")" = 1 ]
tap_ok 'a drift is found and proposed'
agent_entries drift app
[ "$(field "(d[-1]['changes'], d[-1]['resources'])")" = "(1, ['file:$T/out/app/app.conf'])" ]
tap_ok 'and recorded'
agent_look app
agent_decide "$PLAN" alice approve
agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = four ]
tap_ok 'its approval restores what was approved'

# --- blocked
good=$(git -C "$T/app" rev-parse HEAD)
git -C "$T/app" reset -q --hard HEAD~2
agent_sync app
[ "$STATE_NOW" = blocked ]
tap_ok 'a rewound branch blocks' || echo "# $STATE_NOW $REASON_NOW" >&2
git -C "$T/app" reset -q --hard "$good"
agent_sync app
[ "$STATE_NOW" = converged ]
tap_ok 'and unblocks when it is back'
git -C "$T/app" branch -m main away
agent_sync app
[ "$STATE_NOW" = blocked ]
tap_ok 'a deleted branch blocks'
git -C "$T/app" branch -m away main
agent_sync app
[ "$STATE_NOW" = converged ]
tap_ok 'and unblocks'
git -C "$T/app" rm -q -r .
agent_commit app 'all gone'
agent_sync app
[ "$STATE_NOW" = blocked ] && [ -f "$T/out/app/app.conf" ]
tap_ok 'an empty tree blocks'
git -C "$T/app" reset -q --hard "$good"
echo 'resources: [{fiel: /x}]' >"$T/app/assent.yaml"
agent_commit app 'a slip'
agent_sync app
[ "$STATE_NOW" = blocked ] && echo "$REASON_NOW" | grep -q 'assent.yaml:1:'
tap_ok 'a broken manifest blocks with its place' || echo "# $REASON_NOW" >&2
git -C "$T/app" checkout -q HEAD~1 assent.yaml
echo five >"$T/app/app.conf"
agent_commit app 'mended'
agent_sync app
[ "$STATE_NOW" = pending ]
tap_ok 'and the commit that mends it is planned'
agent_entries blocked app
[ "$(field "[x['kind'] for x in d]")" = "['rewound', 'deleted', 'empty', 'manifest']" ]
tap_ok 'each block stands in the log once'

# --- events
curl -sSN --noproxy '*' --unix-socket "$SOCK" http://agent/v1/events >"$T/events" 2>/dev/null &
stream=$!
git_pids="$git_pids $stream"
sleep 0.5
agent_look app
agent_decide "$PLAN" alice approve
agent_becomes app converged
agent_wait_for 'grep -q "\"type\":\"apply-done\"" "$T/events"'
tap_ok 'events stream as they are written'
kill $stream
wait $stream 2>/dev/null
# The agent ends what is idle for half a minute, and that must not be what wakes an answer.
python3 - "$SOCK" <<-P >"$T/idle" 2>&1
	import http.client, socket, sys
	class Agent(http.client.HTTPConnection):
	    def connect(self):
	        self.sock = socket.socket(socket.AF_UNIX)
	        self.sock.connect(sys.argv[1])
	    def ask(self, method, path):
	        self.request(method, path)
	        answer = self.getresponse()
	        answer.read()
	        return answer.status
	idle, waiting = Agent("agent"), Agent("agent")
	first = idle.ask("GET", "/v1/status"), idle.sock
	print(first[0], waiting.ask("POST", "/v1/stacks/app/sync?wait=3600"))
	print(idle.ask("GET", "/v1/status"), idle.sock is first[1])
P
[ "$(cat "$T/idle")" = "200 200
200 True" ]
tap_ok 'an answer that waited does not wait for an idle connection' || tap_note "$T/idle"

# --- reload
cp "$CONF" "$T/good.yaml"
echo '  broken: {source: 7}' >>"$CONF"
kill -HUP $agent_pid
agent_wait_for 'grep -q "stays in force" "$T/agent.log"'
agent_get /v1/status && [ "$(field "len(d['stacks'])")" = 4 ]
tap_ok 'a bad configuration leaves the old one in force'
cp "$T/good.yaml" "$CONF"
agent_repo late
agent_stack late 'approval: {required: 1, from: [alice]}'
kill -HUP $agent_pid
agent_wait_for 'agent_get /v1/stacks/late && [ "$STATUS" = 200 ]'
agent_becomes late pending
tap_ok 'a new stack begins after a reload'
late=$PLAN
sed -i '/^bob /d' "$T/etc/allowed_signers"
sed -i 's/required: 2, from: \[ops\]/required: 2, from: [alice, dora]/; s/^  bob: {}$//
  s/alice, bob, dora/alice, dora/' "$CONF"
kill -HUP $agent_pid
agent_wait_for 'agent_look late && [ -n "$PLAN" ] && [ "$PLAN" != "$late" ]'
tap_ok 'a changed approver list closes what waits and asks again' || tap_note "$T/agent.log"
agent_entries policy
[ "$(field 'len(d)')" = 1 ]
tap_ok 'and stands in the log'

agent_look late
late=$PLAN
agent_stop TERM
echo '# changed while nobody looks' >>"$T/etc/allowed_signers"
agent_start
agent_wait_for 'agent_look late && [ -n "$PLAN" ] && [ "$PLAN" != "$late" ]'
tap_ok 'so does one that changed while the agent was away' || tap_note "$T/agent.log"
agent_get "/v1/plans/$late"
[ "$(field "(d['state'], d['result'])")" = \
  "('superseded', 'the approver list has changed')" ]
tap_ok 'and the old plan says why it ended'


# --- killed during an apply
mkdir "$T/late/www/many"
i=0
while [ $i -lt 1500 ]; do
  echo $i >"$T/late/www/many/$i"
  i=$((i + 1))
done
agent_commit late 'many files'
agent_sync late
agent_decide "$PLAN" alice approve
agent_wait_for '[ -e "$T/state/apply/late" ] && [ -n "$(ls -A "$T/state/apply/late")" ] ||
  agent_is late converged'
agent_stop KILL
agent_start
ended() { # as many ends as beginnings
  agent_entries apply-start late
  starts=$(field 'len(d)')
  agent_entries apply-done late
  [ "$starts" = "$(field 'len(d)')" ]
}
agent_wait_for ended && agent_wait_for 'agent_is late converged || agent_is late pending ||
  agent_is late failed'
tap_ok 'killed during an apply, the next start recovers and says how it ended' ||
  tap_note "$T/agent.log"
agent_look late
if [ "$STATE_NOW" = failed ]; then
  agent_ask late replan
fi
if [ "$STATE_NOW" = pending ]; then
  agent_decide "$PLAN" alice approve
fi
agent_becomes late converged && diff -r "$T/late/www" "$T/out/late/www" >/dev/null
tap_ok 'and the host ends as it was approved'

# --- what operators are told
grep -q "'alice' has approved plan .* \[approved stack=app plan=" "$T/agent.log" &&
  grep -q "has rejected plan .* \[rejected stack=app plan=" "$T/agent.log"
tap_ok 'each vote is told to operators' || tap_note "$T/agent.log"
grep -q "a decision of 'eve': .* \[refused plan=" "$T/agent.log"
tap_ok 'and each refusal' || tap_note "$T/agent.log"

# --- one agent
"$builddir/assentd" --config "$CONF" --socket "$T/rt/b.sock" >"$T/second.log" 2>&1
[ $? = 1 ] && grep -q "another agent uses '$STATE'.*\[start-failed\]" "$T/second.log"
tap_ok 'a second agent for one state folder does not start' || tap_note "$T/second.log"
"$builddir/assentd" --config "$CONF" --state "$T/state2" --init >/dev/null 2>&1
"$builddir/assentd" --config "$CONF" --state "$T/state2" >"$T/second.log" 2>&1
[ $? = 1 ] && grep -q "another program listens on .*\[start-failed\]" "$T/second.log"
tap_ok 'nor one for one socket' || tap_note "$T/second.log"

# --- the end
agent_get /v1/nothing
[ "$STATUS" = 404 ]
tap_ok 'an unknown path is refused'
agent_curl -D "$T/header" http://agent/v1/stacks/app/sync
[ "$STATUS" = 405 ] && grep -q "^Allow: POST.$" "$T/header"
tap_ok 'a wrong method is refused, and the right one told' || tap_note "$T/header"
agent_curl -I http://agent/v1/status
[ "$STATUS" = 200 ] && grep -q '^Content-Length: [1-9]' "$T/body"
tap_ok 'HEAD is GET without a body' || tap_note "$T/body"
agent_curl -I http://agent/v1/events
[ "$STATUS" = 200 ] && grep -q '^Content-Type: application/x-ndjson' "$T/body"
tap_ok 'also where GET has no end' || tap_note "$T/body"
agent_stop TERM
[ "$agent_code" = 0 ] && [ ! -e "$SOCK" ]
tap_ok 'SIGTERM ends it cleanly'
"$builddir/assent" log verify "$STATE/log" >"$T/verify" 2>&1
tap_ok 'the log verifies' || tap_note "$T/verify"

# --- a log that cannot be written
agent_start
echo six >"$T/app/app.conf"
agent_commit app 'never to be applied'
agent_sync app
mv "$STATE/log/tile" "$STATE/log/tile.away"
: >"$STATE/log/tile"
agent_decide "$PLAN" alice approve
refused 503 unwritten
tap_ok 'an approval that cannot be written down is refused'
agent_becomes app blocked && echo "$REASON_NOW" | grep -q 'cannot be written'
tap_ok 'every stack is blocked then, with the reason'
agent_decide "$PLAN" alice approve
[ "$STATUS" = 503 ] && [ "$(cat "$T/out/app/app.conf")" = five ]
tap_ok 'and nothing is applied'
agent_stop TERM
tap_end
