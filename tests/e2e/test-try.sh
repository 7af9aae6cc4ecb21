#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# contrib/try over the installed programs: its example comes to its end, leaves what it names, and
# nothing runs afterwards. It may also run twice in the same folder.
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
need bash git ssh-keygen openssl

try() {
  bash "$srcdir/contrib/try" --no-install --programs "$ASSENT_PREFIX" --folder "$site/try"
}

# Processes of the example have its HOME. No match is grep's code 1.
running() {
  grep -sla "HOME=$site/try/" /proc/[0-9]*/environ
}

ok "the example comes to its end" try
example=$site/try/example
is "what was approved is applied" "$(cat "$example/home/app/app.conf")" "listen = 8080
workers = 4"
ok "a log is left" test -s "$example/state/assent/log/checkpoint"
ok "a bundle is left" test -s "$example/bundle/plan.json"
refused "nothing is left running" running
ok "a second run works in the same folder" try
refused "an unknown option is an error" bash "$srcdir/contrib/try" --nonsense
finish
