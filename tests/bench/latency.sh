#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# How long a click in Slack takes: from the callback to its acknowledgement (HTTP 200), and to the
# log entry that says that the apply has begun; quiet, and under the flood of test-slack-storm.sh.
# A part of `make bench`, or by hand with ASSENT_BINDIR and ASSENT_LIBEXECDIR of an installation:
#
#   tests/bench/latency.sh [CLICKS]     of each kind, 100 by default; each decides a plan of its own
#
# Nothing here is a test: it fails only when something cannot be measured.
# shellcheck disable=SC2016,SC2034 # conditions are evaluated later; variables of the libraries
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
builddir=${ASSENT_BINDIR:?is set by make bench}
WORKER=${ASSENT_LIBEXECDIR:?is set by make bench}/assent-worker
clicks=${1:-100}
for part in git agent http slack; do
  # shellcheck source=/dev/null
  . "$srcdir/tests/system/lib-$part.sh"
done

die() {
  echo "latency: $*" >&2
  exit 1
}

# One repository; each stack has a folder and a file of its own.
stacks_make() { # COUNT
  git init -q -b main "$T/ops"
  mkdir "$T/out"
  for ((i = 1; i <= $1; i++)); do
    mkdir "$T/ops/s$i" "$T/out/s$i"
    printf 'resources:\n  - file: %s\n    source: f\n' "$T/out/s$i/f" >"$T/ops/s$i/assent.yaml"
    echo "$i" >"$T/ops/s$i/f"
    cat >>"$CONF" <<END
  s$i:
    source: {url: "file://$T/ops", branch: main, path: s$i, interval: 1h}
    drift-interval: 1h
    approval: {required: 1, from: [ops], channels: [slack, signature]}
    rules: [{match: {risk: root}, channels: [slack, signature]}]
END
  done
  agent_commit ops 'Files'
}

all_wait() {
  agent_get /v1/status && [ "$(field "sum(s['state'] == 'pending' for s in d['stacks'])")" = "$1" ]
}

measure() { # WORK FROM
  python3 "$srcdir/tests/bench/latency.py" "$srcdir/tests/system/fake-slack.py" "$SOCK" "$PORT" \
    "$1" "$2" "$clicks" || die "cannot measure"
}

agent_begin
sed -i 's|alice: {|&slack: T024/U0ALICE, |' "$CONF"
echo 'xoxb-1-test' >"$T/etc/token"
echo '8f742231b10e8888abcd99yyyzzz85a5' >"$T/etc/secret"
chmod 600 "$T/etc/token" "$T/etc/secret"
stacks_make $((2 * clicks))
SLACK=1 # nobody listens there: the outbox tries again later, as it does when Slack is away
slack_notify "token: \"file:$T/etc/token\", channel: C0123ABCD"
http='listen: "127.0.0.1:0", rate: 100000, burst: 100000, request-timeout: 5m'
sed -i "s|^http: .*|http: {$http}|" "$CONF"
agent_init 0 || die 'cannot make an agent'
echo 'attested: [slack]' >>"$T/etc/trust.yaml"
agent_start
http_port
agent_wait_for "all_wait $((2 * clicks))" || die 'cannot plan'
printf '\n%-18s%8s  %-22s%10s%10s\n' click clicks until 'p50 ms' 'p99 ms'
measure quiet 1
python3 "$srcdir/tests/system/callback-storm.py" "$PORT" 1000 1000 "$T/stop" >"$T/storm" 2>&1 &
git_pids="$git_pids $!"
agent_wait_for 'grep -q "POST /v1/approvals 40" "$T/agent.log"' || die 'there is no flood'
measure 'under a flood' $((clicks + 1))
: >"$T/stop"
wait $!
