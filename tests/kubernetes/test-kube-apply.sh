#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Objects of a plan are applied to a real API server, and taken back, whatever comes between.
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/kubernetes/lib-kube.sh"
kube_need || tap_skip_all "$REASON"
git_begin
kube_begin || exit 1
kube_writer one
. "${srcdir:-.}/tests/kubernetes/lib-objects.sh"
secret() { # NAME BASE64
  printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s","namespace":"shop"},
"data":{"k":"%s"}}' \
    "$1" "$2"
}
web() { # LABEL IMAGE
  printf '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web",
"namespace":"shop"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"%s"}},
"template":{"metadata":{"labels":{"app":"%s"}},"spec":{"containers":[{"name":"c",
"image":"%s"}]}}}}' \
    "$1" "$1" "$2"
}
space='{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'
crd='{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
"metadata":{"name":"widgets.example.org"},"spec":{"group":"example.org","names":{"kind":"Widget",
"plural":"widgets"},"scope":"Namespaced","versions":[{"name":"v1",
"served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",
"properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}}}}}}]}}'
widget='{"apiVersion":"example.org/v1","kind":"Widget","metadata":{"name":"w",
"namespace":"shop"},"spec":{"size":1}}'
M=/api/v1/namespaces/shop/configmaps
S=/api/v1/namespaces/shop/secrets
D=/apis/apps/v1/namespaces/shop/deployments
list() { # EXPRESSION on lines, the objects of the list
  kube_curl GET "$M?labelSelector=applyset.kubernetes.io/id"
  printf '%s' "$BODY" | python3 -c "import json, sys
d = json.load(sys.stdin)['items']
lines = [json.loads(l) for i in d for l in i['data']['objects'].splitlines()]
sys.exit(not (len(d) == 1 and ($1)))" || {
    printf '# %.2000s\n' "$BODY" >&2
    return 1
  }
}
events() { # EXPRESSION on e, our Events, oldest first; and of(name), last(name)
  kube_curl GET /apis/events.k8s.io/v1/events
  printf '%s' "$BODY" | python3 -c "import json, sys
e = [i for i in json.load(sys.stdin)['items'] if i['reportingController'] == 'assent.org/agent']
e.sort(key=lambda i: int(i['metadata']['resourceVersion']))
of = lambda name: [i for i in e if i['regarding']['name'] == name]
last = lambda name: '%(reason)s %(type)s %(action)s' % of(name)[-1]
sys.exit(not ($1))" || {
    printf '# %.3000s\n' "$BODY" >&2
    return 1
  }
}

# 1 A namespace, a kind and one of its objects, by one plan.
begin
want create namespaces "$space"
want create customresourcedefinitions "$crd" ',"has_status":true'
want create configmaps "$(map a '{"a":"1"}')"
want create configmaps "$(map keep '{"a":"1"}' '{"assent.org/prune":"disabled"}')"
want create secrets "$(secret s b2xkLXNlY3JldC1ieXRlcw==)"
want create deployments "$(web web one)" ',"within":30,"has_status":true'
want create widgets "$widget"
do_plan
events 'e == []'
tap_ok 'no Event is written of a plan'
applies && says 'done k8s:one/shop/Deployment/web' 'done k8s:one/shop/Widget.example.org/w' \
  'result: ok' && grep -q 'waiting for k8s:one/.*Deployment/web' "$W/err" &&
  is "$D/web" "d['status']['readyReplicas']" 1 &&
  is "$M/a" "d['metadata']['managedFields'][0]['manager']" assent
tap_ok 'what a plan makes comes in stages, and is waited for' || exit 1
list 'len(lines) == 7 and all("uid" in l for l in lines)'
tap_ok 'the list in the cluster names all of it, with uids'
set=$(get "$M/a" "d['metadata']['labels']['applyset.kubernetes.io/part-of']")
seen=$(kube_ctl -n shop get cm,secret,deploy -l "applyset.kubernetes.io/part-of=$set" -o name)
[ "$(printf '%s\n' "$seen" | sort | tr '\n' ' ')" = \
  'configmap/a configmap/keep deployment.apps/web secret/s ' ]
