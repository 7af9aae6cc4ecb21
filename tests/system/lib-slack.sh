# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A Slack and an agent that speaks with it; after lib-agent.sh and lib-http.sh.
#
#	slack_begin                    # the fake at $SLACK, the agent's secrets and people
#	slack_notify LINE              # how the agent reaches it: token, webhook ...
#	slack_start                    # the agent, and the fake learns where it is
#	slack WHAT [JSON]              # see fake-slack.py; $BODY
#	slack_field EXPRESSION         # on its state d and m, the messages outside of threads
#	slack_becomes EXPRESSION       # without double quotes
#	click JSON; submit JSON        # $CODE, $BODY of the agent's answer
#	answers STATUS; logged TEXT; told PART; votes
#
# shellcheck disable=SC2034 # variables for those who include this
# shellcheck disable=SC2016 # conditions are evaluated later

slack_begin() {
  python3 "$srcdir/tests/system/fake-slack.py" serve "$T" >"$T/slack.log" 2>&1 &
  git_pids="$git_pids $!"
  agent_wait_for '[ -s "$T/port" ]'
  SLACK=$(cat "$T/port")
  sed -i -e 's|alice: {|&slack: T024/U0ALICE, |; s|bob: {|&slack: T024/U0BOB|' \
    -e 's|carol: {|&slack: T024/U0CAROL|; s|dora: {|&slack: T024/U0DORA, |' "$CONF"
  printf 'xoxb-1-test\n' >"$T/etc/token"
  printf 'xapp-1-test\n' >"$T/etc/app-token"
  printf '8f742231b10e8888abcd99yyyzzz85a5\n' >"$T/etc/secret"
  printf 'http://127.0.0.1:%s/services/T024/B01/secret\n' "$SLACK" >"$T/etc/hook"
  chmod 600 "$T/etc/token" "$T/etc/app-token" "$T/etc/secret" "$T/etc/hook"
  agent_repo app
  agent_stack app \
    'approval: {required: 1, from: [ops], break-glass: [carol], channels: [slack, signature]}' \
    'rules: [{match: {risk: root}, channels: [slack, signature]}]'
}
slack_notify() { # LINE
  sed -i '/^http:/,$d' "$CONF"
  cat >>"$CONF" <<-C
		http: {listen: "127.0.0.1:0", public-url: "https://ops.example.org/assent"}
		notify:
		  - slack: {$1, signing-secret: "file:$T/etc/secret", team: T024, app: A01,
		            api: "http://127.0.0.1:$SLACK/api/"}
	C
}
slack_start() {
  agent_start
  http_port
  slack set "{\"agent\": \"http://127.0.0.1:$PORT/slack/interactive\"}"
}
slack() { # WHAT [JSON]: $BODY
  BODY=$(python3 "$srcdir/tests/system/fake-slack.py" ask "$SLACK" "$@")
}
slack_field() { # EXPRESSION on d, and on m, the messages outside of threads
  slack state
  field "(lambda m: $1)([x for x in d['messages'] if not x['thread_ts']])"
}
slack_is() { # EXPRESSION
  [ "$(slack_field "$1")" = True ]
}
slack_becomes() { # EXPRESSION
  agent_wait_for "slack_is \"$1\"" || {
    slack state
    echo "# $BODY" >&2
    tap_note "$T/agent.log"
    return 1
  }
}
# The newest message: has it buttons to decide?
OPEN="any(e.get('action_id') == 'approve' for b in m[-1]['blocks']
  for e in b.get('elements', []))"
click() { # JSON: $CODE and $BODY of the agent's answer
  slack click "$1"
  CODE=$(field "d['status']")
}
submit() { # JSON
  slack submit "$1"
  CODE=$(field "d['status']")
}
answers() { # STATUS
  [ "$CODE" = "$1" ] || {
    echo "# $CODE instead of $1: $BODY" >&2
    return 1
  }
}
logged() { # TEXT: since the last mark
  http_logged "$1" || {
    tap_note "$T/agent.log"
    return 1
  }
}
told() { # PART of what only the clicking person sees
  slack_becomes "any('$1' in e['text'] for e in d['ephemeral'])"
}
votes() { # of the stack app
  agent_entries approval app
  field 'len(d)'
}
