#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# People decide in Slack: the whole way, from a commit over a signed callback to the disk.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
. "${srcdir:-.}/tests/system/lib-slack.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin

slack_begin

# --- its limits
mkdir "$T/shown"
ASSENT_TEST_WRITE=$T/shown "$builddir/test-slack-render" >"$T/render.log" 2>&1
found=0
for file in "$T"/shown/*.json; do
  python3 "$srcdir/tests/system/fake-slack.py" check "$file" >>"$T/render.log" || found=1
done
[ -s "$T/shown/modal.json" ] && [ $found = 0 ]
tap_ok 'the largest messages are within all limits' || tap_note "$T/render.log"
python3 - "$srcdir/tests/system" "$T/shown/message-small.json" <<'P'
import copy, importlib.util, json, sys
spec = importlib.util.spec_from_file_location('fake', sys.argv[1] + '/fake-slack.py')
fake = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(fake)
good = json.load(open(sys.argv[2], encoding='utf-8'))
kinds = [b['type'] for b in good['blocks']]
buttons = kinds.index('actions')
changes = [
    (['blocks', 0, 'text', 'text'], 'x' * 151, 'invalid_blocks'),
    (['blocks', 0, 'text', 'text'], '', 'invalid_blocks'),
    (['blocks', 0, 'block_id'], 'x' * 256, 'invalid_blocks'),
    (['blocks', 1, 'text', 'text'], 'x' * 3001, 'invalid_blocks'),
    (['blocks', buttons, 'elements', 0, 'value'], 'x' * 2001, 'invalid_blocks'),
    (['blocks', buttons, 'elements', 0, 'text', 'text'], 'x' * 76, 'invalid_blocks'),
    (['blocks', buttons, 'elements', 0, 'confirm', 'text', 'text'], 'x' * 301, 'invalid_blocks'),
    (['blocks', buttons, 'elements', 1, 'style'], 'primary', 'invalid_blocks'),
    (['blocks', buttons, 'elements', 1, 'action_id'], 'approve', 'invalid_blocks'),
    (['blocks', buttons, 'elements', 1, 'nope'], 1, 'invalid_blocks'),
    (['blocks'], good['blocks'][1:2] * 51, 'invalid_blocks'),
    (['blocks'], [{'type': 'section', 'text': {'type': 'plain_text', 'text': 'x' * 3000}}] * 5,
     'msg_blocks_too_long'),
    (['text'], 'x' * 40001, 'msg_too_long'),
]
assert fake.judge_message(good) == (None, [])
for path, value, error in changes:
    bad = copy.deepcopy(good)
    at = bad
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert fake.judge_message(bad)[0] == error, (path, fake.judge_message(bad))
bad = dict(good, text='x' * 4001)
assert fake.judge_message(bad, update=True)[0] == 'msg_too_long'
assert fake.judge_message({})[0] == 'no_text'
P
tap_ok 'and what is beyond one is found'

# --- the agent
slack_notify "token: \"file:$T/etc/token\", channel: C0123ABCD"
agent_init 0
printf 'attested: [slack]\nbreak_glass: true\n' >>"$T/etc/trust.yaml"
slack_start
agent_sync app
[ "$STATE_NOW" = pending ]
tap_ok 'a plan waits' || tap_note "$T/agent.log"
short=$(echo "${PLAN#sha256:}" | cut -c1-12)

# --- what the channel sees
slack_becomes "len(m) == 1 and '$short' in m[0]['text'] and $OPEN"
tap_ok 'one message asks, with buttons'
slack_becomes "[x['thread_ts'] for x in d['messages'][1:]] == [m[0]['ts']]"
tap_ok 'its details stand in its thread'
slack_is "not any(x['unfurl'] for x in d['messages']) and
  'https://ops.example.org/assent/plans/' in m[0]['text'] and
  'entries, root sha256:' in m[0]['text'] and '+one' in json.dumps(m[0]['blocks'])"
tap_ok 'it shows the diff, the log and where to read more, and is not unfurled'

# --- what is refused
refuses() { # NAME STATUS CODE JSON
  http_mark
  click "$4"
  answers "$2" && logged "$3" && [ "$(votes)" = 0 ] && agent_is app pending
  tap_ok "$1"
}
A='"action": "approve"'
refuses 'a forged callback is refused' 403 'slack: forged: ' "{$A, \"secret\": \"guess\"}"
refuses 'a late one' 403 'slack: late: ' "{$A, \"skew\": -310}"
refuses 'an early one' 403 'slack: early: ' "{$A, \"skew\": 310}"
refuses 'one that was cut off on its way' 403 'slack: forged: ' "{$A, \"cut\": 9}"
refuses 'one that is incomplete' 403 'slack: malformed: ' "{$A, \"trim\": 9}"
refuses 'one that is too large' 413 'the request is too large' "{$A, \"pad\": 300000}"
refuses 'one of another type' 403 'slack: malformed: ' "{$A, \"type\": \"application/json\"}"
refuses 'one of another team' 403 'slack: foreign-team: ' "{$A, \"team\": \"T999\"}"
refuses 'a person of another team' 403 'slack: foreign-team: ' "{$A, \"user_team\": \"T999\"}"
refuses 'one of another app' 403 'slack: foreign-app: ' "{$A, \"app\": \"A99\"}"
refuses 'one of another channel' 403 'slack: foreign-channel: ' "{$A, \"channel\": \"C99\"}"
refuses 'a button that nobody made' 200 "'T024/U0ALICE': token-unknown" "{$A, \"value\": \"abc\"}"
refuses 'a person whom nobody knows' 200 "'T024/U0EVE': unknown-person" \
  "{$A, \"user\": \"U0EVE\"}"
told 'slack: T024/U0EVE'
tap_ok 'who is told privately what to do'
refuses 'a person whom the policy does not name' 200 "'T024/U0CAROL': not-allowed: " \
  "{$A, \"user\": \"U0CAROL\"}"
refuses 'the author' 200 "'T024/U0DORA': author: " "{$A, \"user\": \"U0DORA\"}"
http_mark
click "{$A, \"user\": \"U0MALLORY\", \"url\": \"http://127.0.0.1:1/r\"}"
answers 200 && logged 'U0MALLORY' && told 'slack: T024/U0MALLORY' &&
  ! grep -q 'was not sent' "$T/agent.log"
tap_ok 'an address that is not Slack'\''s gets nothing'

# --- approve
http_mark
value=$(slack_field "[e['value'] for b in m[0]['blocks'] for e in b.get('elements', [])
  if e.get('action_id') == 'approve'][0]")
click "{$A}"
answers 200 && agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = one ]
tap_ok 'a click is applied'
agent_entries approval app
[ "$(field "[(e['channel'], e['person'], e['decision']) for e in d]")" = \
    "[('slack', 'alice', 'approve')]" ] &&
  evidence=$(field "json.loads(d[0]['statement'])['evidence']") &&
  object=$(grep -rl '"user":"U0ALICE"' "$STATE/objects") &&
  [ "sha256:$(sha256sum <"$object" | cut -d' ' -f1)" = "$evidence" ]
tap_ok 'the log has the vote, and the click as its evidence' || echo "# $BODY $object" >&2
slack_becomes "len(m) == 1 and 'was applied' in m[0]['text'] and 'alice' in m[0]['text']"
tap_ok 'the message says so, and is still the same one'
slack_is "not $OPEN"
tap_ok 'without buttons'
http_mark
slack again
[ "$(field "d['status']")" = 403 ] && logged 'slack: replayed: ' && [ "$(votes)" = 1 ]
tap_ok 'the same callback again is refused'
http_mark
click "{$A, \"value\": \"$value\", \"user\": \"U0BOB\"}"
answers 200 && logged "'T024/U0BOB': closed: " && [ "$(votes)" = 1 ]
tap_ok 'and so is a click on what was decided'
click "{$A, \"value\": \"$value\"}"
answers 200 && click "{$A, \"value\": \"$value\", \"user\": \"U0EVE\"}" &&
  logged "'T024/U0EVE'" && [ "$(votes)" = 1 ]
tap_ok 'the same decision again writes nothing'

# --- reject
echo two >"$T/app/app.conf"
agent_commit app second
agent_sync app
slack_becomes "len(m) == 2 and $OPEN"
tap_ok 'the next plan has a message of its own'
click '{"action": "reject", "user": "U0BOB"}'
answers 200 && slack_becomes "len(d['views']) == 1" && [ "$(votes)" = 1 ]
tap_ok 'reject asks why'
submit '{"user": "U0BOB", "reason": "  a "}'
answers 200 && field "d['body']" | grep -q '"response_action":"errors"' && agent_is app pending
tap_ok 'and wants an answer'
submit '{"user": "U0EVE", "reason": "because"}'
answers 200 && field "d['body']" | grep -q 'T024/U0EVE' && agent_is app pending
tap_ok 'of somebody whom it knows'
submit '{"user": "U0BOB", "reason": "not on a <Friday> & not \"now\""}'
answers 200 && [ "$(field "d['body']")" = '' ] && agent_wait_for '[ "$(votes)" = 2 ]' &&
  agent_entries approval app &&
  [ "$(field "(d[1]['person'], d[1]['decision'], d[1]['reason'])")" = \
    "('bob', 'reject', 'not on a <Friday> & not \"now\"')" ]
tap_ok 'the reason is in the log'
slack_becomes "'was rejected' in m[1]['text'] and not $OPEN and
  '&lt;Friday&gt; &amp; not' in m[1]['text']"
tap_ok 'and in the message, where it marks up nothing'
http_mark
submit '{"user": "U0BOB", "reason": "once more"}'
answers 200 && field "d['body']" | grep -q '"response_action":"errors"' &&
  logged "'T024/U0BOB': closed"
tap_ok 'a dialog that comes too late says so'
[ "$(cat "$T/out/app/app.conf")" = one ]
tap_ok 'nothing has changed on the disk'

# --- superseded, and a restart in between
echo three >"$T/app/app.conf"
agent_commit app third
agent_sync app
slack_becomes "len(m) == 3 and $OPEN"
old=$(slack_field "[e['value'] for b in m[2]['blocks'] for e in b.get('elements', [])
  if e.get('action_id') == 'approve'][0]")
echo four >"$T/app/app.conf"
agent_commit app fourth
agent_sync app
slack_becomes "len(m) == 4 and 'replaced by a newer' in m[2]['text'] and $OPEN"
tap_ok 'a plan that was replaced says so'
http_mark
click "{$A, \"value\": \"$old\"}"
answers 200 && logged "superseded: " && [ "$(votes)" = 2 ] && agent_is app pending
tap_ok 'and a click on it is refused by that name'
agent_stop
slack_start
http_mark
click "{$A}"
answers 200 && agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = four ]
tap_ok 'a button outlives a restart of the agent'
slack_becomes "len(m) == 4 and 'was applied' in m[3]['text']"
tap_ok 'and so does the message'

# --- Slack has trouble
slack set '{"fail": [[500, ""], [429, "ratelimited"], [200, "invalid_blocks"]]}'
echo five >"$T/app/app.conf"
agent_commit app fifth
agent_sync app
slack_becomes "len(m) == 5 and 'waits for approval' in m[4]['text'] and not m[4]['blocks']"
tap_ok 'a message is tried again, and sent as plain text when its form is refused'
slack_is "not any(x[1] not in (200, 429, 500) for x in d['refused'])"
tap_ok 'nothing else was refused by Slack' || echo "# $(slack_field "d['refused']")" >&2

# --- break-glass: a message of its own, since a change of the plan's would alert nobody
agent_look app
"$builddir/assent" approve --socket "$SOCK" --config "$CONF" --break-glass --yes \
  --key "$T/keys/carol" --reason 'the <site> is down' "$PLAN" >"$T/glass" 2>&1
slack_becomes "len(m) == 6 and m[5]['text'].startswith('BREAK-GLASS: carol decided for all') and
  'the &lt;site&gt; is down' in m[5]['text']"
tap_ok 'break-glass is told at once' || tap_note "$T/glass"
slack_becomes "m[4]['text'].startswith('BREAK-GLASS by carol: ') and 'was applied' in m[4]['text']"
tap_ok 'and stands above the plan whatever becomes of it'

# --- an incoming webhook, which has no dialogs and no updates
agent_stop
slack_notify "webhook: \"file:$T/etc/hook\""
slack_start
echo six >"$T/app/app.conf"
agent_commit app sixth
agent_sync app
slack_becomes "'sixth' in m[-1]['text'] and $OPEN and
  any(b.get('block_id') == 'reason' for b in m[-1]['blocks'])"
tap_ok 'by an incoming webhook the reason has a field in the message'
http_mark
click '{"action": "reject"}'
answers 200 && logged 'reason-missing' && told 'say why' && agent_is app pending
tap_ok 'which must be filled in to reject'
click '{"action": "reject", "reason": "wrong host"}'
answers 200 && slack_becomes "[len(x['history']) for x in m
  if 'was rejected' in x['text'] and 'wrong host' in x['text']] == [2]"
tap_ok 'then the click changes the message'
echo seven >"$T/app/app.conf"
agent_commit app seventh
agent_sync app
slack_becomes "'seventh' in m[-1]['text'] and $OPEN"
click "{$A}"
answers 200 && agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = seven ]
tap_ok 'an approval there is applied'
slack_becomes "any('seventh' in x['text'] and 'was applied' in x['text'] for x in m)"
tap_ok 'and told'
! grep -e 8f742231b10e -e xoxb- -e 'services/T024' "$T/agent.log"
tap_ok 'the log holds no secret'
tap_end
