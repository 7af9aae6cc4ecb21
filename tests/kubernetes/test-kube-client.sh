#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The client of API servers (src/cluster) and a real one: HTTP/2, connections that are cut or given
# up, restarts, too many requests, tokens, watches.
srcdir=$(cd "${srcdir:-.}" && pwd)
. "$srcdir/tests/system/lib-git.sh"
. "$srcdir/tests/kubernetes/lib-kube.sh"
kube_need || tap_skip_all "$REASON"
driver=$(cd "${builddir:-.}" && pwd)/cluster-driver
git_begin
cd "$T" || exit 1
kube_begin one
tap_ok 'a server answers' || exit 1

drive() { # CONTEXT COMMAND [ARGUMENT...]: $OUT, and what it said in the file said
  OUT=$("$driver" "$KUBE/config" "$@" 2>said </dev/null)
}
batch() { # CONTEXT: the lines of the file requests
  OUT=$("$driver" "$KUBE/config" "$1" run 2>said <requests)
}
maps=/api/v1/namespaces/default/configmaps
dry="$maps/many-%d?fieldManager=assent&force=true&dryRun=All"

kube_curl GET /api/v1/namespaces/kube-system
uid=$(printf '%s' "$BODY" | sed -n 's/^ *"uid": "\(.*\)".*/\1/p')
drive one identity && [ "$OUT" = "$uid default" ]
tap_ok 'a cluster is the uid of kube-system'
drive one-cert identity && [ "$OUT" = "$uid default" ]
tap_ok 'by a client certificate, too'
drive one-nobody identity && [ "$OUT" = "https://127.0.0.1:$(cat "$KUBE/one/port") default" ]
tap_ok 'and the address where that may not be read'
drive one kind apps v1 Deployment && [ "$OUT" = /apis/apps/v1/namespaces/shop/deployments/x ] &&
  drive one kind rbac.authorization.k8s.io v1 ClusterRole &&
  [ "$OUT" = /apis/rbac.authorization.k8s.io/v1/clusterroles/x ] &&
  drive one kind example.org v1 Nothing && [ "$OUT" = absent ]
tap_ok 'discovery tells where objects are'

# By an address of IPv6: what comes to it goes on to the server.
cat >forward.py <<'P'
import os, socket, sys, threading
target = int(sys.argv[1])
door = socket.socket(socket.AF_INET6)
door.bind(("::1", 0))
door.listen()
with open("six.new", "w") as f:
    f.write(str(door.getsockname()[1]))
os.rename("six.new", "six.port")
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
while True:
    here = door.accept()[0]
    there = socket.create_connection(("127.0.0.1", target))
    for pair in (here, there), (there, here):
        threading.Thread(target=pump, args=pair, daemon=True).start()
P
if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null; then
  python3 forward.py "$(cat "$KUBE/one/port")" 2>six.err </dev/null &
  six_pid=$!
  cleaners="$cleaners end_six"
  end_six() {
    kill "$six_pid" 2>/dev/null
  }
  kube_wait test -s six.port
  six="https://[::1]:$(cat six.port)"
  sed "s|https://127.0.0.1:[0-9]*|\"$six\"|" "$KUBE/config" >six-config
  OUT=$("$driver" six-config one identity 2>said) && [ "$OUT" = "$uid default" ] &&
    OUT=$("$driver" six-config one many 40 "$dry" 2>said) && [ "$OUT" = '40 good of 40' ]
  tap_ok 'a server is reached by an address of IPv6' said six.err
  OUT=$("$driver" six-config one-nobody identity 2>said) && [ "$OUT" = "$six default" ]
  tap_ok 'which is what it is called by where its uid may not be read' said
  sed 's|^    certificate-authority-data|    tls-server-name: other.test\n&|' six-config >named
  ! "$driver" named one identity >out 2>said && grep -q certificate said &&
    sed 's/other.test/kube.test/' named >six-config &&
    OUT=$("$driver" six-config one identity 2>said) && [ "$OUT" = "$uid default" ]
  tap_ok 'there, too, the certificate must have the name that is stated' said
else
  tap_skip 'a server is reached by an address of IPv6' 'this machine has no ::1'
fi

drive one many 600 "$maps/many-%d?fieldManager=assent" && [ "$OUT" = '600 good of 600' ] &&
  drive one list "$maps?labelSelector=no%3Done" && printf '%s\n' "$OUT" | grep -q '^at [0-9]' &&
  drive one list "$maps" && [ "$(printf '%s\n' "$OUT" | grep -c '^ConfigMap many-')" = 600 ] &&
  [ "$(printf '%s\n' "$OUT" | grep '^ConfigMap' | sort -u | wc -l)" -ge 600 ]
tap_ok 'changes are made once, and listed over pages'

# What a plan sends for large objects is more than a connection takes at once.
python3 - >requests <<'P'
for i in range(60):
    print("APPLY /api/v1/namespaces/default/configmaps/large-%d?fieldManager=assent "
          '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"large-%d"},'
          '"data":{"text":"%s"}}' % (i, i, "x" * 60000))
P
batch one && [ "$(printf '%s\n' "$OUT" | grep -c '^created 201 ')" = 60 ]
tap_ok 'bodies that are larger than a window'

if strace -f -o strace.log true 2>/dev/null; then
  ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=connect -o strace.log \
    "$driver" "$KUBE/config" one many 300 "$dry" >out 2>&1
  grep -q '^300 good of 300' out &&
    [ "$(grep -c "htons($(cat "$KUBE/one/port"))" strace.log)" = 1 ]
  tap_ok 'a batch goes over one connection' strace.log
