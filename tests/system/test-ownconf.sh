#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The agent's own files, changed on disk: told once per change, in the log too; never taken over
# before a reload; gone when they are as they were.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [alice]}'
agent_init
agent_start
signers=$T/etc/allowed_signers
cp "$CONF" "$T/conf.before"
cp "$signers" "$T/signers.before"

problem() { agent_get /v1/info && field "d['configuration_problem'] or 'none'"; }
problem_is() { [ "$(problem)" = "$1" ]; }
said='the configuration on disk is not the one in force:'
notes_are() { # COUNT
  agent_entries note && [ "$(field 'len(d)')" = "$1" ]
}
cli() { "$builddir/assent" "$@" --config "$T/conf.before" 2>&1; }
reload() {
  lines=$(grep -cE 'read again|stays in force' "$T/agent.log")
  kill -HUP "$agent_pid"
  agent_wait_for '[ "$(grep -cE "read again|stays in force" "$T/agent.log")" -gt "$lines" ]'
}

problem_is none && notes_are 0
tap_ok 'what was read is what is in force'
touch "$CONF" "$signers" "$T/etc/trust.yaml"
echo 'stacks: [broken' >>"$CONF"
agent_wait_for 'problem_is "$said $CONF"'
tap_ok 'an edited configuration is told, an hour before the next look' || problem
notes_are 1 && [ "$(field "'stack' in d[0], d[0]['text']")" = "(False, '$said $CONF')" ]
tap_ok 'and once in the log, and only touching the others is nothing'
cli status >"$T/told"; grep -qF "$said $CONF" "$T/told"
tap_ok 'assent status tells it' || tap_note "$T/told"
cli doctor >"$T/told"; grep -qF "$said $CONF" "$T/told"
tap_ok 'and assent doctor' || tap_note "$T/told"
reload
problem_is "$said $CONF" && notes_are 1
tap_ok 'it stays so where a reload refuses the file'
cp "$T/conf.before" "$CONF"
agent_wait_for 'problem_is none' && notes_are 1
tap_ok 'it is gone once the file is as it was'

# --- the approver list
agent_sync app
grep -v '^alice' "$T/signers.before" >"$T/etc/new"
printf 'alice namespaces="assent.approval.v1" %s\n' "$(cut -d' ' -f1,2 "$T/keys/eve.pub")" \
  >>"$T/etc/new"
chmod 600 "$T/etc/new"
mv "$T/etc/new" "$signers"
agent_wait_for 'problem_is "$said $signers"' && notes_are 2
tap_ok 'another approver list in its place is told'
agent_decide "$PLAN" alice approve '' eve && [ "$CODE" != accepted ]
tap_ok 'and its new key counts for nothing' || tap_note "$T/body"
echo '# one more' >>"$CONF"
agent_wait_for 'problem_is "$said $CONF, $signers"' && notes_are 3
tap_ok 'both are told'
reload
problem_is none && notes_are 3
tap_ok 'a reload brings both into force'
chmod 666 "$signers"
agent_wait_for 'problem_is "$said $signers"' && notes_are 4
tap_ok 'a list that anybody may write is not the one in force'
chmod 600 "$signers"
agent_wait_for 'problem_is none'
rm "$CONF"
agent_wait_for 'problem_is "$said $CONF" && notes_are 5'
tap_ok 'nor is a file that is gone'
cp "$T/conf.before" "$CONF"
chmod 600 "$CONF"
agent_wait_for 'problem_is "$said $CONF" && notes_are 6'
tap_ok 'what comes in its place is another change'

# --- the trust file is the worker's, who reads it for each job
echo 'restore: true' >>"$T/etc/trust.yaml"
agent_wait_for 'notes_are 7'
[ "$(field "d[-1]['text']")" = \
  "the trust file has changed and counts already: $T/etc/trust.yaml" ]
tap_ok 'a change of the trust file stands in the log'
problem_is "$said $CONF"
tap_ok 'and waits for no reload'

tap_end
