# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Real API servers for a test: kube-apiserver, each with an etcd of its own, on loopback.
#
#	. "$srcdir/tests/kubernetes/lib-kube.sh"  # after lib-git.sh, or before libtest.sh
#	kube_need || tap_skip_all "$REASON"       # tests/kubernetes/build has run, etcd is there
#	kube_begin [NAME...]           # servers that answer; "one" when none is named
#	kube_second                    # one more, "two"
#	kube_curl [-c NAME] [-u USER] [-t TYPE] METHOD PATH [BODY]   # $BODY, $STATUS
#	kube_config FILE               # a kubeconfig for all servers that were begun
#	kube_ctl ARGUMENT...           # kubectl with that; the first context is "one"
#	kube_stop NAME [SIGNAL]; kube_start NAME; kube_restart NAME  # the API server, not its etcd
#	kube_compact NAME              # etcd forgets what was; a server notices after a restart
#	kube_token NAME NAMESPACE ACCOUNT SECONDS  # $TOKEN of a service account; -120: is over
#	kube_front                     # fault-api.py before "one", as if it were a server "front"
#	kube_rules LINE...             # for that one; none: everything is passed on
#	kube_passed METHOD PATTERN     # $PASSED: how many that were passed on since then
#	kube_writer NAME [RULE...]     # status-writer.py follows, as controllers would
#	kube_rule NAME RULE...         # other rules for it
#	kube_status NAME STEP...       # its single steps
#
# Users: admin (all rights), nobody (none); each by token and by client certificate. Contexts of the
# kubeconfig: NAME is admin by token, NAME-cert by certificate, NAME-nobody. Files: $KUBE/ca.pem,
# USER.pem, USER.key, USER.token, sa.key, NAME/port, NAME/log. The certificate is good for
# 127.0.0.1, ::1, localhost and kube.test. There are no controllers: nothing sets a status, collects
# garbage or ends a namespace but status-writer.py. KUBE_FLAGS are more flags of the server.
#
# shellcheck disable=SC2034  # variables for those who include this

: "${srcdir:=.}"
# By the user's home, which tests replace.
: "${ASSENT_KUBE_BIN=$("$srcdir/tests/kubernetes/build" --path)}"
KUBE=

kube_need() { # false, with $REASON
  for kv_program in etcd openssl curl python3; do
    if ! command -v "$kv_program" >/dev/null 2>&1; then
      REASON="$kv_program is not installed"
      return 1
    fi
  done
  if [ ! -x "$ASSENT_KUBE_BIN/kube-apiserver" ]; then
    REASON='there is no kube-apiserver: run tests/kubernetes/build'
    return 1
  fi
}

# Memory costs no sync. What a killed test left there goes with the next.
kube_folder() {
  kv_free=$(df -Pk /dev/shm 2>/dev/null | sed -n '2s/  */ /gp' | cut -d' ' -f4)
  if [ -w /dev/shm ] && [ "${kv_free:-0}" -gt 1000000 ]; then
    for kv_old in /dev/shm/assent-kube-*; do
      kv_owner=$(cat "$kv_old/owner" 2>/dev/null) || continue
      kill -0 "$kv_owner" 2>/dev/null || rm -rf "$kv_old" 2>/dev/null
    done
    KUBE=$(mktemp -d /dev/shm/assent-kube-XXXXXX) || exit 1
  else
    KUBE=$(mktemp -d "${TMPDIR:-/tmp}/assent-kube-XXXXXX") || exit 1
  fi
  echo $$ >"$KUBE/owner"
  cleaners="${cleaners-} kube_cleanup"
}

