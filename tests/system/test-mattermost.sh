#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A bot in Mattermost: its message is kept up to date, and a dialog asks why a plan is rejected.
# shellcheck disable=SC2016,SC2119,SC2153,SC2154
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
FAKE=$T/fake
mkdir "$FAKE"
: >"$FAKE/got"
python3 "$srcdir/tests/system/fake-chats.py" "$FAKE" >"$T/fake.log" 2>&1 </dev/null &
git_pids="$git_pids $!"
agent_wait_for '[ -s "$FAKE/port" ]'
fake=http://127.0.0.1:$(cat "$FAKE/port")
echo hush >"$T/etc/mm-token"
echo button >"$T/etc/mm-secret"
chmod 600 "$T/etc/mm-token" "$T/etc/mm-secret"
agent_repo app
channels='channels: [signature, mattermost]'
agent_stack app "approval: {required: 1, from: [ops], $channels}" \
  "rules: [{match: {risk: root}, $channels}]" # what root runs is root's
sed -i -e 's/  bob: {}/  bob: {mattermost: mmbob}/' \
  -e 's/  carol: {}/  carol: {mattermost: mmcarol}/' "$CONF"
cat >>"$CONF" <<C
notify:
  - mattermost: {url: "$fake", token: file:mm-token, channel: chan1, secret: file:mm-secret}
C
http_section 'public-url: https://ops.example.org/assent'
agent_init 0
echo 'attested: [mattermost]' >>"$T/etc/trust.yaml"
agent_start && http_port
tap_ok 'an agent with a bot starts' || tap_note "$T/agent.log"

