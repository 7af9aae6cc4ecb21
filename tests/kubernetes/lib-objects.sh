# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Plans of objects without agent and planner, by objects-tool; after lib-kube.sh and kube_begin:
#
#	begin                              # a new plan, in $W; $KEEP: a key to begin with
#	want ACTION RESOURCE OBJECT [MEMBERS]
#	do_plan
#	apply [MODE]; applies [MODE]       # the latter fails and tells where it does not end well
#	says TEXT...; lacks TEXT           # lines of the output
#	get PATH EXPRESSION; is PATH EXPRESSION WANTED; gone PATH   # of the cluster
#	map NAME DATA [ANNOTATIONS] [NAMESPACE]                     # a ConfigMap
#
# shellcheck disable=SC2119,SC2120 # arguments are optional
tool=${builddir:-.}/objects-tool
export INVENTORY=shop
count=0
W=

begin() { # a folder of its own for each plan
  count=$((count + 1))
  W=$T/plan$count
  mkdir -p "$W/want"
  [ -z "${KEEP-}" ] || cp "$KEEP" "$W/seal.key"
  n=0
}
want() { # ACTION RESOURCE OBJECT [MEMBERS]
  printf '{"action":"%s","resource":"%s","object":%s%s}' "$1" "$2" "$3" "${4-}" >"$W/want/$n.json"
  n=$((n + 1))
}
do_plan() {
  "$tool" plan "$KUBE/config" "${context:-one}" "$W" 2>"$W/err" || sed 's/^/# /' "$W/err" >&2
}
apply() { # MODE; output is in $W/out
  "$tool" "${1:-apply}" "$KUBE/config" "${context:-one}" "$W" >"$W/out" 2>"$W/err"
}
applies() { # MODE: and well
  apply "$@" || {
    sed 's/^/# /' "$W/out" "$W/err" >&2
    return 1
  }
}
says() { # TEXT...: lines of the output
  for text in "$@"; do
    grep -qF -- "$text" "$W/out" || {
      printf '# no "%s" in\n' "$text" >&2
      sed 's/^/#   /' "$W/out" "$W/err" >&2
      return 1
    }
  done
}
lacks() {
  ! grep -qF -- "$1" "$W/out"
}
get() { # PATH EXPRESSION: d is the object
  kube_curl GET "$1"
  printf '%s' "$BODY" | python3 -c "import json, sys
d = json.load(sys.stdin)
print($2)" 2>/dev/null
}
is() { # PATH EXPRESSION WANTED
  found=$(get "$1" "$2")
  [ "$found" = "$3" ] || {
    printf '# %s is "%s", not "%s": %.300s\n' "$2" "$found" "$3" "$BODY" >&2
    return 1
  }
}
gone() { # PATH
  kube_curl GET "$1"
  [ "$STATUS" = 404 ]
}
map() { # NAME DATA [ANNOTATIONS] [NAMESPACE]
  printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s","namespace":"%s"%s},
"data":%s}' \
    "$1" "${4:-shop}" "${3:+,\"annotations\":$3}" "$2"
}