kube_cleanup() {
  for kv_pid in "$KUBE"/*/*.pid; do
    kube_end "$kv_pid" KILL
  done
  [ -n "$KUBE" ] && rm -rf "$KUBE"
}

kube_end() { # PID-FILE SIGNAL
  [ -s "$1" ] || return 0
  kill "-$2" "$(cat "$1")" 2>/dev/null
  wait "$(cat "$1")" 2>/dev/null
  rm -f "$1"
}

kube_certificate() { # NAME SUBJECT EXTENSION
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
    -subj "$2" -out "$1.csr" 2>/dev/null &&
    printf '%s\n' "$3" >"$1.ext" &&
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" \
      -days 30 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}

kube_keys() (
  cd "$KUBE" || exit 1
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
    -days 30 -subj '/CN=throwaway CA' -addext 'keyUsage = critical, keyCertSign' 2>/dev/null &&
    kube_certificate server /CN=kube-apiserver \
      'subjectAltName = IP:127.0.0.1, IP:::1, DNS:localhost, DNS:kube.test' &&
    kube_certificate admin /O=system:masters/CN=admin 'extendedKeyUsage = clientAuth' &&
    kube_certificate nobody /CN=nobody 'extendedKeyUsage = clientAuth' &&
    openssl genrsa -out sa.key 2048 2>/dev/null || exit 1
  openssl rand -hex 16 >admin.token
  openssl rand -hex 16 >nobody.token
  printf '%s,admin,1,"system:masters"\n%s,nobody,2\n' "$(cat admin.token)" "$(cat nobody.token)" \
    >tokens
)

# Beside the range from which the kernel gives ports, so that a server finds its own again after a
# restart.
kube_ports() { # COUNT
  python3 - "$1" <<'P'
import random, socket, sys
try:
    low = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
except OSError:
    low = 32768
ports, held = [], []
while len(ports) < int(sys.argv[1]):
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", random.randrange(max(low - 12000, 1024), low)))
    except OSError:
        continue
    held.append(s)
    ports.append(s.getsockname()[1])
print(*ports)
P
}

kube_wait() { # COMMAND...: a bound, not a measurement
  kube_left=1200
  until "$@" >/dev/null 2>&1; do
    kube_left=$((kube_left - 1))
    [ "$kube_left" -gt 0 ] || return 1
    sleep 0.05
  done
}

kube_etcd() { # NAME
  kv_own=$KUBE/$1
  mkdir -p "$kv_own"
  # shellcheck disable=SC2046
  set -- "$1" $(kube_ports 3)
  echo "$2" >"$kv_own/port"
  echo "$3" >"$kv_own/etcd.port"
  kv_peer=http://127.0.0.1:$4
  # The last one is for processors on which nobody tests it.
  ETCD_UNSUPPORTED_ARCH=arm64 etcd --name "$1" --data-dir "$kv_own/etcd" --logger zap \
    --log-level warn --listen-client-urls "http://127.0.0.1:$3" \
    --advertise-client-urls "http://127.0.0.1:$3" --listen-peer-urls "$kv_peer" \
    --initial-advertise-peer-urls "$kv_peer" --initial-cluster "$1=$kv_peer" \
    >"$kv_own/etcd.log" 2>&1 </dev/null &
  echo $! >"$kv_own/etcd.pid"
}

kube_server() { # NAME
  kv_own=$KUBE/$1
  # shellcheck disable=SC2086 # several words
  # A server that lives for seconds has memory to spare rather than time: GOGC.
  GOGC=400 "$ASSENT_KUBE_BIN/kube-apiserver" \
    --etcd-servers="http://127.0.0.1:$(cat "$kv_own/etcd.port")" \
    --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$(cat "$kv_own/port")" \
    --tls-cert-file="$KUBE/server.pem" --tls-private-key-file="$KUBE/server.key" \
    --client-ca-file="$KUBE/ca.pem" --token-auth-file="$KUBE/tokens" --authorization-mode=RBAC \
    --service-account-issuer=https://kube.test --service-account-signing-key-file="$KUBE/sa.key" \
    --service-account-key-file="$KUBE/sa.key" --service-cluster-ip-range=10.96.0.0/16 \
    --disable-admission-plugins=ServiceAccount,StorageObjectInUseProtection \
    --endpoint-reconciler-type=none --cert-dir="$kv_own" ${KUBE_FLAGS-} \
    >>"$kv_own/log" 2>&1 </dev/null &
  echo $! >"$kv_own/server.pid"
}

kube_answers() { # NAME
  kube_curl -c "$1" GET /readyz && [ "$BODY" = ok ] &&
    kube_curl -c "$1" GET /api/v1/namespaces/kube-system && [ "$STATUS" = 200 ] &&
    kube_curl -c "$1" GET /api/v1/namespaces/default && [ "$STATUS" = 200 ]
}

kube_dead_or_answers() { # NAME
  ! kill -0 "$(cat "$KUBE/$1/server.pid")" || kube_answers "$1"
}

kube_ready() { # NAME
  kube_wait kube_dead_or_answers "$1"
  kube_answers "$1" || {
    tail -n 20 "$KUBE/$1/etcd.log" "$KUBE/$1/log" | sed 's/^/# /' >&2
    return 1
  }
}

kube_begin() { # [NAME...]
  [ $# -gt 0 ] || set -- one
  [ -n "$KUBE" ] || {
    kube_folder
    kube_keys || return 1
  }
  for kv_server in "$@"; do
    kube_etcd "$kv_server"
    kube_server "$kv_server"
  done
  for kv_server in "$@"; do
    kube_ready "$kv_server" || return 1
  done
  kube_config "$KUBE/config"
  KUBE_URL=https://127.0.0.1:$(cat "$KUBE/one/port")
}
kube_second() {
  kube_begin two
}

kube_start() { # NAME
  kube_server "$1" && kube_ready "$1"
}
kube_stop() { # NAME [SIGNAL]
  kube_end "$KUBE/$1/server.pid" "${2:-KILL}"
}
kube_restart() { # NAME
  kube_stop "$1" && kube_start "$1"
}

kube_rules() { # LINE...
  : >"$KUBE/front/told"
  : >"$KUBE/front/passed"
  printf '%s\n' "$@" >"$KUBE/front/rules.new"
  mv "$KUBE/front/rules.new" "$KUBE/front/rules"
}
kube_front() {
  mkdir "$KUBE/front"
  kube_rules ''
  python3 "$srcdir/tests/kubernetes/fault-api.py" "$KUBE/front" "$KUBE" \
    "$(cat "$KUBE/one/port")" 2>"$KUBE/front/err" </dev/null &
  echo $! >"$KUBE/front/server.pid"
  kube_wait test -s "$KUBE/front/port" && kube_config "$KUBE/config"
}
kube_passed() { # METHOD PATTERN
  PASSED=$(grep -c -- "^$1 .*$2" "$KUBE/front/passed" || :)
}

kube_curl() { # [-c NAME] [-u USER] [-t TYPE] METHOD PATH [BODY]
  kv_server=one kv_user=admin kv_type=
  while getopts c:u:t: kv_option; do
    case $kv_option in
    c) kv_server=$OPTARG ;;
    u) kv_user=$OPTARG ;;
    t) kv_type=$OPTARG ;;
    *) return 2 ;;
    esac
  done
  shift $((OPTIND - 1))
  OPTIND=1
  case $1$kv_type in
  PATCH) kv_type=application/merge-patch+json ;;
  APPLY) kv_type=application/apply-patch+yaml ;;
  *) kv_type=${kv_type:-application/json} ;;
  esac
  kv_method=$1 kv_path=$2
  [ "$kv_method" != APPLY ] || kv_method=PATCH
  if [ $# -gt 2 ]; then
    set -- -H "Content-Type: $kv_type" --data-binary "$3"
  else
    set --
  fi
  STATUS=$(curl -sS --noproxy '*' --max-time 60 --cacert "$KUBE/ca.pem" -X "$kv_method" \
    -H "Authorization: Bearer $(cat "$KUBE/$kv_user.token")" -D "$KUBE/header" -o "$KUBE/body" \
    -w '%{http_code}' "$@" "https://127.0.0.1:$(cat "$KUBE/$kv_server/port")$kv_path" \
    2>"$KUBE/curl.err") || return 1
  BODY=$(cat "$KUBE/body")
}

kube_data() { # FILE
  openssl base64 -A -in "$KUBE/$1"
}
kube_config() { # FILE
  {
    printf 'apiVersion: v1\nkind: Config\ncurrent-context: one\nclusters:\n'
    for kv_port in "$KUBE"/*/port; do
      kv_server=$(basename "$(dirname "$kv_port")")
      printf -- '- name: %s\n  cluster:\n    server: https://127.0.0.1:%s\n' "$kv_server" \
        "$(cat "$kv_port")"
      printf '    certificate-authority-data: %s\n' "$(kube_data ca.pem)"
    done
    printf 'contexts:\n'
    for kv_port in "$KUBE"/*/port; do
      kv_server=$(basename "$(dirname "$kv_port")")
      printf -- '- name: %s\n  context: {cluster: %s, user: admin}\n' "$kv_server" "$kv_server"
      printf -- '- name: %s-cert\n  context: {cluster: %s, user: cert}\n' "$kv_server" "$kv_server"
      printf -- '- name: %s-nobody\n  context: {cluster: %s, user: nobody}\n' "$kv_server" \
        "$kv_server"
    done
    printf 'users:\n- name: cert\n  user:\n'
    printf '    client-certificate-data: %s\n' "$(kube_data admin.pem)"
    printf '    client-key-data: %s\n' "$(kube_data admin.key)"
    for kv_user in admin nobody; do
      printf -- '- name: %s\n  user: {token: %s}\n' "$kv_user" "$(cat "$KUBE/$kv_user.token")"
    done
  } >"$1"
  chmod 600 "$1"
}

kube_ctl() {
  "$ASSENT_KUBE_BIN/kubectl" --kubeconfig "$KUBE/config" --cache-dir "$KUBE/cache" "$@"
}

kube_compact() { # NAME
  kv_url=http://127.0.0.1:$(cat "$KUBE/$1/etcd.port")/v3/kv
  kv_revision=$(curl -sS --noproxy '*' -d '{"key": "AA=="}' "$kv_url/range" |
    sed 's/.*"revision":"\([0-9]*\)".*/\1/')
  curl -sS --noproxy '*' -d "{\"revision\": $kv_revision, \"physical\": true}" \
    "$kv_url/compaction" | grep -q '"header"'
}

