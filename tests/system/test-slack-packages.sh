#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Our messages and our fake Slack against Slack's own Node packages, pinned in tests/slack/:
#
#	npm ci --prefix tests/slack --ignore-scripts
: "${srcdir:=.}" "${builddir:=.}"
modules=${ASSENT_SLACK_MODULES:-$srcdir/tests/slack/node_modules}
if ! command -v node >/dev/null || ! command -v python3 >/dev/null; then
  echo '1..0 # SKIP needs node and python3'
  exit 0
fi
if [ ! -d "$modules/@slack/bolt" ]; then
  echo "1..0 # SKIP needs Slack's packages: npm ci --prefix tests/slack --ignore-scripts"
  exit 0
fi
T=$(mktemp -d "${TMPDIR:-/tmp}/assent-slack-XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
python3 "$srcdir/tests/system/fake-slack.py" sample >"$T/request.json"
ASSENT_TEST_WRITE=$T "$builddir/test-slack-render" >"$T/render.log" 2>&1 || {
  sed 's/^/# /' "$T/render.log"
  exit 1
}
node "$srcdir/tests/slack/check.mjs" "$modules" "$T"
