#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The agent's TCP side: what it says, and what it refuses before anybody is asked.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [ops]}'
agent_init
agent_start
mark=0

[ "$(http_probe listens $agent_pid)" = 0 ]
tap_ok 'without a section http nothing listens on TCP'

http_section 'hosts: [ops.test, "other.test:8443"]' 'rate: 100000' 'burst: 100000'
printf '    hook: {secret: file:hook-secret, kind: github}\n' >"$T/hook"
sed -i "/drift-interval: 1h/r $T/hook" "$CONF"
echo 's3cr3t-of-the-hook' >"$T/etc/hook-secret"
chmod 600 "$T/etc/hook-secret"
http_reload
[ -n "$PORT" ] && [ "$(http_probe listens $agent_pid)" = 1 ]
tap_ok 'a reload begins to listen' || tap_note "$T/agent.log"
url=http://127.0.0.1:$PORT

# --- answers
http_get "$url/healthz"
[ "$STATUS $BODY" = '200 ok' ]
tap_ok '/healthz says ok'
agent_post /v1/review '{}'
[ "$STATUS $(field "d['error']['code']")" = '403 unknown-person' ]
tap_ok 'a Unix user who is none of the people gets no link'
has() { tr -d '\r' <"$T/header" | grep -qixF -e "$1" || { tap_note "$T/header" && false; }; }
policy="default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
protected() {
  has "Content-Security-Policy: $policy" &&
    has 'X-Content-Type-Options: nosniff' && has 'Referrer-Policy: no-referrer' &&
    has 'Cache-Control: no-store' && has 'Cross-Origin-Opener-Policy: same-origin' &&
    has 'Cross-Origin-Resource-Policy: same-origin'
}
protected
tap_ok 'browsers are told to load, frame and keep nothing'
! grep -qi '^server:\|microhttpd\|assent' "$T/header"
tap_ok 'nothing tells what serves'
http_get -I "$url/healthz"
[ "$STATUS" = 200 ] && protected && has 'Content-Length: 3'
tap_ok 'HEAD is GET without its body'
http_get "$url/nowhere"
[ "$STATUS" = 404 ] && protected && [ "$(field "d['error']['code']")" = unknown-path ]
tap_ok 'an unknown path is refused'
http_get -H 'Accept: text/html' "$url/<b>"
[ "$STATUS" = 404 ] && protected && has 'Content-Type: text/html; charset=utf-8' &&
  ! grep -q '<b>' "$T/body"
tap_ok 'a browser gets a page' || tap_note "$T/body"
http_get -X DELETE "$url/healthz"
[ "$STATUS" = 405 ] && has 'Allow: GET' && protected
tap_ok 'another method is refused, and the right one named'
absent() {
  http_get "$url$1" && http_status 404
}
http_each absent /v1/info /v1/status /v1/log /v1/stacks/app /v1/events
tap_ok "none of the socket's paths is here"
http_get -X POST -d '' "$url/v1/stacks/app/sync" && http_status 404
tap_ok 'nor can it be told what to do'

# --- Host
http_get -H 'Host: evil.test' "$url/healthz" && http_status 421 && protected
tap_ok 'a foreign name is refused'
ours() {
  http_get -H "Host: $1" "$url/healthz" && http_status 200
}
http_each ours "ops.test" "OPS.TEST:$PORT" "other.test:8443" "localhost:$PORT" "127.0.0.1"
tap_ok 'our names are not'
foreign() {
  http_get -H "Host: $1" "$url/healthz" && http_status 421
}
http_each foreign "other.test" "ops.test.evil.test" "ops.test, evil.test" "ops.test:x" "[::1]"
tap_ok 'what looks like one of them is'
http_raw 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n' && http_status 400
tap_ok 'no Host is refused'
http_raw 'GET /healthz HTTP/1.1\r\nHost: ops.test\r\nHost: evil.test\r\n\r\n' && http_status 400
tap_ok 'two are, too'
http_raw 'GET http://evil.test/healthz HTTP/1.1\r\nHost: ops.test\r\n\r\n' && http_status 400 404
tap_ok 'a whole URL is no way around it'