else
  tap_skip 'a batch goes over one connection' 'strace cannot be used here'
fi

bad="APPLY $maps/bad?fieldManager=assent"
bad="$bad {\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"bad\"},\"x\":1}"
printf '%s\n' 'GET /nothing' 'POST /api/v1/namespaces {}' "$bad" "DELETE $maps/many-1" >requests
batch one-nobody
printf '%s\n' "$OUT" | grep -c '^forbidden 403' | grep -qx 4
tap_ok 'without rights each is forbidden' said
batch one
printf '%s\n' "$OUT" | cut -d' ' -f1,2 >classes
printf '%s\n' 'not-served 404' 'invalid 422' 'schema 500' 'done 200' | cmp -s - classes
tap_ok 'and what is wrong with a request is told' classes
printf 'GET %s/many-2\n' "$maps" >requests
export AS=system:serviceaccount:default:nobody
batch one
unset AS
printf '%s\n' "$OUT" | grep -q '^forbidden 403 .*User "system:serviceaccount:default:nobody"'
tap_ok 'as somebody else one has their rights'

# A proxy on the way that cuts: each connection ends after so many bytes.
kube_port=$(cat "$KUBE/one/port")
echo 'cut 60000' >mode
python3 "$srcdir/tests/system/fault-proxy.py" proxy.port @mode "$kube_port" &
cut_pid=$!
cleaners="$cleaners end_cut"
end_cut() {
  kill "$cut_pid" 2>/dev/null
}
until [ -s proxy.port ]; do sleep 0.05; done
sed "s/127.0.0.1:$kube_port\$/127.0.0.1:$(cat proxy.port)/" "$KUBE/config" >cut-config
OUT=$("$driver" cut-config one many 300 "$dry" 2>said </dev/null)
[ "$OUT" = '300 good of 300' ]
tap_ok 'connections that are cut in the middle of a batch' said

# From now on so many answers are the last of their connection.
KUBE_FLAGS='--goaway-chance=0.02'
(
  sleep 0.3
  kube_stop one
) 2>/dev/null &
OUT=$(TOTAL=60 "$driver" "$KUBE/config" one many 1500 "$dry" 2>said </dev/null &
  driving=$!
  sleep 0.6
  kube_start one >/dev/null 2>&1
  wait "$driving")
[ "$OUT" = '1500 good of 1500' ]
tap_ok 'the server is killed in the middle of a batch, and started again' said
# Each request may be the one after which the connection ends: none is lost, none is doubled.
drive one many 400 "$dry" && [ "$OUT" = '400 good of 400' ]
tap_ok 'the server gives up connections in the middle of a batch'
# Watches: what happens is told, of several kinds over one connection.
drive one list "$maps"
at=$(printf '%s\n' "$OUT" | sed -n 's/^at //p')
from="resourceVersion=$at&allowWatchBookmarks=true&timeoutSeconds=30"
"$driver" "$KUBE/config" one watch \
  "$maps?watch=1&$from,/api/v1/namespaces/default/secrets?watch=1&$from" 3 >events 2>said &
watch_pid=$!
kube_curl -t application/json POST "$maps" '{"metadata":{"name":"watched"}}'
kube_curl -t application/json POST /api/v1/namespaces/default/secrets '{"metadata":{"name":"s"}}'
kube_curl DELETE "$maps/watched"
wait "$watch_pid"
sort events | grep -v BOOKMARK >sorted
printf '%s\n' 'ADDED ConfigMap watched' 'ADDED Secret s' 'DELETED ConfigMap watched' 'done 0' |
  cmp -s - sorted
tap_ok 'watches tell what happens' events said
"$driver" "$KUBE/config" one watch "$maps?watch=1&$from" 1000 >events 2>said &
watch_pid=$!
sleep 0.5
kube_stop one
wait "$watch_pid"
grep -Eq '^(lost|done) ' events
tap_ok 'a server that dies ends its watches' events said
kube_compact one
KUBE_FLAGS='--max-requests-inflight=1 --enable-priority-and-fairness=false'
kube_start one
"$driver" "$KUBE/config" one watch "$maps?watch=1&resourceVersion=2&timeoutSeconds=5" 9 \
  >events 2>said
grep -q '^expired 410' events
tap_ok 'what is forgotten is to be listed again' events said

# One request at once, of all that are not the system's masters.
i=0
while [ $i -lt 40 ]; do
  echo "GET $maps/many-$i"
  i=$((i + 1))
done >requests
batch one-nobody
[ "$(printf '%s\n' "$OUT" | grep -c '^forbidden 403')" = 40 ]
tap_ok 'a server that takes one request at a time is waited for' said

kube_curl -t application/json POST /api/v1/namespaces/default/serviceaccounts \
  '{"metadata":{"name":"robot"}}'
for seconds in 600 -600; do
  kube_token one default robot "$seconds"
  printf '%s' "$TOKEN" >token
  sed "s|user: {token: $(cat "$KUBE/nobody.token")}|user: {tokenFile: token}|" \
    "$KUBE/config" >token-config
  OUT=$(printf 'GET /version\n' | "$driver" token-config one-nobody run 2>"said.$seconds")
  printf '%s\n' "$OUT" >"out.$seconds"
done
grep -q '^done 200' out.600
tap_ok 'a token of a service account is good' said.600
grep -q "does not accept the token in '$PWD/token' (HTTP 401)" said.-600 &&
  ! grep -q "$TOKEN" said.-600 out.-600
tap_ok 'and is refused when it is over, which is said without it' said.-600
tap_end
