#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What Assent's work on the objects of a real API server costs beside kubectl, and beside a bare
# loop of the same requests (kube-floor.c), as a table of ratios. A part of `make bench`, or by hand
# with ASSENT_LIBEXECDIR of an installation and builddir, where `make mkplan kube-floor` was:
#
#   tests/bench/kubernetes.sh [MAPS [DEPLOYMENTS]]     1000 ConfigMaps and 500 Deployments
#
# RUNS rounds (3), KUBECTL_RUNS of them with kubectl (1: it needs minutes). Nothing here is a test:
# it fails only when something cannot be measured.
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}" "${builddir:=.}"
# shellcheck disable=SC2034 # of the library
WORKER=${ASSENT_LIBEXECDIR:?is set by make bench}/assent-worker
maps=${1:-1000} deployments=${2:-500}
runs=${RUNS:-3} kubectl_runs=${KUBECTL_RUNS:-1}
# shellcheck source=tests/system/lib-git.sh
. "$srcdir/tests/system/lib-git.sh"
# shellcheck source=tests/kubernetes/lib-kube.sh
. "$srcdir/tests/kubernetes/lib-kube.sh"
tools=$srcdir/tests/bench/kubernetes.py

die() {
  echo "kubernetes: $*" >&2
  exit 1
}
kube_need || {
  echo "kubernetes: not measured: $REASON"
  exit 0
}
[ -x "$ASSENT_KUBE_BIN/kubectl" ] || {
  echo 'kubernetes: kubectl is not measured: there is none, run tests/kubernetes/build'
  kubectl_runs=0
}
git_begin
kube_begin one || die 'the API server does not start'
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
repo=$T/repo keys=$T/keys objects=$T/objects times=$T/times
: >"$times"
TIMEFORMAT='%R %U %S'

# WORK PEER STATUS COMMAND...: a line of $times. 1 is how `kubectl diff` says that there is one.
measure() {
  local work=$1 peer=$2 most=$3 status
  shift 3
  { time "$@" >"$T/out" 2>"$T/err"; } 2>"$T/time"
  status=$?
  [ "$status" -le "$most" ] || die "$work, $peer: $(tail -n 3 "$T/out" "$T/err")"
  echo "$work $peer $(cat "$T/time")" >>"$times"
}

space_make() { # NAMESPACE
  kube_curl POST /api/v1/namespaces \
    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"$1\"}}"
  [ "$STATUS" = 201 ] || die "no namespace: $BODY"
}
space_clear() { # NAMESPACE
  kube_curl DELETE "/api/v1/namespaces/$1/configmaps"
  kube_curl DELETE "/apis/apps/v1/namespaces/$1/deployments"
}

