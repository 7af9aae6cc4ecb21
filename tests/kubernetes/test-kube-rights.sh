#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# contrib/kubernetes on a real API server: all of it is taken as it stands, the pod passes the
# standard that its namespace enforces, and the rights are enough and no more.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/kubernetes/lib-kube.sh"
: "${builddir:=.}"
kube_need || tap_skip_all "$REASON"
git_begin
kube_begin one || exit 1
dir=$srcdir/contrib/kubernetes

applies() { # FOLDER ARGUMENT...
  folder=$1
  shift
  kube_ctl apply --server-side --field-manager=test --validate=strict "$@" -k "$folder" \
    >"$T/said" 2>&1 || {
    sed 's/^/# /' "$T/said"
    return 1
  }
}
kube_ctl create namespace shop >/dev/null
# A dry run of what is in a namespace needs the namespace.
kube_ctl apply --server-side --field-manager=test -f "$dir/namespace.yaml" >/dev/null &&
  applies "$dir" --dry-run=server && applies "$dir/stack" --dry-run=server
tap_ok 'a dry run takes all of it'
applies "$dir" && applies "$dir/stack"
tap_ok 'so does an apply, with strict validation'
! grep -qi warning "$T/said" && applies "$dir" && ! grep -qi warning "$T/said"
tap_ok 'without a warning'
kube_curl GET /apis/apps/v1/namespaces/assent/deployments/assent
printf '%s' "$BODY" | grep -q '"image": "registry.example.org/ops/assent:'
tap_ok "the image's name is kustomization.yaml's"

# As src/kube reads them, and as the agent would send them.
"$builddir/kube-read" "$dir" >"$T/objects"
python3 -I -S "$srcdir/tests/kubernetes/contrib-check.py" paths <"$T/objects" >"$T/paths"
paste "$T/paths" "$T/objects" >"$T/both"
tab=$(printf '\t')
while IFS=$tab read -r path body; do
  kube_curl APPLY "$path?fieldManager=assent&dryRun=All&fieldValidation=Strict" "$body"
  [ "$STATUS" = 200 ] || [ "$STATUS" = 409 ] || echo "$path $STATUS $BODY"
done <"$T/both" >"$T/said"
[ -s "$T/both" ] && [ ! -s "$T/said" ]
tap_ok 'the server takes what src/kube reads'
sed 's/^/# /' "$T/said"

# Only pods are refused by the standard; a Deployment of such pods is merely warned of.
pod() { # PYTHON on spec: what is changed
  python3 -I -S "$srcdir/tests/kubernetes/contrib-check.py" get Deployment assent spec template \
    <"$T/objects" | python3 -I -S -c "import json, sys
d = json.load(sys.stdin)
spec = d['spec']
${1:-pass}
d.update(apiVersion='v1', kind='Pod')
d['metadata']['name'] = 'try'
print(json.dumps(d))" >"$T/pod"
  kube_curl POST '/api/v1/namespaces/assent/pods?dryRun=All' "$(cat "$T/pod")"
}
pod && [ "$STATUS" = 201 ]
tap_ok 'the pod passes the standard "restricted", which the namespace enforces'
for change in "spec['containers'][0]['securityContext']['allowPrivilegeEscalation'] = True" \
  "del spec['securityContext']['seccompProfile']" \
  "del spec['initContainers'][0]['securityContext']['capabilities']" \
  "spec['securityContext']['runAsNonRoot'] = False" "spec['hostNetwork'] = True"; do
  pod "$change"
  [ "$STATUS" = 403 ] || echo "# $change: $STATUS"
done >"$T/said"
cat "$T/said"
[ ! -s "$T/said" ]
tap_ok 'one that lacks any of it does not'

cat >"$T/rights" <<-R
	yes assent/assent create coordination.k8s.io/leases assent -
	yes assent/assent get coordination.k8s.io/leases assent assent
	yes assent/assent update coordination.k8s.io/leases assent assent
	yes assent/assent get -/namespaces - kube-system
	yes assent/assent impersonate -/serviceaccounts shop deployer
	no assent/assent update coordination.k8s.io/leases assent other
	no assent/assent create events.k8s.io/events assent -
	no assent/assent delete coordination.k8s.io/leases assent assent
	no assent/assent create coordination.k8s.io/leases kube-system -
	no assent/assent get -/namespaces - shop
	no assent/assent list -/namespaces - -
	no assent/assent get -/configmaps assent assent
	no assent/assent patch -/configmaps assent assent
	no assent/assent create -/configmaps assent -
	no assent/assent get -/secrets assent assent-credentials
	no assent/assent patch apps/deployments assent assent
	no assent/assent create -/pods assent -
	no assent/assent get apps/deployments shop web
	no assent/assent impersonate -/serviceaccounts shop other
	no assent/assent impersonate -/serviceaccounts kube-system deployer
	no assent/assent impersonate -/users - admin
	no assent/assent impersonate -/groups - system:masters
	no assent/assent create -/serviceaccounts/token assent -
	no assent/assent patch rbac.authorization.k8s.io/roles assent assent
	no assent/assent bind rbac.authorization.k8s.io/clusterroles - cluster-admin
	yes shop/deployer get -/namespaces - kube-system
	no shop/deployer get -/namespaces - shop
	no shop/deployer patch -/namespaces - shop
	yes shop/deployer create events.k8s.io/events shop -
	no shop/deployer create events.k8s.io/events default -
	no shop/deployer patch events.k8s.io/events shop web
	no shop/deployer delete events.k8s.io/events shop web
	no shop/deployer list events.k8s.io/events shop -
	no shop/deployer create -/pods shop -
	no shop/deployer update apps/deployments shop web
	no shop/deployer deletecollection apps/deployments shop -
	no shop/deployer patch rbac.authorization.k8s.io/roles shop deployer
	no shop/deployer patch -/configmaps assent assent
	no shop/deployer get -/secrets assent assent-credentials
	no shop/deployer patch apps/deployments default web
	no shop/deployer impersonate -/serviceaccounts shop deployer
	no shop/deployer get coordination.k8s.io/leases assent assent
