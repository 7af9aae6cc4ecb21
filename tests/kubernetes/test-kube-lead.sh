#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The job `lead` on a real API server: candidates, one killed, stopped, robbed, cut off, refused.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/kubernetes/lib-kube.sh"
: "${builddir:=.}"
kube_need || tap_skip_all "$REASON"
git_begin
kube_begin one || exit 1
leases=/apis/coordination.k8s.io/v1/namespaces/default/leases

candidate() { # NAME [CONTEXT]: its events in $T/NAME, its process in $pid
  printf '{"v":1,"job":"lead","clusters":[{"name":"%s","kubeconfig":"%s","in_cluster":false}],%s}' \
    "${2:-one}" "$KUBE/config" "\"namespace\":\"default\",\"name\":\"lead\",\"duration\":3,
    \"identity\":\"$1\"" | tr -d '\n' >"$T/$1.request"
  "$builddir/assent-worker" <"$T/$1.request" >"$T/$1" 2>"$T/$1.err" &
  pid=$!
  git_pids="$git_pids $pid"
}
await() { # COMMAND...: a bound, not a measurement
  left=600
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 0.1
  done
}
last() { # NAME MEMBER: of its newest event
  grep '"event":"lead"' "$T/$1" | tail -n 1 | sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}
leads() { # NAME
  [ "$(last "$1" until)" -gt 0 ] 2>/dev/null
}
follows() { # NAME HOLDER
  [ "$(last "$1" until)" = 0 ] && [ "$(last "$1" holder)" = "$2" ]
}
has() { # NAME TEXT
  [ -e "$T/$1" ] && grep -qF -- "$2" "$T/$1"
}
# By the same clock: when the second sent the request by which it leads, and until when the first
# might act. 2000: for how long one leads after a request, with 3 s.
apart() { # FIRST SECOND
  until=$(sed -n 's/.*"until":\([1-9][0-9]*\).*/\1/p' "$T/$1" | tail -n 1)
  since=$(sed -n 's/.*"until":\([1-9][0-9]*\).*/\1/p' "$T/$2" | head -n 1)
  [ -n "$until" ] && [ -n "$since" ] && [ $((since - 2000)) -ge "$until" ] && return
  echo "# $1 until $until, $2 since $((since - 2000))"
  return 1
}
lease() { # EXPRESSION on spec
  kube_curl GET "$leases/lead"
  printf '%s' "$BODY" | python3 -I -S -c "import json, sys
spec = json.load(sys.stdin)['spec']
sys.exit(not ($1))"
}

candidate a && a=$pid
await leads a && lease "spec['holderIdentity'] == 'a' and spec['leaseDurationSeconds'] == 3 and \
  spec['leaseTransitions'] == 0"
tap_ok 'the first leads, and the Lease says so'
candidate b && b=$pid
await follows b a
tap_ok 'the second follows, and knows whom'
renewed() {
  [ "$(grep -c '"until":[1-9]' "$T/a")" -ge 4 ]
}
await renewed && follows b a
tap_ok 'the first renews, and stays it'

kill -KILL "$a"
wait "$a" 2>/dev/null
await leads b && lease "spec['holderIdentity'] == 'b' and spec['leaseTransitions'] == 1"
tap_ok 'when it is killed, the second takes over'
apart a b
tap_ok 'not before the first could act no more'

candidate c && c=$pid
await follows c b
kill -TERM "$b"
wait "$b" && has b '"released":true' && await leads c
tap_ok 'one that is stopped gives the Lease back, and another takes it'
lease "spec['holderIdentity'] == 'c' and spec['leaseDurationSeconds'] == 3"
tap_ok 'for as long as its own say'

# What client-go would write.
candidate d && d=$pid
await follows d c
kube_curl -t application/merge-patch+json PATCH "$leases/lead" \
  '{"spec":{"holderIdentity":"other","leaseDurationSeconds":3}}'
! wait "$c" && has c '"error"' && [ "$(last c until)" = 0 ]
tap_ok 'one whose Lease was given to another ends'
await leads d && lease "spec['holderIdentity'] == 'd'"
tap_ok 'another that does not renew is followed by the next'
kube_curl DELETE "$leases/lead"
made() {
  lease "spec['holderIdentity'] == 'd'" 2>/dev/null
}
await made && leads d
tap_ok 'a Lease that was deleted is made again by who leads'

kube_stop one
! wait "$d" && has d 'was lost' && [ "$(last d until)" = 0 ]
tap_ok 'one that cannot renew ends before another could lead'
candidate e && e=$pid
await has e '"problem"' && [ "$(last e until)" = 0 ]
tap_ok 'one that reaches nobody says so, and does not lead'
kube_start one && await leads e && apart d e
tap_ok 'until the server is back'
kill -TERM "$e" && wait "$e"
candidate f one-nobody && f=$pid
await has f 'forbidden' && [ "$(last f until)" = 0 ]
tap_ok 'one that may not says so, and does not lead'
kill -TERM "$f" && wait "$f" && ! has f '"released"'
tap_ok 'it gives nothing back'

bad=
for change in 's/"namespace":"default"/"namespace":"a\/b"/' 's/"name":"lead"/"name":"..%2f"/' \
  's/"duration":3/"duration":2/' 's/"identity":"f"/"identity":1/' \
  's/"clusters":\[{/"clusters":[[/'; do
  sed "$change" "$T/f.request" | "$builddir/assent-worker" >"$T/said" 2>&1
  grep -q '"code":"usage"' "$T/said" || bad="$bad $change"
done
[ -z "$bad" ] || echo "# $bad"
[ -z "$bad" ]
tap_ok 'a request that is wrong is refused'
[ "$tap_failed" = 0 ] || tail -n 3 "$T"/[a-f] | sed 's/^/# /'
tap_end
