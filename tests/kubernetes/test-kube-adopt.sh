#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Objects of kubectl, Flux and Argo CD: what `assent adopt` says of them, and that a plan takes them
# over without a change of their content.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/kubernetes/lib-cluster.sh"
cluster_begin
N=/api/v1/namespaces
kube_curl POST $N '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'

git init -q -b main "$T/web"
mkdir -p "$T/web/manifests"
printf 'resources:\n  - {kubernetes: manifests/, namespace: shop, wait: false}\n' \
  >"$T/web/assent.yaml"
for name in client server flux argo copied bare; do
  cluster_map $name 1 shop >"$T/web/manifests/$name.yaml"
done
sed -i 's/"1"}/"1", old: "1"}/' "$T/web/manifests/client.yaml"
cluster_web example.org/web:1 2 shop >"$T/web/manifests/web.yaml"
cd "$T/web/manifests" || exit 1
kube_ctl apply -f client.yaml -f web.yaml >/dev/null &&
  kube_ctl apply --server-side -f server.yaml >/dev/null
# As the two tools apply: names of managers, labels and annotations are theirs.
theirs() { # NAME MANAGER METADATA
  kube_curl APPLY "$N/shop/configmaps/$1?fieldManager=$2" "{\"apiVersion\":\"v1\",
    \"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"$1\",$3},\"data\":{\"value\":\"1\"}}"
  [ "$STATUS" = 201 ]
}
theirs flux kustomize-controller '"labels":{"kustomize.toolkit.fluxcd.io/name":"apps",
  "kustomize.toolkit.fluxcd.io/namespace":"flux-system"}' &&
  theirs argo argocd-controller '"annotations":{
    "argocd.argoproj.io/tracking-id":"front:/ConfigMap:shop/argo"}' &&
  theirs copied somebody '"annotations":{
    "argocd.argoproj.io/tracking-id":"front:/ConfigMap:shop/argo"}'
tap_ok 'objects of kubectl, Flux and Argo CD' || exit 1
cd "$T" || exit 1
agent_commit web first

agent_stack web 'approval: {required: 1, from: [ops]}' \
  'kubernetes: {clusters: [one], namespaces: [shop]}'
cluster_conf "one: {kubeconfig: $KUBE/config}"
agent_init
agent_start

adopt() { # OPTION...: sets RC
  ASSENT_SOCKET=$SOCK "$builddir/assent" adopt web "$@" >"$T/out" 2>"$T/err"
  RC=$?
}
finds() { # EXPRESSION on d (the document) and f (found, by name)
  python3 -c "import json, sys
d = json.load(open('$T/out'))
f = {x['id'].split('/')[-1]: x for x in d['found']}
t = lambda n: [c['tool'] for c in f[n]['claims']]
sys.exit(not ($1))" || {
    tap_note "$T/out" "$T/err"
    return 1
  }
}
objects() { # all of them without what a take-over writes
  kube_ctl -n shop get configmaps,deployments -o json --show-managed-fields | python3 -c '
import json, sys
for o in sorted(json.load(sys.stdin)["items"], key=lambda o: o["metadata"]["name"]):
    m = o["metadata"]
    if m["name"].startswith("assent-") or m["name"] == "bare": continue
    m["managedFields"] = [f for f in m["managedFields"] if f["manager"] != "assent"]
    m.pop("resourceVersion")
    m.pop("generation", None)  # servers count annotations of a Deployment, too
    for k, n in (("annotations", "assent.org/id"), ("labels", "applyset.kubernetes.io/part-of")):
        m.get(k, {}).pop(n, None)
        if not m.get(k, True): m.pop(k)
    print(json.dumps(o, sort_keys=True))'
}
agent_sync web
[ -n "$PLAN" ]
tap_ok 'there is a plan' || {
  tap_note "$T/agent.log"
  exit 1
}
objects >"$T/before"
kube_ctl -n shop get configmaps,deployments -o json >"$T/exactly"
adopt --json
[ "$RC" = 1 ] && finds "d['blocked'] and d['found_total'] == 6 and 'bare' not in f" &&
  finds "all(x['content'] == 'same' and x['problems'] == [] for x in f.values())"
tap_ok 'what is there would stay as it is, what is not there is no take-over'
finds "t('client') == ['kubectl'] and t('web') == ['kubectl'] and t('server') == ['applier'] and
  f['server']['claims'][0]['name'] == 'kubectl' and t('copied') == ['applier']"
tap_ok 'kubectl is known by both ways, and a tracking id that was copied says nothing'
finds "t('flux') == ['flux'] and t('argo') == ['argocd'] and
  f['flux']['claims'][0]['namespace'] == 'flux-system' and
  f['argo']['claims'][0]['name'] == 'front' and
  [n for n in f if any(c['fights'] for c in f[n]['claims'])] == ['argo', 'flux']"