tap_ok 'kubectl sees the set by its label'
name=$(kube_ctl -n shop get cm -l applyset.kubernetes.io/id -o name)
printf '%s' "$(map zz '{}')" >"$T/zz.json"
KUBECTL_APPLYSET=true kube_ctl -n shop apply --prune "--applyset=configmaps/${name##*/}" \
  -f "$T/zz.json" >"$T/foreign" 2>&1
grep -q 'assent' "$T/foreign" && gone "$M/zz"
tap_ok 'and knows the list for the parent of a set of ours, which it does not touch'
! ls "$W"/journal/.*.kube >/dev/null 2>&1
tap_ok 'nothing is kept after the end'
lacks 'no Events' && events 'len(e) == 7 and
  all(len(of(n)) == 1 and last(n) == "Applied Normal Create" for n in
   ("a", "keep", "s", "web", "w", "shop", "widgets.example.org"))' &&
  of_a=$(get "$M/a" "dict(apiVersion='v1', kind='ConfigMap', name='a', namespace='shop',
  uid=d['metadata']['uid'], resourceVersion=d['metadata']['resourceVersion'])") &&
  events "of('a')[0]['regarding'] == $of_a and of('a')[0]['metadata']['namespace'] == 'shop'" &&
  events 'of("shop")[0]["metadata"]["namespace"] == "default" and
  of("a")[0]["note"] == "Created by plan 0123456789ab of stack \x27shop\x27" and
  of("a")[0]["reportingInstance"] == "web1" and
  of("web")[0]["regarding"]["apiVersion"] == "apps/v1"'
tap_ok 'an Event about each says what was done with it'
kube_ctl -n shop describe configmap a >"$T/said" 2>&1 &&
  grep -q 'Normal  *Applied .* Created by plan 0123456789ab' "$T/said" &&
  kube_ctl -n shop get events >"$T/said" 2>&1 && grep -q 'Applied .*deployment/web' "$T/said"
tap_ok 'and kubectl shows it' || tap_note "$T/said"
KEEP=$W/seal.key

# 2 Fields of others.
kube_curl APPLY "$M/a?fieldManager=hand" \
  '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"hand":"5"}}'
begin
want update configmaps "$(map a '{"a":"2"}')"
do_plan
applies && is "$M/a" "d['data']['a'] + d['data']['hand']" 25
tap_ok "another manager's field stays"
begin
want update configmaps "$(map a '{"a":"3","hand":"ours"}')"
do_plan
! apply && says 'failed k8s:one/shop/ConfigMap/a' hand 'result: rolled-back' &&
  is "$M/a" "d['data']['a'] + d['data']['hand']" 25
tap_ok 'and is not taken over without being told to'
events 'last("a") == "ApplyFailed Warning Update" and len(of("a")) == 3'
tap_ok 'what failed has an Event of that'

# 3 Stale plans change nothing.
begin
want update configmaps "$(map a '{"a":"4"}')"
want create configmaps "$(map new '{"a":"4"}')"
do_plan
kube_curl DELETE "$M/a"
kube_curl APPLY "$M/a?fieldManager=hand" "$(map a '{"a":"9"}')"
! apply && says stale: 'ConfigMap/a' && gone "$M/new" && is "$M/a" "d['data']['a']" 9
events 'of("new") == [] and len(of("a")) == 3'
tap_ok 'an object that is another by now makes the plan stale'
kube_curl DELETE "$M/a"
begin
want create configmaps "$(map a '{"a":"1","b":"1"}')"
do_plan
kube_curl POST "$M" "$(map a '{"a":"hand"}')"
! apply && says stale: && is "$M/a" "d['data']['a']" hand
tap_ok 'as does one that was not there and is now'
kube_curl DELETE "$M/a"
begin
want create configmaps "$(map a '{"a":"1","b":"1"}')"
do_plan
applies
tap_ok 'once it is gone it can be made'

