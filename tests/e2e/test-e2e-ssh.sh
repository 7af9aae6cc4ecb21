#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Fetching over a real sshd with the user's own ssh: a known host works, an unknown one is an error
# that says what to do, and nothing is ever applied from it.
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
# shellcheck source=tests/e2e/servers.sh
. "$srcdir/tests/e2e/servers.sh"
# shellcheck source=tests/e2e/stack.sh
. "$srcdir/tests/e2e/stack.sh"
need sshd ssh python3 git ssh-keygen
repo_make
ok "sshd listens" servers_start_ssh
: >"$site/ssh/nobody"
cat >"$site/ssh/config" <<END
Host *
  IdentityFile $site/ssh/id
  IdentitiesOnly yes
  UserKnownHostsFile $site/ssh/used_hosts
  GlobalKnownHostsFile /dev/null
END
cp "$site/ssh/nobody" "$site/ssh/used_hosts"
ok "init makes keys and trust" \
  stack_make "ssh://$(id -un)@127.0.0.1:$ssh_port$site/srv/ops.git" \
  "ssh-command: ssh -F $site/ssh/config"
ok "the agent starts" agent_start
sync_now >"$site/sync" 2>&1
ok "an unknown host leaves no plan" test -z "$(plan_pending)"
ok "and the reason is said" sh -c 'assent status | grep -qi "host"'
ok "nothing is written" test ! -e "$target"

cp "$site/ssh/known_hosts" "$site/ssh/used_hosts"
ok "a known host is fetched from" sync_now
ok "the stack waits" stack_is pending
ok "approval" approve "$(plan_pending)"
ok "the stack converges" wait_for stack_is converged
is "the file has its content" "$(cat "$target/app.conf")" first
ok "the agent stops" agent_stop
finish
