#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Another configuration, by SIGHUP and by a restart: what waits, what runs, and what is told.
# shellcheck disable=SC2016,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin

# The real worker; but a fetch of the branch "slow" waits until $T/go is there.
real=$(cd "$builddir" && pwd)/assent-worker
python=$(command -v python3)
WORKER=$T/worker
cat >"$WORKER" <<P
#!$python
import os, subprocess, sys, time
line = sys.stdin.readline()
if "refs/heads/slow" in line:
    open("$T/waits", "w").close()
    while not os.path.exists("$T/go"):
        time.sleep(0.05)
sys.exit(subprocess.run(["$real"] + sys.argv[1:], input=line.encode()).returncode)
P
chmod 755 "$WORKER"

approval='approval: {required: 1, from: [ops]}'
# The configuration of the stacks that are named; $approval is theirs.
configure() { # STACK...
	agent_head
	for name in "$@"; do
		agent_stack "$name" "$approval"
	done
}
reload() { # waits for one more line that says what came of it
	lines=$(grep -cE 'read again|stays in force' "$T/agent.log")
	kill -HUP "$agent_pid"
	agent_wait_for '[ "$(grep -cE "read again|stays in force" "$T/agent.log")" -gt "$lines" ]'
}
ended() { # PLAN: how it ended and why
	agent_get "/v1/plans/$1"
	field "(d['state'], d['result'])"
}
waits_anew() { # STACK PLAN: another plan waits in its place
	agent_wait_for "agent_look $1 && [ -n \"\$PLAN\" ] && [ \"\$PLAN\" != $2 ]"
}

agent_repo app
agent_repo two
configure app two
agent_init
agent_start
agent_sync app
agent_sync two
[ "$STATE_NOW" = pending ]
tap_ok 'two plans wait'

# --- nothing has changed
agent_look app
first=$PLAN
agent_entries plan
plans=$(field 'len(d)')
reload
agent_sync app
agent_entries plan
[ "$PLAN" = "$first" ] && [ "$(field 'len(d)')" = "$plans" ]
tap_ok 'a reload that changes nothing leaves what waits alone'

# --- the policy
approval='approval: {required: 2, from: [ops]}'
configure app two
reload
waits_anew app "$first"
agent_stack_field app "d['pending']['required']" | grep -qx 2
tap_ok 'a plan that waits is made anew when more approvals are required' || tap_note "$T/agent.log"
[ "$(ended "$first")" = "('superseded', 'the policy has changed')" ]
tap_ok 'and the old one says why'
agent_decide "$first" alice approve
[ "$STATUS" = 409 ] && [ "$CODE" = superseded ] && echo "$BODY" | grep -q 'the policy has changed'
tap_ok 'as does its refusal of a decision' || echo "# $STATUS $BODY"
agent_look app
agent_decide "$PLAN" alice approve
[ "$CODE" = accepted ]
tap_ok 'one of two has approved'
voted=$PLAN
sed -i 's/ops: \[alice, bob, dora\]/ops: [bob, dora]/' "$CONF"
reload
waits_anew app "$voted"
agent_decide "$PLAN" alice approve
[ "$STATUS" = 403 ] && [ "$CODE" = not-allowed ]
tap_ok 'who has left the group no longer counts' || echo "# $STATUS $BODY"
sed -i '/^bob /d' "$T/etc/allowed_signers"
approval='approval: {required: 1, from: [alice, dora]}'
configure app two
sed -i '/^  bob: {}$/d; s/alice, bob, dora/alice, dora/' "$CONF"
reload
agent_sync app
agent_entries closed app
field "d[-1]['reason']" | grep -qx 'the approver list has changed'
tap_ok 'another approver list is told as such' || echo "# $BODY"

# --- while the agent does not run
agent_look app
before=$PLAN
agent_stop TERM
approval='approval: {required: 2, from: [alice, dora]}'
configure app two
sed -i '/^  bob: {}$/d; s/alice, bob, dora/alice, dora/' "$CONF"
agent_start
waits_anew app "$before"
[ "$(ended "$before")" = "('superseded', 'the policy has changed')" ]
tap_ok 'a policy that changed before a start counts, too' || tap_note "$T/agent.log"
agent_look app
before=$PLAN
agent_stop TERM
sed -i '/^carol /d' "$T/etc/allowed_signers"
sed -i '/^  carol: {}$/d' "$CONF"
agent_start
waits_anew app "$before"
[ "$(ended "$before")" = "('superseded', 'the approver list has changed')" ]
tap_ok 'and an approver list' || tap_note "$T/agent.log"
agent_look app
before=$PLAN
agent_stop TERM
agent_start
agent_sync app
[ "$PLAN" = "$before" ]
tap_ok 'a start with the same configuration leaves what waits alone'

# --- a stack goes
agent_look two
gone=$PLAN
cp "$CONF" "$T/both.yaml"
python3 - "$CONF" <<'P'
import sys
text = open(sys.argv[1]).read()
open(sys.argv[1], "w").write(text[:text.index("  two:")])
P
cp "$CONF" "$T/one.yaml"
reload
closed="('superseded', 'the stack is no longer configured')"
agent_get /v1/stacks/two
[ "$STATUS" = 404 ] && [ "$(ended "$gone")" = "$closed" ]
tap_ok 'the plan of a stack that is removed is closed' || echo "# $BODY"
agent_decide "$gone" alice approve
[ "$STATUS" = 409 ] && [ "$CODE" = superseded ]
tap_ok 'and can no longer be approved' || echo "# $STATUS $BODY"
cp "$T/both.yaml" "$CONF"
reload
waits_anew two "$gone"
tap_ok 'a stack that comes back asks again' || tap_note "$T/agent.log"
agent_look two
gone=$PLAN
agent_stop TERM
cp "$T/one.yaml" "$CONF"
agent_start
[ "$(ended "$gone")" = "$closed" ]
tap_ok 'so it is when it was removed before a start' || echo "# $BODY"

# --- a stack goes and comes back while its fetch runs
git -C "$T/two" checkout -q -b slow
echo slow >"$T/two/app.conf"
agent_commit two 'slow'
git -C "$T/two" checkout -q main
sed 's/two", branch: main/two", branch: slow/' "$T/both.yaml" >"$CONF"
reload
agent_wait_for '[ -e "$T/waits" ]'
cp "$T/one.yaml" "$CONF"
reload
cp "$T/both.yaml" "$CONF"
reload
: >"$T/go"
agent_sync two
agent_entries commit two
[ "$(field "sum(e['commit'] == '$COMMIT' for e in d)")" = 0 ]
tap_ok 'what a removed stack fetched is nothing to the one of the same name' ||
	tap_note "$T/agent.log"

# --- what needs a restart
sed -i "s|^state: .*|state: $T/elsewhere|" "$CONF"
reload
grep -q "'state' has changed, which needs a restart" "$T/agent.log"
tap_ok 'a key that needs a restart is named'
agent_stop TERM
[ "$agent_code" = 0 ] && "$builddir/assent" log verify "$STATE/log" >"$T/verify" 2>&1
tap_ok 'the log verifies' || tap_note "$T/verify"
tap_end
