#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How often a real API server is asked about many objects of a kind, and that nothing is missed
# where it is asked less.
# shellcheck disable=SC2016
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/kubernetes/lib-kube.sh"
kube_need || tap_skip_all "$REASON"
git_begin
kube_begin && kube_front || exit 1
. "${srcdir:-.}/tests/kubernetes/lib-objects.sh"
context=front
M=/api/v1/namespaces/shop/configmaps
kube_curl POST /api/v1/namespaces \
  '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'
[ "$STATUS" = 201 ] || exit 1

asked() { # LISTS GETS DRY-RUNS APPLIES: of ConfigMaps m0 to m8
  found=
  for what in 'GET configmaps?label' 'GET configmaps/m' 'PATCH configmaps/m[0-9].*dryRun=All' \
    'PATCH configmaps/m[0-9].*Strict$'; do
    kube_passed "${what%% *}" "${what#* }"
    found="$found $PASSED"
  done
  [ "$found" = " $*" ] || {
    echo "# asked$found, not $*" >&2
    sed 's/^/#   /' "$KUBE/front/passed" >&2
    return 1
  }
}
nine() { # ACTION VALUE
  begin
  for i in 0 1 2 3 4 5 6 7 8; do
    want "$1" configmaps "$(map "m$i" "{\"a\":\"$2\"}")"
  done
}
plans() { # the digests are the same as in an earlier plan's folder
  cmp -s "$W/plan.json" "$1/plan.json" || {
    echo "# $W/plan.json is not $1/plan.json" >&2
    return 1
  }
}
# What somebody does who is no part of it: an answer of kube_rules.
meanwhile() { # METHOD PATH [BODY]
  printf 'then curl -s --noproxy "*" --cacert %s/ca.pem -H "Authorization: Bearer %s" -X %s ' \
    "$KUBE" "$(cat "$KUBE/admin.token")" "$1"
  printf '%s "%s%s"\n' '-H "Content-Type: application/merge-patch+json"' "$KUBE_URL" \
    "$2${3:+\" -d '$3'\"}"
}

# 1 What a dry run has made, is not there.
kube_rules ''
nine create 1
do_plan
asked 1 0 9 0
tap_ok 'of nine that are not there one list is asked for, and a dry run of each'
applies
tap_ok 'they are made' || exit 1
nine update 2
do_plan
kube_rules ''
applies && asked 2 0 9 9 && is "$M/m8" "d['data']['a']" 2
tap_ok 'an apply of nine asks for two lists, a dry run and an apply of each'
between=$(meanwhile PATCH "$M/m0" '{"data":{"b":"9"}}')
export BETWEEN="${between#then } >&2"
nine update 3
do_plan
! apply && says 'm0: was changed by somebody since' && is "$M/m1" "d['data']['a']" 2
tap_ok 'and finds in them what somebody has changed'
unset BETWEEN
kube_rules ''
nine update 2
do_plan
asked 1 0 9 0 && [ "$(grep -o '"object_uid":' "$W/plan.json" | wc -l)" = 9 ]
tap_ok 'of nine that are there, too'
same=$W

# 2 Without the list the same is found.
kube_rules "GET configmaps.label 403 no"
nine update 2
do_plan
asked 0 9 9 0 && plans "$same" && kube_rules "GET configmaps.label 500 no" && nine update 2 &&
  do_plan && asked 0 9 9 0 && plans "$same"
tap_ok 'where a list is refused or fails each is asked for, and the same is found'
kube_rules ''
kube_curl PATCH "$M/m1" '{"metadata":{"labels":{"applyset.kubernetes.io/part-of":null}}}'
nine update 2
do_plan
asked 1 1 9 0 && ! plans "$same" 2>/dev/null
tap_ok 'what has lost its label is asked for, and found'
first=$W
kube_rules "GET configmaps.label 403 no"
nine update 2
do_plan
plans "$first"
tap_ok 'as without a list'

# 3 It changes after the list was read.
kube_rules "GET configmaps.label $(meanwhile PATCH "$M/m2" '{"data":{"b":"2"}}')"
nine update 2
do_plan
asked 1 2 10 0 && ! plans "$first" 2>/dev/null
tap_ok 'what changes between list and dry run is looked at again'
first=$W
kube_rules ''
nine update 2
do_plan
plans "$first"
tap_ok 'and found as it is'
kube_rules "GET configmaps.label $(meanwhile DELETE "$M/m3")"
nine update 2
do_plan
asked 1 2 10 0 && ! plans "$first" 2>/dev/null && grep -q '"dry_run":true\|"absent"' "$W/plan.json"
tap_ok 'so is what is removed then'

# 4 Eight that are waited for.
web() { # NAME
  printf '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"%s","namespace":"shop"},
"spec":{"selector":{"matchLabels":{"app":"%s"}},"template":{"metadata":{"labels":{"app":"%s"}},
"spec":{"containers":[{"name":"c","image":"example.org/web:1"}]}}}}' "$1" "$1" "$1"
}
kube_writer one
begin
for i in 0 1 2 3 4 5 6 7; do
  want create deployments "$(web "d$i")" ',"has_status":true,"within":300'
done
do_plan
kube_rules ''
applies && kube_passed GET deployments/d && [ "$PASSED" = 8 ] &&
  kube_passed GET 'deployments?label' && [ "$PASSED" -ge 2 ]
tap_ok 'while many become ready one list is asked for again and again, and none by its name'
tap_end