# 4 Something fails in the middle: all of it goes back.
kube_curl PATCH "$M/a" '{"data":{"c":"by hand"}}'
uid=$(get "$D/web" "d['metadata']['uid']")
begin
want update configmaps "$(map a '{"a":"2","n":"2","c":"ours"}')" ',"force":true'
want update secrets "$(secret s bmV3LXNlY3JldC1ieXRlcw==)"
want replace deployments "$(web other two)" ',"within":30,"has_status":true,"replace":true'
want create configmaps "$(map made '{"a":"1"}')"
want create configmaps "$(map x '{"a":"1"}' '' nowhere)"
want remove widgets "$widget"
do_plan
! apply && says 'failed k8s:one/nowhere/ConfigMap/x' 'undone k8s:one/shop/ConfigMap/a' \
  'undone k8s:one/shop/Deployment/web: was made again, with a new uid' 'result: rolled-back'
tap_ok 'a creation that fails takes all of the plan back'
is "$M/a" "sorted(d['data'].items())" "[('a', '1'), ('b', '1'), ('c', 'by hand')]" &&
  is "$S/s" "d['data']['k']" b2xkLXNlY3JldC1ieXRlcw== &&
  is "$D/web" "d['spec']['selector']['matchLabels']['app']" web &&
  [ "$(get "$D/web" "d['metadata']['uid']")" != "$uid" ] && gone "$M/made" &&
  kube_curl GET /apis/example.org/v1/namespaces/shop/widgets/w && [ "$STATUS" = 200 ]
tap_ok 'values that were taken over, secrets and what was replaced are as before'
list 'len(lines) == 7 and not [l for l in lines if l["name"] in ("made", "x")]'
tap_ok 'and the list'
events 'all(last(n) == "RolledBack Warning Rollback" for n in ("a", "s", "web", "made"))
  and of("x") == [] and len(of("w")) == 1 and of("made")[-1]["regarding"]["uid"] and
  of("web")[-1]["regarding"]["uid"] != of("web")[-2]["regarding"]["uid"]'
tap_ok 'Events say what was taken back'
printf '%s' "$BODY" >"$T/events"
! grep -rqE 'bmV3LXNlY3JldC1ieXRlcw|new-secret-bytes|b2xkLXNlY3JldC1ieXRlcw|old-secret-bytes' \
  "$W/journal" "$W/objects" "$W/plan.json" "$W/out" "$W/err" "$T/events"
tap_ok 'no byte of a secret is anywhere'

# 5 Readiness: too late, and failed.
kube_rule one 'deployments shop/* progressing'
begin
want update deployments "$(web web two)" ',"within":1,"has_status":true'
want create configmaps "$(map made '{"a":"1"}')"
do_plan
! apply && says 'Deployment/web: was not ready within 1 s' 'result: rolled-back' &&
  is "$D/web" "d['spec']['template']['spec']['containers'][0]['image']" one && gone "$M/made"
events 'last("web") == "ApplyFailed Warning Update" and
  last("made") == "RolledBack Warning Rollback" and
  of("web")[-1]["note"].endswith("; it was put back as it was")'
tap_ok 'what is not ready in time goes back'
kube_rule one 'deployments shop/* failed'
begin
want update deployments "$(web web two)" ',"within":60,"has_status":true'
do_plan
! apply && says 'does not become ready'
tap_ok 'what has failed is not waited for'

# 6 Killed in the middle.
kube_rule one 'deployments shop/* unseen'
begin
want update configmaps "$(map a '{"a":"7"}')"
want update secrets "$(secret s bmV3LXNlY3JldC1ieXRlcw==)"
want create configmaps "$(map made '{"a":"1"}')"
want update deployments "$(web web two)" ',"within":60,"has_status":true'
want remove widgets "$widget"
do_plan
"$tool" apply "$KUBE/config" one "$W" >"$W/out" 2>"$W/err" &
pid=$!
kube_wait grep -q 'waiting for' "$W/err"
is "$M/a" "d['data']['a']" 7
tap_ok 'an apply is under way' || exit 1
! grep -rqE 'bmV3LXNlY3JldC1ieXRlcw|new-secret-bytes|b2xkLXNlY3JldC1ieXRlcw|old-secret-bytes' \
  "$W/journal" "$W/objects" && grep -q '"sealed"' "$W"/journal/.*.kube
