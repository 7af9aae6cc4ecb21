#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Drift of a cluster's objects, against a real API server: it is noticed by watches, named by its
# field manager, and looked at alone.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/kubernetes/lib-cluster.sh"
cluster_begin

# Somebody whose rights can be taken away.
kube_ctl create clusterrolebinding all --clusterrole=cluster-admin --user=nobody >"$T/told" 2>&1
agent_repo app
agent_stack app 'approval: {required: 1, from: [alice]}' 'on-drift: report' \
  'kubernetes: {clusters: [prod], cluster-scoped: true}'
cluster_conf "prod: {kubeconfig: $KUBE/config, context: one-nobody}"
mkdir "$T/app/manifests"
cat >"$T/app/manifests/all.yaml" <<'M'
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: shop}
data: {color: red, size: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cache, namespace: shop}
data: {size: "2"}
M
cluster_web web:1 2 shop >>"$T/app/manifests/all.yaml"
cat >"$T/app/assent.yaml" <<-M
	resources:
	  - kubernetes: manifests/
	    context: prod
	    wait: false
M
agent_commit app 'to the cluster'
agent_init
# What each plan job is asked.
cat >"$T/worker" <<-W
	#!/bin/sh
	tee -a "$T/requests" | "$builddir/assent-worker" "\$@"
