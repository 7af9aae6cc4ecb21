#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# schemathesis asks a running agent all that doc/api.yaml and doc/web-api.yaml allow, and what they
# do not, and holds its answers against them. Needs the packages of requirements.txt beside this:
#
#	python3 -m venv /tmp/venv
#	/tmp/venv/bin/pip install --require-hashes -r tests/openapi/requirements.txt
#	make check TESTS=tests/openapi/test-openapi.sh ASSENT_OPENAPI_VENV=/tmp/venv
#
# shellcheck disable=SC2016,SC2119,SC2153,SC2154
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
schemathesis=${ASSENT_OPENAPI_VENV:-$srcdir/tests/openapi/venv}/bin/schemathesis
[ -x "$schemathesis" ] || tap_skip_all "no schemathesis: see the head of this test"
case $schemathesis in /*) ;; *) schemathesis=$PWD/$schemathesis ;; esac

agent_begin
R=$T/openapi
mkdir "$R"
cp "$srcdir/tests/openapi/"*.toml "$srcdir/tests/openapi/hooks.py" "$R/"
channels='channels: [signature, page, webhook, mattermost, slack]'
for name in web past; do
  agent_repo $name
done
agent_stack web "approval: {required: 3, from: [ops], author-may-approve: true, $channels}" \
  "rules: [{match: {risk: root}, $channels}]" \
  'hook: {secret: file:hook-secret, kind: github, interval: 1h}'
agent_stack past "approval: {required: 1, from: [ops]}"
sed -i -e 's|alice: {|&slack: T024/U0ALICE, mattermost: mmalice, |' "$CONF"
echo 'a secret of the forge' | tee "$R/hook-secret" >"$T/etc/hook-secret"
echo 8f742231b10e8888abcd99yyyzzz85a5 | tee "$R/slack-secret" >"$T/etc/slack-secret"
echo xoxb-1-test >"$T/etc/slack-token"
echo 'a secret of Mattermost' | tee "$R/mattermost-secret" >"$T/etc/mattermost-secret"
echo http://127.0.0.1:9/hooks/abc >"$T/etc/mattermost-hook"
chmod 600 "$T/etc/hook-secret" "$T/etc/slack-secret" "$T/etc/slack-token" \
  "$T/etc/mattermost-secret" "$T/etc/mattermost-hook"
cat >>"$CONF" <<-C
	notify:
	  - mattermost: {webhook: file:mattermost-hook, secret: file:mattermost-secret}
	  - slack: {token: file:slack-token, channel: C01, signing-secret: file:slack-secret,
	            team: T024, app: A01, api: "http://127.0.0.1:9/api"}
C
http_section 'rate: 100000' 'burst: 100000'
agent_init 0
echo 'attested: [page, webhook, mattermost, slack]' >>"$T/etc/trust.yaml"
agent_start
http_port
agent_becomes past pending
agent_decide "$PLAN" alice approve
agent_becomes past converged
DONE=$(agent_stack_field past "d['last_apply']['plan']")
agent_becomes web pending
[ -n "$PLAN" ] || exit 1

echo "$SOCK" >"$R/socket"
echo "$PORT" >"$R/port"
python3 "$srcdir/tests/openapi/forward.py" "$SOCK" "$R/forwarded" 2>"$T/forward.log" &
git_pids="$git_pids $!"
agent_wait_for '[ -s "$R/forwarded" ]'

quoted() { # WORD...: as a dictionary has them
  printf '"%s"\n' "$@"
}
token() { # PERSON EXPRESSION: one more token for that person
  agent_post /v1/tokens "{\"plan\":\"$PLAN\",\"person\":\"$1\"}" && field "$2"
}
# What only those have who know the secrets: a button of each chat.
python3 - "$R" "$PLAN" <<-'P'
	import base64, hashlib, hmac, os, sys
	here, plan = sys.argv[1:]
	def mac(secret, text):
	    key = open(os.path.join(here, secret), "rb").read().strip()
	    return hmac.new(key, text.encode(), hashlib.sha256)
	def write(name, text):
	    open(os.path.join(here, name), "w").write(text + "\n")
	button = mac("slack-secret", f"assent.slack.button.v1\0{plan}\0C01\0").digest()
	write("slack-button", base64.urlsafe_b64encode(button).decode().rstrip("="))
	click = mac("mattermost-secret", f"assent.mattermost.v1\nmattermost\n{plan}\napprove")
	write("chat-mac", f'"{click.hexdigest()}"')
P
quoted web past >"$R/stacks"
quoted "$PLAN" "$(echo "$PLAN" | cut -c8-19)" "$DONE" >"$R/plans"
quoted "$PLAN" >"$R/chat-plan"
quoted "$PLAN" "$DONE" >"$R/objects"
quoted alice bob dora eve >"$R/people"
quoted "$(token bob "d['token']")" "$(token bob "d['token']")" >"$R/tokens"
quoted "$(token dora "d['id']")" "$(token dora "d['id']")" >"$R/token-ids"

ask() { # socket|web FILE PORT OPTION...: all checks that there are
  config=$1 description=$2 port=$3
  shift 3
  (
    cd "$R" && ASSENT_OPENAPI=$R HOME=$T/home "$schemathesis" --config-file "$config.toml" run \
      "$srcdir/doc/$description" --url "http://127.0.0.1:$port" --checks all --no-color "$@"
  ) >"$T/$config.out" 2>&1
}
cases() { # socket|web: how many there were
  sed -n 's/^ *\([0-9]*\) generated.*/\1/p' "$T/$1.out"
}
ask web web-api.yaml "$PORT"
tap_ok 'by TCP, every answer is as described' || tap_note "$T/web.out"
[ "$(cases web)" -gt 1000 ]
tap_ok 'to more than a thousand requests'
waiting=$PLAN
agent_is web pending && [ "$PLAN" = "$waiting" ]
tap_ok 'the plan still waits'
agent_get "/v1/plans/$PLAN"
[ "$(field "sorted(v['person'] + ' ' + v['decision'] for v in d['votes'])")" = \
  "['alice approve', 'bob approve']" ]