tap_ok 'what is kept of a secret is sealed'
kill -9 $pid
wait $pid 2>/dev/null
kube_curl PATCH "$M/made" '{"data":{"hand":"was here"}}'
kube_rule one
! apply recover && says 'result: rolled-back' && is "$M/a" "d['data']['a']" 1 &&
  is "$S/s" "d['data']['k']" b2xkLXNlY3JldC1ieXRlcw== && gone "$M/made" &&
  is "$D/web" "d['spec']['template']['spec']['containers'][0]['image']" one &&
  list 'len(lines) == 7 and all("uid" in l for l in lines)' &&
  events 'last("a") == last("made") == "RolledBack Warning Rollback" and len(of("w")) == 1'
tap_ok 'after kill -9 recovery finds out by looking, and takes it back'

# 7 Others have changed since what we changed: that stays, and is said.
kube_rule one 'deployments shop/* unseen'
begin
want update configmaps "$(map a '{"a":"7"}')"
want update configmaps "$(map keep '{"a":"7"}')"
want create configmaps "$(map made '{"a":"1"}')"
want update deployments "$(web web two)" ',"within":60,"has_status":true'
do_plan
"$tool" apply "$KUBE/config" one "$W" >"$W/out" 2>"$W/err" &
pid=$!
kube_wait grep -q 'waiting for' "$W/err"
kill -9 $pid
wait $pid 2>/dev/null
kube_curl PATCH "$M/a" '{"data":{"a":"by hand"}}'
kube_curl DELETE "$M/keep"
kube_curl DELETE "$M/made"
kube_curl POST "$M" "$(map made '{"a":"theirs"}')"
kube_rule one
! apply recover && says 'failed k8s:one/shop/ConfigMap/a' conflict \
  'keep: somebody has deleted it since' 'made: somebody else has made it' &&
  is "$M/a" "d['data']['a']" 'by hand' && is "$M/made" "d['data']['a']" theirs && gone "$M/keep" &&
  is "$D/web" "d['spec']['template']['spec']['containers'][0]['image']" one
tap_ok 'what others have changed since stays as they want it'
list 'not [l for l in lines if l["name"] in ("made", "keep")]'
tap_ok 'and is not on the list'
kube_curl DELETE "$M/made"
mark=$(get "$M/a" "d['metadata']['annotations']['assent.org/id']")
kube_curl APPLY "$M/a?fieldManager=assent&force=true" \
  "$(map a '{"a":"1"}' "{\"assent.org/id\":\"$mark\"}" | sed \
    "s/\"namespace\":\"shop\"/&,\"labels\":{\"applyset.kubernetes.io\/part-of\":\"$set\"}/")"

# 8 The server goes away in the middle.
kube_rule one 'deployments shop/* unseen'
begin
want update configmaps "$(map a '{"a":"8"}')"
want update deployments "$(web web two)" ',"within":60,"has_status":true'
do_plan
"$tool" apply "$KUBE/config" one "$W" >"$W/out" 2>"$W/err" &
pid=$!
kube_wait grep -q 'waiting for' "$W/err"
kill -9 $pid
wait $pid 2>/dev/null
sed 's/127\.0\.0\.1:[0-9]*/127.0.0.1:1/' "$KUBE/config" >"$T/away"
! "$tool" recover "$T/away" one "$W" >"$W/out" 2>"$W/err" && says 'result: error' &&
  [ -s "$W/journal/journal" ]
tap_ok 'what cannot be reached leaves the journal'
kube_rule one
! apply recover && says 'result: rolled-back' && is "$M/a" "d['data']['a']" 1 &&
  ! [ -e "$W/journal/journal" ]
tap_ok 'and is taken back later'

# 9 Removal.
kube_curl APPLY "$M/foreign?fieldManager=hand" "$(map foreign '{"a":"1"}')"
begin
want create configmaps "$(map keep '{"a":"1"}' '{"assent.org/prune":"disabled"}')"
do_plan
applies
begin
want remove secrets "$(secret s '')"
want remove configmaps "$(map keep '{}')"
do_plan
! apply && says 'protected by its annotation' 'result: rolled-back' &&
  is "$M/keep" "d['data']['a']" 1 && is "$S/s" "d['data']['k']" b2xkLXNlY3JldC1ieXRlcw==
