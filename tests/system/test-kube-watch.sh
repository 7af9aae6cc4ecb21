#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The job `watch` against a server that does as it is told: each change is told once, with who did
# it; what happens while the connection is lost or the server has forgotten where we were, too.
# shellcheck disable=SC2016,SC2119,SC2153 # conditions are evaluated later
. "${srcdir:-.}/tests/system/lib-git.sh"
git_need curl python3 || tap_skip_all "$REASON"
git_begin
worker=${builddir:-.}/assent-worker

python3 "$srcdir/tests/system/fake-kube-watch.py" "$T/port" >"$T/fake.log" 2>&1 </dev/null &
git_pids="$git_pids $!"
tries=0
while [ ! -s "$T/port" ] && [ $tries -lt 300 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
server=http://127.0.0.1:$(cat "$T/port")

cat >"$T/kubeconfig" <<-K
	{"apiVersion": "v1", "kind": "Config", "current-context": "one",
	 "clusters": [{"name": "one", "cluster": {"server": "$server"}}],
	 "contexts": [{"name": "one", "context": {"cluster": "one", "user": "me"}}],
	 "users": [{"name": "me", "user": {}}]}
K

do_it() { curl -sf -o "$T/answer" --data "$1" "$server/do"; }
# put NAMESPACE NAME SECOND MANAGER [SET]: as it is from now on, that manager's alone
put() {
  do_it '{"put": {"metadata": {"namespace": "'"$1"'", "name": "'"$2"'",
    "labels": {"applyset.kubernetes.io/part-of": "'"${5-set-a}"'"}, "managedFields": [
    {"manager": "'"$4"'", "operation": "Apply", "time": "2026-01-01T00:00:'"$3"'Z"}]}}}'
}
item() { # STACK NAMESPACE NAME SET
  printf 'k{"cluster":"one","group":"","id":"k8s:one/%s/ConfigMap/%s","kind":"ConfigMap",' "$2" "$3"
  printf '"name":"%s","namespace":"%s","resource":"configmaps","set":"%s","version":"v1"}\0' \
    "$3" "$2" "$4"
}
{
  printf '%s\0' -/etc/passwd =/srv
  item a shop web set-a
  item a shop cache set-a
  item a shop unlabelled set-a
  printf 'k{"cluster":"two","group":"","id":"x","kind":"ConfigMap","name":"web",'
  printf '"namespace":"shop","resource":"configmaps","version":"v1"}\0'
} >"$T/list-a"
item b shop web-b set-b >"$T/list-b"

all='{"cluster_scoped":true}'
watch_start() { # [SCOPE of the stack b]
  : >"$T/out"
  printf '{"v":1,"job":"watch","clusters":[{"name":"one","kubeconfig":"%s",%s,%s}\n' \
    "$T/kubeconfig" '"context":"one","in_cluster":false}]' \
    "\"stacks\":[{\"name\":\"a\",\"list\":\"$T/list-a\",\"scope\":$all},{\"name\":\"b\",\
\"list\":\"$T/list-b\"${1-,\"scope\":$all}}]" >"$T/request"
  "$worker" --trust "$T/none" <"$T/request" >"$T/out" 2>"$T/err" &
  watch_pid=$!
  git_pids="$git_pids $watch_pid"
}
# lines of events that hold all of these, in the order of their members
says() { # COUNT REGEX
  tries=0
  while [ "$(grep -c "$2" "$T/out")" -lt "$1" ] && [ $tries -lt 300 ]; do
    kill -0 $watch_pid 2>/dev/null || tries=300
    sleep 0.1
    tries=$((tries + 1))
  done
  [ "$(grep -c "$2" "$T/out")" = "$1" ]
}
changed() { # ID-END STACK REST
  printf '"changed","id":"k8s:one/shop/ConfigMap/%s",.*"stack":"%s",.*%s' "$1" "$2" "$3"
}
requests() { curl -sf "$server/seen" >"$T/seen" && grep -c "$1" "$T/seen"; }
shown() { tap_note "$T/out" "$T/err" "$T/fake.log"; }

