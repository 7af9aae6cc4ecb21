#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fetching through a proxy that stalls, cuts and garbles: an error of the right kind, in time,
# and a mirror that the next fetch can use.
. "$srcdir/tests/system/lib-git.sh"
git_begin
git_need git python3 || tap_skip_all "$REASON"
git_seed
git_http_up || tap_skip_all "$REASON"

# Of what ends by itself nobody shall lose patience, however busy the machine.
limits() { # MODE: sets $limits
  case $1 in
  accept | hang | drip) limits="connect_timeout=2 low_speed_time=1 timeout=20" ;;
  *) limits="connect_timeout=60 low_speed_time=60 timeout=120" ;;
  esac
}

try() { # URL NAME CODES MEMBERS...: a clone through the proxy that is up
  url=$1 what=$2 codes=$3
  shift 3
  rm -rf "$T/mirror.git"
  git_fetch "$url" "" "$@"
  code=$(git_member code)
  case " $codes " in
  *" $code "*) [ "$RC" = 1 ] ;;
  *) false ;;
  esac || { tap_note "$T/out" "$T/err"; false; }
  tap_ok "$what: $code" || return
  [ ! -e "$T/mirror.git/refs/assent/heads/main" ]
  tap_ok "$what: no ref was written"
}

# The faulty way, then the straight one into the same mirror.
stage() { # SCHEME PORT MODE N CODES
  git_proxy "$3" "$4" "$2" || return 1
  limits "$3"
  # shellcheck disable=SC2086
  try "$1://localhost:$PROXY_PORT/open/repo.git" "$1 $3 $4" "$5" "ca_file=$T/ca.pem" $limits
  git_proxy_down
  git_fetch "http://localhost:$HTTP_PORT/open/repo.git" ""
  git_gives ok "$COMMIT"
  tap_ok "$1 $3 $4: the next fetch works"
}

git_proxy pass 0 "$HTTP_PORT"
git_fetch "http://localhost:$PROXY_PORT/open/repo.git" ""
git_gives ok "$COMMIT"
tap_ok "the proxy itself does no harm"
git_proxy_down

stage http "$HTTP_PORT" accept 0 timeout
stage http "$HTTP_PORT" closed 0 network
stage http "$HTTP_PORT" rst 0 network
stage http "$HTTP_PORT" garbage 0 network
for n in 0 10 200 500 2000 150000; do
  stage http "$HTTP_PORT" cut $n "network repository"
done
for n in 0 100 450 150000; do
  stage http "$HTTP_PORT" hang $n timeout
done
stage http "$HTTP_PORT" drip 150000 timeout
# Far enough for the pack: in a header of HTTP a changed letter may do no harm.
for n in 3000 150000; do
  stage http "$HTTP_PORT" flip $n "network repository"
done
stage https "$HTTPS_PORT" accept 0 "timeout tls"
stage https "$HTTPS_PORT" garbage 0 tls
stage https "$HTTPS_PORT" hang 50 "timeout tls"
stage https "$HTTPS_PORT" cut 50 "network tls"
stage https "$HTTPS_PORT" cut 150000 "network tls"
stage https "$HTTPS_PORT" flip 150000 "network tls"

git_proxy drip 150000 "$HTTP_PORT"
rm -rf "$T/mirror.git"
git_fetch "http://localhost:$PROXY_PORT/open/repo.git" "" low_speed_time=60 timeout=2
git_says timeout "took longer than 2 seconds"
tap_ok "a server that is only slow: the whole fetch has an end"
git_proxy_down

# A fetch that hangs, below a shell that writes the worker's id.
git_proxy hang 150000 "$HTTP_PORT"
hang() {
  rm -rf "$T/mirror.git" "$T/worker"
  printf '{"v":1,"job":"fetch","url":"http://localhost:%s/open/repo.git","known":"","path":"",' \
    "$PROXY_PORT" >"$T/request"
  printf '"ref":"refs/heads/main","mirror":"%s"}\n' "$T/mirror.git" >>"$T/request"
  : >"$T/out"
  # shellcheck disable=SC2016
  sh -c '"$1" <"$2/request" >"$2/out" 2>"$2/err" & echo $! >"$2/worker"
    wait $!; echo $? >"$2/rc"' \
    sh "$WORKER" "$T" &
  parent=$!
  git_wait_for "$T/worker"
  for i in $(seq 1200); do
    [ -n "$(find "$T/mirror.git/objects/pack" -name 'pack_git2_*' 2>/dev/null)" ] && break
    sleep 0.05
  done
  worker=$(cat "$T/worker")
}
hang
kill -TERM "$worker"
wait "$parent"
RC=$(cat "$T/rc")
git_says interrupted "asked to stop"
tap_ok "SIGTERM ends a fetch that hangs"
hang
kill -KILL "$parent"
wait "$parent" 2>/dev/null
# Dead is dead, even where nobody collects it.
lives() { grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$worker/status" 2>/dev/null; }
for i in $(seq 1200); do
  lives || break
  sleep 0.05
done
! lives
tap_ok "the worker does not outlive its parent"
git_proxy_down

if git_ssh_up; then
  for fault in "accept 0" "closed 0" "rst 0" "garbage 0" "cut 30" "cut 2000" "cut 150000" \
    "hang 30" "hang 2000" "hang 150000" "flip 150000"; do
    # shellcheck disable=SC2086
    git_proxy $fault "$SSH_PORT"
    git_known_host "$PROXY_PORT" "$T/hostkey.pub" >"$T/known_hosts"
    limits "${fault% *}"
    case $fault in
    accept* | hang*) codes="timeout network" ;;
    *) codes="network repository" ;;
    esac
    # shellcheck disable=SC2086
    try "ssh://127.0.0.1:$PROXY_PORT$T/srv/repo.git" "ssh $fault" "$codes" \
      "ssh_command=ssh -F '$T/ssh_config'" $limits
    git_proxy_down
  done
else
  tap_skip "ssh" "$REASON"
fi
tap_end
