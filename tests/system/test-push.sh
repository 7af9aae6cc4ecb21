#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Push hooks against a real agent: what makes it fetch, what does not, and by TLS.
# shellcheck disable=SC2016,SC2086,SC2119,SC2153 # names of stacks are words
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
git_need git curl ssh-keygen openssl python3 || tap_skip_all "$REASON"
agent_begin

forges='github gitlab gitea forgejo bitbucket signed'
for name in $forges; do
  kind=$name
  [ $name != signed ] || kind=gitlab
  agent_repo $name
  agent_stack $name 'approval: {required: 1, from: [ops]}' \
    "hook: {secret: file:secret-$name, kind: $kind, interval: 1h}"
  echo "a secret of $name" >"$T/etc/secret-$name"
done
echo whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw >"$T/etc/secret-signed"
agent_repo quiet
agent_stack quiet 'approval: {required: 1, from: [ops]}'
agent_repo often
agent_stack often 'approval: {required: 1, from: [ops]}' \
  'hook: {secret: file:secret-often, kind: gitea, interval: 3s}'
echo "a secret of often" >"$T/etc/secret-often"
for name in told bit; do
  kind=gitea
  [ $name != bit ] || kind=bitbucket
  agent_repo $name
  agent_stack $name 'approval: {required: 1, from: [ops]}' \
    "hook: {secret: file:secret-$name, kind: $kind, interval: 1s}"
  echo "a secret of $name" >"$T/etc/secret-$name"
done
sed -i -e 's/^  alice: {/&forge: [al-bit], /' -e 's/^  bob: {}/  bob: {forge: bob-hub}/' "$CONF"
chmod 600 "$T/etc/"secret-*
http_section 'rate: 100000' 'burst: 100000'
agent_init
mark=0
agent_start
http_port
url=http://127.0.0.1:$PORT
waits() {
  agent_becomes "$1" pending
}
http_each waits $forges quiet often told bit
tap_ok 'each stack has its first plan'

# The signature of a body by a forge, as headers for curl.
sign() { # STACK BODY [TIME]
  python3 -c '
import base64, hashlib, hmac, sys, time
stack, body, at, secret = sys.argv[1:]
body = body.encode()
mac = lambda key, text: hmac.new(key, text, hashlib.sha256)
plain = mac(secret.encode(), body).hexdigest()
key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
at = at or str(int(time.time()))
signed = base64.b64encode(mac(key, b"msg_1." + at.encode() + b"." + body).digest()).decode()
print(chr(10).join("header = \"%s\"" % h for h in {
  "github": ["X-Hub-Signature-256: sha256=" + plain, "X-GitHub-Event: push"],
  "gitlab": ["X-Gitlab-Token: " + secret],
  "gitea": ["X-Gitea-Signature: " + plain],
  "often": ["X-Gitea-Signature: " + plain],
  "told": ["X-Gitea-Signature: " + plain],
  "bit": ["X-Hub-Signature: sha256=" + plain],
  "forgejo": ["X-Forgejo-Signature: " + plain],
  "bitbucket": ["X-Hub-Signature: sha256=" + plain],
  "signed": ["webhook-id: msg_1", "webhook-timestamp: " + at, "webhook-signature: v1," + signed],
}[stack]))' "$1" "$2" "${3-}" "$(cat "$T/etc/secret-$1")" >"$T/signature"
}
push() { # STACK BODY CURL-ARGUMENT...: with the signature made before
  stack=$1 body=$2
  shift 2
  http_get -K "$T/signature" -H 'Content-Type: application/json' --data-binary "$body" "$@" \
    "$url/hooks/$stack"
}
fetches() { # STACK
  grep -c "a push hook makes '$1' fetch" "$T/agent.log"
}
commit_of() { # STACK
  agent_stack_field "$1" "d['commit']"
}

# --- refused, and nothing comes of it
entries() {
  agent_get /v1/checkpoint && printf '%s\n' "$BODY" | sed -n 2p
}
for name in $forges quiet; do
  echo two >"$T/$name/app.conf"
  agent_commit $name second
