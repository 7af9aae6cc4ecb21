#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Notices and one-time tokens: a real agent and worker, and chats that fail in every way.
# shellcheck disable=SC2016,SC2119,SC2153,SC2154
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_chats
echo "$fake/hooks/abc" >"$T/etc/mm-url"
echo button >"$T/etc/mm-secret"
chmod 600 "$T/etc/mm-url" "$T/etc/mm-secret"

channels='channels: [signature, webhook, mattermost, ntfy]'
for name in app short; do
  agent_repo $name
done
sed -i 's/  bob: {}/  bob: {mattermost: mmbob}/' "$CONF"
rules="rules: [{match: {risk: root}, $channels}]" # what root runs is root's
agent_stack app "approval: {required: 1, from: [ops], break-glass: [carol], $channels}" "$rules"
agent_stack short "approval: {required: 1, from: [ops], expires: 4s, $channels}" "$rules"
cat >>"$CONF" <<C
notify:
  - webhook: {url: "$fake/webhook", secret: file:key, burst: 1000}
  - ntfy: {url: "$fake/", topic: ops, person: alice, stacks: [app]}
  - mattermost: {webhook: file:mm-url, secret: file:mm-secret, stacks: [app]}
C
http_section 'public-url: https://ops.example.org/assent'
agent_init 0
printf 'attested: [webhook, mattermost]\nbreak_glass: true\n' >>"$T/etc/trust.yaml"
agent_start && http_port
tap_ok 'the agent starts with three notifiers' || tap_note "$T/agent.log"

