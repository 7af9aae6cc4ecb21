#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Somebody else writes to the cluster between the last look and the apply: nothing of it is lost.
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/kubernetes/lib-kube.sh"
kube_need || tap_skip_all "$REASON"
git_begin
kube_begin || exit 1
. "${srcdir:-.}/tests/kubernetes/lib-objects.sh"
M=/api/v1/namespaces/shop/configmaps
between() { # WORDS of kubectl
  export BETWEEN="'$ASSENT_KUBE_BIN/kubectl' --kubeconfig '$KUBE/config' \
--cache-dir '$KUBE/cache' --context one -n shop $* >&2"
}
kube_curl POST /api/v1/namespaces \
  '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'
kube_curl POST "$M?fieldManager=hand" "$(map a '{"a":"0","b":"0"}')"
begin
want create configmaps "$(map mine '{"a":"1"}')"
want create configmaps "$(map old '{"a":"1"}')"
do_plan
applies
tap_ok 'there are objects of ours' || exit 1

# 1 Values that are taken over.
begin
want update configmaps "$(map a '{"a":"1"}')" ',"force":true'
want update configmaps "$(map mine '{"a":"2"}')"
do_plan
between patch cm a --field-manager=third -p "'"'{"data":{"a":"9"}}'"'"
! apply && says 'a: was changed by somebody since' 'result: rolled-back' &&
  is "$M/a" "d['data']['a']" 9 && is "$M/mine" "d['data']['a']" 1
tap_ok 'what is taken over is what was reviewed'

# 2 What is removed.
begin
want remove configmaps "$(map old '{}')"
do_plan
between patch cm old --field-manager=third -p "'"'{"data":{"precious":"1"}}'"'"
! apply && says 'old: was changed by somebody since' && is "$M/old" "d['data']['precious']" 1
tap_ok 'what is removed too'

# 3 What is made: with our mark and label, but not by us.
marked=$(kube_ctl -n shop get cm old -o json | python3 -c "import json, sys
d = json.load(sys.stdin)
m = d['metadata']
m['name'] = 'new'
m['annotations']['assent.org/id'] = m['annotations']['assent.org/id'].replace('old', 'new')
d['data'] = {'a': 'theirs'}
for name in 'uid', 'resourceVersion', 'managedFields', 'creationTimestamp':
    m.pop(name, None)
json.dump(d, sys.stdout)")
printf '%s' "$marked" >"$T/new.json"
begin
want create configmaps "$(map new '{"a":"ours"}')"
do_plan
between create -f "$T/new.json"
! apply && says 'is not the object that the plan saw' \
  'new: somebody else has made it' && is "$M/new" "d['data']['a']" theirs
tap_ok 'and what comes meanwhile stays, though it says that it is ours'
unset BETWEEN

# 4 What was not come to is not said to be done, and is not gone on with when it has changed.
export ON_FAILURE=stop
crd() { # PLURAL: of the same kind
  printf '{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
"metadata":{"name":"%s.example.org"},"spec":{"group":"example.org","names":{"kind":"Widget",
"plural":"%s"},"scope":"Namespaced","versions":[{"name":"v1","served":true,"storage":true,
"schema":{"openAPIV3Schema":{"type":"object"}}}]}}' "$1" "$1"
}
kube_curl POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions "$(crd widgets)"
begin
want create customresourcedefinitions "$(crd gadgets)" ',"has_status":true,"within":2'
want update configmaps "$(map mine '{"a":"5"}')"
want remove configmaps "$(map old '{}')"
do_plan
! apply && says 'its names are taken' \
  'failed k8s:one/shop/ConfigMap/mine: left out' 'failed k8s:one/shop/ConfigMap/old: left out' \
  halted && is "$M/mine" "d['data']['a']" 1
tap_ok 'with stop, an update that was not come to is left out, and not done'
kube_curl DELETE /apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.org
kube_ctl -n shop patch cm old --field-manager=third -p '{"data":{"more":"1"}}' >&2
! apply resume && says 'old: was changed by somebody since' && is "$M/old" "d['data']['more']" 1 &&
  is "$M/mine" "d['data']['a']" 1
tap_ok 'and when others have changed since, it is not gone on with'
tap_end