done
before=$(entries)
refused() { # TEXT IN THE LOG
  [ "$STATUS $(field "d['error']['code']")" = '403 refused' ] && http_logged "403" &&
    http_logged "$1"
  refused_status=$?
  http_mark
  return $refused_status
}
http_mark
: >"$T/signature"
unsigned() {
  push "$1" '{}'
  refused ': there is no '
}
http_each unsigned $forges
tap_ok 'a hook without a signature is refused'
cp "$T/body" "$T/first-refusal"
changed() {
  sign "$1" '{"ref":"refs/heads/main"}'
  push "$1" '{"ref":"refs/heads/evil"}'
  refused 'the signature does not fit'
}
http_each changed github gitea forgejo bitbucket signed
tap_ok 'one with another body is refused'
guessed() {
  mv "$T/etc/secret-$1" "$T/etc/secret.away"
  echo 'a guess' >"$T/etc/secret-$1"
  sign "$1" '{}'
  mv "$T/etc/secret.away" "$T/etc/secret-$1"
  push "$1" '{}'
  refused 'does not fit'
}
http_each guessed github gitlab gitea forgejo bitbucket
tap_ok 'one with another secret is refused'
sign github '{}'
push gitea '{}'
refused 'there is no signature'
tap_ok 'one of another forge is refused'
now=$(date +%s)
sign signed '{}' $((now - 400))
push signed '{}'
refused 'more than five minutes'
tap_ok 'one that was signed long ago is refused'
sign signed '{}' $((now + 400))
push signed '{}'
refused 'more than five minutes'
tap_ok 'and one of the future'
sign github '{}'
push quiet '{}'
refused 'this stack has no hook' && cmp -s "$T/body" "$T/first-refusal"
tap_ok 'a stack without a hook answers the same'
push nowhere '{}'
refused 'this stack has no hook' && cmp -s "$T/body" "$T/first-refusal"
tap_ok 'and so does one that is not there'
sign github '{}'
push github '{}' -H 'X-Hub-Signature-256: sha256=00'
refused 'there is no signature'
tap_ok 'two signatures are none'
http_get -K "$T/signature" --data-binary '{}' "$url/hooks/github" && http_status 415
tap_ok 'a form is refused'
http_logged 'not application/json'
tap_ok 'with its reason in the log'
http_get -K "$T/signature" "$url/hooks/github" && http_status 405
tap_ok 'and so is GET'
[ "$(entries)" = "$before" ] && ! grep -q 'a push hook makes' "$T/agent.log"
tap_ok 'nothing was fetched, nothing written'

# --- accepted
is_fetched() { # STACK
  [ "$(commit_of "$1")" = "$(git -C "$T/$1" rev-parse HEAD)" ]
}
accepted() {
  sign "$1" '{"ref":"refs/heads/main"}'
  push "$1" '{"ref":"refs/heads/main"}'
  http_status 202 && agent_wait_for "is_fetched $1"
}
http_each accepted $forges
tap_ok 'the hook of each forge makes its stack fetch' || echo "# $BODY" >&2
agent_becomes github pending
tap_ok 'what comes is a plan that waits, no more'

# --- bursts
for _ in 1 2 3 4 5 6 7 8 9 10; do
  push signed '{"ref":"refs/heads/main"}'
done
[ "$STATUS" = 202 ] && [ "$(fetches signed)" = 1 ]
tap_ok 'replays are accepted, and nothing comes of them'
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  sign github "{\"n\":$i}"
  push github "{\"n\":$i}"
done
[ "$STATUS" = 202 ] && [ "$(fetches github)" = 1 ]
tap_ok 'a burst is one fetch in the interval'
http_reload
push github "{\"n\":$i}"
[ "$STATUS" = 202 ] && [ "$(fetches github)" = 1 ]
tap_ok 'a reload does not begin another one'
sign often '{}'
one="POST /hooks/often HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
one="$one$(sed 's/.*"\(X-Gitea.*\)"/\1/' "$T/signature")\r\nContent-Length: 2\r\n"
http_raw "$one\r\n{}$one\r\n{}$one\r\n{}${one}Connection: close\r\n\r\n{}" # at once
[ "$(printf '%s\n' "$ANSWER" | grep -c 'HTTP/1.1 202 ')" = 4 ] &&
  agent_wait_for '[ "$(fetches often)" = 2 ]'
tap_ok 'what comes within the interval is one more fetch at its end' || echo "# $ANSWER" >&2

