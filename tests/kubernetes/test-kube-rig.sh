#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The API servers that the tests of Kubernetes run against do what those tests rest upon.
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/kubernetes/lib-kube.sh"
kube_need || tap_skip_all "$REASON"
git_begin
kube_begin one two
tap_ok 'two servers answer' || exit 1

says() { # EXPRESSION on d, what was answered
  printf '%s' "$BODY" | python3 -c "import json, sys
d = json.load(sys.stdin)
sys.exit(not ($1))" || {
    printf '# %s: %.600s\n' "$STATUS" "$BODY" >&2
    return 1
  }
}
answers() { # STATUS ARGUMENT...
  want=$1
  shift
  kube_curl "$@" || return 1
  [ "$STATUS" = "$want" ] || {
    printf '# %s: %.600s\n' "$STATUS" "$BODY" >&2
    return 1
  }
}
uid() { # NAME: of what stands for the cluster
  kube_curl -c "$1" GET /api/v1/namespaces/kube-system
  printf '%s' "$BODY" | sed -n 's/^ *"uid": "\(.*\)".*/\1/p'
}
[ -n "$(uid one)" ] && [ -n "$(uid two)" ] && [ "$(uid one)" != "$(uid two)" ]
tap_ok 'which are two clusters'
version=$(sed -n 's/.*k8s\.io\/kubernetes \(v[0-9.]*\)$/\1/p' "$srcdir/tests/kubernetes/go.mod")
answers 200 GET /version && says "d['gitVersion'] == '$version'"
tap_ok 'of the version that go.mod names'

maps=/api/v1/namespaces/default/configmaps
map() { # VALUE
  printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"%s"}}' "$1"
}
answers 201 APPLY "$maps/a?fieldManager=m1&dryRun=All" "$(map 1)" && answers 404 GET "$maps/a"
tap_ok 'a dry run of a creation is 201 and leaves nothing'
answers 201 APPLY "$maps/a?fieldManager=m1" "$(map 1)" &&
  answers 200 APPLY "$maps/a?fieldManager=m1" "$(map 1)" &&
  says "d['metadata']['managedFields'][0]['operation'] == 'Apply'"
tap_ok 'server-side apply'
answers 409 APPLY "$maps/a?fieldManager=m2" "$(map 2)" &&
  says "d['details']['causes'][0]['field'] == '.data.k' and 'm1' in d['message']"
tap_ok 'a conflict names the field and its owner'
answers 404 -c two GET "$maps/a"
tap_ok 'the other cluster has none of it'
answers 500 APPLY "$maps/a?fieldManager=m1" \
  '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"nonsense":1}' &&
  says "'reason' not in d"
tap_ok 'an unknown field is a 500 without a reason'
answers 404 GET /apis/example.org/v1/things/x && [ "$BODY" = '404 page not found' ]
tap_ok 'an unknown group is a plain 404'

answers 403 -u nobody GET "$maps" && says "d['reason'] == 'Forbidden'"
tap_ok 'a user without rights'
answers 201 POST /api/v1/namespaces/default/serviceaccounts '{"metadata":{"name":"robot"}}'
kube_token one default robot 600 && echo "$TOKEN" >"$KUBE/robot.token"
answers 403 -u robot GET "$maps" && says "'system:serviceaccount:default:robot' in d['message']"
tap_ok 'a token of a service account'
kube_token one default robot -120 && echo "$TOKEN" >"$KUBE/robot.token"
answers 401 -u robot GET "$maps"
tap_ok 'which is no good when it is over'

answers 201 POST /apis/apps/v1/namespaces/default/deployments '{"metadata":{"name":"web"},"spec":{
  "replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
  "spec":{"containers":[{"name":"c","image":"example.org/c:1"}]}}}}'
web=/apis/apps/v1/namespaces/default/deployments/web
kube_status one 'deployments default/web progressing' && answers 200 GET $web &&
  says "d['status']['readyReplicas'] == 1 and d['status']['observedGeneration'] == 1"
tap_ok 'a status by a step'
kube_writer one
becomes() { # PATH EXPRESSION
  kube_curl GET "$1" && says "$2"
}
kube_wait becomes $web "d['status']['readyReplicas'] == 2"
tap_ok 'a status by what follows'
kube_rule one 'deployments default/w* failed'
kube_wait becomes $web "d['status']['conditions'][1]['reason'] == 'ProgressDeadlineExceeded'"
tap_ok 'and by a rule'
answers 201 POST /api/v1/namespaces '{"metadata":{"name":"gone"}}' &&
  answers 201 POST /api/v1/namespaces/gone/secrets '{"metadata":{"name":"s"}}' &&
  answers 200 DELETE /api/v1/namespaces/gone &&
  kube_wait answers 404 GET /api/v1/namespaces/gone
tap_ok 'a namespace ends'
answers 200 DELETE "$web?propagationPolicy=Foreground" && kube_wait answers 404 GET $web
tap_ok 'and a deletion in the foreground'

answers 200 GET "$maps"
revision=$(printf '%s' "$BODY" | sed -n 's/^ *"resourceVersion": "\(.*\)".*/\1/p' | head -n 1)
(kube_curl GET "$maps?watch=true&resourceVersion=$revision&timeoutSeconds=1" && echo "$BODY") \
  >"$T/watched" &
watch=$!
answers 200 APPLY "$maps/a?fieldManager=m1" "$(map 3)"
wait $watch
grep -q '"type":"MODIFIED".*"k":"3"' "$T/watched"
tap_ok 'a watch' || tap_note "$T/watched"
kube_compact one && kube_restart one
tap_ok 'a restart, after which etcd has forgotten'
answers 200 GET "$maps/a" && says "d['data']['k'] == '3'"
tap_ok 'what was there is there'
answers 410 GET "$maps?watch=true&resourceVersion=$revision&timeoutSeconds=1" 2>/dev/null ||
  { [ "$STATUS" = 200 ] && says "d['object']['code'] == 410"; }
tap_ok 'a watch from before is 410'

[ "$(kube_ctl --context two-cert get namespace default -o name)" = namespace/default ]
tap_ok 'kubectl, by certificate'
kube_ctl --context one-nobody get secrets -A >"$T/out" 2>&1
grep -q '^Error from server (Forbidden)' "$T/out"
tap_ok 'kubectl, without rights'
mkdir -p "$T/k" "$T/chart/templates"
map x >"$T/k/map.json"
printf 'resources: [map.json]\nnamePrefix: pre-\n' >"$T/k/kustomization.yaml"
"$ASSENT_KUBE_BIN/kustomize" build "$T/k" | grep -q 'name: pre-a'
tap_ok 'kustomize'
printf 'apiVersion: v2\nname: chart\nversion: 0.1.0\n' >"$T/chart/Chart.yaml"
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-map\n' \
  >"$T/chart/templates/map.yaml"
"$ASSENT_KUBE_BIN/helm" template shop "$T/chart" | grep -q 'name: shop-map'
tap_ok 'helm'
tap_end