tap_ok 'Flux and Argo CD are named as those that would fight'
adopt
[ "$RC" = 1 ] && grep -qxF 'k8s:one/shop/ConfigMap/flux: its content stays as it is' "$T/out" &&
  grep -qF 'flux suspend kustomization apps -n flux-system' "$T/out"
tap_ok 'and what to do is said to people' || tap_note "$T/out" "$T/err"
kube_ctl -n shop get configmaps,deployments -o json | cmp -s - "$T/exactly" && agent_is web pending
tap_ok 'nothing was changed by asking'

# Another Application's, and a value that kubectl has set.
kube_curl PATCH "$N/shop/configmaps/argo" \
  '{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"other:/ConfigMap:shop/argo"}}}'
cluster_map server 2 shop >"$T/web/manifests/server.yaml"
agent_commit web other
agent_sync web
adopt --json
[ "$RC" = 1 ] && finds "f['server']['content'] == 'changes' and 'force-conflicts' in
  f['server']['problems'][0] and '.data.value' in f['server']['problems'][0] and
  f['argo']['claims'][0]['name'] == 'other'"
tap_ok 'a field with another value is in the way, and named with its owner'
kube_curl GET "$N/shop/configmaps/server"
printf '%s' "$BODY" | grep -q '"value": *"1"' && ! printf '%s' "$BODY" | grep -q assent.org
tap_ok 'it was not taken'

cluster_map server 1 shop >"$T/web/manifests/server.yaml"
agent_commit web back
objects >"$T/before"
agent_sync web
ASSENT_SOCKET=$SOCK "$builddir/assent" show "$PLAN" >"$T/diff"
[ "$(grep -c 'taken over as it is: only what marks it as ours is new' "$T/diff")" = 6 ] &&
  grep -q 'kept by Flux: Kustomization flux-system/apps' "$T/diff" &&
  ! grep -q 'with a change of its content' "$T/diff"
tap_ok 'who approves sees that contents stay, and whose they were' || tap_note "$T/diff"
agent_decide "$PLAN" alice approve && agent_becomes web converged && objects >"$T/after" &&
  cmp -s "$T/before" "$T/after"
tap_ok 'the take-over changes nothing but the marks' || {
  diff "$T/before" "$T/after" >"$T/err"
  tap_note "$T/err"
}
kube_curl GET "$N/shop/configmaps/flux"
printf '%s' "$BODY" | grep -q '"assent.org/id"' && adopt && [ "$RC" = 0 ] &&
  grep -q 'nothing to take over' "$T/out"
tap_ok 'afterwards there is nothing left to take over' || tap_note "$T/out" "$T/err"

# A field that the manifest drops later, and how kubectl's hold on it is ended by hand.
cluster_map client 1 shop >"$T/web/manifests/client.yaml"
agent_commit web drop
agent_sync web
client=$N/shop/configmaps/client
old() { # VALUE: what the field has that was dropped; "gone": there is none
  kube_curl GET "$client"
  [ "$(field "d['data'].get('old', 'gone')")" = "$1" ]
}
# A look at what has changed and the question for a plan may each make one.
planned() {
  agent_look web
  [ -n "$PLAN" ] && agent_get "/v1/plans/$PLAN/diff" &&
    printf '%s\n' "$BODY" | grep -qxF -- '-.data.old = "1"'
}
goes() {
  agent_look web
  [ -z "$PLAN" ] || agent_decide "$PLAN" alice approve
  agent_is web converged && old gone
}
[ -z "$PLAN" ] && agent_is web converged && old 1
tap_ok 'a field that kubectl has applied, too, stays when the manifest drops it'
at=$(kube_ctl -n shop get configmap client -o yaml --show-managed-fields |
  grep '^    manager: ' | grep -n kubectl-client-side-apply | cut -d: -f1)
at=$((at - 1))
kube_ctl -n shop patch configmap client --type=json -p "[
  {\"op\": \"test\", \"path\": \"/metadata/managedFields/$at/manager\",
   \"value\": \"kubectl-client-side-apply\"},
  {\"op\": \"remove\", \"path\": \"/metadata/managedFields/$at\"}]" >"$T/said" 2>&1 &&
  kube_ctl -n shop annotate configmap client \
    kubectl.kubernetes.io/last-applied-configuration- >>"$T/said" 2>&1
tap_ok 'its entry can be taken out by hand' || tap_note "$T/said"
agent_ask web replan
agent_wait_for planned && old 1
tap_ok 'then the field is planned to go' || tap_note "$T/agent.log"
agent_wait_for goes
tap_ok 'and goes' || tap_note "$T/agent.log"
agent_stop
tap_end
