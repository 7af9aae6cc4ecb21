#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# While thousands of forged callbacks and slow connections come, one true click is applied.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
. "${srcdir:-.}/tests/system/lib-slack.sh"
git_need git curl ssh-keygen openssl python3 || tap_skip_all "$REASON"
agent_begin
slack_begin
openssl rand -hex 32 >"$T/etc/hook-secret"
echo "http://127.0.0.1:$SLACK/services/none" >"$T/etc/mm-url"
echo button >"$T/etc/mm-secret"
chmod 600 "$T/etc/hook-secret" "$T/etc/mm-url" "$T/etc/mm-secret"
hook='hook: {secret: file:hook-secret, kind: github, interval: 1h}'
sed -i "s|^    drift-interval: 1h|&\n    $hook|" "$CONF"
slack_notify "token: \"file:$T/etc/token\", channel: C0123ABCD"
http='listen: "127.0.0.1:0", rate: 100000, burst: 100000, request-timeout: 5m'
sed -i "s|^http: .*|http: {$http}|" "$CONF"
echo '  - mattermost: {webhook: file:mm-url, secret: file:mm-secret, stacks: [app]}' >>"$CONF"
agent_init
echo 'attested: [slack]' >>"$T/etc/trust.yaml"
slack_start
agent_sync app
slack_becomes "len(m) == 1 and $OPEN"
tap_ok 'a plan waits in the channel' || tap_note "$T/agent.log"

peak() { # the most memory that the agent had, in KiB
  sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$agent_pid/status"
}
entries() { # the types that the log holds
  agent_get '/v1/log?from=0&count=1000' && field "' '.join(x['type'] for x in d['entries'])"
}
# What the agent keeps beside the log, without what tells how far the channel has been told.
kept() {
  (cd "$STATE" && find . -path ./outbox -prune -o -path ./log -prune -o -path ./jobs -prune -o \
    -path ./apply -prune -o -path ./git -prune -o -type f -print | sort)
}
refusals() {
  grep -c ' 40[03] .*: ' "$T/agent.log"
}
before=$(peak)
entries >"$T/entries.before"
kept >"$T/kept.before"
http_mark
python3 "$srcdir/tests/system/callback-storm.py" "$PORT" 10000 1000 "$T/stop" >"$T/storm" 2>&1 &
storm=$!
agent_wait_for '[ "$(refusals)" -gt 1000 ]'
[ "$(entries)" = "$(cat "$T/entries.before")" ] && kept | diff - "$T/kept.before"
tap_ok 'what is forged changes nothing'
click '{"action": "approve"}'
answers 200 && agent_becomes app converged && [ "$(cat "$T/out/app/app.conf")" = one ]
tap_ok 'a true click is applied meanwhile'
kill -0 "$storm"
tap_ok 'and the flood is still coming'
: >"$T/stop"
wait $storm
tap_ok 'each forged callback was refused as it should be' || tap_note "$T/storm"
[ "$(cut -d' ' -f1 "$T/storm" | paste -sd+ - | xargs -I{} sh -c 'echo $(({}))')" -ge 10000 ]
tap_ok 'ten thousand of them'
# One whose connection made place before its answer was read is sent again, and may be there twice.
while read -r count more status kind path words; do
  found=$(grep -F " POST $path $status " "$T/agent.log" | grep -cF ": $words")
  [ "$found" -ge "$count" ] && [ "$found" -le $((count + more)) ]
  tap_ok "the log has the reason of each: $kind" || echo "# $found of $count+$more: $words" >&2
done <"$T/storm"
http_logged 'were ended for newer ones'
tap_ok 'the slow ones made place for others'
agent_wait_for '[ "$(entries)" = "$(cat "$T/entries.before") approval apply-start apply-done" ]'
tap_ok 'the log has the true click and what followed, and nothing else' ||
  echo "# $(cat "$T/entries.before"); $(entries)" >&2
agent_entries approval app
[ "$(field "[(e['channel'], e['person'], e['decision']) for e in d]")" = \
  "[('slack', 'alice', 'approve')]" ]
tap_ok 'by the one who clicked'
[ "$(kept | diff - "$T/kept.before" | grep -c '^<')" -le 2 ] &&
  ! kept | diff - "$T/kept.before" | grep -q '^>'
tap_ok 'its evidence is all that is kept of it' || kept | diff - "$T/kept.before" >&2
after=$(peak)
if grep -q __asan_init "$builddir/assentd"; then
  tap_skip 'memory stays' 'the sanitizer keeps what is freed'
else
  [ $((after - before)) -lt 32768 ]
  tap_ok 'memory stays' || echo "# $before KiB before, $after KiB after" >&2
fi
agent_stop TERM
[ "$agent_code" = 0 ] && "$builddir/assent" log verify "$STATE/log" >"$T/verify" 2>&1
tap_ok 'the agent comes to a good end, and the log verifies' || tap_note "$T/verify"
tap_end