scope='"cluster_scope":{"cluster_scoped":true}'
clusters() {
  printf '"clusters":[{"context":"one","in_cluster":false,"inventory":"ours",'
  printf '"kubeconfig":"%s","name":"prod"}]' "$KUBE/config"
}
plan_request() { # BASE MORE
  printf '{"v":1,"job":"plan","mirror":"%s","commit":"%s","base":"%s","path":"",' \
    "$T/mirror.git" "$commit" "$1"
  printf '"agent":"test.example.org","stack":"web","home":"%s","labels":[],' "$T"
  printf '"objects":"%s","out":"%s","cache":"%s","seal_key":"%s",' "$objects" "$T/draft" \
    "$T/cache" "$keys/seal"
  printf '%s,%s%s}\n' "$scope" "$(clusters)" "$2"
}
commit_all() {
  git -C "$repo" add -A
  git -C "$repo" commit -q --allow-empty -m change
  git -C "$repo" push -q "$T/mirror.git" HEAD:main
  commit=$(git -C "$repo" rev-parse HEAD)
}
planned() { # COUNT
  python3 -c 'import json, sys
found = len(json.load(open(sys.argv[1]))["changes"])
sys.exit(found != int(sys.argv[2]) and f"{found} changes instead of {sys.argv[2]}")' \
    "$T/draft" "$1" || die "a plan of other than $1 changes"
}
worker() { "$WORKER" <"$T/request"; }
worker_plan() { # WORK CHANGES BASE
  rm -f "$T/draft"
  plan_request "$3" '' >"$T/request"
  measure "$1" assent 0 worker
  planned "$2"
}
worker_trusting() { "$WORKER" --trust "$keys/trust.yaml" <"$T/request"; }
worker_apply() {
  rm -rf "$T/journal" "$T/plan.json"
  "$builddir/mkplan" plan "$keys" "$T/draft" "$T/plan.json" || die 'no plan'
  "$builddir/mkplan" request "$keys" "$T/plan.json" "$objects" "$T/journal" alice |
    sed "s|}\$|,\"seal_key\":\"$keys/seal\",$scope,$(clusters)}|" >"$T/request"
  measure apply assent 0 worker_trusting
  grep -q '"result":"ok"' "$T/out" || die "not applied: $(tail -n 2 "$T/out")"
}
bare() {
  "$builddir/kube-floor" "$KUBE_URL" "$KUBE/ca.pem" "$KUBE/admin.token" 32 <"$T/requests"
}
floor() { # WORK look|apply
  python3 "$tools" requests "$repo/k8s" floor "$2" >"$T/requests"
  measure "$1" bare_loop 0 bare
}
kubectl() { # WORK PEER STATUS ARGUMENT...
  local work=$1 peer=$2 most=$3
  shift 3
  [ "$round" -gt "$kubectl_runs" ] ||
    measure "$work" "$peer" "$most" kube_ctl -n ctl "$@" -f "$repo/k8s"
}
looks() { # WORK CHANGES BASE
  worker_plan "$@"
  floor "$1" look
  kubectl "$1" kubectl_diff 1 diff --server-side
  kubectl "$1" kubectl_apply_dry-run=server 0 apply --server-side --dry-run=server
}

drift() {
  local set request=$T/look
  kube_curl GET /api/v1/namespaces/ours/configmaps/map-0
  set=$(printf '%s' "$BODY" | python3 -c 'import json, sys
print(json.load(sys.stdin)["metadata"]["labels"]["applyset.kubernetes.io/part-of"])')
  python3 "$tools" items "$repo/k8s" ours "$set" >"$T/items"
  printf '{"v":1,"job":"watch",%s,"stacks":[{"name":"web","list":"%s"}]}\n' \
    "$(clusters)" "$T/items" >"$T/request"
  plan_request "$commit" ',"drift":{"default":"report","rules":[],'\
'"objects":["k8s:prod/ours/ConfigMap/@NAME@"]}' >"$request"
  python3 "$tools" watch "$WORKER" "$T/request" "$KUBE_URL" "$KUBE/ca.pem" "$KUBE/admin.token" \
    ours 5 "$times" "$request" || die 'drift is not seen'
}

mkdir -p "$keys" "$repo/k8s"
"$builddir/mkplan" keys "$keys" || die 'no keys'
printf 'assent-seal-key1 %s test.example.org\n' "$(openssl rand -base64 32)" >"$keys/seal"
chmod 600 "$keys/seal"
git init -q -b main "$repo"
git init -q --bare -b main "$T/mirror.git"
printf 'resources:\n  - {kubernetes: k8s/, context: prod, namespace: ours, wait: false, %s}\n' \
  'force-conflicts: true' >"$repo/assent.yaml"
for space in ours floor ctl; do
  space_make "$space"
done
all=$((maps + deployments))
for ((round = 1; round <= runs; round++)); do
  rm -f "$repo"/k8s/* "$T/cache" "$T/cache.objects"
  python3 "$tools" make "$repo/k8s" "$maps" "$deployments"
  commit_all
  looks create "$all" ''
  worker_apply
  floor apply apply
  kubectl apply kubectl_apply_--server-side 0 apply --server-side
  looks nothing 0 ''
  worker_plan again 0 '' # what the cache knows
  sed -i 's/value 0 0 /another value /' "$repo/k8s/00000.yaml"
  commit_all
  looks 'one' 1 ''
  git -C "$repo" revert --no-edit HEAD >/dev/null 2>&1
  commit_all
  drift
  for space in ours floor ctl; do
    space_clear "$space"
  done
done
printf '\n%s ConfigMaps, %s Deployments: %s rounds, %s of them with kubectl\n' \
  "$maps" "$deployments" "$runs" "$kubectl_runs"
python3 "$tools" table "$times"
# What the shell says of servers that are killed.
exec 2>/dev/null