put shop web 01 assent && put shop cache 01 assent && put shop web-b 01 assent set-b
put shop unlabelled 01 assent other && put shop stranger 01 somebody
watch_start
says 1 '"event":"watching"'
tap_ok 'it says when it has seen everything once' || shown
! grep changed "$T/out"
tap_ok 'what was there already is no change'
[ "$(requests 'watch=1')" = 1 ]
tap_ok 'one watch serves the objects of one kind and namespace' || tap_note "$T/seen"

put shop web 02 kubectl-edit
says 1 "$(changed web a '"time":1767225602,"what":"changed"')" &&
  grep -q '"manager":"kubectl-edit"' "$T/out"
tap_ok 'a change is told with its manager and time' || shown
put shop web-b 03 helm set-b
says 1 "$(changed web-b b '"what":"changed"')"
tap_ok 'to the stack whose it is' || shown
put shop cache 04 assent
says 1 "$(changed cache a '"what":"changed"')" && grep 'Map/cache' "$T/out" | grep -q '"own":true'
tap_ok 'what we ourselves did is marked' || shown
put shop stranger 05 somebody && put shop web 06 kubectl-edit
says 2 "$(changed web a .)" && ! grep -q stranger "$T/out"
tap_ok 'an object that no stack has is not told of' || shown

# --- labels
put shop web 07 hand other
says 1 "$(changed web a '"what":"left"')" && ! grep -q '"gone"' "$T/out"
tap_ok 'an object that lost its label is read, and is not gone' || shown
put shop web 08 hand
says 1 "$(changed web a '"what":"new"')"
tap_ok 'it is followed again when the label is back' || shown
do_it '{"delete": "shop/cache"}'
says 1 "$(changed cache a '"what":"gone"')"
tap_ok 'one that is deleted is gone' || shown

# --- the server forgets, and ends what was open
: >"$T/mark" && before=$(requests 'limit=500')
do_it '{"expire": true}'
put shop cache 10 hand
says 1 "$(changed cache a '"what":"new"')"
tap_ok 'after 410 what has happened meanwhile is told' || shown
[ "$(requests 'limit=500')" -gt "$before" ]
tap_ok 'since it was listed again' || tap_note "$T/seen"
[ "$(grep -c "$(changed web-b b .)" "$T/out")" = 1 ]
tap_ok 'and what has not changed is not' || shown
do_it '{"drop": true}'
put shop web-b 11 helm set-b
says 2 "$(changed web-b b '"what":"changed"')"
tap_ok 'after a lost connection it goes on where it was' || shown

# --- the right is taken away
do_it '{"forbid": true}'
says 1 '"problem":"/api/v1/namespaces/shop/configmaps: forbidden: configmaps is forbidden"'
tap_ok 'a right that is taken away is told' || shown
kill -TERM $watch_pid
wait $watch_pid
tap_ok 'it ends when it is asked to'
says 1 '"result":{"collections":1}'
tap_ok 'with a result' || shown
watch_start
says 1 '"watching","problem":'
tap_ok 'without the right from the beginning it says so' || shown
kill -TERM $watch_pid
wait $watch_pid

# --- what a stack may not touch any more
do_it '{"forbid": false}'
for scope in ',"scope":{"cluster_scoped":true,"namespaces":["other"]}' ''; do
  watch_start "$scope"
  says 1 '"event":"watching"}'
  put shop web-b 12 helm set-b && put shop web 12 "hand${scope:+2}"
  says 1 "$(changed web a '"what":"changed"')" && ! grep -q web-b "$T/out"
  tap_ok "what lies outside of a stack's scope is not followed${scope:+, by its namespace}" || shown
  kill -TERM $watch_pid
  wait $watch_pid
done

# --- many changes
watch_start
says 1 '"event":"watching"}'
python3 - "$server" <<'P'
import json, sys, urllib.request
for i in range(1000):
    body = {"put": {"metadata": {"namespace": "shop", "name": "web", "labels": {
        "applyset.kubernetes.io/part-of": "set-a"}, "managedFields": [{"manager": "storm",
        "operation": "Apply", "time": "2026-01-01T00:%02d:%02dZ" % (i // 60, i % 60)}]}}}
    urllib.request.urlopen(sys.argv[1] + "/do", json.dumps(body).encode()).read()
P
says 1 "$(changed web a '"time":1767226599,')"
tap_ok 'of a thousand changes none gets lost' || tap_note "$T/err"
kill -TERM $watch_pid
wait $watch_pid
tap_ok 'and it ends as before'
tap_end