tap_ok 'what is protected is not removed, and the rest comes back'
begin
want remove configmaps "$(map foreign '{}')"
do_plan
! apply && says 'not marked as ours' && is "$M/foreign" "d['data']['a']" 1
tap_ok 'what is not ours is not removed'
begin
want remove secrets "$(secret s '')"
want remove deployments "$(web web one)"
want remove widgets "$widget"
want remove customresourcedefinitions "$crd"
do_plan
applies && gone "$S/s" && gone "$D/web" &&
  gone /apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.org &&
  list 'sorted(l["name"] for l in lines) == ["a", "keep", "shop"]' &&
  events 'all(last(n) == "Pruned Normal Delete"
    for n in ("s", "web", "w", "widgets.example.org")) and len(of("foreign")) == 0 and
  "resourceVersion" not in of("s")[-1]["regarding"] and of("s")[-1]["regarding"]["uid"]'
tap_ok 'the rest is, and leaves the list, and an Event stays'

# 10 on-failure: stop.
export ON_FAILURE=stop
begin
want remove configmaps "$(map a '{}')"
want create configmaps "$(map one '{"a":"1"}')"
want create configmaps "$(map x '{"a":"1"}' '' later)"
do_plan
! apply && says 'done k8s:one/shop/ConfigMap/one' 'failed k8s:one/later/ConfigMap/x' \
  'a: left out' "result: failed halted: k8s:one/later/ConfigMap/x: cluster 'one': " &&
  is "$M/one" "d['data']['a']" 1 && is "$M/a" "d['data']['a']" 1 &&
  events 'last("one") == "Applied Normal Create" and not last("a").startswith("Pruned") and
  of("x") == []'
tap_ok 'with stop, what was done stays, and nothing is removed after a failure'
kube_curl POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace",
"metadata":{"name":"later"}}'
applies resume && says 'result: ok' && gone "$M/a" &&
  is /api/v1/namespaces/later/configmaps/x "d['data']['a']" 1 &&
  events 'last("x") == "Applied Normal Create" and last("a") == "Pruned Normal Delete" and
  len(of("one")) == 1'
tap_ok 'and it can be gone on with'
unset ON_FAILURE

# 11 Rights, and admission.
kube_curl POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings \
  '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding",
"metadata":{"name":"deploys"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
"kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io",
"kind":"User","name":"nobody"}]}'
kube_rule one 'deployments shop/* unseen'
context=one-nobody
begin
want update configmaps "$(map one '{"a":"5"}')"
want create deployments "$(web web one)" ',"within":30,"has_status":true'
do_plan
"$tool" apply "$KUBE/config" one-nobody "$W" >"$W/out" 2>"$W/err" &
pid=$!
kube_wait grep -q 'waiting for' "$W/err"
kube_curl DELETE /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/deploys
web=k8s:one-nobody/shop/Deployment/web
! wait $pid && says 'failed k8s:one-nobody/shop/ConfigMap/one' forbidden \
  "result: failed: $web: cluster 'one-nobody': GET $D/web: forbidden"
tap_ok 'a right that is revoked in the middle ends it, and what could not be taken back is told'
kube_curl APPLY "$M/one?fieldManager=assent" "$(map one '{"a":"1"}')"
context=one
kube_rule one
admission=/apis/admissionregistration.k8s.io/v1
unless="(has(request.dryRun) && request.dryRun) || object.metadata.name != 'hooked'"
kube_curl POST "$admission/validatingadmissionpolicies" \
  '{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy",
"metadata":{"name":"no"},"spec":{"failurePolicy":"Fail",
"matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],
"operations":["CREATE"],"resources":["configmaps"]}]},
"validations":[{"expression":"'"$unless"'","message":"nobody wants it"}]}}'
kube_curl POST "$admission/validatingadmissionpolicybindings" \
  '{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding",
