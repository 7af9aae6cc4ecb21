#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Agent, worker and a real API server: a commit is planned, approved, applied, changed, rolled back
# and pruned, and nothing comes into the cluster without an approval.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/kubernetes/lib-cluster.sh"
cluster_begin
kube_writer one
kube_config "$T/etc/kubeconfig"

git init -q -b main "$T/shop"
mkdir -p "$T/shop/manifests"
cat >"$T/shop/assent.yaml" <<M
resources:
  - kubernetes: manifests/
    namespace: shop
    prune: true
M
cat >"$T/shop/manifests/base.yaml" <<M
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {word: hush-hush-hush}
M
cluster_web example.org/web:1 2 >"$T/shop/manifests/web.yaml"
agent_commit shop first
agent_stack shop 'approval: {required: 1, from: [ops]}' \
  'kubernetes: {clusters: [one], cluster-scoped: true}'
cluster_conf 'one: {kubeconfig: kubeconfig, context: one}'
agent_init
agent_start

# What the cluster has: PATH EXPRESSION on d
has() {
  kube_curl GET "$1"
  [ "$STATUS" = "${3:-200}" ] && { [ -z "$2" ] || [ "$(field "$2")" = True ]; }
}
M=/api/v1/namespaces/shop/configmaps/settings
W=/apis/apps/v1/namespaces/shop/deployments/web
plan_is() { # EXPRESSION on p, the plan $PLAN
  agent_get "/v1/plans/$PLAN/plan.json"
  [ "$(field "(lambda p: $1)(d)")" = True ] || {
    echo "# $BODY" >&2
    return 1
  }
}
apply() { # PERSON
  agent_decide "$PLAN" "$1" approve
  [ "$CODE" = accepted ] && agent_becomes shop converged
}
say() {
  echo "# $STATE_NOW $REASON_NOW" >&2
  tap_note "$T/agent.log"
}

agent_sync shop
[ "$STATE_NOW" = pending ] && plan_is "[(c['action'], c['id']) for c in p['changes']] == [
  ('create', 'k8s:one/Namespace/shop'), ('create', 'k8s:one/shop/ConfigMap/settings'),
  ('create', 'k8s:one/shop/Secret/login'), ('create', 'k8s:one/shop/Deployment/web')]"
tap_ok 'a first commit is a plan of four objects' || say
agent_get "/v1/plans/$PLAN/diff"
! printf '%s' "$BODY" | grep -q hush && printf '%s' "$BODY" | grep -q blue
tap_ok 'its diff shows what comes, but no secret' || echo "# $BODY" >&2
has /api/v1/namespaces/shop '' 404
told() { # EXPRESSION on e, our Events, oldest first; of(name): the notes about one
  kube_curl GET /apis/events.k8s.io/v1/events
  [ "$(field "(lambda e: (lambda of: $1)(lambda name:
    [i['note'] for i in e if i['regarding']['name'] == name]))(
    sorted((i for i in d['items'] if i['reportingController'] == 'assent.org/agent'),
    key=lambda i: int(i['metadata']['resourceVersion'])))")" = True ] || {
    echo "# $BODY" >&2
    return 1
  }
}
late() { # PLAN: the server took longer than Events may, and the result says so
  agent_get "/v1/plans/$1/steps"
  printf '%s' "$BODY" |
    grep -Eq 'no Events were written: [^"]*(did not answer all|no answer in time|no time left)'
}
tap_told() { # NAME PLAN EXPRESSION
  if told "$3" || ! late "$2"; then
    told "$3"
    tap_ok "$1" || say
  else
    tap_skip "$1" 'the API server took longer than Events may'
  fi
}
told 'e == []'
tap_ok 'nothing is there before somebody approves'
first=$PLAN
digits=$(printf '%s' "${PLAN#sha256:}" | cut -c1-12)
commit=$(git -C "$T/shop" rev-parse --short=12 HEAD)
apply alice
tap_ok 'approved and applied' || say
tap_told 'an Event on each object says by which plan, and who approved' "$first" \
  "len(e) == 4 and all(of(n) == [\"Created by plan $digits of stack 'shop', commit $commit, \"
  'approved by alice'] for n in ('shop', 'settings', 'login', 'web')) and
  all(i['reportingInstance'] == 'web1.test' and 'hush' not in repr(i) for i in e)"
has $M "d['data']['colour'] == 'blue'" && has $W "d['spec']['replicas'] == 2"
tap_ok 'it is there' || echo "# $STATUS $BODY" >&2
has $M "'assent' in [m['manager'] for m in d['metadata']['managedFields']]"
tap_ok 'by a field manager of its own' || echo "# $BODY" >&2
agent_sync shop
[ "$STATE_NOW" = converged ] && [ -z "$PLAN" ]
tap_ok 'the same again is no plan' || say

