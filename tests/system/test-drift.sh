#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What others change is noticed without waiting for a look at everything, told, proposed or put
# back; a storm is one check; nothing is done while the stack is suspended.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [alice]}' 'on-drift: fix' \
  'drift-rules: [{path: "**/www/**", on-drift: propose}, {path: "**/told", on-drift: report}]'
echo 'told' >"$T/app/told"
printf '  - file: %s\n    source: told\n' "$T/out/app/told" >>"$T/app/assent.yaml"
echo 'calm' >"$T/app/calm"
printf '  - file: %s\n    source: calm\n' "$T/out/app/calm" >>"$T/app/assent.yaml"
echo 'gone' >"$T/app/gone"
printf '  - file: %s\n    source: gone\n    mode: "0640"\n' "$T/out/app/gone" >>"$T/app/assent.yaml"
agent_commit app 'one that is only told of'
agent_init
echo 'restore: true' >>"$T/etc/trust.yaml"
builddir=$(cd "$builddir" && pwd) # the worker is started elsewhere
# Counts what the agent asks of its worker.
cat >"$T/worker" <<W
#!/bin/sh
line=\$(head -n 1)
case \$line in
*'"job":"plan"'*) echo plan >>"$T/jobs" ;;
*'"job":"apply"'*) echo apply >>"$T/jobs" ;;
esac
printf '%s\n' "\$line" | exec "$builddir/assent-worker" "\$@"
W
chmod 755 "$T/worker"
WORKER=$T/worker
agent_start
conf=$T/out/app/app.conf page=$T/out/app/www/index.html

drift_is() { agent_get /v1/stacks/app && [ "$(field "d['drift']")" = "$1" ]; }
entries_are() { # TYPE COUNT
  agent_entries "$1" app && [ "$(field 'len(d)')" = "$2" ]
}
detail() { # EXPRESSION on c, the changes by the last part of their path
  agent_get /v1/stacks/app/drift
  field "(lambda c: $1)({x['id'].split('/')[-1]: x for x in d['changes']})"
}
why_is() { # TEXT: in the API, in the table and as JSON
  agent_stack_field app "d['drift_why']" >"$T/why" && [ "$(cat "$T/why")" = "$1" ] &&
    "$builddir/assent" status app --config "$CONF" >"$T/told" 2>&1 &&
    grep -q "^  *$1\$" "$T/told" &&
    BODY=$("$builddir/assent" status app --json --config "$CONF") &&
    [ "$(field "(d['drift_why'] == a[0], d['drift'] > 0, len(d['drift_since']) > 0)" "$1")" = \
      '(True, True, True)' ]
}
# Looks come further apart the more there were: one that is started anew has all of them again.
start_anew() {
  agent_stop && agent_start && agent_wait_for rests
}
rests() { [ "$(agent_stack_field app "d['job']")" = none ]; }

agent_sync app
agent_decide "$PLAN" alice approve && agent_becomes app converged
tap_ok 'a commit is applied'
agent_wait_for rests
entries_are drift 0
tap_ok 'our own changes are no drift'

# --- fix
echo 'by hand' >"$conf"
agent_wait_for 'entries_are apply-done 2 && [ "$(cat "$conf")" = one ]'
tap_ok 'what was edited is put back, an hour before the next look'
agent_wait_for 'agent_is app converged'
agent_entries plan app
[ "$(field "(d[-1]['reason'], d[-1]['required'])")" = "('drift', 0)" ]
tap_ok 'by a plan of drift that needs nobody'
first=$(field "d[0]['plan'][7:19]") last=$(field "d[-1]['plan']")
"$builddir/assent" show --no-diff "$last" --config "$CONF" >"$T/told" 2>&1
grep -q "restores .*plan $first (1) had approved" "$T/told"
tap_ok 'and assent show tells what it restores, by number' || tap_note "$T/told"
agent_entries drift app
[ "$(field "len(d) == 1 and d[0]['changes'] == 1 and 'plan' in d[0] and 'since' in d[0] and \
  d[0]['resources'][0].endswith('app.conf')")" = True ]
tap_ok 'and the log tells what differed, and by which plan it went'
rm -f "$T/out/app/gone" # not the same again, which is given time
agent_wait_for 'entries_are apply-done 3 && [ -e "$T/out/app/gone" ]' &&
  [ "$(cat "$T/out/app/gone") $(stat -c %a "$T/out/app/gone")" = 'gone 640' ]
tap_ok 'what was removed comes back, with its mode'