# got PATH EVENT [WHAT]: how often; the newest one's body in $GOT, its id in $ID
got() {
  found=$(python3 -c '
import json, sys
path, event, what = sys.argv[2:5]
n = 0
for line in open(sys.argv[1]):
    d = json.loads(line)
    if d["path"].startswith(path) and event in d["event"] and d["what"].startswith(what):
        n += 1
        open(sys.argv[1] + ".body", "w").write(d["body"])
        open(sys.argv[1] + ".id", "w").write(d["id"] or "")
print(n)' "$FAKE/got" "$1" "$2" "${3:-accepted}")
  [ "$found" -gt 0 ] || return 1
  GOT=$(cat "$FAKE/got.body")
  ID=$(cat "$FAKE/got.id")
}
told() { # PATH EVENT [WHAT]
  agent_wait_for "got '$1' '$2' '${3:-accepted}'" || {
    cut -c1-300 "$FAKE/got" | tap_note
    tap_note "$T/agent.log"
    return 1
  }
}
forget() {
  : >"$FAKE/got"
}
in_got() { # EXPRESSION
  printf '%s' "$GOT" | python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"
}
token_of() { # PERSON: of the newest webhook
  TOKEN=$(in_got "[t['token'] for t in d['data']['tokens'] if t['person'] == '$1'][0]")
}
# Sends an answer to POST /v1/approvals; $STATUS and $CODE.
answer() { # TOKEN VERDICT PERSON REASON
  http_get -X POST -H 'Content-Type: application/json' --data-binary "$(python3 -c '
import json, sys
names = ("token", "verdict", "person", "reason")
print(json.dumps({k: v for k, v in zip(names, sys.argv[1:]) if v}))' "$@")" \
    "http://127.0.0.1:$PORT/v1/approvals"
  CODE=$(field "'accepted' if d.get('accepted') else d['error']['code']")
}
# What a refusal must leave as it is; plans of the other stack may expire meanwhile.
entries() {
  agent_get '/v1/log?from=0&count=1000'
  field "sum(1 for e in d['entries'] if e['type'] == 'approval' or e.get('stack') == 'app')"
}
# Refused with this status and name, told in the agent's log, and the signed log is as it was.
refuse() { # NAME STATUS CODE ARGUMENT-OF-ANSWER...
  name=$1 want="$2 $3" code=$3
  shift 3
  before=$(entries)
  answer "$@"
  [ "$STATUS $CODE" = "$want" ] && grep -q "$code" "$T/agent.log" && [ "$(entries)" = "$before" ]
  tap_ok "$name" || echo "# $STATUS $CODE, not $want: $BODY" >&2
}

# --- a plan is told, with what is needed to decide
agent_sync app
plan=$PLAN
told /webhook 'plan.pending app' &&
  [ "$(in_got "d['data']['plan']['id']")" = "$plan" ] &&
  [ "$(in_got "sorted(t['person'] for t in d['data']['tokens'])")" = "['alice', 'bob', 'dora']" ] &&
  [ "$(in_got "d['data']['approvals_url']")" = https://ops.example.org/assent/v1/approvals ] &&
  [ "$(in_got "[d['data']['plan'][x] for x in ('until', 'restores', 'verification')]")" = \
    '[None, [], None]' ]
tap_ok 'the webhook has the plan and a token for each who may decide'
token_of alice && alice=$TOKEN && token_of bob && bob=$TOKEN
! grep -rqF -e "$alice" -e "${alice#at_}" "$STATE" "$T/agent.log"
tap_ok 'no token is kept or logged'
told / 'waits for approval' && told /hooks 'waits for approval'
tap_ok 'ntfy and Mattermost are told'
mattermost=$GOT

# --- refusals
topic=$(python3 -c '
import json, sys
for line in open(sys.argv[1]):
    d = json.loads(line)
    if d["path"] == "/":
        for a in json.loads(d["body"])["actions"]:
            if "body" in a:
                print(json.loads(a["body"])["token"])' "$FAKE/got" | tail -n 1)
[ -n "$topic" ]
tap_ok 'a topic has a button'
refuse 'whose token only rejects' 403 token-verdict "$topic" approve alice ''
forged=at_0123456789012345678901234567890123456789012
refuse 'a forged token is refused' 403 token-unknown $forged approve alice ''
refuse 'a token of another person is refused' 403 token-person "$alice" approve bob ''
refuse 'a rejection without a reason is refused' 400 reason-missing "$alice" reject alice ''
refuse 'a verdict that is none is refused' 400 malformed "$alice" maybe alice ''
got /webhook 'plan.pending app' && token_of dora
refuse "an author's token does not approve" 403 author "$TOKEN" approve dora ''
http_get -X POST --data-binary '{"token":"x","verdict":"approve","extra":1}' \
  "http://127.0.0.1:$PORT/v1/approvals"
[ "$STATUS" = 400 ]
tap_ok 'unknown members are refused'
agent_post /v1/tokens "{\"plan\": \"$plan\", \"person\": \"carol\"}"
[ "$STATUS" = 403 ] && [ "$(field "d['error']['code']")" = not-allowed ]
tap_ok 'nobody gets a token who may not decide'
agent_post /v1/tokens "{\"plan\": \"$plan\", \"channel\": \"slack\"}"
[ "$STATUS" = 403 ] && [ "$(field "d['error']['code']")" = channel-not-allowed ]
tap_ok 'there is no token for a channel that the plan does not take'

# --- by hand
agent_post /v1/tokens "{\"plan\": \"$plan\"}"
hand=$(field "d['token']") id=$(field "d['id']")
refuse "a token that is nobody's needs a person" 400 malformed "$hand" approve '' ''
refuse 'and takes none whom the policy does not name' 403 not-allowed "$hand" approve carol ''
agent_post "/v1/tokens/$id/revoke"
[ "$STATUS" = 200 ] && [ "$(field "d['state']")" = revoked ]
tap_ok 'a token is revoked'
refuse 'a revoked token is refused' 410 token-revoked "$hand" approve alice ''

cli() {
  ASSENT_SOCKET=$SOCK "$builddir/assent" token "$@" 2>"$T/cli.err"
}
hand=$(cli issue "$plan" --person alice) && [ "${hand#at_}" != "$hand" ] &&
  [ "${#hand}" = 46 ] && [ "$(wc -l <"$T/cli.err")" = 1 ] # a line of its own, on a terminal
tap_ok 'assent token issue prints the token alone' || tap_note "$T/cli.err"
cli list >"$T/cli.out" && grep -q ' alice .* valid' "$T/cli.out" &&
  grep -q "^$id .* revoked" "$T/cli.out" && ! grep -qF "$hand" "$T/cli.out"
tap_ok 'assent token list shows what became of each' || tap_note "$T/cli.out" "$T/cli.err"
cli revoke "$id" | grep -q worthless && ! cli revoke 0000000
tap_ok 'assent token revoke knows those that are there'

# --- approved for real
[ ! -e "$T/out/app/app.conf" ]
tap_ok 'nothing was applied so far'
answer "$alice" approve alice 'ticket 17'
[ "$STATUS $CODE" = '200 accepted' ] && agent_becomes app converged &&
  [ "$(cat "$T/out/app/app.conf")" = one ]
tap_ok 'a token approves, and the worker believes it' || tap_note "$T/agent.log"
agent_entries approval app
[ "$(field "[(x['channel'], x['person'], x['reason']) for x in d]")" = \
  "[('webhook', 'alice', 'ticket 17')]" ]
tap_ok 'the log says by which channel and whose decision it was'
refuse 'a used token is refused' 409 token-used "$alice" approve alice ''
refuse 'a token of a plan that is over is refused' 409 closed "$bob" approve bob ''
told /webhook 'plan.ok app' && told / 'was applied' && told /hooks 'was applied'
tap_ok 'the result is told everywhere'
[ "$(in_got "'actions' in d['attachments'][0]")" = False ]
tap_ok 'without buttons any more'

# --- Mattermost's buttons
click() { # USER [EXPRESSION ON c, THE CONTEXT]
  http_get -X POST -H 'Content-Type: application/json' --data-binary "$(printf '%s' "$GOT" |
    python3 -c '
import json, sys
a = json.loads(sys.stdin.read())["attachments"][0]["actions"][0]
c = a["integration"]["context"]
exec(sys.argv[2])
print(json.dumps({"user_id": sys.argv[1], "user_name": "x", "channel_id": "c", "team_id": "t",
                  "post_id": "p", "trigger_id": "q", "type": "", "context": c}))' "$@")" \
    "http://127.0.0.1:$PORT/mattermost"
}
echo two >"$T/app/app.conf"
agent_commit app second
forget
agent_sync app
told /hooks 'waits for approval'
click mmbob 'c["mac"] = c["mac"][::-1]'
[ "$STATUS" = 403 ] && [ "$(field "d['error']['code']")" = forged ]
tap_ok 'a forged button is refused'
click mmbob 'c["verdict"] = "reject"'
[ "$STATUS" = 403 ]
tap_ok 'so is one whose verdict was changed'
click nobody 'pass'
[ "$STATUS" = 200 ] && field "d['ephemeral_text']" | grep -q 'mattermost: nobody'
tap_ok 'somebody unknown is told privately what to do'
GOT=$mattermost
click mmbob 'pass'
[ "$STATUS" = 200 ] && field "d['ephemeral_text']" | grep -q 'applied'
tap_ok 'a button of an older plan does nothing'
agent_is app pending
tap_ok 'and all of that changed nothing'
got /hooks 'waits for approval'
click mmbob 'pass'
[ "$STATUS" = 200 ] && field "d['update']['props']['attachments'][0]['text']" | grep -q 'bob' &&
  agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'a button approves, and the message is changed by the answer' || echo "# $BODY" >&2

# --- the chats fail; nothing is lost over a restart
pending() { # a new plan
  echo "$1" >"$T/app/app.conf"
  agent_commit app "$1"
  forget
  agent_sync app
}
echo '429 1' >"$FAKE/mode"
pending three
told /webhook 'plan.pending app' 429 && first=$ID
agent_stop KILL
echo ok >"$FAKE/mode"
agent_start && http_port
told /webhook 'plan.pending app' && [ "$ID" = "$first" ] && told / 'waits for' &&
  told /hooks 'waits for'
tap_ok 'what 429 held back is told after a kill, by the same id'
for mode in 500 drop; do
  echo $mode >"$FAKE/mode"
  pending "mode $mode"
  told /webhook 'plan.pending app' $mode
  agent_stop KILL
  echo ok >"$FAKE/mode"
  agent_start && http_port
  told /webhook 'plan.pending app' && told / 'waits for' && told /hooks 'waits for'
  tap_ok "so is what $mode prevented"
done
got /webhook 'plan.pending app' && token_of alice
answer "$TOKEN" reject alice 'not today'
[ "$STATUS $CODE" = '200 accepted' ] && told /webhook 'plan.rejected app'
tap_ok 'a token that was made before the kill is good after it'

echo hang >"$FAKE/mode"
pending five
told /webhook 'plan.pending app' hang
agent_get /v1/status && [ "$STATUS" = 200 ] && agent_decide "$PLAN" bob approve &&
  agent_becomes app converged
tap_ok 'chats that hang hold up neither answers nor applies'
agent_stop
[ "$agent_code" = 0 ]
tap_ok 'nor the end of the agent'
echo ok >"$FAKE/mode"
agent_start && http_port
told /webhook 'plan.ok app'
tap_ok 'the last state is what is told afterwards'

# --- what cannot succeed
echo 404 >"$FAKE/mode"
pending six
told /webhook 'plan.pending app' 404
agent_decide "$PLAN" alice reject no
told /webhook 'plan.rejected app' 404
[ "$(grep -c 'webhook: the answer is HTTP 404' "$T/agent.log")" = 1 ]
tap_ok 'a permanent error is told once' || tap_note "$T/agent.log"
echo ok >"$FAKE/mode"

# --- superseded and expired
pending seven
told /webhook 'plan.pending app' && token_of alice && old=$TOKEN
pending eight
told /webhook 'plan.pending app'
refuse 'a token of a superseded plan is refused' 409 superseded "$old" approve alice ''
cli list | awk '{ print $2, $3, $4, $NF }' >"$T/cli.out"
[ "$(grep -c "^$(echo "$PLAN" | cut -c8-19) .* webhook valid" "$T/cli.out")" = 3 ] &&
  grep -q ' alice webhook ended$' "$T/cli.out"
tap_ok 'the list tells tokens whose plan has ended' || tap_note "$T/cli.out"
forget
agent_commit short again
agent_sync short
told /webhook 'plan.pending short' && token_of alice && old=$TOKEN
agent_wait_for "agent_get '/v1/plans/$PLAN' && [ \"\$(field \"d['state']\")\" = expired ]"
refuse 'a token expires with its plan' 410 token-expired "$old" approve alice ''
told /webhook 'plan.expired short'
tap_ok 'and that is told'
! grep -q '"what": "limit' "$FAKE/got"
tap_ok 'no limit was passed'

# --- break-glass
agent_look app
forget
"$builddir/assent" approve --socket "$SOCK" --config "$CONF" --break-glass --yes \
  --key "$T/keys/carol" --reason 'the site is down' "$PLAN" >"$T/glass" 2>&1
told /webhook 'break-glass.problem app' &&
  [ "$(in_got "(lambda b: (b['plan'], b['person'], b['reason']))(d['data']['break_glass'])")" = \
    "('$PLAN', 'carol', 'the site is down')" ]
tap_ok 'break-glass is an event of its own' || tap_note "$T/glass"
told / 'BREAK-GLASS: carol decided for all' &&
  [ "$(printf '%s' "$GOT" | grep -c '"priority":5')" = 1 ] && told /hooks 'carol decided for all'
tap_ok 'and told everywhere at once, as loud as can be'
told /webhook 'plan.ok app' && [ "$(in_got "d['data']['break_glass']['person']")" = carol ] &&
  told / 'BREAK-GLASS by carol: Plan' && told /hooks 'GLASS by carol'
tap_ok 'and stands in the result' || tap_note "$T/agent.log"

# --- nothing else happens now, so the log is as it was when this was made
pending quiet
told /webhook 'plan.pending app'
agent_get /v1/info
[ "$(in_got "(d['data']['log']['size'], d['data']['log']['root'])")" = \
  "$(field "(d['size'], d['root'])")" ]
tap_ok 'a notice has the size and root of the log'

# --- bad secrets
chmod 644 "$T/etc/key"
http_mark
http_reload
http_logged 'webhook: '
tap_ok 'a secret that others can read stops that notifier alone'
forget
pending nine
told / 'waits for approval' && ! got /webhook 'plan.pending app'
tap_ok 'and no other'
tap_end