# --- who pushed
pushed() { # COMMIT LOGIN [EMAIL [BRANCH]]: a body as Gitea sends it
  printf '{"ref":"refs/heads/%s","after":"%s","pusher":{"login":"%s","email":"%s"}}' \
    "${4:-main}" "$1" "$2" "${3-}"
}
tell() { # STACK BODY
  sign "$1" "$2"
  push "$1" "$2" && http_status 202
}
plan_says() { # EXPRESSION on p, the plan $PLAN
  agent_get "/v1/plans/$PLAN/plan.json"
  [ "$(field "(lambda p: $1)(d)")" = True ] || {
    echo "# $BODY" >&2
    return 1
  }
}
another_plan() { # STACK THAN
  agent_wait_for "agent_look $1 && [ -n \"\$PLAN\" ] && [ \"\$PLAN\" != '$2' ]"
}
agent_look told
first=$PLAN
echo second >"$T/told/app.conf"
agent_commit told second
sign told '{}'
push told "$(pushed "$COMMIT" eve bob@example.org)"
[ "$STATUS" = 403 ] && tell told "$(pushed "$COMMIT" alice alice@example.org)" &&
  another_plan told "$first" &&
  plan_says "(p['pushers'], p['authors'], p['authors_total']) ==
    (['alice', 'alice@example.org'], ['alice', 'alice@example.org', 'dora@example.org'], 3)"
tap_ok 'a plan names who pushed its commit, and believes no forged hook'
agent_decide "$PLAN" alice approve
[ "$STATUS $CODE" = '403 author' ] &&
  printf '%s' "$BODY" | grep -q 'wrote or pushed one of the commits'
tap_ok 'who pushed may not be the one who approves' || echo "# $BODY" >&2
"$builddir/assent" policy test --socket "$SOCK" "$PLAN" >"$T/said" 2>&1
grep -q 'missing.*1, from: bob$' "$T/said" &&
  grep -q 'not from those who wrote or pushed the commits: alice, dora' "$T/said" &&
  grep -q 'pushed by.*alice, alice@example.org' "$T/said"
tap_ok 'policy test says who pushed, and who is left' || tap_note "$T/said"
before=$PLAN
tell told "$(pushed "$COMMIT" alice alice@example.org)" && agent_sync told &&
  [ "$PLAN" = "$before" ]
tap_ok 'a replay makes no other plan'
tell told "$(pushed "$COMMIT" bob-hub '' other)" &&
  tell told "$(pushed "$COMMIT" nobody 'bob b@example.org')" &&
  tell told "$(pushed "$first" bob-hub bob@example.org)" && agent_sync told &&
  [ "$PLAN" = "$before" ]
tap_ok 'nor what is said of other branches, of nobody, or of no commit'
agent_decide "$PLAN" bob approve
agent_becomes told converged && [ "$(cat "$T/out/told/app.conf")" = second ]
tap_ok 'another person can, and the worker agrees' || tap_note "$T/agent.log"

echo third >"$T/told/app.conf"
agent_commit told third
agent_sync told
slow=$PLAN
plan_says "'pushers' not in p" && tell told "$(pushed "$COMMIT" al-bit)" &&
  another_plan told "$slow" && plan_says "p['pushers'] == ['alice']"
tap_ok 'a hook that is slower than the fetch still counts, by a login alone' ||
  tap_note "$T/agent.log"
agent_get "/v1/plans/$slow"
[ "$(field "(d['state'], d['result'])")" = \
  "('superseded', 'who pushed it has become known')" ]
tap_ok 'and the plan before it says so' || echo "# $BODY" >&2
agent_stop
agent_start
http_port
url=http://127.0.0.1:$PORT
agent_ask told replan
plan_says "p['pushers'] == ['alice']"
tap_ok 'neither a restart nor a new plan forgets it'
slow=$PLAN
echo fourth >"$T/told/app.conf"
agent_commit told fourth
tell told "$(pushed "$COMMIT" bob-hub)" && another_plan told "$slow" &&
  plan_says "(p['pushers'], p['commits_total']) == (['alice', 'bob'], 2)" &&
  agent_decide "$PLAN" alice approve && [ "$CODE" = author ] &&
  agent_decide "$PLAN" bob approve && [ "$CODE" = author ]
tap_ok 'nor does the next push, before the last was applied' || echo "# $CODE" >&2

agent_look bit
first=$PLAN
echo second >"$T/bit/app.conf"
agent_commit bit second
tell bit "$(printf '{"actor":{"nickname":"Al-Bit","account_id":"5570:1"},"push":{"changes":[%s]}}' \
  "{\"new\":{\"type\":\"branch\",\"name\":\"main\",\"target\":{\"hash\":\"$COMMIT\"}}}")" &&
  another_plan bit "$first" && plan_says "p['pushers'] == ['alice']" &&
  agent_decide "$PLAN" alice approve && [ "$CODE" = author ]
