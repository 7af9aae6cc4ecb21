#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What Slack's callback refuses: each with its own name in the operators' log, and nothing changes.
# Strangers cannot write into the signed log: there nothing may be found of it.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
. "${srcdir:-.}/tests/system/lib-slack.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
slack_begin
sed -i -e 's|required: 1, from|required: 2, from|' \
  -e 's|{risk: root}, |{risk: root}, required: 2, |' "$CONF"
slack_notify "token: \"file:$T/etc/token\", channel: C0123ABCD"
agent_init 0
echo 'attested: [slack]' >>"$T/etc/trust.yaml"
slack_start

entries() {
  agent_get '/v1/log?from=0&count=1000' && field "len(d['entries'])"
}
value() { # of the newest message's buttons
  slack_field "[e['value'] for b in m[-1]['blocks'] for e in b.get('elements', [])
    if e.get('action_id') == 'approve'][0]"
}

# One plan that was replaced, and one that waits for its second vote.
agent_sync app
slack_becomes "len(m) == 1 and $OPEN"
old=$(value)
echo two >"$T/app/app.conf"
agent_commit app second
agent_sync app
slack_becomes "len(m) == 2 and $OPEN"
click '{"action": "approve"}'
answers 200 && agent_wait_for '[ "$(votes)" = 1 ]' && agent_is app pending
tap_ok 'a plan has one vote of two' || tap_note "$T/agent.log"
size=$(entries)

# NAME | STATUS | WHAT THE LOG SAYS | WHAT FAKE-SLACK.PY SENDS | ITS OPTIONS beside "approve"
sed 's/ *| */|/g' >"$T/table" <<'TABLE'
replayed      |403| slack: replayed: the callback has come before |again|
forged        |403| slack: forged: the callback's signature does not fit |click| "secret": "guess"
late          |403| slack: late: the callback is 31  |click| "skew": -310
early         |403| slack: early: the callback is 3  |click| "skew": 310
oversized     |413| /slack/interactive 413 .*: the request is too large |click| "pad": 300000
truncated     |403| slack: malformed: .*             |click| "trim": 9
cut off       |403| slack: forged: the callback's signature does not fit |click| "cut": 9
wrong-team    |403| slack: foreign-team: the callback is of team 'T999' |click| "team": "T999"
guest's team  |403| slack: foreign-team: the callback is of team 'T998' |click| "user_team": "T998"
wrong-app     |403| slack: foreign-app: the callback is of app 'A99' |click| "app": "A99"
wrong-channel |403| slack: foreign-channel: .* of channel 'C99' |click| "channel": "C99"
unknown-user  |200| slack user 'T024/U0EVE': unknown-person |click| "user": "U0EVE"
unknown-button|200| slack user 'T024/U0BOB': token-unknown |click| "user": "U0BOB", "value": "x"
duplicate     |200| slack: duplicate: 'alice' has already said this |click| "user": "U0ALICE"
superseded    |200| 'T024/U0BOB': superseded: plan   |click| "user": "U0BOB", "value": "OLD"
TABLE

says() { # PATTERN: since the last mark
  pattern=$1
  agent_wait_for 'sed "1,${mark}d" "$T/agent.log" | grep -q -e "$pattern"' || {
    tap_note "$T/agent.log"
    return 1
  }
}
while IFS='|' read -r name status words what options; do
  http_mark
  options=$(printf '%s' "$options" | sed "s|OLD|$old|")
  slack "$what" "{\"action\": \"approve\"${options:+, $options}}"
  CODE=$(field "d['status']")
  answers "$status" && says "$words" && [ "$(entries)" = "$size" ] && [ "$(votes)" = 1 ] &&
    agent_is app pending
  tap_ok "refused by its own name: $name"
done <"$T/table"

http_mark
click '{"action": "reject", "user": "U0ALICE"}'
slack_becomes "len(d['views']) == 1"
submit '{"user": "U0ALICE", "reason": "no, wait"}'
answers 200 && says "slack user 'T024/U0ALICE': duplicate: 'alice' has already decided" &&
  told "already decided" && [ "$(entries)" = "$size" ]
tap_ok 'a second thought of the same person is a duplicate, and told'
http_mark
http_raw 'POST /slack/interactive HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\npayload='
says 'POST /slack/interactive .*(broken off)' && [ "$(entries)" = "$size" ]
tap_ok 'one that ends in its middle was broken off'
[ ! -e "$T/out/app/app.conf" ] && [ "$(find "$T/rt/clicks" -type f | wc -l)" = 0 ]
tap_ok 'nothing has changed on the disk, and nothing is kept'
click '{"action": "approve", "user": "U0BOB"}'
answers 200 && agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'a true one is still applied'
tap_end