R
for kind in -/configmaps -/secrets -/services -/serviceaccounts -/persistentvolumeclaims \
  apps/deployments apps/statefulsets apps/daemonsets batch/jobs batch/cronjobs \
  autoscaling/horizontalpodautoscalers policy/poddisruptionbudgets \
  networking.k8s.io/ingresses networking.k8s.io/networkpolicies; do
  for verb in get list watch create patch delete; do
    echo "yes shop/deployer $verb $kind shop web"
  done
done >>"$T/rights"
python3 -I -S "$srcdir/tests/kubernetes/rights.py" "$KUBE_URL" "$KUBE/ca.pem" \
  "$KUBE/admin.token" <"$T/rights" >"$T/said"
tap_ok 'the server says of each right what doc/kubernetes.md says'
sed 's/^/# /' "$T/said"

# Really: as the agent's service account, by its token.
kube_curl POST /api/v1/namespaces/assent/serviceaccounts/assent/token \
  '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}'
(umask 077 && printf '%s' "$BODY" |
  python3 -I -S -c 'import json, sys
print(json.load(sys.stdin)["status"]["token"], end="")' >"$KUBE/agent.token")
deployer='Impersonate-User: system:serviceaccount:shop:deployer'
asks() { # STATUS HEADER METHOD PATH [BODY]
  want=$1 header=$2 method=$3 path=$4
  type=application/json
  [ "$method" != PATCH ] || type=application/apply-patch+yaml
  if [ $# -gt 4 ]; then
    set -- -H "Content-Type: $type" --data-binary "$5"
  else
    set --
  fi
  got=$(curl -sS --noproxy '*' --max-time 60 --cacert "$KUBE/ca.pem" -o "$T/body" \
    -w '%{http_code}' -X "$method" -H "Authorization: Bearer $(cat "$KUBE/agent.token")" \
    -H "$header" "$@" "$KUBE_URL$path")
  [ "$got" = "$want" ] || {
    echo "# $header $method $path: $got, not $want: $(head -c 300 "$T/body")"
    return 1
  }
}
map='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1"}}'
lease='{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"assent"}}'
leases=/apis/coordination.k8s.io/v1/namespaces/assent/leases
event='{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"a.1"},"type":"Normal",
"eventTime":"2026-01-01T00:00:00.000000Z","reason":"Applied","action":"Create","note":"-",
"regarding":{"apiVersion":"v1","kind":"ConfigMap","namespace":"shop","name":"a"},
"reportingController":"assent.org/agent","reportingInstance":"a"}'
events=/apis/events.k8s.io/v1/namespaces
at=/api/v1/namespaces
asks 201 "$deployer" PATCH "$at/shop/configmaps/a?fieldManager=assent&dryRun=All" "$map" &&
  asks 201 "$deployer" PATCH "$at/shop/configmaps/a?fieldManager=assent" "$map" &&
  asks 200 "$deployer" GET "$at/shop/configmaps/a" &&
  asks 200 "$deployer" GET "$at/kube-system" &&
  asks 200 "$deployer" DELETE "$at/shop/configmaps/a" '{}' &&
  asks 201 "$deployer" POST "$events/shop/events" "$event"
tap_ok 'the agent works in its namespace as the deployer'
asks 403 "$deployer" PATCH "$at/default/configmaps/a?fieldManager=assent" "$map" &&
  asks 403 "$deployer" PATCH "$at/assent/configmaps/assent?fieldManager=assent&force=true" \
    "$(printf '%s' "$map" | sed 's/"a"/"assent"/')" &&
  asks 403 "$deployer" GET "$at/assent/secrets" &&
  asks 403 "$deployer" POST "$events/default/events" "$event"
tap_ok 'and in no other'
asks 403 'X-None: x' PATCH "$at/shop/configmaps/a?fieldManager=assent" "$map" &&
  asks 403 'X-None: x' PATCH "$at/assent/configmaps/assent?fieldManager=assent" "$map" &&
  asks 403 'Impersonate-User: admin' GET "$at/shop/configmaps" &&
  asks 403 "$(printf %s "$deployer" | sed s/:shop:/:kube-system:/)" GET "$at/shop/configmaps" &&
  asks 403 'Impersonate-User: system:serviceaccount:shop:default' GET "$at/shop/configmaps"
tap_ok 'and as nobody else'
asks 201 'X-None: x' POST "$leases" "$lease" && asks 200 'X-None: x' GET "$leases/assent" &&
  cp "$T/body" "$T/lease" && asks 200 'X-None: x' PUT "$leases/assent" "$(cat "$T/lease")" &&
  asks 403 'X-None: x' GET "$leases/other" && asks 403 'X-None: x' GET "$leases"
tap_ok 'its Lease is its own'
tap_end
