#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# GitHub's own examples of what its hooks send, to a real agent. Needs the package pinned in
# tests/hooks/:
#
#	npm ci --prefix tests/hooks --ignore-scripts
#
# ASSENT_HOOKS_MODULES names its folder node_modules when it is another one.
# shellcheck disable=SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
index=${ASSENT_HOOKS_MODULES:-$srcdir/tests/hooks/node_modules}
index=$index/@octokit/webhooks-examples/api.github.com/index.json
[ -f "$index" ] ||
  tap_skip_all 'needs GitHub'\''s examples: npm ci --prefix tests/hooks --ignore-scripts'

agent_begin
agent_repo web
agent_stack web 'approval: {required: 1, from: [ops]}' \
  'hook: {secret: file:hook-secret, kind: github, interval: 1h}'
echo 'a secret of GitHub and of us' >"$T/etc/hook-secret"
chmod 600 "$T/etc/hook-secret"
http_section 'rate: 100000' 'burst: 100000'
agent_init
agent_start
http_port
agent_becomes web pending
first=$COMMIT
echo two >"$T/web/app.conf"
agent_commit web second

send() { # push|ping|others|sizes
  python3 "$srcdir/tests/hooks/send.py" "$index" "http://127.0.0.1:$PORT/hooks/web" \
    "$T/etc/hook-secret" "$1" >"$T/sent" 2>&1
  SENT=$(sed -n '$s/^\([0-9]* hooks of [0-9]* kinds\)$/\1/p' "$T/sent")
  [ -n "$SENT" ] && [ "$(wc -l <"$T/sent")" = 1 ]
}
fetches() {
  grep -c "a push hook makes 'web' fetch" "$T/agent.log"
}
commit_is() { # COMMIT
  [ "$(agent_stack_field web "d['commit']")" = "$1" ]
}
entries() {
  agent_get /v1/checkpoint && printf '%s\n' "$BODY" | sed -n 2p
}
before=$(entries)
send ping && [ "$SENT" = '4 hooks of 1 kinds' ]
tap_ok 'each ping is answered' || tap_note "$T/sent"
send others && [ "$SENT" = '318 hooks of 56 kinds' ]
tap_ok 'what every other event sends is answered' || tap_note "$T/sent"
[ "$(fetches)" = 0 ] && commit_is "$first" && [ "$(entries)" = "$before" ]
tap_ok 'and nothing comes of it'
send push && [ "$SENT" = '7 hooks of 1 kinds' ]
tap_ok 'each push is accepted' || tap_note "$T/sent"
agent_wait_for "commit_is $COMMIT" && [ "$(fetches)" = 1 ]
tap_ok 'and all of them together are one fetch'
agent_becomes web pending
tap_ok 'what comes is a plan that waits, no more'
send sizes && [ "$SENT" = '2 hooks of 1 kinds' ]
tap_ok 'a body may be as large as it says' || tap_note "$T/sent"
[ "$(fetches)" = 1 ]
tap_ok 'and that is still one fetch'
agent_stop TERM
[ "$agent_code" = 0 ]
tap_ok 'the agent comes to a good end' || tap_note "$T/agent.log"
tap_end
