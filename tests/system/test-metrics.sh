#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The agent in numbers: that they are those of its state, in a form that Prometheus reads, and that
# dashboard and rules ask for numbers that there are.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-http.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
agent_repo app
agent_stack app 'approval: {required: 1, from: [ops]}'
agent_init
(umask 077 && echo http://127.0.0.1:9/hooks/abc >"$T/etc/hook")
echo 'notify: [{mattermost: {webhook: file:hook}}]' >>"$CONF"
http_section 'rate: 100000' 'burst: 100000'
agent_start
http_port
url=http://127.0.0.1:$PORT
agent_sync app

metric() { # NAME-AND-LABELS
  agent_get /metrics && [ "$STATUS" = 200 ] &&
    VALUE=$(printf '%s\n' "$BODY" | awk -v name="$1" '$1 == name {print $2}')
}
is() { # NAME-AND-LABELS VALUE
  metric "$1" && [ "$VALUE" = "$2" ] && return
  echo "# $1 is '$VALUE'"
  return 1
}

is 'assent_stack_state{stack="app",state="pending"}' 1 &&
  is 'assent_stack_state{stack="app",state="converged"}' 0
tap_ok 'the state is told'
is 'assent_stack_pending_missing{stack="app"}' 1 && is 'assent_stack_pending{stack="app"}' 1
tap_ok 'a plan that waits is told, and what it lacks'
is 'assent_job_duration_seconds_count{stack="app",job="plan"}' 1 &&
  is 'assent_job_duration_seconds_bucket{stack="app",job="plan",le="+Inf"}' 1
tap_ok 'jobs are timed'
failed() {
  metric 'assent_notifications_total{notifier="mattermost",result="failed"}' && [ "$VALUE" -gt 0 ]
}
agent_wait_for failed
tap_ok 'a notice that does not get through is counted'

http_get "$url/metrics"
[ "$STATUS" = 404 ]
tap_ok 'by TCP there are none unless the configuration says so'
http_get "$url/readyz"
[ "$STATUS $BODY" = '200 ok' ]
tap_ok '/readyz says ok'
http_section 'metrics: true' 'rate: 100000' 'burst: 100000'
http_reload
url=http://127.0.0.1:$PORT
http_get "$url/metrics"
[ "$STATUS" = 200 ] && grep -qi '^content-type: text/plain; version=0.0.4' "$T/header"
tap_ok 'by TCP they are text of version 0.0.4'
cp "$T/body" "$T/metrics"

agent_decide "$PLAN" alice approve
agent_becomes app converged
is 'assent_stack_state{stack="app",state="converged"}' 1 &&
  is 'assent_plans_total{stack="app",outcome="applied"}' 1 &&
  is 'assent_decisions_total{decision="approve"}' 1 &&
  is 'assent_stack_pending_missing{stack="app"}' 0 && is 'assent_stack_applied_ok{stack="app"}' 1
tap_ok 'an apply is counted'
failed
tap_ok 'a reload forgets no count'
agent_get /v1/info
size=$(field "d['size']")
is assent_log_entries "$size" && is assent_leader 1
tap_ok 'so is the log'
before=$(metric assent_log_bytes && echo "$VALUE")
agent_stop
agent_start
is assent_log_bytes "$before" && is 'assent_plans_total{stack="app",outcome="applied"}' 1
tap_ok 'what the log says is counted again after a restart'

python3 - "$srcdir/contrib/metrics" "$T/metrics" "$T/exprs.yml" <<'P'
import json, re, sys
folder, metrics, out = sys.argv[1:]
known = set(re.findall(r"^# TYPE (\S+)", open(metrics).read(), re.M))
board = json.load(open(folder + "/assent.grafana.json"))
exprs = [t["expr"] for p in board["panels"] for t in p["targets"]]
rules = re.sub(r"#.*", "", open(folder + "/assent.rules.yml").read())
text = "\n".join(exprs) + rules
asked = set(re.findall(r"\b((?:assent|process)_[a-z_]+)", text)) - {"assent_"}
asked = {re.sub(r"_(bucket|sum|count)$", "", a) for a in asked if a != "assent"}
missing = sorted(asked - known)
with open(out, "w") as f:
    f.write("groups:\n  - name: board\n    rules:\n")
    for n, e in enumerate(exprs):
        f.write("      - record: r%d\n        expr: %s\n" % (n, json.dumps(e)))
if missing or len(exprs) < 10:
    print("# not there:", missing)
    sys.exit(1)
P
tap_ok 'dashboard and rules ask for what there is'

if ! command -v promtool >/dev/null; then
  tap_skip 'Prometheus reads the numbers' 'promtool is not here'
  tap_skip 'the rules fire when they should' 'promtool is not here'
  tap_skip 'the expressions of the dashboard are such' 'promtool is not here'
else
  promtool check metrics <"$T/metrics" >"$T/prom.out" 2>&1
  tap_ok 'Prometheus reads the numbers' || tap_note "$T/prom.out"
  cp "$srcdir"/contrib/metrics/*.yml "$T" &&
    promtool test rules "$T/assent.rules.test.yml" >"$T/prom.out" 2>&1
  tap_ok 'the rules fire when they should' || tap_note "$T/prom.out"
  promtool check rules "$T/exprs.yml" >"$T/prom.out" 2>&1
  tap_ok 'the expressions of the dashboard are such' || tap_note "$T/prom.out"
fi
tap_end