# --- shapes
http_raw 'GET /healthz HTTP/1.0\r\nHost: ops.test\r\n\r\n'
http_status 200 && printf '%s\n' "$ANSWER" | grep -q '^ok$'
tap_ok 'HTTP/1.0 is answered'
http_raw 'GET /healthz HTTP/1.0\r\n\r\n' && http_status 400
tap_ok 'but not without Host'
http_raw 'PRI * HTTP/2.0\r\nHost: ops.test\r\n\r\nSM\r\n\r\n' && http_status '' 400 505
tap_ok 'HTTP/2 is not spoken'
one='GET /healthz HTTP/1.1\r\nHost: ops.test\r\n\r\n'
http_raw "$one${one}GET /healthz HTTP/1.1\r\nHost: ops.test\r\nConnection: close\r\n\r\n"
[ "$(printf '%s\n' "$ANSWER" | grep -c '^ok$')" = 3 ]
tap_ok 'requests in a row are answered in a row' || echo "# $ANSWER" >&2
http_raw 'GET /healthz%00x HTTP/1.1\r\nHost: ops.test\r\n\r\n' && http_status 404
tap_ok 'a NUL hides nothing'
post='POST /hooks/app HTTP/1.1\r\nHost: ops.test\r\nContent-Type: application/json\r\n'
http_raw "${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
http_status 400
tap_ok 'a body with two lengths is refused'
http_raw "${post}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" && http_status '' 400
tap_ok 'and so is one length said twice'
http_raw "${post}Content-Length: -1\r\n\r\n" && http_status '' 400
tap_ok 'and one that is none'
http_raw "${post}Content-Length: 99999999999999999999999\r\n\r\n" && http_status '' 400 413
tap_ok 'and one beyond all numbers'
http_raw 'nonsense\r\n\r\n' && http_status '' 400
tap_ok 'nonsense is refused'

# --- sizes
long=$(printf '%020000d' 0)
http_raw "GET /healthz HTTP/1.1\r\nHost: ops.test\r\nX-Long: $long\r\n\r\n" && http_status '' 431
tap_ok 'a header that is too large is refused'
http_raw "GET /$long HTTP/1.1\r\nHost: ops.test\r\n\r\n" && http_status '' 414 431
tap_ok 'and a path'
http_raw "${post}Content-Length: 1048577\r\n\r\n" && http_status 413
tap_ok 'a body that is announced as too large is not waited for'
python3 -c 'import sys; sys.stdout.write(("x" * 65536) * 17)' >"$T/large"
http_get -X POST -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' -H 'Expect:' \
  --data-binary "@$T/large" "$url/hooks/app"
http_status 413
tap_ok 'one that only turns out to be is refused at its end'
http_raw "GET /healthz HTTP/1.1\r\nHost: ops.test\r\nContent-Length: 1\r\n\r\nx" && http_status 413
tap_ok 'a path that wants no body takes none'

# --- the log
http_mark
http_get "$url/healthz?token=s3cr3t-in-the-query" -H 'Authorization: Bearer s3cr3t-in-the-header'
http_get "$url/hooks/app" -H 'X-Hub-Signature-256: s3cr3t-in-the-signature' \
  -H 'Content-Type: application/json' -d '{"s3cr3t-in-the-body":1}'
http_get "$url/a%0aerror:%20forged%1b%5b31m"
http_logged '127.0.0.1 GET /healthz 200' && http_logged '127.0.0.1 POST /hooks/app 403' &&
  http_logged '/a\nerror: forged\x1b[31m 404'
tap_ok 'who asked for what is logged, a line each' || tap_note "$T/agent.log"
! grep -q 's3cr3t' "$T/agent.log" && ! grep -q '^error: forged' "$T/agent.log"
tap_ok 'nothing secret is, and nothing is forged'

