# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What every shell test needs; source it first. A test speaks TAP:
#
#	. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
#	need python3 ssh-keygen              # else the whole test is skipped
#	exits 0 'status works' assent status # runs it; keeps $tmp/out and $tmp/err
#	says 'the stack is named' out web    # fixed text in the output just kept
#	ok 'a file is there' test -e "$tmp/x"
#	finish
#
# $tmp is a fresh folder, HOME and the XDG folders lie in it, no variable of the
# user's reaches the programs. background COMMAND... starts what must end with
# the test; everything is killed by its process id and removed at the end.
set -u
: "${srcdir:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
: "${builddir:=$PWD}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/assent-test.XXXXXX")
count=0 failed=0 pids=
export HOME="$tmp/home" XDG_RUNTIME_DIR="$tmp/run" LC_ALL=C.UTF-8 LANGUAGE='' TZ=UTC \
  TERM=xterm
export PATH="$builddir:$PATH"
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_DATA_HOME SSH_AUTH_SOCK SSH_ASKPASS \
  SUDO_UID SUDO_USER SUDO_COMMAND PKEXEC_UID DOAS_USER \
  ASSENT_CONFIG ASSENT_SOCKET ASSENT_PAGER PAGER NO_COLOR CLICOLOR_FORCE COLUMNS
mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR"

# Functions of ${cleaners-} are called at the end, before the folder goes.
clean_up() {
  local cleaner
  for cleaner in ${cleaners-}; do
    "$cleaner"
  done
  for pid in $pids; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  done
  rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

skip_all() {
  echo "1..0 # SKIP $*"
  exit 0
}

need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || skip_all "no $program"
  done
}

# ok NAME COMMAND...
ok() {
  local name=$1 status=0
  shift
  count=$((count + 1))
  "$@" >"$tmp/ok.log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    echo "ok $count - $name"
  else
    failed=$((failed + 1))
    echo "not ok $count - $name"
    echo "# '$*' gave $status"
    sed 's/^/# /' "$tmp/ok.log"
  fi
}

# exits STATUS NAME COMMAND...: standard input is empty unless redirected by the caller
exits() {
  local want=$1 name=$2 status=0
  shift 2
  "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
  ok "$name" test "$status" -eq "$want"
  if [ "$status" -ne "$want" ]; then
    echo "# exit code $status, not $want: $*"
    head -n 30 "$tmp/out" "$tmp/err" | sed 's/^/# /'
  fi
}

# says NAME out|err TEXT
says() {
  ok "$1" grep -qF -e "$3" "$tmp/$2"
  grep -qF -e "$3" "$tmp/$2" || sed 's/^/# /' "$tmp/$2"
}

lacks() {
  ok "$1" not grep -qF -e "$3" "$tmp/$2"
}

not() {
  ! "$@"
}

# background LOG COMMAND...: sets $pid
background() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  pids="$pids $pid"
}

# wait_for COMMAND...: until it succeeds; a bound, not a measurement
wait_for() {
  local i
  for i in $(seq 600); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.05
  done
  echo "# gave up waiting for: $*"
  tail -n 20 "$tmp"/*.log 2>/dev/null | sed 's/^/# /'
  return 1
}

# An ssh-agent of this test alone.
start_ssh_agent() {
  export SSH_AUTH_SOCK="$tmp/ssh-agent.sock"
  background "$tmp/ssh-agent.log" ssh-agent -D -a "$SSH_AUTH_SOCK"
  wait_for test -S "$SSH_AUTH_SOCK"
}

finish() {
  echo "1..$count"
  [ "$failed" -eq 0 ]
  exit
}