# A policy that warns, and quotes what it warns of.
of='object.kind == \"Secret\" ? \"word\" : \"colour\"'
admission=/apis/admissionregistration.k8s.io/v1
kube_curl POST "$admission/validatingadmissionpolicies" \
  '{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy",
"metadata":{"name":"warns"},"spec":{"failurePolicy":"Fail",
"matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],
"operations":["CREATE","UPDATE"],"resources":["configmaps","secrets"]}]},
"validations":[{"expression":"!(object.metadata.name in [\"settings\", \"login\"])",
"messageExpression":"\"goes soon: \" + object.data['"$of"']"}]}}'
[ "$STATUS" = 201 ] || echo "# $BODY" >&2
kube_curl POST "$admission/validatingadmissionpolicybindings" \
  '{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding",
"metadata":{"name":"warns"},"spec":{"policyName":"warns","validationActions":["Warn"]}}'
hushed=$(printf hush-hush-hush | openssl base64 -A)
is_warned() {
  kube_ctl -n shop annotate "$1" a=b --dry-run=server 2>&1 | grep -q "goes soon: $2"
}
kube_wait is_warned configmap/settings blue && kube_wait is_warned secret/login "$hushed"
tap_ok 'a server that warns' || echo "# $BODY" >&2

sed -i 's/blue/green/' "$T/shop/manifests/base.yaml"
agent_commit shop green
agent_sync shop
plan_is "[(c['action'], c['id']) for c in p['changes']] == [
  ('update', 'k8s:one/shop/ConfigMap/settings')]"
tap_ok 'only what differs is planned' || say
warns="the server warns: .*'warns'.*: goes soon: green\$"
agent_get "/v1/plans/$PLAN/diff"
printf '%s\n' "$BODY" | grep -q "^ $warns" &&
  "$builddir/assent" show --socket "$SOCK" "$PLAN" >"$T/said" 2>&1 && grep -q "$warns" "$T/said"
tap_ok 'what the server warns of stands in the diff' || tap_note "$T/said"
grep -q 'Secret/login: the server warns: (not shown' "$T/agent.log" &&
  grep -q 'ConfigMap/settings: the server warns: .* goes soon: green' "$T/agent.log"
tap_ok 'and in the log of the agent, of a Secret without its words' || say
kube_curl APPLY "$M?fieldManager=other&force=true" \
  '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"size":"9"}}'
old=$PLAN
agent_decide "$PLAN" bob approve
agent_wait_for 'agent_look shop && [ "$STATE_NOW" = pending ] && [ "$PLAN" != "$old" ]' &&
  has $M "d['data'] == {'colour': 'blue', 'size': '9'}"
tap_ok 'when the object has changed since, the plan is void and nothing happens' || say
apply bob
has $M "d['data'] == {'colour': 'green', 'size': '9'}"
tap_ok 'the new one is applied, and what somebody else owns stays' || echo "# $BODY" >&2

"$builddir/assent" rollback --socket "$SOCK" shop --reason 'green is ugly' >"$T/said" 2>&1
agent_becomes shop pending &&
  plan_is "p['reason'] == 'rollback' and len(p['changes']) == 1" && back=$PLAN && apply alice &&
  has $M "d['data'] == {'colour': 'blue', 'size': '9'}"
tap_ok 'a rollback goes through the same gate' || {
  tap_note "$T/said"
  say
}
tap_told 'and its Event says so' "$back" "of('settings')[-1].startswith('Changed by plan ') and
  ' (rollback) of stack ' in of('settings')[-1] and
  of('settings')[-1].endswith(', approved by alice')"

echo '# passed' >>"$T/shop/manifests/base.yaml"
rm "$T/shop/manifests/web.yaml"
agent_commit shop 'no web'
agent_sync shop
plan_is "('remove', 'k8s:one/shop/Deployment/web') in [(c['action'], c['id'])
  for c in p['changes']]" && has $W ''
tap_ok 'what the commit has no more is to be removed' || say
agent_decide "$PLAN" alice reject 'not today'
has $W ''
tap_ok 'not without an approval'
"$builddir/assent" replan --socket "$SOCK" shop >"$T/said" 2>&1
agent_becomes shop pending && apply alice && has $W '' 404
tap_ok 'with one it goes' || say
"$builddir/assent" log verify "$STATE/log" >"$T/said" 2>&1
tap_ok 'the log is sound' || tap_note "$T/said"
! grep -rqs -e hush-hush-hush -e "$hushed" "$STATE/objects" "$STATE/log" "$T/agent.log"
tap_ok 'a Secret of the repository is in nothing that the agent keeps but its mirror'
tap_end
