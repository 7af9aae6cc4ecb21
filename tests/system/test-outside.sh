#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What was changed behind the agent's back stands in the plan, with the commit that was applied
# before: after a commit, a drift, a step back, and when the memory of it was lost.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [alice]}'
agent_init
agent_start
jobs=$STATE/jobs/app
conf=$T/out/app/app.conf page=$T/out/app/www/index.html

write() { # CONF PAGE: a commit
  echo "$1" >"$T/app/app.conf"
  echo "$2" >"$T/app/www/index.html"
  agent_commit app "$1 $2"
}
# The plan's changes as "NAME:COMMIT"; "-" is not marked.
marks() {
  agent_get "/v1/plans/$PLAN/plan.json"
  MARKS=$(field "' '.join(sorted(c['path'].split('/')[-1] + ':' +
    c.get('outside', {}).get('commit', '-') for c in d['changes']))")
}
marks_are() { # WANTED
  marks
  [ "$MARKS" = "$1" ] || {
    echo "# $MARKS, not $1; $STATE_NOW: $REASON_NOW" >&2
    return 1
  }
}
apply() {
  agent_decide "$PLAN" alice approve && agent_becomes app converged
}

agent_sync app
marks_are 'app.conf:- index.html:- www:-'
tap_ok 'nothing was ever applied, so nothing is marked'
[ ! -e "$jobs/applied.json" ] && [ ! -e "$jobs/applied.memory" ]
tap_ok 'nor remembered'
apply
first=$COMMIT

# --- a commit
echo 'by hand' >"$conf"
write two '<p>two'
agent_sync app
marks_are "app.conf:$first index.html:-"
tap_ok 'what was changed by hand is marked with the commit applied last, and nothing else'
[ "$(field "[c['outside']['time'] for c in d['changes'] if 'outside' in c][0] <= d['created']")" = \
  True ]
tap_ok 'and with the time of that'
[ -s "$jobs/applied.memory" ]
tap_ok 'what was applied is remembered'
"$builddir/assent" show --no-diff --socket "$SOCK" "$PLAN" >"$T/said" 2>&1
grep -A3 ' file:.*app.conf' "$T/said" |
  grep -q "changed outside since 20.* UTC, commit $(echo "$first" | cut -c1-12)\$" &&
  [ "$(grep -c 'changed outside since .*, commit [0-9a-f]\{12\}$' "$T/said")" = 1 ] &&
  grep -q '^  1 resource was changed outside' "$T/said"
tap_ok 'the command line shows it at this change alone, and counts it' || tap_note "$T/said"
apply
second=$COMMIT
write three '<p>three'
agent_sync app
marks_are 'app.conf:- index.html:-'
tap_ok 'what is as it was applied is not marked'
apply
third=$COMMIT

# --- a drift
chmod 600 "$conf"
rm "$page"
agent_ask app plan
marks_are "app.conf:$third index.html:$third" && [ "$(field "d['reason']")" = drift ]
tap_ok 'a mode and a file that vanished are marked in a plan against drift'
apply

# --- only what was changed then, by a commit that did not touch the other
write three '<p>four'
agent_sync app
apply
fourth=$COMMIT
echo 'by hand' >"$conf"
echo 'by hand' >"$page"
write five '<p>five'
agent_sync app
marks_are "app.conf:$third index.html:$fourth"
tap_ok 'each names the commit that was applied to it last'

# --- the memory is lost, damaged, of another log
rm "$jobs/applied.json" "$jobs/applied.memory"
agent_stop
agent_start
write six '<p>six'
agent_sync app
marks_are "app.conf:$third index.html:$fourth"
tap_ok 'it is made anew when it is lost'
cp "$jobs/applied.memory" "$T/good"
echo '{}' >"$jobs/applied.memory"
write seven '<p>seven'
agent_sync app
marks_are "app.conf:$third index.html:$fourth" && cmp "$T/good" "$jobs/applied.memory" >/dev/null
tap_ok 'or damaged'
sed "s/$third/$second/g" "$T/good" >"$jobs/applied.memory"
write eight '<p>eight'
agent_sync app
marks_are "app.conf:$third index.html:$fourth" && cmp "$T/good" "$jobs/applied.memory" >/dev/null
tap_ok 'or no longer what it was'
apply
eighth=$COMMIT

# --- a step back
printf 'checks: [{http: "http://127.0.0.1:1/", within: 1s}]\n' >>"$T/app/assent.yaml"
write nine '<p>nine'
agent_sync app
marks_are 'app.conf:- index.html:-'
agent_decide "$PLAN" alice approve
agent_becomes app failed
sed -i '/^checks:/d' "$T/app/assent.yaml"
echo 'by hand' >"$page"
write ten '<p>ten'
agent_sync app
marks_are "app.conf:- index.html:$eighth"
tap_ok 'what was undone does not count'
apply

# --- an apply that ends badly, and stays
printf 'on-failure: stop\nchecks: [{http: "http://127.0.0.1:1/", within: 1s}]\n' \
  >>"$T/app/assent.yaml"
write half '<p>half'
half=$COMMIT
agent_sync app
agent_decide "$PLAN" alice approve
agent_becomes app failed
sed -i '/^checks:/d; /^on-failure:/d' "$T/app/assent.yaml"
echo 'by hand' >"$page"
write whole '<p>whole'
agent_sync app
marks_are "app.conf:- index.html:$half"
tap_ok 'what was done counts, though the apply failed'
apply

# --- gone, and there again
sed -i '/app.conf/d; /mode: /d' "$T/app/assent.yaml"
printf 'prune: true\n' >>"$T/app/assent.yaml"
rm "$T/app/app.conf"
agent_commit app 'without app.conf'
agent_sync app
[ "$STATE_NOW" = pending ] && apply
gone=$COMMIT
[ ! -e "$conf" ]
tap_ok 'a file goes that nobody asks for any more'
echo 'again' >"$conf"
sed -i "s|^resources:|resources:\n  - file: $conf\n    source: app.conf|" "$T/app/assent.yaml"
write eleven '<p>whole'
agent_sync app
marks_are "app.conf:$gone"
tap_ok 'what was removed and is there again is marked'

# --- a plan that is not kept
agent_entries apply-done app
plan_file=$STATE/objects/$(field "d[-1]['plan'][7:9] + '/' + d[-1]['plan'][9:]")
[ -f "$plan_file" ] && rm "$plan_file" "$jobs/applied.memory"
write twelve '<p>twelve'
agent_sync app
marks_are 'app.conf:- index.html:-'
tap_ok 'without a plan of what was applied nothing is said of what came before'
tap_end
