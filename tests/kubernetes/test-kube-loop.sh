#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole way: from a commit to objects in a cluster, by agent, approval and the real worker.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/kubernetes/lib-cluster.sh"
cluster_begin
kube_writer one
M=/api/v1/namespaces/shop/configmaps

git init -q -b main "$T/web"
mkdir -p "$T/web/manifests" "$T/out"
cat >"$T/web/assent.yaml" <<'Y'
resources:
  - kubernetes: manifests/
    namespace: shop
    prune: true
    within: 30s
on-failure: rollback
Y
printf 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n' >"$T/web/manifests/ns.yaml"
cluster_map conf 1 >"$T/web/manifests/conf.yaml"
cluster_map more 1 >"$T/web/manifests/more.yaml"
cluster_web one >"$T/web/manifests/web.yaml"
cat >"$T/web/manifests/secret.yaml" <<'Y'
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {k: some-secret-bytes}
Y
agent_commit web first
agent_stack web 'approval: {required: 1, from: [ops]}' \
  'kubernetes: {clusters: [one], namespaces: [shop], cluster-scoped: true}'
cluster_conf "one: {kubeconfig: $KUBE/config}"
agent_init
agent_start

value() { # NAME EXPRESSION
  kube_curl GET "$M/$1"
  printf '%s' "$BODY" | python3 -c "import json, sys
d = json.load(sys.stdin)
print($2)" 2>/dev/null
}
says() { # EXPRESSION on d, the stack
  agent_stack_field web "$1"
}
note() {
  agent_look web
  echo "# $STATE_NOW: $REASON_NOW" >&2
  tap_note "$T/agent.log"
}

agent_sync web
[ -n "$PLAN" ]
tap_ok 'a commit with manifests becomes a plan' || {
  note
  exit 1
}
agent_decide "$PLAN" alice approve && agent_becomes web converged &&
  [ "$(value conf "d['data']['value']")" = 1 ]
tap_ok 'which is applied once it is approved' || exit 1
agent_sync web
agent_is web converged && [ -z "$PLAN" ]
tap_ok 'and then there is nothing to do' || note

cluster_map conf 2 >"$T/web/manifests/conf.yaml"
rm "$T/web/manifests/more.yaml"
agent_commit web second
agent_sync web
agent_decide "$PLAN" alice approve && agent_becomes web converged &&
  [ "$(value conf "d['data']['value']")" = 2 ] && kube_curl GET "$M/more" && [ "$STATUS" = 404 ]
tap_ok 'a change and a removal' || note

kube_rule one 'deployments shop/* failed'
cluster_map conf 3 >"$T/web/manifests/conf.yaml"
cluster_web broken >"$T/web/manifests/web.yaml"
agent_commit web broken
agent_sync web
agent_decide "$PLAN" alice approve
agent_becomes web failed && [ "$(value conf "d['data']['value']")" = 2 ] &&
  printf '%s' "$REASON_NOW" | grep -q 'ready'
tap_ok 'what does not become ready is taken back, and the reason says so' || note

# The agent dies with its worker in the middle of an apply.
kube_rule one 'deployments shop/* unseen'
cluster_web third >"$T/web/manifests/web.yaml"
agent_commit web third
agent_sync web
agent_decide "$PLAN" alice approve
agent_wait_for '[ "$(value conf "d[\"data\"][\"value\"]")" = 3 ]'
worker=$(pgrep -P "$agent_pid" -f assent-worker)
agent_stop KILL
for pid in $worker; do
  kill -9 "$pid" 2>/dev/null
done
kube_rule one
agent_start
agent_wait_for '[ "$(value conf "d[\"data\"][\"value\"]")" = 2 ]'
tap_ok 'after kill -9 of agent and worker what was begun is taken back' || note
! grep -rqE 'some-secret-bytes|c29tZS1zZWNyZXQtYnl0ZXM' "$STATE" "$T/agent.log"
tap_ok 'no byte of a secret is in what the agent keeps'
agent_stop
tap_end
