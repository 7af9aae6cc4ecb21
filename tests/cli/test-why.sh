#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent why: the chain of reasons, and what to do next.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/cli/libstack.sh" || exit 1

code() { # NAME CODE: a link of the chain
  ok "$1" python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert sys.argv[2] in d["because"], d["because"]' "$tmp/out" "$2"
}

stack_begin report
exits 1 'a plan waits' assent sync
exits 1 'why' assent why web
says 'is told in a line' out 'web: pending: '
says 'with what is missing' out 'has 0 of 1 approvals'
says 'who can give it' out 'these can approve it: alice'
says 'when it was fetched' out 'fetched '
says 'and when it is next' out 'fetched next in '
says 'and what to do' out "  assent approve $(stack_pending | cut -c8-19)"
exits 1 'as JSON' assent why web --json
code 'approvals are missing' approvals
ok 'with the facts and the policy' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema_version"] == 1 and d["needs_person"] is True and d["state"] == "pending"
assert d["policy"]["can_approve"] == ["alice"]
assert d["facts"]["on_drift"] == "report" and d["facts"]["stack"]["job"] == "none"
assert any(c.startswith("assent approve ") for c in d["next"])' "$tmp/out"
exits 0 'approved' assent approve "$(stack_pending)" --yes --as alice --key "$tmp/alice"
wait_for stack_is converged
exits 0 'what converged needs nobody' assent why web
says 'and says so' out 'Nothing has to be done.'
says 'with the commit that holds' out 'which is what holds here'

echo two >"$target/app.conf"
exits 1 'a drift' assent plan web
exits 1 'needs somebody' assent why web --json
code 'since it is only reported' drift
ok 'or waits as a plan' grep -qE '"assent (diff|plan|show) ' "$tmp/out"

printf 'resources:\n  - {fiel: /x}\n' >"$repo/assent.yaml"
stack_commit 'a slip'
exits 1 'a manifest with a mistake' assent sync
exits 1 'blocks' assent why web
says 'with what is wrong' out "unknown kind 'fiel'"
exits 1 'as JSON' assent why web --json
code 'by its code' blocked
git -C "$repo" reset -q --hard HEAD~1
mv "$repo" "$repo.away"
assent sync web >"$tmp/out" 2>&1
assent why web --json >"$tmp/out"
code 'a repository that is away' fetch
assent why web >"$tmp/out"
says 'is told with the next try' out 'tried again in '
exits 1 'a stack that is not there' assent why nope
says 'is none' err "no stack 'nope'"
exits 3 'without an agent' assent why web --socket "$tmp/none"
finish
