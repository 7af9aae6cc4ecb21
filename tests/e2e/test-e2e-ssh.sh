#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Fetching over a real sshd with the user's own ssh: a known host works, an unknown one is an error
# that says what to do, and nothing is ever applied from it.
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
# shellcheck source=tests/e2e/stack.sh
. "$srcdir/tests/e2e/stack.sh"
need git ssh-keygen
repo_make
git_ssh_up || skip_all "$REASON"
cp "$site/known_hosts" "$site/right_hosts"
: >"$site/known_hosts"
ok "init makes keys and trust" stack_make "ssh://127.0.0.1:$SSH_PORT$site/srv/ops.git" \
  "ssh-command: ssh -F $site/ssh_config"
ok "the agent starts" agent_start
sync_now >"$site/sync" 2>&1
ok "an unknown host leaves no plan" test -z "$(plan_pending)"
ok "and the reason is said" sh -c 'assent status | grep -qi "host"'
ok "nothing is written" test ! -e "$target"

cp "$site/right_hosts" "$site/known_hosts"
ok "a known host is fetched from" sync_now
ok "the stack waits" stack_is pending
ok "approval" approve "$(plan_pending)"
ok "the stack converges" wait_for stack_is converged
is "the file has its content" "$(cat "$target/app.conf")" first
ok "the agent stops" agent_stop
finish
