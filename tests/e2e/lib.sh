# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Helps the tests of installed programs: TAP, and a place of its own for each test. ASSENT_BINDIR
# says where the programs are; `make installcheck` sets it.
#
#   . "$srcdir/tests/e2e/lib.sh"
#   site_make                   $site, an own HOME, nothing of the user's configuration
#   ok "what is true" test -f x
#   done_testing

: "${srcdir:?is set by make installcheck}"
: "${ASSENT_BINDIR:?is set by make installcheck}"
PATH=$ASSENT_BINDIR:$PATH:/usr/sbin:/sbin
export PATH
n=0
failures=0
site=
pids=

skip_all() {
  echo "1..0 # SKIP $*"
  exit 0
}

need() { # PROGRAM...
  for program in "$@"; do
    command -v "$program" >/dev/null || skip_all "$program is not installed"
  done
}

note() {
  printf '%s\n' "$*" | sed 's/^/# /'
}

ok() { # TITLE COMMAND...
  title=$1
  shift
  n=$((n + 1))
  if "$@" >"$site/out" 2>&1; then
    echo "ok $n - $title"
  else
    echo "not ok $n - $title"
    failures=$((failures + 1))
    note "command: $*"
    sed 's/^/# /' "$site/out"
  fi
}

is() { # TITLE GOT WANTED
  ok "$1" test "$2" = "$3"
  [ "$2" = "$3" ] || note "got '$2', wanted '$3'"
}

refused_with() { # CODE
  cat "$site/refused"
  [ "$1" -gt 0 ] && [ "$1" -le 128 ]
}

refused() { # TITLE COMMAND...: it must fail, by an exit code and not by a crash
  title=$1
  shift
  code=0
  "$@" >"$site/refused" 2>&1 || code=$?
  ok "$title" refused_with "$code"
}

done_testing() {
  echo "1..$n"
  exit "$((failures > 0))"
}

at_end_kill() {
  pids="$1 $pids"
}

site_clean() {
  for pid in $pids; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  done
  pids=
  # What is left is there to be looked at when something failed.
  if [ "$failures" = 0 ] || [ -z "${KEEP_SITE-}" ]; then
    [ -z "$site" ] || rm -rf "$site"
  else
    note "left in $site"
  fi
}

# A socket's path is short, so the place is below /tmp and not below the build.
site_make() {
  site=$(mktemp -d "${TMPDIR:-/tmp}/assent-e2e.XXXXXX") || exit 99
  trap site_clean EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  mkdir -p "$site/home/.config" "$site/run" "$site/srv"
  chmod 700 "$site/home" "$site/run"
  HOME=$site/home
  XDG_CONFIG_HOME=$site/home/.config
  XDG_STATE_HOME=$site/state
  XDG_RUNTIME_DIR=$site/run
  ASSENT_CONFIG=$site/home/.config/assent/assentd.yaml
  GIT_CONFIG_GLOBAL=/dev/null
  GIT_CONFIG_NOSYSTEM=1
  GIT_AUTHOR_NAME=Dora GIT_AUTHOR_EMAIL=dora@example.org
  GIT_COMMITTER_NAME=Dora GIT_COMMITTER_EMAIL=dora@example.org
  export HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_RUNTIME_DIR ASSENT_CONFIG GIT_CONFIG_GLOBAL \
    GIT_CONFIG_NOSYSTEM GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
  unset SSH_AUTH_SOCK SSH_ASKPASS GIT_DIR GIT_WORK_TREE GIT_SSL_CAINFO SSL_CERT_FILE \
    CURL_CA_BUNDLE http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
}