W
chmod 755 "$T/worker"
case $builddir in /*) ;; *) builddir=$PWD/$builddir ;; esac
sed -i "s,| \"[^\"]*assent-worker\",| \"$builddir/assent-worker\"," "$T/worker"
WORKER=$T/worker
: >"$T/requests"
agent_start
agent_sync app
[ -n "$PLAN" ] && agent_decide "$PLAN" alice approve
agent_becomes app converged
tap_ok 'objects are applied' || tap_note "$T/body"

rests() { [ "$(agent_stack_field app "d['job']")" = none ]; }
followed() { [ "$(grep -c '"job":"watch"' "$T/requests")" -ge "${1-1}" ]; }
drift_is() { agent_get /v1/stacks/app && [ "$(field "d['drift']")" = "$1" ]; }
looks() { grep -c '"drift":{' "$T/requests"; }
settled() { # no look for a second
  looks_before=$(looks)
  sleep 1
  rests && [ "$(looks)" = "$looks_before" ]
}
item() { # EXPRESSION on x, of the first that differs
  agent_get /v1/stacks/app/drift && field "(lambda x: $1)(d['changes'][0])"
}
names() { agent_get /v1/stacks/app/drift && field "sorted(x['id'] for x in d['changes'])"; }

agent_wait_for followed
tap_ok 'a worker follows the cluster' || tap_note "$T/agent.log"
agent_wait_for settled
tap_ok 'what was applied is no drift, and what we did asks for no look without end'
drift_is 0
tap_ok 'nothing differs' || tap_note "$T/body"

kube_ctl -n shop patch configmap web --field-manager=kubectl-edit --type=merge \
  -p '{"data":{"color":"blue"}}' >"$T/told" 2>&1
agent_wait_for 'drift_is 1 && rests'
tap_ok 'an edit is seen' || tap_note "$T/told" "$T/agent.log"
[ "$(names)" = "['k8s:prod/shop/ConfigMap/web']" ]
tap_ok 'in the object where it is' || tap_note "$T/body"
[ "$(item "x.get('manager')")" = kubectl-edit ]
tap_ok 'with the field manager' || tap_note "$T/body"
[ "$(item "abs(x.get('changed', 0) - $(date +%s)) < 300")" = True ]
tap_ok 'and the time' || tap_note "$T/body"
for command in why diff; do
  "$builddir/assent" "$command" app --socket "$SOCK" >"$T/told" 2>&1
  grep -q 'k8s:prod/shop/ConfigMap/web: by field manager kubectl-edit, 20[0-9][0-9]-' "$T/told"
  tap_ok "which \"assent $command\" says, too" || tap_note "$T/told"
done
grep '"drift":{' "$T/requests" | tail -1 | grep -q '"objects":\["k8s:prod/shop/ConfigMap/web"\]'
tap_ok 'only that object was looked at' || grep -o '"drift":.*' "$T/requests" >&2

kube_ctl -n shop scale deployment web --replicas=5 >"$T/told" 2>&1
agent_wait_for 'drift_is 2 && rests'
tap_ok 'a scaled Deployment is seen beside it' || tap_note "$T/told" "$T/body"
[ "$(names)" = "['k8s:prod/shop/ConfigMap/web', 'k8s:prod/shop/Deployment/web']" ]
tap_ok 'and what was known before stays' || tap_note "$T/body"
item 'x' >/dev/null
scaled="[x.get('manager') for x in d['changes'] if 'Deployment' in x['id']][0]"
[ "$(field "$scaled")" = 'kubectl (scale)' ]
tap_ok 'with the subresource that was written' || tap_note "$T/body"

kube_ctl -n shop label configmap cache applyset.kubernetes.io/part-of- >"$T/told" 2>&1
agent_wait_for 'drift_is 3 && rests'
tap_ok 'a label that was taken away is drift' || tap_note "$T/told" "$T/body"
kube_ctl -n shop delete configmap cache >"$T/told" 2>&1
kube_ctl -n shop patch configmap web --field-manager=kubectl-edit --type=merge \
  -p '{"data":{"color":"red"}}' >"$T/told" 2>&1
agent_wait_for 'drift_is 2 && rests'
tap_ok 'what is put back is drift no more' || tap_note "$T/body"

# Looks are due at once a few times, then every ten seconds; a new agent begins anew.
new_agent() { # CHANGES: that it finds
  followers=$(grep -c '"job":"watch"' "$T/requests")
  agent_stop
  agent_start
  agent_wait_for "followed $((followers + 1)) && settled && drift_is $1"
}

# --- a restart of the server, and 410
new_agent 2
tap_ok 'another agent follows, and finds the same' || tap_note "$T/body" "$T/agent.log"
kube_restart one
kube_ctl -n shop patch configmap web --field-manager=kubectl-edit --type=merge \
  -p '{"data":{"color":"green"}}' >"$T/told" 2>&1
agent_wait_for 'drift_is 3 && rests'
tap_ok 'after a restart of the server changes are seen again' || tap_note "$T/body" "$T/agent.log"
kube_compact one
kube_restart one
kube_ctl -n shop scale deployment web --replicas=2 >"$T/told" 2>&1
agent_wait_for 'drift_is 2 && rests'
tap_ok 'and after it has forgotten what was before' || tap_note "$T/body" "$T/agent.log"

# --- the worker dies
pid=$(pgrep -f "assent-worker --trust $T/etc" | head -1)
[ -n "$pid" ] && count=$(grep -c '"job":"watch"' "$T/requests") && kill -9 "$pid"
agent_wait_for 'followed $((count + 1))'
tap_ok 'one that died is started again' || tap_note "$T/agent.log"
kube_ctl -n shop patch configmap web --field-manager=helm --type=merge \
  -p '{"data":{"color":"red"}}' >"$T/told" 2>&1
agent_wait_for 'drift_is 1 && rests'
tap_ok 'and sees what happens' || tap_note "$T/body" "$T/agent.log"

# --- many changes
new_agent 1
before=$(looks)
python3 -I -S - "$KUBE" "$(cat "$KUBE/one/port")" <<'P' || exit 1
import http.client, json, ssl, sys
kube, port = sys.argv[1:]
server = http.client.HTTPSConnection(
    "127.0.0.1", int(port), context=ssl.create_default_context(cafile=kube + "/ca.pem"))
headers = {"Authorization": "Bearer " + open(kube + "/admin.token").read().strip(),
           "Content-Type": "application/merge-patch+json"}
for i in range(1, 201):
    server.request("PATCH", "/api/v1/namespaces/shop/configmaps/web?fieldManager=storm",
                   json.dumps({"data": {"color": f"c{i}"}}), headers)
    answer = server.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
P
agent_wait_for 'drift_is 2 && rests'
[ $(($(looks) - before)) -lt 20 ]
tap_ok '200 changes are few looks' || echo "# $(($(looks) - before))" >&2

# --- the right is taken away; open streams are not asked again before they are made anew
told() { grep -c 'changes there are found by the next look at everything' "$T/agent.log"; }
before=$(told)
kube_ctl delete clusterrolebinding all >"$T/told" 2>&1
kube_restart one
problem() { agent_stack_field app "d['watch_problem']"; }
agent_wait_for 'problem | grep -q forbidden'
tap_ok 'a right that was taken away is said in the status' || tap_note "$T/body" "$T/agent.log"
problem | grep -q "cluster 'prod' is not followed: /ap"
tap_ok 'with the cluster and what cannot be watched' || tap_note "$T/body"
[ "$(told)" = $((before + 1)) ]
tap_ok 'and once in the log' || tap_note "$T/agent.log"
agent_stop
[ "$agent_code" = 0 ]
tap_ok 'the agent ends'
! pgrep -f "assent-worker --trust $T/etc" >/dev/null
tap_ok 'and no worker is left'
tap_end
