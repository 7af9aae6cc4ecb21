#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The manifests of contrib/kubernetes: read by src/kube, judged as a whole, fitting the recipe of
# the image.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
: "${builddir:=.}"
git_need git python3 || tap_skip_all "$REASON"
git_begin
dir=$srcdir/contrib/kubernetes
judge() { # ARGUMENT...
  python3 -I -S "$srcdir/tests/kubernetes/contrib-check.py" "$@" <"$T/objects"
}

"$builddir/kube-read" "$dir" >"$T/objects"
tap_ok 'src/kube reads all of them'
judge names >"$T/names"
cat >"$T/expected" <<-E
	ClusterRole assent-cluster-identity
	ClusterRoleBinding assent-cluster-identity
	ClusterRoleBinding assent-cluster-identity-shop
	ConfigMap assent/assent
	Deployment assent/assent
	Namespace assent
	NetworkPolicy assent/assent
	PersistentVolumeClaim assent/assent-state
	Role assent/assent
	Role shop/assent-acts-as-deployer
	Role shop/deployer
	RoleBinding assent/assent
	RoleBinding shop/assent-acts-as-deployer
	RoleBinding shop/deployer
	Service assent/assent
	ServiceAccount assent/assent
	ServiceAccount shop/deployer
E
diff "$T/expected" "$T/names"
tap_ok 'nothing more is in them, and nothing less'
judge whole
tap_ok 'what belongs together fits, rights are named, and the pod is fenced'

# A judge that finds nothing wrong is none.
spoil() { # SED: of the objects
  sed "$1" "$T/objects" >"$T/spoilt"
  if cmp -s "$T/objects" "$T/spoilt"; then
    echo "# $1 changes nothing"
    return 1
  fi
  ! python3 -I -S "$srcdir/tests/kubernetes/contrib-check.py" whole <"$T/spoilt" >/dev/null &&
    return
  echo "# $1 is not found"
  return 1
}
spoil 's/"runAsNonRoot":true/"runAsNonRoot":false/' &&
  spoil 's/"allowPrivilegeEscalation":false/"allowPrivilegeEscalation":true/' &&
  spoil 's/"drop":\["ALL"\]/"add":["NET_ADMIN"],"drop":["ALL"]/' &&
  spoil 's/"subPath":"trust.yaml"/"subPath":"trust.yml"/' &&
  spoil 's/"targetPort":"http"/"targetPort":"web"/' &&
  spoil 's/"claimName":"assent-state"/"claimName":"state"/' &&
  spoil 's/"resourceNames":\["deployer"\],//' &&
  spoil 's/"resources":\["leases"\]/"resources":["leases","configmaps"]/' &&
  spoil '/"kind":"Role".*"name":"deployer"/s/"events"/"pods"/' &&
  spoil 's/\("resources":\["events"\],"verbs":\["create"\)\]/\1,"delete"]/' &&
  spoil 's/"verbs":\["create"\]/"verbs":["*"]/'
tap_ok 'a fault in any of that is found'

user=$(judge get Deployment assent spec template spec securityContext runAsUser)
grep -q "^USER $user:$user\$" "$dir/Containerfile" && grep -q -- "--uid $user " "$dir/Containerfile"
tap_ok "the image's user is the pod's"
judge get Deployment assent spec template spec containers 0 env |
  python3 -I -S -c 'import json, sys
for e in json.load(sys.stdin): print(e["name"] + "=" + e["value"])' >"$T/env"
sed -n '/^ENV /,/[^\\]$/{s/^ENV//;s/[[:space:]]*\\$//;s/^[[:space:]]*//;p}' "$dir/Containerfile" |
  diff "$T/env" - && [ -s "$T/env" ]
tap_ok "the image's places are the pod's"
tag=$(sed -n 's/^ *newTag: "\(.*\)"$/\1/p' "$dir/kustomization.yaml")
"$builddir/assentd" --version | grep -qF " $tag"
tap_ok 'the tag is this version'
[ "$(grep -c '^FROM ${BASE}' "$dir/Containerfile")" = 2 ] &&
  grep -qx 'ARG BASE=debian:[a-z]*-slim' "$dir/Containerfile"
tap_ok 'the base is named by name and release alone'
for file in "$dir"/*.yaml "$dir"/stack/*.yaml; do
  name=${file##*/}
  [ "$name" = kustomization.yaml ] || grep -qx "  - $name" "${file%/*}/kustomization.yaml" ||
    echo "# $name is not in kustomization.yaml"
done >"$T/said"
cat "$T/said"
[ ! -s "$T/said" ]
tap_ok 'kustomization.yaml names every file'
tap_end
