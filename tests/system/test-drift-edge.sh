#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What somebody changes while an apply runs is noticed afterwards and is not taken for our own; and
# where the kernel has no watches left, that is said once and the look at everything finds it.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [alice]}' 'on-drift: report'
conf=$T/out/app/app.conf page=$T/out/app/www/index.html

drift_is() { agent_get /v1/stacks/app && [ "$(field "d['drift']")" = "$1" ]; }
rests() { [ "$(agent_stack_field app "d['job']")" = none ]; }
entries_are() { # TYPE COUNT
  agent_entries "$1" app && [ "$(field 'len(d)')" = "$2" ]
}
names() { # the last parts of what differs
  agent_get /v1/stacks/app/drift
  field "[x['id'].split('/')[-1] for x in d['changes']]"
}

# --- while an apply runs: its command waits until it is told to go on
cat >"$T/app/slow" <<-S
	#!/bin/sh
	[ "\$1" != check ] || exec test -e "$T/done"
	: >"$T/running"
	while [ ! -e "$T/go" ]; do sleep 0.1; done
	: >"$T/done"
S
chmod 755 "$T/app/slow"
cp "$T/app/slow" "$T/slow"
cat >>"$T/app/assent.yaml" <<-M
	  - command: slow
	    run: [$T/slow]
	    unless: [$T/slow, check]
M
agent_commit app 'with a slow command'
agent_init
agent_start
agent_sync app
agent_decide "$PLAN" alice approve
agent_wait_for '[ -e "$T/running" ]'
tap_ok 'an apply is under way' || tap_note "$T/agent.log" "$T/body"
[ "$(cat "$conf")" = one ]
tap_ok 'its files are there already'
echo 'by hand' >"$conf"
: >"$T/go"
agent_wait_for 'agent_is app drifted && rests'
tap_ok 'what somebody changes meanwhile is drift once it has ended' || tap_note "$T/body"
agent_entries apply-done app
[ "$(field "(len(d), d[0]['result'], d[0]['left'], d[0]['undone'])")" = "(1, 'ok', 0, 0)" ]
tap_ok 'the apply itself did all that it should' || tap_note "$T/body"
[ "$(names)" = "['app.conf']" ]
tap_ok 'and nothing of its own is told as drift' || tap_note "$T/body"
agent_get '/v1/log?from=0&count=1000'
[ "$(field "[x['type'] for x in d['entries']][-3:]")" = "['apply-start', 'apply-done', 'drift']" ]
tap_ok 'the log has the apply, then the drift' || tap_note "$T/body"
[ "$(cat "$conf")" = 'by hand' ]
tap_ok 'which is left as it is, as on-drift says'
echo 'one' >"$conf"
agent_wait_for 'agent_is app converged && rests && entries_are drift 1'
tap_ok 'and goes when it is as it was'

# --- no watches left: of the folders, or none at all
cat >"$T/limited" <<-S
	#!/bin/sh
	most=/proc/sys/user/max_inotify
	[ -z "\${WATCHES-}" ] || echo "\$WATCHES" >\${most}_watches || exit 1
	[ -z "\${INSTANCES-}" ] || echo "\$INSTANCES" >\${most}_instances || exit 1
	exec "\$@"
S
chmod 755 "$T/limited"
told() { grep -c "changes there are found by the next look at everything" "$T/agent.log"; }
problem() { agent_stack_field app "d['watch_problem'] or 'none'"; }
limits() { # LINE of the problem, as a pattern
  agent_wait_for rests
  problem | grep -q "$1"
  tap_ok "told in the status: $1" || tap_note "$T/body" "$T/agent.log"
  "$builddir/assent" status app --config "$CONF" >"$T/told" 2>&1
  grep -q "^  watch  *.*$1" "$T/told"
  tap_ok 'and to people' || tap_note "$T/told"
  agent_ask app plan && agent_ask app plan && agent_wait_for rests
  [ "$(told)" = 1 ] && grep -q "$1" "$T/agent.log"
  tap_ok 'and in the log once, however often it looks' || tap_note "$T/agent.log"
}
agent_stop
# Whoever is not root owns nothing above the test's folder there, and the agent believes no such.
if [ "$(id -u)" != 0 ] ||
  ! unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_inotify_watches' \
    2>/dev/null; then
  tap_skip 'limits of inotify' 'not root, or no user namespaces here'
  tap_end
fi
: >"$T/agent.log"
agent_env="WATCHES=1 unshare --user --map-root-user $T/limited"
agent_start
limits 'max_user_watches'
agent_stop
: >"$T/agent.log"
sed -i 's/^    drift-interval: .*/    drift-interval: 2s/' "$CONF"
agent_env="INSTANCES=0 unshare --user --map-root-user $T/limited"
agent_start
limits 'no inotify: Too many open files'
echo '<p>by hand' >"$page"
agent_wait_for 'drift_is 1'
tap_ok 'what nobody told of is found by the look at everything' || tap_note "$T/agent.log"
agent_stop

tap_end
