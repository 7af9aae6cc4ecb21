# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the tests of installed programs need beyond tests/cli/libtest.sh. `make installcheck` says in
# ASSENT_BINDIR where the programs are.
#
#	. "$srcdir/tests/e2e/lib.sh" || exit 1
#
# $site is the test's folder; repositories that the servers of tests/system/lib-git.sh offer lie in
# $site/srv: git_http_up, git_ssh_up and, with a fault that can change, faulty_way.
: "${ASSENT_BINDIR:?is set by make installcheck}"
builddir=$ASSENT_BINDIR
# shellcheck source=tests/cli/libtest.sh
. "${srcdir:?}/tests/cli/libtest.sh" || exit 1
# shellcheck source=tests/system/lib-git.sh
. "$srcdir/tests/system/lib-git.sh" || exit 1
site=$tmp
T=$tmp
trap 'git_cleanup; clean_up' EXIT
mkdir "$site/srv"
export XDG_CONFIG_HOME="$HOME/.config" XDG_STATE_HOME="$site/state"
export ASSENT_CONFIG="$XDG_CONFIG_HOME/assent/assentd.yaml"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=Dora GIT_AUTHOR_EMAIL=dora@example.org
export GIT_COMMITTER_NAME=Dora GIT_COMMITTER_EMAIL=dora@example.org
unset GIT_DIR GIT_WORK_TREE GIT_SSL_CAINFO SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE \
  http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

is() { # NAME GOT WANTED
  ok "$1" test "$2" = "$3"
  [ "$2" = "$3" ] || echo "# got '$2', wanted '$3'"
}

# It must fail by an exit code and not by a crash.
refused_with() {
  cat "$site/refused"
  [ "$1" -gt 0 ] && [ "$1" -le 128 ]
}

refused() { # NAME COMMAND...
  local name=$1 code=0
  shift
  "$@" >"$site/refused" 2>&1 </dev/null || code=$?
  ok "$name" refused_with "$code"
}

# faulty_way PORT: sets PROXY_PORT; the fault is what fault_is says, at first none.
faulty_way() {
  fault_is pass
  git_proxy "@$site/fault" 0 "$1"
}

fault_is() { # MODE [N]
  echo "$*" >"$site/fault.new"
  mv "$site/fault.new" "$site/fault"
}
