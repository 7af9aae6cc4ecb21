#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the agent tells a service manager, heard on a socket of the test's own: needs no systemd.
# shellcheck disable=SC2016,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
heard=$T/heard
listen() { # SOCKET
  python3 "$srcdir/tests/systemd/notify-socket.py" "$1" "$heard" &
  git_pids="$git_pids $!"
  agent_wait_for 'grep -q listening "$heard"'
}
told() { # PATTERN
  agent_wait_for "grep -qE '$1' \"\$heard\"" || {
    tap_note "$heard"
    return 1
  }
}
# Is the first a line before the first of the second?
before() {
  first=$(grep -nE -m1 "$1" "$heard" | cut -d: -f1)
  second=$(grep -nE -m1 "$2" "$heard" | cut -d: -f1)
  [ -n "$first" ] && [ -n "$second" ] && [ "$first" -lt "$second" ]
}

# A log of 3000 entries to replay.
"$builddir/store-driver" init "$T/state" >/dev/null && "$builddir/store-driver" bulk "$T/state" 3000
tap_ok 'there is a long log'
sed -i 's/^agent: .*/agent: driver.example.org/' "$CONF"
agent_repo app
agent_stack app 'approval: {required: 1, from: [ops]}'
agent_init
sed -i 's/web1.test/driver.example.org/' "$T/etc/trust.yaml"
NOTIFY_SOCKET=$T/notify
export NOTIFY_SOCKET
listen "$NOTIFY_SOCKET"
WATCHDOG_USEC=200000 agent_start
told '^READY=1'
tap_ok 'READY=1 comes'
before '^EXTEND_TIMEOUT_USEC=[0-9]{7,} . STATUS=replaying the log, entry 1024$' '^READY=1'
tap_ok 'and before it, that a long log needs more time'
[ "$(grep -c '^EXTEND_TIMEOUT_USEC=' "$heard")" = 2 ]
tap_ok 'twice'
told '^WATCHDOG=1$'
tap_ok 'the watchdog is fed'
agent_sync app
told '^STATUS=1 plan waits for approval$'
tap_ok 'a plan that waits is told'
n=$(grep -c '^STATUS=' "$heard")
agent_sync app
[ "$(grep -c '^STATUS=1 plan' "$heard")" = 1 ]
tap_ok "and told once ($n lines)"

agent_head
sed -i 's/^agent: .*/agent: driver.example.org/; s/^stacks:$/stacks: {}/' "$CONF"
kill -HUP "$agent_pid"
told '^RELOADING=1 . MONOTONIC_USEC=[0-9]+$' && told '^STATUS=no stack is configured$' &&
  agent_wait_for '[ "$(grep -c "^READY=1" "$heard")" = 2 ]'
tap_ok 'reloading begins and ends' || tap_note "$heard" "$T/agent.log"
before '^RELOADING=1' '^STATUS=no stack'
tap_ok 'in this order'
agent_stop
told '^STOPPING=1$' && [ "$agent_code" = 0 ]
tap_ok 'stopping is told, and ends well'

: >"$heard"
NOTIFY_SOCKET=@assent-test-$$
listen "$NOTIFY_SOCKET"
WATCHDOG_USEC=200000 WATCHDOG_PID=1 agent_start
told '^READY=1'
tap_ok 'an abstract socket hears it, too'
sleep 0.3
agent_stop
told '^STOPPING=1$' && ! grep -q WATCHDOG "$heard"
tap_ok 'a watchdog that waits for another process is not fed'
tap_end