"metadata":{"name":"no"},"spec":{"policyName":"no","validationActions":["Deny"]}}'
is_denied() {
  kube_curl POST "$M" "$(map hooked '{"a":"1"}')"
  [ "$STATUS" = 422 ] || ! kube_curl DELETE "$M/hooked"
}
kube_wait is_denied
begin
want update configmaps "$(map one '{"a":"2"}')"
want create configmaps "$(map hooked '{"a":"1"}')"
do_plan
! apply && says 'failed k8s:one/shop/ConfigMap/hooked' 'nobody wants it' 'result: rolled-back' &&
  is "$M/one" "d['data']['a']" 1 && gone "$M/hooked"
tap_ok 'what admission denies, though its dry run passed, takes all of it back'

# 12 Events decide nothing.
many=$(seq -w 0 102)
begin
for i in $many; do
  want create configmaps "$(map "many-$i" '{"a":"1"}')"
done
do_plan
applies && says 'done k8s:one/shop/ConfigMap/many-102' &&
  events '[len(of("many-%03d" % i)) for i in range(103)] == 100 * [1] + 3 * [0]'
tap_ok 'the first hundred objects of a plan have one' || exit 1
begin
want update configmaps "$(map many-000 '{"a":"2"}')"
do_plan
EVENTS=off applies && lacks 'no Events' && is "$M/many-000" "d['data']['a']" 2 &&
  events 'len(of("many-000")) == 1'
tap_ok 'none is written when the configuration wants none'
kube_curl POST /apis/rbac.authorization.k8s.io/v1/clusterroles \
  '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"maps"},
"rules":[{"apiGroups":[""],"resources":["configmaps","namespaces"],"verbs":["*"]}]}'
kube_curl POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings \
  '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding",
"metadata":{"name":"maps"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
"kind":"ClusterRole","name":"maps"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io",
"kind":"User","name":"nobody"}]}'
context=one-nobody
begin
want update configmaps "$(map many-001 '{"a":"2"}')"
want update configmaps "$(map many-002 '{"a":"2"}')"
do_plan
applies && says 'ConfigMap/many-001: no Events were written: ' forbidden 'result: ok' &&
  [ "$(grep -c 'no Events' "$W/out")" = 1 ] && is "$M/many-002" "d['data']['a']" 2 &&
  events 'len(of("many-001")) == 1'
tap_ok 'who may not write them applies all the same, and says so once'
context=one
mkdir "$T/front"
python3 "$srcdir/tests/kubernetes/fault-api.py" "$T/front" "$KUBE" "$(cat "$KUBE/one/port")" \
  2>"$T/front/err" </dev/null &
git_pids="$git_pids $!"
kube_wait test -s "$T/front/port"
sed "s/127\.0\.0\.1:$(cat "$KUBE/one/port")/127.0.0.1:$(cat "$T/front/port")/" \
  "$KUBE/config" >"$T/front/config"
fronted() { # VALUE ANSWER [SECONDS]: a plan of two objects, whose Events get this answer
  begin
  want update configmaps "$(map many-003 "{\"a\":\"$1\"}")"
  want update configmaps "$(map many-004 "{\"a\":\"$1\"}")"
  do_plan
  echo "POST /events $2" >"$T/front/rules"
  : >"$T/front/told"
  EVENTS_WITHIN=${3:-60} "$tool" apply "$T/front/config" one "$W" >"$W/out" 2>"$W/err" &&
    says 'done k8s:one/shop/ConfigMap/many-003' 'result: ok' &&
    is "$M/many-003" "d['data']['a']" "$1" && ! [ -e "$W/journal/journal" ]
}
events_path=/apis/events.k8s.io/v1/namespaces/shop/events
fronted 2 hang 1 && says 'no Events were written: '
tap_ok 'a server that does not answer does not hold an apply'
fronted 3 '500 something broke' && says 'no Events were written: ' 'something broke' &&
  [ "$(cat "$T/front/told")" = "POST $events_path" ] &&
  fronted 4 cut && says 'no Events were written: '
tap_ok 'one that fails does not fail it, and is not asked twice'
fronted 5 '404 404 page not found' && lacks 'no Events' &&
  [ "$(cat "$T/front/told")" = "POST $events_path" ] && events 'len(of("many-003")) == 1'
tap_ok 'and one that knows no Events is left alone'
tap_end
