#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole loop over https with a private authority and a password: a commit is planned, waits,
# is refused to a stranger, approved, applied; drift is found and restored; the log is verified by
# Assent and by an outsider's tools, and a spoiled one is refused.
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
# shellcheck source=tests/e2e/stack.sh
. "$srcdir/tests/e2e/stack.sh"
need git ssh-keygen
repo_make
git_http_up || skip_all "$REASON"
echo s3cret >"$site/password"
chmod 600 "$site/password"

ok "init makes keys and trust" stack_make "https://localhost:$HTTPS_PORT/git/ops.git" \
  "username: op" "password-file: $site/password" "ca-file: $site/ca.pem"
ok "the configuration is right" assent config check
ok "the agent starts" agent_start

ok "a fetch is asked for" sync_now
ok "the stack waits" stack_is pending
plan=$(plan_pending)
ok "nothing is written without approval" test ! -e "$target"
refused "a stranger's key is refused" assent approve "$plan" --yes --as alice \
  --key "$site/keys/mallory"
ok "still nothing is written" test ! -e "$target"
exits 0 "the plan can be shown" assent show "$plan"
says "it names what it creates" out "$target/app.conf"
ok "an approval is accepted" approve "$plan"
ok "the stack converges" wait_for stack_is converged
is "the file has its content" "$(cat "$target/app.conf")" first
is "and its mode" "$(stat -c %a "$target/app.conf")" 640
is "the link its text" "$(readlink "$target/current")" www
ok "the tree is there" grep -q hello "$target/www/index.html"

ok "a second commit" repo_commit second
ok "is fetched" sync_now
second=$(plan_pending)
ok "and waits" stack_is pending
refused "the old plan cannot be taken back" assent reject "$plan" --yes --as alice \
  --key "$site/keys/alice" --reason "too late"
refused "a rejection needs a reason" assent reject "$second" --yes --as alice \
  --key "$site/keys/alice"
ok "it is rejected" assent reject "$second" --yes --as alice --key "$site/keys/alice" \
  --reason "not today"
is "and nothing has changed" "$(cat "$target/app.conf")" first
refused "a rejected plan stays closed" approve "$second"
exits 1 "a new plan is asked for, and waits" assent replan web
third=$(plan_pending)
ok "the same commit is another plan" test -n "$third" -a "$third" != "$second"
ok "which is approved" approve "$third"
ok "the stack converges again" wait_for stack_is converged
is "the file is the second one" "$(cat "$target/app.conf")" second

echo 'by hand' >"$target/app.conf"
exits 1 "drift is looked for" assent plan web
drift=$(plan_pending)
ok "and is a plan" test -n "$drift"
ok "which says so" assent show "$drift"
is "by hand, it stays until approved" "$(cat "$target/app.conf")" 'by hand'
ok "restoring is approved" approve "$drift"
ok "and done" wait_for stack_is converged
is "the file is as approved" "$(cat "$target/app.conf")" second

ok "the log verifies" assent log verify
ok "a bundle is written" assent log export "$drift" "$site/bundle"
ok "an outsider verifies it" sh -c "cd '$site/bundle' && bash ./verify.sh"
printf ' ' >>"$site/bundle/plan.json"
refused "a spoiled plan is found" sh -c "cd '$site/bundle' && bash ./verify.sh"
ok "the agent stops" agent_stop
cp -r "$site/state/assent/log" "$site/copy"
entries=$(find "$site/copy/tile/entries" -type f | sort | tail -n 1)
printf '\001' | dd of="$entries" bs=1 seek=40 conv=notrunc 2>/dev/null
refused "a spoiled log is found" assent log verify "$site/copy"
refused "no program answers without the agent" assent status
ok "the agent starts again" agent_start
ok "and knows where it was" stack_is converged
finish