tap_ok 'a forge that tells no address tells a login' || echo "# $CODE" >&2

# --- secrets
chmod 640 "$T/etc/secret-gitea"
http_reload
grep -q "hook of stack 'gitea'.*others may read it.*stays in force" "$T/agent.log"
tap_ok 'a secret that others may read is not taken' || tap_note "$T/agent.log"
sign forgejo '{}'
push forgejo '{}' && http_status 202
tap_ok 'and the old configuration is still served'
"$builddir/assentd" --config "$CONF" --state "$T/other" --init >/dev/null 2>&1
"$builddir/assentd" --config "$CONF" --state "$T/other" --socket "$T/rt/o.sock" \
  >"$T/second.log" 2>&1
[ $? = 1 ] && grep -q "hook of stack 'gitea'" "$T/second.log"
tap_ok 'an agent does not start with it' || tap_note "$T/second.log"
chmod 600 "$T/etc/secret-gitea"
echo 'a newer secret' >"$T/etc/secret-gitea"
http_reload
sign gitea '{}'
push gitea '{}' && http_status 202
tap_ok 'a new secret counts from the reload on'
! grep -q "$(cat "$T/etc/secret-gitlab")\|newer secret" "$T/agent.log"
tap_ok 'no secret is in the log'

# --- TLS
certify() { # NAME
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" \
    -addext 'subjectAltName=IP:127.0.0.1' -keyout "$T/etc/tls.key" \
    -out "$T/etc/tls.crt" 2>/dev/null
  chmod 600 "$T/etc/tls.key"
}
certify first
chmod 644 "$T/etc/tls.key"
http_section 'rate: 100000' 'burst: 100000' 'tls-cert: tls.crt' 'tls-key: tls.key'
http_reload
grep -q 'tls-key.*others may read it.*stays in force' "$T/agent.log"
tap_ok 'a key that others may read is not taken' || tap_note "$T/agent.log"
chmod 600 "$T/etc/tls.key"
http_reload
if grep -q 'built without TLS' "$T/agent.log"; then
  tap_skip 'TLS' 'this libmicrohttpd has none'
else
  url=https://127.0.0.1:$PORT
  http_get --cacert "$T/etc/tls.crt" "$url/healthz" && http_status 200
  tap_ok 'a certificate is served' || tap_note "$T/agent.log" "$T/curl.err"
  sign forgejo '{}'
  push forgejo '{}' --cacert "$T/etc/tls.crt" && http_status 202
  tap_ok 'a hook comes by TLS'
  ! openssl s_client -connect "127.0.0.1:$PORT" -tls1_1 -cipher 'ALL:@SECLEVEL=0' </dev/null \
    >"$T/tls" 2>&1 && openssl s_client -connect "127.0.0.1:$PORT" -tls1_2 </dev/null >"$T/tls" 2>&1
  tap_ok 'TLS 1.2 is spoken, 1.1 is not' || tap_note "$T/tls"
  http_raw 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' && http_status ''
  tap_ok 'clear text is not answered there'
  http_probe crowd 20 20 127.0.0.3 >"$T/crowd"
  http_get --cacert "$T/etc/tls.crt" "$url/healthz" && http_status 200
  tap_ok 'those who do not shake hands do not stop others' || tap_note "$T/crowd"
  cp "$T/etc/tls.crt" "$T/old.crt"
  certify second
  http_get --cacert "$T/old.crt" "$url/healthz" && http_status 200
  tap_ok 'a new certificate does not count yet'
  http_reload
  http_get --cacert "$T/etc/tls.crt" "$url/healthz" && http_status 200 &&
    ! http_get --cacert "$T/old.crt" "$url/healthz"
  tap_ok 'but after a reload'
  openssl genpkey -algorithm RSA -out "$T/etc/tls.key" 2>/dev/null
  chmod 600 "$T/etc/tls.key"
  http_reload
  http_get --cacert "$T/etc/tls.crt" "$url/healthz" && http_status 200
  tap_ok 'a key that does not belong to it changes nothing' || tap_note "$T/agent.log"
fi
sed -i 's/listen: .*/listen: "0.0.0.0:0"/; /tls-/d' "$CONF"
http_reload
grep -q 'open to the network without TLS' "$T/agent.log"
tap_ok 'an open port without TLS is warned of'
agent_stop TERM
[ "$agent_code" = 0 ]
tap_ok 'the agent comes to a good end'
tap_end