# --- time
http_section 'hosts: [ops.test]' 'rate: 100000' 'burst: 100000' 'request-timeout: 1s'
http_reload
http_probe trickle 'GET /healthz HTTP/1.1\r\nHost: ops.test\r\n' 'X-More: yes\r\n'
tap_ok 'a header that never ends is ended'
http_probe trickle "${post}Content-Length: 1000000\r\n\r\n" 'aaaaaaaaaaaaaaaa'
tap_ok 'and a body'
http_probe trickle "${post}Transfer-Encoding: chunked\r\n\r\n" '1\r\na\r\n'
tap_ok 'and chunks'
http_probe trickle '' ''"\\r\\n"
tap_ok 'and who only sends empty lines'
http_logged 'their time was up'
tap_ok 'which is logged'

# --- numbers
http_section 'hosts: [ops.test]' 'rate: 100000' 'burst: 100000' 'request-timeout: 5m' \
  'connections: 6' 'peer-connections: 3'
http_reload
[ "$(http_probe crowd 10 7)" = '7 3' ]
tap_ok 'a peer has its share of connections'
[ "$(http_probe crowd 10 4 '*')" = '4 6' ]
tap_ok 'many peers get all there are, the latest ones'
http_get "$url/healthz" && http_status 200
tap_ok 'and give them back'

# --- rate
http_section 'hosts: [ops.test]' 'rate: 1' 'burst: 3'
http_reload
http_mark
[ "$(http_probe many 8 /healthz)" = '200:3 429:5' ]
tap_ok 'a peer that asks too often is refused'
http_get "$url/healthz" && http_status 429 && has 'Retry-After: 60' && protected
tap_ok 'and told when to come again'
[ "$(http_probe many 2 /healthz 127.0.0.2)" = '200:2' ]
tap_ok 'another peer is not'
http_logged '127.0.0.2 GET /healthz 200'
[ "$(sed "1,${mark}d" "$T/agent.log" | grep -c 'too many requests')" = 1 ]
tap_ok 'a flood is one line of the log' || tap_note "$T/agent.log"

# --- proxies
http_section 'hosts: [ops.test]' 'rate: 1' 'burst: 3' 'trusted-proxy: [127.0.0.1]' \
  'public-url: https://public.test/assent/'
http_reload
http_mark
via() { # FROM HEADER...
  from=$1
  shift
  http_raw "GET /assent/healthz HTTP/1.1\r\n$*Host: public.test\r\nConnection: close\r\n\r\n" \
    "$from"
}
via 127.0.0.1 'X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n'
http_status 200 && http_logged '203.0.113.9 GET /healthz 200'
tap_ok 'the last hop that a trusted proxy names is the peer'
via 127.0.0.2 'X-Forwarded-For: 203.0.113.10\r\n'
http_status 200 && http_logged '127.0.0.2 GET /healthz 200' && ! grep -q 203.0.113.10 "$T/agent.log"
tap_ok 'nobody else is believed'
via 127.0.0.1 'X-Forwarded-For: 203.0.113.11\r\nX-Forwarded-For: 203.0.113.12\r\n'
http_logged '127.0.0.1 GET /healthz 200' && ! grep -q '203.0.113.1[12]' "$T/agent.log"
tap_ok 'nor is what is said twice'
for _ in 1 2 3 4; do
  via 127.0.0.1 'X-Forwarded-For: 203.0.113.20\r\n'
done
http_status 429 && via 127.0.0.1 'X-Forwarded-For: 203.0.113.21\r\n' && http_status 200
tap_ok 'the rate is of those behind the proxy'

# --- reload
sed -i 's/^  listen: .*/  listen: 203.0.113.1:1/' "$CONF"
http_reload
grep -q "cannot listen on '203.0.113.1:1'" "$T/agent.log" && http_probe many 1 /healthz 127.0.0.5 |
  grep -q '200:1'
tap_ok 'an address that cannot be had leaves all as it was' || tap_note "$T/agent.log"
sed -i '/^http:/,$d; /hook:/d' "$CONF"
http_reload
agent_wait_for '[ "$(http_probe listens $agent_pid)" = 0 ]'
tap_ok 'without the section it listens no more'
agent_stop TERM
[ "$agent_code" = 0 ]
tap_ok 'and comes to a good end'
tap_end
