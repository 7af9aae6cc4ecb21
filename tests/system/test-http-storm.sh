#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# While somebody floods the port, an approval is applied, a true hook is taken, memory stays.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
git_need git curl ssh-keygen openssl python3 || tap_skip_all "$REASON"
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [ops]}' \
  'hook: {secret: file:hook-secret, kind: github, interval: 1h}'
openssl rand -hex 32 >"$T/etc/hook-secret"
chmod 600 "$T/etc/hook-secret"
http_section 'rate: 100000' 'burst: 100000' 'request-timeout: 5m'
agent_init
agent_start
http_port
url=http://127.0.0.1:$PORT
agent_becomes app pending
tap_ok 'a plan waits'

peak() { # the most memory that the agent had, in KiB
  sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$agent_pid/status"
}
before=$(peak)
http_probe storm 10000 1000 /hooks/app >"$T/storm" &
storm=$!
mark=0
agent_wait_for 'grep -q "127.0.0.2 POST /hooks/app 403" "$T/agent.log"'
agent_decide "$PLAN" alice approve
agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = one ]
tap_ok 'an approval is applied meanwhile'
echo two >"$T/app/app.conf"
agent_commit app second
signature=$(printf '{}' | openssl dgst -sha256 -hmac "$(cat "$T/etc/hook-secret")" | sed 's/.* //')
http_get -H "X-Hub-Signature-256: sha256=$signature" -H 'Content-Type: application/json' -d '{}' \
  "$url/hooks/app"
http_status 202 && agent_becomes app pending
tap_ok 'a true hook is taken meanwhile'
wait $storm
[ "$(cat "$T/storm")" = '403:10000' ]
tap_ok 'each forged hook was refused' || tap_note "$T/storm"
http_logged 'were ended for newer ones'
tap_ok 'the slow ones made place for others'
after=$(peak)
if grep -q __asan_init "$builddir/assentd"; then
  tap_skip 'memory stays' 'the sanitizer keeps what is freed'
else
  [ $((after - before)) -lt 32768 ]
  tap_ok 'memory stays' || echo "# $before KiB before, $after KiB after" >&2
fi
[ "$(http_probe hoard 40 1048576 /hooks/app)" = '503 403' ]
tap_ok 'large bodies that never end leave room for small ones'
agent_stop TERM
[ "$agent_code" = 0 ]
tap_ok 'and the agent comes to a good end'
tap_end