tap_ok 'with the approvals that were valid' || echo "# $BODY" >&2
# GET /v1/events has no end, so test-agent.sh asks it. A stop would let nothing happen that came
# after it, so it has a turn of its own.
ask socket api.yaml "$(cat "$R/forwarded")" --exclude-operation-id streamEvents \
  --exclude-operation-id stopAll --exclude-operation-id resumeAll
tap_ok 'on the socket, every answer is as described' || tap_note "$T/socket.out"
[ "$(cases socket)" -gt 500 ]
tap_ok 'to more than five hundred requests'
agent_is web pending && [ "$PLAN" = "$waiting" ] && agent_get "/v1/plans/$PLAN" &&
  [ "$(field "len(d['votes'])")" = 2 ] && [ ! -e "$T/out/web/app.conf" ]
tap_ok 'the plan still waits, and nothing was applied'
agent_entries approval web
[ "$(field 'len(d)')" = 2 ]
tap_ok 'the log knows of two decisions and no more' || echo "# $BODY" >&2
ask socket api.yaml "$(cat "$R/forwarded")" --include-operation-id stopAll \
  --include-operation-id resumeAll
tap_ok 'stopping and resuming everything is answered as described' || tap_note "$T/socket.out"
agent_entries suspend && [ "$(field 'any("stack" not in e for e in d)')" = True ] &&
  agent_post /v1/stop '{}' && [ "$STATUS" = 200 ] && agent_becomes web suspended &&
  agent_post /v1/resume '{}' && [ "$STATUS" = 200 ] && agent_becomes web pending
tap_ok 'it stops, and what was resumed last goes on' || tap_note "$T/body"
agent_decide "$waiting" dora approve
agent_becomes web converged && [ -e "$T/out/web/app.conf" ]
tap_ok 'the third approval applies it'
agent_stop TERM
[ "$agent_code" = 0 ]
tap_ok 'the agent comes to a good end' || tap_note "$T/agent.log"
"$builddir/assent" log verify "$STATE/log" >"$T/verify" 2>&1
tap_ok 'its log verifies' || tap_note "$T/verify"
tap_end
