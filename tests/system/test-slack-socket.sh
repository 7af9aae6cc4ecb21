#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Slack's Socket Mode: people decide although nobody can reach the agent.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
. "${srcdir:-.}/tests/system/lib-slack.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
grep -q '^SOUP_LIBS = .*soup' "$builddir/Makefile" ||
  tap_skip_all 'assentd was built without Socket Mode'
agent_begin
slack_begin
slack_notify "token: \"file:$T/etc/token\", channel: C0123ABCD,
            app-token: \"file:$T/etc/app-token\""
sed -i '/^http:/d' "$CONF"
agent_init 0
echo 'attested: [slack]' >>"$T/etc/trust.yaml"
slack set '{"socket": true}'
agent_start
agent_sync app
slack_becomes "len(m) == 1 and d['sockets'] == 1 and $OPEN"
tap_ok 'an agent without a port opens a socket, and asks'

http_mark
click '{"action": "approve", "user": "U0EVE"}'
answers 200 && logged "'T024/U0EVE': unknown-person" && told 'slack: T024/U0EVE'
tap_ok 'a person whom nobody knows is told so'
http_mark
click '{"action": "approve", "team": "T999"}'
answers 200 && logged 'slack: foreign-team: ' && [ "$(votes)" = 0 ]
tap_ok 'a click of another team is acknowledged and refused'
click '{"action": "reject", "user": "U0BOB"}'
answers 200 && slack_becomes "len(d['views']) == 1"
tap_ok 'reject asks why'
submit '{"user": "U0BOB", "reason": " "}'
answers 200 && field "d['body']" | grep -q '"response_action":"errors"' && agent_is app pending
tap_ok 'the acknowledgement carries what is wrong'
submit '{"user": "U0BOB", "reason": "not now"}'
answers 200 && agent_wait_for '[ "$(votes)" = 1 ]' && slack_becomes "'not now' in m[0]['text']"
tap_ok 'and a reason counts'

# --- connections come and go
slack frame '{"text": "{\"type\": \"disconnect\", \"reason\": \"refresh_requested\"}"}'
slack_becomes "d['opened'] == 2 and d['sockets'] == 1"
tap_ok 'a refresh opens the next socket and ends the old one'
slack frame '{"close": true}'
slack_becomes "d['opened'] == 3 and d['sockets'] == 1"
tap_ok 'one that was closed is opened again'
http_mark
slack frame '{"text": "no JSON"}'
logged 'slack: malformed: '
tap_ok 'what is no envelope is refused'
echo two >"$T/app/app.conf"
agent_commit app second
agent_sync app
slack_becomes "len(m) == 2 and $OPEN"
click '{"action": "approve"}'
answers 200 && agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = two ]
tap_ok 'a click is applied'
agent_stop
[ "$agent_code" = 0 ] && slack_becomes "d['sockets'] == 0"
tap_ok 'the agent leaves in order'
agent_start
slack_becomes "d['sockets'] == 1"
http_mark
slack frame '{"text": "{\"type\": \"disconnect\", \"reason\": \"link_disabled\"}"}'
logged 'switched off' && slack_becomes "d['sockets'] == 0"
tap_ok 'when Slack has it switched off, that is told'
! grep -e 8f742231b10e -e xoxb- -e xapp- -e ticket "$T/agent.log"
tap_ok 'the log holds no secret'
tap_end