# --- propose and report
agent_wait_for 'agent_is app converged && rests'
echo 'more' >>"$T/out/app/told"
agent_wait_for 'drift_is 1'
tap_ok 'what is only told is told'
[ "$(detail "(c['told']['class'], c['told']['fields'])")" = "('report', ['content'])" ]
tap_ok 'with its class and what of it differs'
why_is 'on-drift says report'
tap_ok 'and why it stays' || tap_note "$T/why" "$T/told"
since=$(agent_get /v1/stacks/app && field "d['drift_since']")
echo '<p>by hand' >"$page"
agent_wait_for 'agent_is app pending' && [ "$(cat "$page")" = '<p>by hand' ]
tap_ok 'what is to be proposed is proposed'
agent_look app
agent_get "/v1/plans/$PLAN/plan.json"
[ "$(field "(d['reason'], d['policy']['required'],
    [c['path'].split('/')[-1] for c in d['changes']])")" = "('drift', 1, ['index.html'])" ]
tap_ok 'to people, without what is only told'
agent_get /v1/stacks/app
[ "$(field "(d['drift'], d['drift_since'] == '$since')")" = '(2, True)' ]
tap_ok 'both are told, since the first of them was seen'
why_is '1: on-drift says propose; 1: on-drift says report' ||
  why_is '1: on-drift says report; 1: on-drift says propose'
tap_ok 'and why each stays' || tap_note "$T/why" "$T/told"
agent_decide "$PLAN" alice approve && agent_wait_for '[ "$(cat "$page")" = "<p>" ]'
tap_ok 'once approved it is put back'
agent_wait_for 'drift_is 1'
tap_ok 'the other still differs'
start_anew
echo 'told' >"$T/out/app/told"
agent_wait_for 'drift_is 0'
tap_ok 'until it is as it was'
agent_wait_for 'agent_is app converged && rests'

# --- a storm
: >"$T/jobs"
python3 - "$T/out/app/calm" <<'P'
import sys
for i in range(10000):
    with open(sys.argv[1], "w") as f:
        f.write("storm %d\n" % i)
P
agent_wait_for '[ "$(cat "$T/out/app/calm")" = calm ] && agent_is app converged && rests'
tap_ok 'after ten thousand changes all is as it was'
[ "$(grep -c plan "$T/jobs")" -le 6 ] && [ "$(grep -c apply "$T/jobs")" -le 2 ]
tap_ok 'by a handful of jobs' || tap_note "$T/jobs"

# --- suspended
start_anew
agent_post /v1/stacks/app/suspend '{"reason":"by hand for now"}' && [ "$STATUS" = 200 ]
tap_ok 'a stack is suspended' || tap_note "$T/body"
agent_entries apply-done app
applied=$(field 'len(d)')
echo 'by hand' >"$conf"
agent_wait_for 'drift_is 1 && rests'
[ "$(detail "c['app.conf']['fields']")" = "['content']" ]
tap_ok 'what is edited meanwhile is listed'
"$builddir/assent" status app --config "$CONF" >"$T/told" 2>&1
grep -q '1 place differs since ' "$T/told"
tap_ok 'and assent status tells how much and since when' || tap_note "$T/told"
why_is suspended
tap_ok 'and why' || tap_note "$T/why" "$T/told"
entries_are apply-done "$applied" && [ "$(cat "$conf")" = 'by hand' ]
tap_ok 'and not put back'
agent_post /v1/stacks/app/resume '{}'
[ "$STATUS" = 200 ] || tap_note "$T/body"
agent_wait_for '[ "$(cat "$conf")" = one ] && agent_is app converged && rests'
tap_ok 'until the suspension has ended'

start_anew

# --- a trust file that allows no restore
sed -i '/^restore/d' "$T/etc/trust.yaml"
agent_entries apply-done app
applied=$(field 'len(d)')
echo 'by hand' >"$conf"
agent_becomes app pending && [ "$(cat "$conf")" = 'by hand' ] && entries_are apply-done "$applied"
tap_ok 'without restore in the trust file people are asked'
agent_look app
agent_get "/v1/plans/$PLAN/plan.json"
[ "$(field "(d['reason'], d['policy']['required'], 'restores' in d)")" = "('drift', 1, False)" ]
tap_ok 'by a plan that needs them' || tap_note "$T/body"
why_is "the trust file does not say 'restore: true'"
tap_ok 'and told why' || tap_note "$T/why" "$T/told"
agent_decide "$PLAN" alice approve && agent_wait_for '[ "$(cat "$conf")" = one ]'
tap_ok 'and put back once they agree'

tap_end
