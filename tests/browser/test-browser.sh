#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The pages in a real browser: light and dark, wide and narrow, by keyboard, judged by axe.
#
# Needs Chromium, Node.js, and the packages of package.json beside this file:
#
#	npm ci --ignore-scripts --prefix tests/browser
#	make check TESTS=tests/browser/test-browser.sh
#
# ASSENT_BROWSER_MODULES names their folder node_modules when it is another one.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-review.sh"
git_need git curl ssh-keygen python3 node || tap_skip_all "$REASON"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  tap_skip_all 'no Chromium'
modules=${ASSENT_BROWSER_MODULES:-$srcdir/tests/browser/node_modules}
for module in playwright-core axe-core; do
  [ -d "$modules/$module" ] || tap_skip_all "no $module: see the head of this test"
done
modules=$(cd "$modules" && pwd)

agent_begin
for stack in look yes no; do
  review_stack $stack
done
agent_init 0
echo 'attested: [page]' >>"$T/etc/trust.yaml"
review_http
agent_start
agent_sync yes
agent_decide "$PLAN" alice approve
agent_becomes yes converged
rm "$T/yes/www/index.html"
seq 1 40 >"$T/yes/www/list.txt"
printf 'one\nb\342\200\256ar\r\n' >"$T/yes/app.conf"
agent_commit yes 'Second: <b>bold</b> & "more"'
head -c 3000 /dev/zero | tr '\0' x >"$T/look/app.conf"
agent_commit look 'A commit whose diff is not shown in full'
for stack in look yes no; do
  agent_sync $stack
done
HOME=$T/home XDG_CONFIG_HOME=$T/home XDG_CACHE_HOME=$T/home \
  node "$srcdir/tests/browser/pages.mjs" "$modules" "$browser" "$SOCK" "$URL"
code=$?
[ $code = 0 ] || tap_note "$T/agent.log"
exit $code