# told PATH PART: a request there whose text has that part; the newest one's body in $GOT
told() {
  agent_wait_for "got '$1' '$2'" || {
    cut -c1-300 "$FAKE/got" | tap_note
    tap_note "$T/agent.log"
    return 1
  }
}
got() {
  GOT=$(python3 -c '
import json, sys
found = [d["body"] for d in map(json.loads, open(sys.argv[1]))
         if d["path"].startswith(sys.argv[2]) and sys.argv[3] in d["event"] + d["body"]]
print(found[-1] if found else "")' "$FAKE/got" "$1" "$2")
  [ -n "$GOT" ]
}
in_got() { # EXPRESSION
  printf '%s' "$GOT" | python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"
}
forget() {
  : >"$FAKE/got"
}
send() { # PATH BODY: $STATUS and $BODY
  http_get -X POST -H 'Content-Type: application/json' --data-binary "$2" \
    "http://127.0.0.1:$PORT$1"
}
# click USER approve|reject: presses that button of the post
click() {
  send /mattermost "$(printf '%s' "$POST" | python3 -c '
import json, sys
actions = json.load(sys.stdin)["props"]["attachments"][0]["actions"]
c = [a for a in actions if a["id"] == sys.argv[2]][0]["integration"]["context"]
print(json.dumps({"user_id": sys.argv[1], "user_name": "x", "channel_id": "chan1", "team_id": "t",
                  "post_id": "p1", "trigger_id": "q", "type": "", "context": c}))' "$@")"
}
# submit USER REASON [EXPRESSION on b, the body, and s, the state]: sends the dialog back
submit() {
  send /mattermost/dialog "$(printf '%s' "$GOT" | python3 -c '
import json, sys
s = json.loads(json.load(sys.stdin)["dialog"]["state"])
b = {"type": "dialog_submission", "callback_id": "reject", "user_id": sys.argv[1],
     "channel_id": "other", "team_id": "t", "submission": {"reason": sys.argv[2]},
     "cancelled": False}
exec(sys.argv[3] if len(sys.argv) > 3 else "")
b.setdefault("state", json.dumps(s, separators=(",", ":")))
print(json.dumps(b))' "$@")"
}
votes() {
  agent_entries approval app
  field 'len(d)'
}
nothing() { # has been decided
  [ "$(votes)" = "${1:-0}" ] && agent_is app pending
}

# --- a dialog asks why
agent_sync app
told /api/v4/posts 'waits for approval' && POST=$GOT
tap_ok 'the bot tells of the plan'
click mmbob reject
[ "$STATUS" = 200 ] && [ "$BODY" = '{}' ] && told /api/v4/actions/dialogs/open "${PLAN#sha256:}" &&
  [ "$(in_got "(d['trigger_id'], d['url'])")" = \
    "('q', 'https://ops.example.org/assent/mattermost/dialog')" ] && nothing
tap_ok 'to reject opens a dialog and decides nothing' || echo "# $STATUS $BODY" >&2

# --- what comes back and does not count
refuses() { # NAME STATUS EXPRESSION LOGGED ARGUMENT-OF-SUBMIT...
  name=$1 status=$2 expression=$3 words=$4
  shift 4
  http_mark
  submit "$@"
  [ "$STATUS" = "$status" ] && [ "$(field "$expression")" = True ] && http_logged "$words" &&
    nothing
  tap_ok "$name" || echo "# $STATUS $BODY" >&2
}
forged="d['error']['code'] == 'forged'"
refuses 'a dialog that was opened for somebody else is refused' 403 "$forged" 'forged: ' \
  mmcarol 'because of me'
refuses 'so is one whose plan was changed' 403 "$forged" 'forged: ' mmbob 'because of me' \
  's["plan"] = s["plan"][:-1] + "x"'
refuses 'and one with a MAC of a button' 403 "$forged" 'forged: ' mmbob 'because of me' \
  "s['mac'] = '$(printf '%s' "$POST" | python3 -c '
import json, sys
a = json.load(sys.stdin)["props"]["attachments"][0]["actions"]
print(a[1]["integration"]["context"]["mac"])')'"
broken="d['error']['code'] == 'malformed'"
refuses 'a state that is none is refused' 403 "$broken" 'malformed: ' mmbob x 'b["state"] = "{}"'
refuses 'and a dialog without its fields' 403 "$broken" 'malformed: ' mmbob x 'del b["submission"]'
refuses 'no reason is told in the dialog' 200 "'say why' in d['error']" 'reason-missing: ' \
  mmbob '  a '
refuses 'nor is an empty field one' 200 "'say why' in d['error']" 'reason-missing: ' \
  mmbob x 'b["submission"]["reason"] = None'
submit mmbob 'because of me' 'b["cancelled"] = True'
[ "$STATUS" = 200 ] && [ "$BODY" = '{}' ] && nothing
tap_ok 'a dialog that was shut decides nothing'

# --- and what does
submit mmbob 'not on a **Friday**'
[ "$STATUS" = 200 ] && [ "$BODY" = '{}' ] && agent_entries approval app &&
  [ "$(field "[(e['channel'], e['person'], e['decision'], e['reason']) for e in d]")" = \
    "[('mattermost', 'bob', 'reject', 'not on a **Friday**')]" ]
tap_ok 'the reason is in the log' || echo "# $STATUS $BODY" >&2
told /api/v4/posts/8p4wyhk5ybdjxmq7pkuahfk5oe/patch 'was rejected' &&
  in_got "d['props']['attachments'][0]['text']" | grep -qF '\*\*Friday\*\*' &&
  [ "$(in_got "'actions' in d['props']['attachments'][0]")" = False ]
tap_ok 'and in the message, which is changed in place'
got /api/v4/actions/dialogs/open 'dialog'
submit mmbob 'once more'
[ "$STATUS" = 200 ] && field "d['error']" | grep -q 'is rejected' && [ "$(votes)" = 1 ]
tap_ok 'a dialog that comes too late says so' || echo "# $STATUS $BODY" >&2
forget
click mmbob reject
[ "$STATUS" = 200 ] && field "d['ephemeral_text']" | grep -q 'is rejected' &&
  ! got /api/v4/actions/dialogs/open 'dialog'
tap_ok 'and what is decided asks nobody why'

# --- a dialog that does not open
echo two >"$T/app/app.conf"
agent_commit app second
forget
agent_sync app
told /api/v4/posts 'waits for approval' && POST=$GOT
echo 400 >"$FAKE/dialogs"
http_mark
click mmbob reject
[ "$STATUS" = 200 ] && told /api/v4/posts 'the dialog that asks for the reason did not open' &&
  [ "$(in_got "'$(echo "${PLAN#sha256:}" | cut -c1-12)' in d['message']")" = True ] &&
  http_logged 'the dialog was not sent' && nothing 1
tap_ok 'a dialog that does not open is told in the channel'
click nobody reject
[ "$STATUS" = 200 ] && field "d['ephemeral_text']" | grep -q 'mattermost: nobody'
tap_ok 'somebody unknown is asked nothing'
click mmbob approve
[ "$STATUS" = 200 ] && agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'a button approves without a dialog' || echo "# $STATUS $BODY" >&2
! grep -q '"what": "limit' "$FAKE/got"
tap_ok 'no limit was passed' || cut -c1-300 "$FAKE/got" | tap_note
agent_stop TERM
[ "$agent_code" = 0 ] && ! grep -e hush "$T/agent.log"
tap_ok 'the agent comes to a good end, and its log holds no secret'
tap_end