kube_url64() {
  openssl base64 -A | tr '+/' '-_' | tr -d '='
}
# The server's own key signs it, so any end is possible. Servers forgive a minute.
kube_token() { # NAME NAMESPACE ACCOUNT SECONDS
  kube_curl -c "$1" GET "/api/v1/namespaces/$2/serviceaccounts/$3" || return 1
  [ "$STATUS" = 200 ] || return 1
  kv_uid=$(printf '%s' "$BODY" | python3 -c 'import json, sys
print(json.load(sys.stdin)["metadata"]["uid"])')
  kv_now=$(date +%s)
  TOKEN=$(printf '{"alg":"RS256"}' | kube_url64).$(printf \
    '{"iss":"%s","aud":["%s"],"sub":"%s","iat":%s,"nbf":%s,"exp":%s,"kubernetes.io":%s}' \
    https://kube.test https://kube.test "system:serviceaccount:$2:$3" $((kv_now - 3600)) \
    $((kv_now - 3600)) $((kv_now + $4)) \
    "{\"namespace\":\"$2\",\"serviceaccount\":{\"name\":\"$3\",\"uid\":\"$kv_uid\"}}" | kube_url64)
  TOKEN=$TOKEN.$(printf '%s' "$TOKEN" | openssl dgst -sha256 -sign "$KUBE/sa.key" | kube_url64)
}

kube_status() { # NAME STEP...
  kv_server=$1
  shift
  python3 "$srcdir/tests/kubernetes/status-writer.py" \
    "https://127.0.0.1:$(cat "$KUBE/$kv_server/port")" "$KUBE/ca.pem" "$KUBE/admin.token" step "$@"
}
kube_rule() { # NAME RULE...: instead of those before
  kv_server=$1
  shift
  [ $# -gt 0 ] || set -- ''
  printf '%s\n' "$@" >"$KUBE/rules" && mv "$KUBE/rules" "$KUBE/$kv_server/rules"
}
kube_writer() { # NAME [RULE...]
  kube_rule "$@"
  python3 "$srcdir/tests/kubernetes/status-writer.py" \
    "https://127.0.0.1:$(cat "$KUBE/$1/port")" "$KUBE/ca.pem" "$KUBE/admin.token" \
    follow "$KUBE/$1/rules" >"$KUBE/$1/writer.log" 2>&1 </dev/null &
  echo $! >"$KUBE/$1/writer.pid"
}
