#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A network that stalls, cuts and garbles only delays: the agent stays up, applies nothing, and the
# next good fetch works. The same faults then come while a stack is converged.
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
# shellcheck source=tests/e2e/stack.sh
. "$srcdir/tests/e2e/stack.sh"
need git ssh-keygen
repo_make
# Not compressible, so that a fault can come in the middle of a pack.
random_bytes() {
  head -c 60000 /dev/urandom >"$site/ops/web/www/bytes"
}
random_bytes
git -C "$site/ops" add -A
repo_commit first
git_http_up || skip_all "$REASON"
echo s3cret >"$site/password"
chmod 600 "$site/password"
ok "a proxy stands before the server" faulty_way "$HTTPS_PORT"
ok "init makes keys and trust" stack_make "https://localhost:$PROXY_PORT/git/ops.git" \
  "username: op" "password-file: $site/password" "ca-file: $site/ca.pem" "timeout: 10s"
fault_is closed
ok "the agent starts" agent_start

# The numbers lie in the handshake, in the list of refs and in the pack.
faults='closed:rst:garbage:cut 1:cut 300:cut 1200:cut 4000:cut 30000:flip 20:flip 900:flip 2000'
faults="$faults:flip 30000:accept:hang 0:hang 1200:hang 30000"

under_fault() { # WANTED-PLAN
  fault_is "$2"
  sync_now >"$site/sync" 2>&1
  kill -0 "$agent_pid" && [ "$(plan_pending)" = "$1" ]
}

each_fault() { # WHAT
  IFS=:
  for fault in $faults; do
    unset IFS
    ok "$1: $fault" under_fault "" "$fault"
  done
  unset IFS
}

each_fault "no plan comes from a spoiled fetch"
ok "nothing is written" test ! -e "$target"
fault_is pass
ok "the next good fetch works" sync_now
ok "the stack waits" stack_is pending
ok "approval" approve "$(plan_pending)"
ok "the stack converges" wait_for stack_is converged

random_bytes
ok "a second commit" repo_commit second
each_fault "a converged stack stays as it is"
is "the file is the first one" "$(cat "$target/app.conf")" first
fault_is pass
ok "the next good fetch works again" sync_now
ok "the stack waits again" stack_is pending
ok "second approval" approve "$(plan_pending)"
ok "and converges" wait_for stack_is converged
is "the file is the second one" "$(cat "$target/app.conf")" second
ok "no lock or half pack is left" sh -c \
  "! find '$site/state' -name '*.lock' -path '*git/*/*' -o -name 'pack_git2_*' | grep ."
ok "the log verifies" assent log verify
ok "the agent stops" agent_stop
finish
